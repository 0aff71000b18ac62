//! NetCDF-4 by the CF conventions (1.11): one row a cell, or a regular grid.

mod cells;
mod file;
mod grid;

pub use cells::netcdf;
pub use grid::gridded_netcdf;
