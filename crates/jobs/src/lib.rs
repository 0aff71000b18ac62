//! One cell job as a function call.
//!
//! [`Event`] is what a caller asks (the contract of the system that this one replaces, and our additions), [`Answer`]
//! what it gets, [`Error`] and [`ErrorType`] why it failed. [`handle`] goes from one to the other on any [`Host`]: the
//! Lambda function, a fan-out on one machine, a test. [`Task`] and [`run`] are the same without an event. [`Usage`] is
//! the cost model.
//!
//! Everything here is a plain value or runs on the caller's thread and clock; no runtime is named.
#![forbid(unsafe_code)]

mod answer;
mod cost;
mod credentials;
mod error;
mod event;
mod fields;
mod guard;
mod handle;
pub mod memory;
mod names;
mod output;
mod run;
mod task;
mod watch;

pub use answer::{Answer, Body};
pub use cost::{Architecture, Usage};
pub use credentials::resolve;
pub use error::{Error, ErrorType};
pub use event::{Event, Needs};
pub use handle::handle;
pub use names::ignored;
pub use output::begin_sphere;
pub use run::{Ended, Host, compute, exhaustively, run};
pub use task::{Look, Opener, Output, Task, reading};
