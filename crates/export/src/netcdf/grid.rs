//! Dimensions `y` and `x` (`lat` and `lon` in degrees), where there are windows `time` before them, their coordinates, and the
//! variables over them.

use stores::{Column, Cube, VariableInfo};

use crate::Error;
use crate::grid::{Grid, GridOptions, NONE, Rows};
use crate::mapping::{Attribute, attributes, wkt};
use crate::netcdf::file::{Along, File};

/// Pixels along a side of a chunk.
const CHUNK: u64 = 512;
/// Bytes of all values: the encoder keeps them twice in memory.
const MOST: u64 = 2 << 30;

/// A regular grid: each pixel has the value of the cell that holds its centre. `y` falls and `x` rises; the system is the grid mapping
/// `crs` (attributes of CF, and WKT), windows of time are `time` with `time_bounds` and `cycle`. Floats are NaN outside of the cells and
/// for no data; whole numbers have a `_FillValue` that is none of theirs outside of the cells.
///
/// # Errors
/// [`Error::Empty`], [`Error::Resolution`], [`Error::Outside`], [`Error::Size`] where values pass 2 GiB, [`Error::NetCdf`] when the
/// encoder refuses.
pub fn gridded_netcdf(cube: &Cube, options: GridOptions) -> Result<Vec<u8>, Error> {
    let table = &cube.cells;
    let grid = Grid::around(table, options)?;
    let bands = cube.columns.len() * cube.windows.len() + table.columns.len();
    let values = |columns: &[(VariableInfo, Column)]| columns.iter().map(|(_, column)| width(column)).sum::<u64>();
    let a_pixel = values(&cube.columns).saturating_mul(cube.windows.len() as u64) + values(&table.columns);
    let pixels = u64::from(grid.width) * u64::from(grid.height);
    grid.fits(bands, pixels.saturating_mul(a_pixel), MOST)?;
    let rows = grid.rows(table);
    let [y, x] = if grid.crs.is_degrees() { ["lat", "lon"] } else { ["y", "x"] };
    let space = [(y, u64::from(grid.height), CHUNK), (x, u64::from(grid.width), CHUNK)];
    let mut file = File::new(&space, ("grid_mapping", "crs"))?;
    file.about(table)?;
    axes(&mut file, &grid, [y, x])?;
    if !cube.columns.is_empty() {
        file.times(&cube.windows)?;
    }
    for (variable, column) in &cube.columns {
        spread(&mut file, Along::Windows, (variable, column), &rows, table.ids.len())?;
    }
    for (variable, column) in &table.columns {
        spread(&mut file, Along::Space, (variable, column), &rows, table.ids.len())?;
    }
    file.bytes()
}

/// Bytes of a value.
fn width(column: &Column) -> u64 {
    match column {
        Column::I32(_) | Column::F32(_) => 4,
        Column::I64(_) | Column::U64(_) | Column::F64(_) => 8,
    }
}

/// The coordinates and the grid mapping (CF 1.11, sections 4.1, 4.2 and 5.6).
fn axes(file: &mut File, grid: &Grid, [y, x]: [&str; 2]) -> Result<(), Error> {
    let words = |axis: usize| match (grid.crs.is_degrees(), axis) {
        (true, 0) => [("standard_name", "latitude"), ("units", "degrees_north"), ("axis", "Y")],
        (true, _) => [("standard_name", "longitude"), ("units", "degrees_east"), ("axis", "X")],
        (false, 0) => [("standard_name", "projection_y_coordinate"), ("units", "m"), ("axis", "Y")],
        (false, _) => [("standard_name", "projection_x_coordinate"), ("units", "m"), ("axis", "X")],
    };
    file.add(Along::Axis(0), y, &grid.ys(), None, &words(0))?;
    file.add(Along::Axis(1), x, &grid.xs(), None, &words(1))?;
    file.add(Along::Nothing, "crs", &vec![0_i32], None, &[("long_name", &*grid.crs.to_string())])?;
    for (name, value) in attributes(grid.crs) {
        match value {
            Attribute::Text(text) => file.attribute("crs", name, &text)?,
            Attribute::Number(number) => file.number("crs", name, number)?,
        }
    }
    // What GDAL looks for: it takes borders from here rather than guess them from centres.
    file.attribute("crs", "spatial_ref", &wkt(grid.crs))?;
    let ([west, north], pixel) = (grid.origin, grid.pixel);
    file.attribute("crs", "GeoTransform", &format!("{west} {pixel} 0 {north} 0 {}", -pixel))
}

/// The values of cells, window after window where there are some, over the pixels.
fn spread(
    file: &mut File,
    along: Along,
    (variable, column): (&VariableInfo, &Column),
    rows: &Rows,
    cells: usize,
) -> Result<(), Error> {
    match column {
        Column::I64(values) => {
            match values.iter().map(|&value| i32::try_from(value)).collect::<Result<Vec<i32>, _>>() {
                Ok(values) => {
                    let fill = unused(&values, (0..).map(|step| i32::MIN + step));
                    file.filled(along, variable, &pixels(&values, rows, cells, fill), fill)
                }
                Err(_) => {
                    let fill = unused(values, (0..).map(|step| i64::MIN + step));
                    file.filled(along, variable, &pixels(values, rows, cells, fill), fill)
                }
            }
        }
        Column::I32(values) => {
            let fill = unused(values, (0..).map(|step| i32::MIN + step));
            file.filled(along, variable, &pixels(values, rows, cells, fill), fill)
        }
        Column::U64(values) => {
            let fill = unused(values, (0..).map(|step| u64::MAX - step));
            file.filled(along, variable, &pixels(values, rows, cells, fill), fill)
        }
        Column::F32(values) => file.filled(along, variable, &pixels(values, rows, cells, f32::NAN), f32::NAN),
        Column::F64(values) => file.filled(along, variable, &pixels(values, rows, cells, f64::NAN), f64::NAN),
    }
}

/// The first candidate that is no value.
fn unused<T: PartialEq + Default>(values: &[T], mut candidates: impl Iterator<Item = T>) -> T {
    candidates.find(|candidate| !values.contains(candidate)).unwrap_or_default()
}

fn pixels<T: Copy>(values: &[T], rows: &Rows, cells: usize, fill: T) -> Vec<T> {
    let of_window = |values: &[T]| -> Vec<T> {
        let value = |&row: &u32| if row == NONE { None } else { values.get(row as usize).copied() };
        rows.iter().map(|row| value(row).unwrap_or(fill)).collect()
    };
    values.chunks(cells.max(1)).flat_map(of_window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_no_cell_is_no_value() {
        assert_eq!(unused(&[3, i32::MIN], (0..).map(|step| i32::MIN + step)), i32::MIN + 1);
        assert_eq!(pixels(&[1, 2, 3, 4], &vec![1, NONE, 0], 2, -9), [2, -9, 1, 4, -9, 3]);
    }
}
