//! Time: days and moments, the windows of a job, and what a granule's name states.
mod axis;
mod choice;
mod day;
mod occasion;

pub use axis::{Period, TimeAxis, TimeWindow};
pub use choice::{TimeChoice, TimeError};
pub use day::Day;
pub(crate) use day::SECONDS;
pub(crate) use occasion::{Occasion, is_seconds, moment, since};
