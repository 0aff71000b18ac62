//! Statistics of the children of one parent cell, from rows of `(child, value, sigma)`.
//!
//! A [`Reducer`] keeps the rows of one parent in three parallel arrays (12 bytes a row). [`Reducer::finish`] groups
//! them by child with one stable counting sort and reduces each group on its own, in `f64`, storing `f32`.
//! [`Reducer::finish_at`] does the same for ancestors of the children: from the rows, so the result is exact.
//!
//! A [`Combiner`] makes the statistics of a coarser cell from stored ones, where no rows are at hand.
//!
//! # Same bytes everywhere
//!
//! Rows are summed in the order in which they were folded, so the caller folds in one canonical order (granule, track,
//! row); how the rows are split over calls has no influence. The arithmetic is IEEE 754 addition, multiplication,
//! division and square root, without fused operations or library functions, and every NaN in a result has the bit
//! pattern [`NO_DATA`].
//!
//! # Exactness (docs/accuracy.md)
//!
//! Counts, extremes and quantiles equal an `f64` oracle rounded to `f32` to the bit; weighted mean, its sigma and the
//! variance are within one `f32` ulp of it. Zeros are ordered as IEEE 754 `totalOrder` does: -0.0 is less than 0.0,
//! so that an extreme does not depend on row order.
//!
//! # Preconditions
//!
//! Values are finite, sigmas finite and above zero: the caller has filtered (and counted) other rows. A row that breaks
//! this makes the statistics of its own cell wrong, and no others; nothing panics.
//!
//! ```
//! use aggregate::{Reducer, ReducerLimits, Rows, Statistic};
//!
//! let mut reducer = Reducer::new(4, ReducerLimits::default())?;
//! reducer.fold(Rows::new(&[2, 0, 2], &[10.0, 5.0, 20.0], &[1.0, 1.0, 1.0])?)?;
//! let table = reducer.finish(&Statistic::STANDARD);
//! assert_eq!(table.counts(), [1, 0, 2, 0]);
//! assert_eq!(table.column(Statistic::WeightedMean).map(|means| means[2]), Some(15.0));
//! # Ok::<(), aggregate::Error>(())
//! ```
#![forbid(unsafe_code)]

mod combine;
mod error;
mod grouping;
mod reducer;
mod rows;
mod sample;
mod statistic;
mod table;

pub use combine::{Combiner, Stored};
pub use error::Error;
pub use reducer::{Reducer, ReducerLimits};
pub use rows::Rows;
pub use statistic::{Permille, Statistic};
pub use table::{NO_DATA, StatisticTable};
