//! Height change of a cell over time, from moments of its overpasses.
//!
//! A difference of two mean heights is not change: where the ground tilts, another sampling of the cell moves the mean. So
//! [`estimate`] fits a plane and a trend to all rows at once, by ordinary least squares:
//!
//! ```text
//! h = a + b e + c n + d t      e, n: metres east and north of the cell's centre, t: years from an epoch
//! ```
//!
//! An *overpass* is all beams of one pass of the satellite. Its neighbouring rows share their errors, so the error of a trend
//! comes from leaving out one overpass at a time (the jackknife), and blunders are dropped by whole overpasses (editing).
//!
//! No rows are needed for any of this. [`MomentSums`] reduces the rows of an overpass to 21 numbers, [`Moments`]: count, means
//! and centred second moments of the earth-fixed position, the time and the height. East and north are linear in the position,
//! so a record can be projected onto the plane of any cell, and [`compose`] joins the records of finer cells exactly.
//!
//! # Same bytes everywhere
//!
//! The arithmetic is IEEE 754 addition, multiplication, division and square root in the order of the records. Equal records in
//! equal order give equal bits on every machine.
//!
//! # Exactness
//!
//! Estimates and errors are within 1e-9 (relative) of a least-squares fit and a jackknife of the rows themselves. Records
//! limit this in three ways. Their mean positions are rounded to 1e-9 m, which counts times the slope of the ground. Their sums
//! of squares are rounded to 1e-16, so an rmse has fewer digits where it is less than a thousandth of the spread of the heights,
//! and a slope where the rows spread across their line less than a ten-thousandth of what they do along it.
//!
//! # Preconditions
//!
//! Numbers of rows are finite: the caller has filtered (and counted) other rows. A row that breaks this makes its own cell NaN
//! or wrong, and no others; nothing panics.
//!
//! ```
//! use change::{ChangeRules, MomentSums, OverpassMoments, estimate, on_ellipsoid};
//! use morton::LonLat;
//!
//! let mut records = Vec::new();
//! for overpass in 0..6_u32 {
//!     let years = f64::from(overpass) / 4.0;
//!     let mut sums = MomentSums::default();
//!     for (lon, lat, hill) in [(-50.0, 70.0, 1.0), (-49.99, 70.0, 2.0), (-49.99, 70.01, 4.0)] {
//!         sums.add(on_ellipsoid(LonLat::degrees(lon, lat)?), years, hill - 0.5 * years);
//!     }
//!     records.push(OverpassMoments { overpass: overpass.into(), window: 0, moments: sums.finish() });
//! }
//! let change = estimate(LonLat::degrees(-49.995, 70.005)?, &records, 0, &ChangeRules::default());
//! assert_eq!((change.flag, change.overpasses), (0, 6));
//! assert!((change.dhdt + 0.5).abs() < 1e-9); // metres a year
//! # Ok::<(), morton::Error>(())
//! ```
#![forbid(unsafe_code)]

mod edit;
mod ellipsoid;
mod estimate;
mod fit;
mod frame;
mod jackknife;
mod joint;
mod moments;
mod record;
mod rules;
mod sandwich;
mod sums;
mod trend;
mod window;

pub use ellipsoid::on_ellipsoid;
pub use estimate::{Change, estimate};
pub use moments::Moments;
pub use record::{OverpassMoments, compose};
pub use rules::ChangeRules;
#[doc(hidden)]
pub use sandwich::sandwich;
pub use sums::MomentSums;
pub use window::WindowHeight;
