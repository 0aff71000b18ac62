//! A region in one command: the granules that touch it, the cells that cover it, each granule read once.
//!
//! * [`Chosen`] is which cells belong to a region: those that are computed, and their children that are kept.
//! * [`Gatherable`] is where granules come from, and which cells each is read for.
//! * [`GridJob`] fills a store of layout `region` from them, group by group of cells, and goes on where it was stopped.
//! * [`PointsJob`] gives the rows themselves.
//!
//! Futures here need a tokio runtime; a current-thread one will do.
#![forbid(unsafe_code)]

mod chosen;
mod error;
mod fill;
mod gatherable;
mod rows;
mod state;
mod together;
mod watched;

pub use chosen::Chosen;
pub use error::Error;
pub use fill::{Filled, GridJob};
pub use gatherable::Gatherable;
pub use rows::{PointsJob, TakeRows};
pub use state::{Before, State};
pub use together::Together;
pub use watched::{GridObserver, Read};
