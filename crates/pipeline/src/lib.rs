//! From granules to the statistics of one parent cell.
//!
//! A [`Product`] says where the columns of a granule are and which rows count; a [`Job`] says which parent cell is wanted
//! and how its ids are computed; [`run_cell`] reads the granules through any [`byte_ranges::Source`] and answers with a
//! [`CellResult`]: the statistics, exact, and the [`Ledger`] of every row that was used or dropped. [`to_objects`] turns
//! a result into the objects of a Zarr store, [`sphere_objects`] into its part of a store of many cells, [`to_csv`] into a table.
//!
//! The result depends on the granules and the job alone. [`Tuning`] and the order of arrival change timing only.
#![forbid(unsafe_code)]

mod ahead;
mod area;
mod attributes;
mod axis;
mod beams;
mod bodies;
mod budget;
mod cells;
mod cf;
mod clock;
mod copies;
mod csv;
mod error;
mod failure;
mod family;
mod fetch;
mod filter;
mod gather;
mod granule;
mod harvest;
mod input;
mod kept;
mod label;
mod ledger;
mod locate;
mod metered;
mod name;
mod observer;
mod orbit;
mod overview;
mod parents;
mod pieces;
mod planned;
mod points;
mod positions;
mod product;
mod provenance;
mod reader;
mod recognise;
mod region;
mod replace;
mod result;
mod run;
mod select;
mod sidecar;
mod spec;
mod sphere;
mod store;
mod time;
mod track;
mod trend;
mod tuning;
mod used;
mod vector;
mod verify;

pub use area::{KeptArea, KeptProvenance, RowTest};
pub use csv::to_csv;
pub use error::{Error, GranuleError};
pub use failure::FailureClass;
pub use family::LinkFaults;
pub use input::{Granule, Open};
pub use kept::Scratch;
pub use ledger::{Condition, Failure, GranuleEntry, Ledger, Reading, RowCounts, Totals, TrackEntry};
pub use name::product_in_name;
pub use observer::{JobEvent, Observer};
pub use orbit::Orbit;
pub use overview::{Overviews, write_overviews};
pub use points::{PointBatch, PointKind, PointRows};
pub use positions::positions;
pub use product::{
    Axis, Beams, CmrCollection, ColumnSpec, Edits, GranuleName, Heading, Keep, NamePattern, OtherValue, ParentLink,
    PointColumns, Product, ProductError, Quantity, Second, Test, TimeOf, Value, Weight,
};
pub use provenance::{ChangeProvenance, Provenance, SharedProvenance, TimedProvenance, WindowProvenance};
pub use reader::CellWanted;
pub use recognise::{product_in, product_of};
pub use region::{begin_region, clear_store, region_cell, region_of, write_region_cells};
pub use result::CellResult;
pub use run::{CellsRead, read_cells, run_cell};
pub use sidecar::{Sidecar, Unusable};
pub use spec::{Job, JobSpec, Layout};
pub use sphere::{
    SphereStanding, sphere_accepts, sphere_change, sphere_last_mark, sphere_mark, sphere_objects, sphere_of,
    sphere_root, sphere_standing, sphere_template, write_sphere, write_sphere_objects, write_template,
};
pub use store::{ROOT, Standing, holds, standing, to_objects, write};
pub use time::{Day, Period, TimeAxis, TimeChoice, TimeError, TimeWindow};
pub use trend::{ChangeSpec, WIDTH as RECORD_NUMBERS};
pub use tuning::Tuning;
pub use used::{GranuleUsed, RowsUsed, WindowUsed};
pub use verify::same_result;
