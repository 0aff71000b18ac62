//! Height change: what is asked for, what is kept of every pass, and the arrays that come out.
mod above;
mod arrays;
mod passes;
mod spec;
mod table;

pub(crate) use above::{Above, Values};
pub(crate) use arrays::{put, variables};
pub(crate) use passes::{Pass, Passes, joined};
pub use spec::ChangeSpec;
pub use table::WIDTH;
pub(crate) use table::{passes, table};
