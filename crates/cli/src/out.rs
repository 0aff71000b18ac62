//! Standard output that may be closed early: `icestream inspect ... | head` is no error.
use std::fmt;
use std::io::{ErrorKind, Write as _};

/// Writes a line to standard output; ends the program when nobody reads it any more.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(std::io::stdout(), "{text}") {
        let closed = error.kind() == ErrorKind::BrokenPipe;
        std::process::exit(i32::from(if closed { crate::exit::DONE } else { crate::exit::FAILED }));
    }
}

/// `println!` for output that may be closed early.
macro_rules! say {
    ($($text:tt)*) => { $crate::out::line(format_args!($($text)*)) };
}
pub(crate) use say;
