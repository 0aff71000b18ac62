//! Standard output that may be closed early: `icestream inspect ... | head` is no error.
use crate::exit;
use byte_ranges::printable;
use std::fmt;
use std::io::{ErrorKind, Write as _};

/// Writes a line to standard output, control characters written out; ends the program when nobody reads it any more.
/// JSON stays what it is: the escapes are its own.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    bytes(format!("{}\n", printable(&text.to_string())).as_bytes());
}

/// Writes to standard output as it is; ends the program when nobody reads it any more, or it is not taken.
pub(crate) fn bytes(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
        let code = match error.kind() {
            ErrorKind::BrokenPipe => exit::DONE,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => exit::CREDENTIALS,
            _ => exit::FAILED,
        };
        if code != exit::DONE {
            eprintln!("error: standard output: {error}");
        }
        std::process::exit(i32::from(code));
    }
}

/// `println!` for output that may be closed early.
macro_rules! say {
    ($($text:tt)*) => { $crate::out::line(format_args!($($text)*)) };
}
pub(crate) use say;

/// `eprintln!` for words that may repeat what a server or a file says: control characters are written out.
macro_rules! note {
    ($($text:tt)*) => { eprintln!("{}", byte_ranges::printable(&format!($($text)*))) };
}
pub(crate) use note;
