//! One cell job as a function call.
//!
//! [`Event`] is what a caller asks (the contract of the system that this one replaces, and our additions), [`Answer`]
//! what it gets, [`Error`] and [`ErrorType`] why it failed. [`handle`] goes from one to the other on any [`Host`]: the
//! Lambda function, a fan-out on one machine, a test. [`Task`] and [`run`] are the same without an event. [`Usage`] is
//! the cost model. [`index()`] makes the index of a granule, which jobs read.
//!
//! All of this is plain values, or runs on the caller's thread and clock; no runtime is named. The feature `fan-out` adds the
//! module of the same name: many cells on this machine or by calls of the function, for which it uses tokio.
#![forbid(unsafe_code)]

mod answer;
mod check;
mod cost;
mod credentials;
mod error;
mod event;
#[cfg(feature = "fan-out")]
pub mod fan_out;
mod fields;
mod guard;
mod handle;
mod index;
pub mod memory;
mod names;
mod output;
mod product;
mod run;
mod scratch;
mod task;
mod time;
mod watch;

pub use answer::{Answer, Body};
pub use check::check;
pub use cost::{Architecture, Usage};
pub use credentials::resolve;
pub use error::{Error, ErrorType};
pub use event::{Event, EventCell, Needs};
pub use handle::handle;
pub use index::{IndexError, Indexed, index};
pub use names::ignored;
pub use output::begin_sphere;
pub use product::{AUTO, AskedProduct, product_of, usual};
pub use run::{Ended, Host, compute, compute_cells, exhaustively, run, run_together};
pub use scratch::TemporaryFile;
pub use task::{Look, Opener, Output, Task, granule, reading};
