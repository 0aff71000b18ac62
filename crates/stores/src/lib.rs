//! Whole stores: what is in them, read as tables; merged, composed, compared and validated.
//!
//! **Any store of the convention**, of any writer. A [`Store`] is opened from the root's `zarr.json` (its consolidated
//! metadata names every group and array; without it, the place is listed). `zarrs` decodes the chunks (design/0003). Each of its [`LevelInfo`]s is one HEALPix order with its [`VariableInfo`]s; [`Store::table`] reads
//! one level as a [`Table`]: nested ids in ascending order, and a [`Column`] a variable. Where there is a time axis,
//! [`Store::cube`] reads it as a [`Cube`]: cells, [`Window`]s, and a value of each in each. The same `Table` comes from the CSV of
//! `icestream cell --csv` ([`Table::from_csv`]), so that maps, exports and comparisons ([`compare()`]) take either.
//!
//! **Stores that this engine wrote** name what they were made from ([`Recipe`]). [`OwnStore`] reads one cell by cell,
//! [`Merge`] and [`merge_region`] join stores, [`RegionStore`] fills the store of a region, [`write_overviews`] composes the levels above the parents, and
//! [`validate()`] lists everything that is wrong with one. Nothing here prints.
//!
//! The arrays themselves show which layout a store has:
//!
//! * `cell` and `region`: an array of ids says which cell a row is; of a region, rows of parents without a mark are left out.
//! * `sphere`: an array covers all 12 * 4^order cells, the position is the id, and only chunks that exist are read (they are
//!   found by listing the chunks of one variable, so a local folder or S3; plain HTTP cannot list).
//!
//! Where bytes come from is behind [`Objects`]: [`Place`] reads local folders, `http(s)://` and `s3://` through
//! `storage`, and a map from key to bytes serves tests and other callers.
//!
//! A [`Hive`] is a folder of many such stores, the leaves of `zagg`; it gives one `Table` too.
//!
//! Sources: the Zarr v3 core specification; the Zarr DGGS convention v1; `xdggs` 0.7 and `zagg` 0.61 for what they write.
#![forbid(unsafe_code)]

mod append;
mod array;
mod axis;
mod chain;
mod compare;
mod csv;
mod cube;
mod decoder;
mod documents;
mod element;
mod error;
mod expand;
mod gather;
mod grid;
mod hive;
mod ids;
mod level;
mod marks;
mod merge;
mod objects;
mod overviews;
mod own;
mod packing;
mod part;
mod place;
mod recipe;
mod records;
mod region;
mod rows;
mod series;
mod shard;
mod store;
mod table;
mod times;
mod validate;
mod wanted;
mod window;

pub use append::{Extended, Rechanged, extend, rechange};
pub use array::ArrayInfo;
pub use compare::{Bound, CellsInOne, Comparison, Difference, Tolerance, compare};
pub use cube::Cube;
pub use dggs_zarr::{Column, DataType};
pub use error::Error;
pub use expand::expand_stores;
pub use gather::{merge_as, merge_region};
pub use hive::Hive;
pub use level::LevelInfo;
pub use merge::{Merge, Merged, Sources};
pub use objects::Objects;
pub use overviews::{Composed, write_overviews};
pub use own::OwnStore;
pub use part::Pick;
pub use place::Place;
pub use recipe::Recipe;
pub use region::RegionStore;
pub use series::{Series, SeriesWindow, Trend, with_error};
pub use store::Store;
pub use table::{Partial, Table, VariableInfo};
pub use times::misleading;
pub use validate::{Finding, Severity, Validation, validate};
pub use wanted::{Wanted, finest_order};
pub use window::{Window, text as moment_text};

/// Name of this engine's key in the attributes of groups.
pub(crate) const OWN: &str = "icestream";
