//! What people read: the result of a cell, a run, what a catalog leaves out, what a product finds in a granule, and what to do after a failure. Plain lines
//! without colour; the command prints them.
#![forbid(unsafe_code)]

mod catalog;
mod cell;
mod comparison;
mod failure;
mod product;
mod run;
mod series;
mod validation;

pub use catalog::{mixed_cycles, remarks};
pub use cell::{notes, partial, table};
pub use comparison::comparison;
pub use failure::{denied, next_of};
pub use product::found_in;
pub use run::{estimate, people, time};
pub use series::series;
pub use validation::validation;
