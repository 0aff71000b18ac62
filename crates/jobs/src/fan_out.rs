//! Many cells: each is run on this machine or by a Lambda function until it has ended.
//!
//! [`RunPlan::new`] decides from [`RunOptions`], the cells of a catalog and the report of earlier runs what is left to do;
//! [`RunPlan::look`] compares that with what is in the output; [`RunPlan::estimate`] guesses what it takes; and
//! [`RunPlan::run`] does it; [`RunTotals`] sums it up. Nothing here writes to a terminal: a [`RunObserver`] is called with what happens, and [`RunError`] is a
//! type that callers turn into words of their own.
//!
//! Futures here need a tokio runtime; a current-thread one will do.

mod answer;
mod attempt;
mod begin;
mod descriptors;
mod drive;
mod error;
mod estimate;
mod journal;
mod keys;
mod lambda;
mod local;
mod look;
mod observer;
mod options;
mod pace;
mod plan;
mod report;
mod spent;
mod totals;
mod work;

pub use descriptors::check_descriptors;
pub use drive::{EarlyStop, RunOutcome};
pub use error::{RunConflict, RunError};
pub use estimate::Estimate;
pub use look::Looked;
pub use observer::RunObserver;
pub use options::{CellSelection, KeySource, LambdaOptions, RunOn, RunOptions, RunShape};
pub use plan::RunPlan;
pub use report::{CellReport, CellState};
pub use spent::Spent;
pub use totals::{RunEnd, RunTotals};
pub use work::CellWork;
