//! A dimension `cells`, where there are windows another, `time`, their coordinates, and the variables over them.

use stores::Cube;

use crate::Error;
use crate::netcdf::file::{Along, File};

/// Rows of a chunk.
const CHUNK: u64 = 65_536;

/// One row a cell, in each window of time where there are some (`time`, `time_bounds`, `cycle`): `cell_ids` (nested), `morton` (decimal, where the order has one), `lon` and `lat` of the centre, and the
/// variables with units and long names, NaN for no data. Opens in xarray, ncview, Panoply, or anything that reads NetCDF-4.
///
/// # Errors
/// [`Error::Empty`], or [`Error::NetCdf`] when the encoder refuses.
pub fn netcdf(cube: &Cube) -> Result<Vec<u8>, Error> {
    let table = &cube.cells;
    if table.ids.is_empty() {
        return Err(Error::Empty);
    }
    let mut file = File::new(&[("cells", table.ids.len() as u64, CHUNK)], ("coordinates", "lon lat cell_ids"))?;
    file.about(table)?;
    let words = [("long_name", "nested HEALPix number of the cell"), ("units", "1")];
    file.add(Along::Space, "cell_ids", &table.ids, None, &words)?;
    let decimals: Result<Vec<i64>, _> = table.cells().map(morton::Cell::decimal).collect();
    if let Ok(decimals) = decimals {
        let words = [("long_name", "decimal morton id of the cell"), ("units", "1")];
        file.add(Along::Space, "morton", &decimals, None, &words)?;
    }
    let centres: Vec<_> = table.cells().map(|cell| cell.centre_in(table.latitude)).collect();
    let lon: Vec<f64> = centres.iter().map(|centre| centre.lon()).collect();
    let lat: Vec<f64> = centres.iter().map(|centre| centre.lat()).collect();
    let east = [("standard_name", "longitude"), ("long_name", "longitude of the centre"), ("units", "degrees_east")];
    let north = [("standard_name", "latitude"), ("long_name", "latitude of the centre"), ("units", "degrees_north")];
    file.add(Along::Space, "lon", &lon, None, &east)?;
    file.add(Along::Space, "lat", &lat, None, &north)?;
    if !cube.columns.is_empty() {
        file.times(&cube.windows)?;
    }
    for (variable, column) in &cube.columns {
        file.variable(Along::Windows, variable, column)?;
    }
    for (variable, column) in &table.columns {
        file.variable(Along::Space, variable, column)?;
    }
    file.bytes()
}
