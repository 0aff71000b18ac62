//! Statistics of the children of one parent cell, from rows of `(child, value)`, with a sigma and a weight where there are.
//!
//! A [`Reducer`] keeps the rows of one parent in parallel columns, each number as an `f32` where it is one ([`Floats`]): 12
//! bytes a row of an `f32` value with its sigma. [`Reducer::finish`] groups them by child with one stable counting sort and
//! reduces each group on its own, in `f64`, storing `f32`.
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
//! Counts, extremes, quantiles and the median absolute deviation equal an `f64` oracle rounded to `f32` to the bit; means,
//! sigma, variance, standard deviation and sum are within one `f32` ulp of it. A variance or a sum beyond the range of `f32`
//! is infinite. Zeros are ordered as IEEE 754 `totalOrder` does: -0.0 is less than 0.0, so that an extreme does not depend on
//! row order.
//!
//! # Preconditions
//!
//! Values are finite and within the range of `f32`, and so are sigmas and weights, which are also above zero where the
//! [`Weighting`] divides by them: the caller has filtered (and counted) other rows. A row that breaks this makes the statistics
//! of its own cell wrong, and no others; nothing panics.
//!
//! ```
//! use aggregate::{Floats, Reducer, ReducerLimits, Rows, Statistic, Weighting};
//!
//! let mut reducer = Reducer::new(4, Weighting::InverseVariance, ReducerLimits::default())?;
//! let (value, sigma) = (Floats::F32(vec![10.0, 5.0, 20.0]), Floats::F32(vec![1.0; 3]));
//! reducer.fold(Rows::new(&[2, 0, 2], &value, Some(&sigma), None)?)?;
//! let table = reducer.finish(&Statistic::STANDARD);
//! assert_eq!(table.counts(), [1, 0, 2, 0]);
//! assert_eq!(table.column(Statistic::WeightedMean).map(|means| means[2]), Some(15.0));
//! # Ok::<(), aggregate::Error>(())
//! ```
#![forbid(unsafe_code)]

mod combine;
mod error;
mod floats;
mod grouping;
mod ordered;
mod reducer;
mod rows;
mod sample;
mod statistic;
mod table;
mod weighting;

pub use combine::{Combiner, Stored};
pub use error::Error;
pub use floats::Floats;
pub use reducer::{Reducer, ReducerLimits};
pub use rows::Rows;
pub use statistic::{Permille, Statistic};
pub use table::{NO_DATA, StatisticTable};
pub use weighting::Weighting;
