//! The engine in a browser: the same crates as the command, fed by `fetch` and by dropped files.
//!
//! * [`CellJob`] runs one job: granules by URL (range requests) or as `File` (slices), several ranges under way,
//!   cancellable through an `AbortSignal`, with progress and a picture of the rows so far while it runs.
//! * [`locate`], [`crossed`]: the cell for the user's input, the cells that the tracks of a file cross.
//!
//! Meant for a module worker: it needs neither shared memory nor threads, so any static host serves it. Its
//! answers equal the command's to the byte; the tests of the page compare the two.
#![forbid(unsafe_code)]

mod answer;
mod batch;
mod crossed;
mod fetch;
mod file;
mod geometry;
mod host;
mod job;
mod live;
mod product;
mod progress;
mod refusal;
mod request;
mod source;
mod version;

pub use crossed::crossed;
pub use job::CellJob;
pub use request::locate;
