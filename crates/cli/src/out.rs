//! Standard output that may be closed early: `icestream inspect ... | head` is no error.
use byte_ranges::printable;
use std::fmt;
use std::io::{ErrorKind, Write as _};

/// Writes a line to standard output, control characters written out; ends the program when nobody reads it any more.
/// JSON stays what it is: the escapes are its own.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(std::io::stdout(), "{}", printable(&text.to_string())) {
        let closed = error.kind() == ErrorKind::BrokenPipe;
        std::process::exit(i32::from(if closed { crate::exit::DONE } else { crate::exit::FAILED }));
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
