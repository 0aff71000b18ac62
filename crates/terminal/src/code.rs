//! Exit codes.
use std::io::ErrorKind;

/// Done; also when there was nothing to do ("no data").
pub const DONE: u8 = 0;
/// Failed.
pub const FAILED: u8 = 1;
/// The command line makes no sense.
pub const USAGE: u8 = 2;
/// Done in part: some granules are missing from the result, as was allowed.
pub const PARTIAL: u8 = 3;
/// Credentials are missing, expired or refused.
pub const CREDENTIALS: u8 = 4;
/// An input is broken, missing or not of the product.
pub const BAD_INPUT: u8 = 5;

/// Ended by Ctrl-C, in good order (128 + SIGINT).
pub const INTERRUPTED: u8 = 130;

/// The exit code after a file or standard output could not be written: a full or locked place refuses.
#[must_use]
pub fn code_of_write(error: &std::io::Error) -> u8 {
    match error.kind() {
        ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::PermissionDenied => CREDENTIALS,
        _ => FAILED,
    }
}
