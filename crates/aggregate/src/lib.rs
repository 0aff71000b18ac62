//! Statistics of the children of one parent cell, from rows of `(child, value)`, with a sigma and a weight where there are.
//!
//! A [`Reducer`] holds no rows: it goes through those of one parent as often as it must, wherever the caller keeps them
//! ([`Batches`]), each number as an `f32` where it is one ([`Floats`]). [`Reducer::finish`] counts them by child in a first
//! pass; in a second one a stable counting sort puts the numbers of each child side by side, which are then reduced in `f64`,
//! storing `f32`. Where they do not fit in the memory allowed, there are more passes: one for each range of children that fits,
//! and some for each child that alone does not. [`Reducer::finish_at`] does the same for ancestors of the children: from the
//! rows, so the result is exact.
//!
//! A [`Combiner`] makes the statistics of a coarser cell from stored ones, where no rows are at hand.
//!
//! # Same bytes everywhere
//!
//! Rows are summed in the order in which they come, so the caller keeps one canonical order (granule, track, row); neither how
//! they are split into batches nor how much memory there is has any influence. The arithmetic is IEEE 754 addition, multiplication,
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
//! use aggregate::{Batch, Floats, Reducer, ReducerLimits, Statistic, Weighting};
//!
//! let (value, sigma) = (Floats::F32(vec![10.0, 5.0, 20.0]), Floats::F32(vec![1.0; 3]));
//! let rows = [Batch { child: vec![2, 0, 2], value, sigma: Some(sigma), weight: None }];
//! let reducer = Reducer::new(4, Weighting::InverseVariance, ReducerLimits::default())?;
//! let table = reducer.finish(&rows[..], &Statistic::STANDARD)?;
//! assert_eq!(table.counts(), [1, 0, 2, 0]);
//! assert_eq!(table.column(Statistic::WeightedMean).map(|means| means[2]), Some(15.0));
//! # Ok::<(), aggregate::Error>(())
//! ```
#![forbid(unsafe_code)]

mod batch;
mod columns;
mod combine;
mod error;
mod figures;
mod floats;
mod groups;
mod moments;
mod needs;
mod plan;
mod quantile;
mod real;
mod reducer;
mod rows;
mod sample;
mod selection;
mod statistic;
mod stream;
mod survey;
mod table;
mod weighting;

pub use batch::{Batch, Batches};
pub use combine::{Combiner, Stored};
pub use error::Error;
pub use floats::Floats;
pub use reducer::{Reducer, ReducerLimits};
pub use rows::Rows;
pub use statistic::{Permille, Statistic};
pub use table::{NO_DATA, StatisticTable};
pub use weighting::Weighting;
