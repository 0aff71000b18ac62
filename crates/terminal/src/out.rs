//! Standard output that may be closed early: `icestream inspect ... | head` is no error.
use crate::code;
use crate::log::NOTE;
use byte_ranges::printable;
use std::fmt;
use std::io::{ErrorKind, Write as _};

/// `println!` for output that may be closed early.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::out::line(format_args!($($text)*)) };
}
pub use say;

/// A message to the user on standard error. It may contain text of a server or a file, so control characters are escaped.
#[macro_export]
macro_rules! note {
    ($($text:tt)*) => {
        $crate::out::message(format_args!($($text)*))
    };
}
pub use note;

/// Writes a message to the user to standard error, control characters escaped.
pub fn message(text: fmt::Arguments<'_>) {
    tracing::info!(target: NOTE, "{}", printable(&text.to_string()));
}

/// Writes a line to standard output, control characters escaped; ends the program when the reader has closed the pipe.
/// JSON stays what it is: the escapes are its own.
pub fn line(text: fmt::Arguments<'_>) {
    bytes(format!("{}\n", printable(&text.to_string())).as_bytes());
}

/// Writes bytes to standard output as they are; ends the program when the pipe is closed or the write fails.
pub fn bytes(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(i32::from(code::DONE));
        }
        note!("error: standard output: {error}");
        std::process::exit(i32::from(code::code_of_write(&error)));
    }
}
