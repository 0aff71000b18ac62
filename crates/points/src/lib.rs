//! Rows of granules as files: GeoParquet, Arrow IPC, CSV and FlatGeobuf.
//!
//! [`pipeline::read_cells`] reads the rows of a job whose product asks for them ([`pipeline::Product::ask_for_points`]); a
//! [`PointSchema`] is what their file is about, a [`PointWriter`] writes it, and [`PointBatches`] makes the same in memory.
//! [`PointFormat`] is chosen by the ending of the file's name. docs/points.md says what the columns are.
//!
//! Rows come cell by cell of the order that the job reads by, in the order of its cells; in a cell granule by granule, by the names
//! of the granules; then track by track as the product lists them, and in row order. All formats but FlatGeobuf keep this order.
//!
//! ```no_run
//! use points::{PointFormat, PointSchema, PointWriter};
//! # fn example(mut read: pipeline::CellsRead<'_>, job: &pipeline::Job) -> Result<(), points::Error> {
//! let path = std::path::Path::new("rows.parquet");
//! let schema = PointSchema::new(job, &read.kinds(), ["ATL06_20190416093911_02770303_002_01.h5"])?;
//! let writer = PointWriter::create(path, PointFormat::of_path(path)?, schema)?;
//! let written = writer.write_all(&mut read, &mut |ledger| println!("{} rows count", ledger.totals.rows.used))?;
//! println!("{} rows, {} bytes", written.rows, written.bytes);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod batches;
mod chunk;
mod csv;
mod error;
mod flatgeobuf;
mod format;
mod ipc;
mod parquet;
mod schema;
mod sink;
mod time;
mod writer;

pub use batches::PointBatches;
pub use error::Error;
pub use format::PointFormat;
pub use schema::{PointColumn, PointSchema};
pub use writer::{PointWriter, PointsWritten};
