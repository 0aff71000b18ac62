//! What a terminal shows: lines on standard output, messages and the log on standard error, progress bars, and the exit code.
#![forbid(unsafe_code)]

pub mod code;
mod grid_progress;
pub mod log;
pub mod out;
pub mod progress;
mod run_progress;

pub use grid_progress::GridProgress;
pub use run_progress::RunProgress;
