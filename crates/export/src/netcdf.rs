//! NetCDF-4 by the CF conventions (1.11): a dimension `cells`, where there are windows another, `time`, their coordinates, and the
//! variables over them.

use netcdf_writer::{
    DimensionId, NcAttrValue, NcFileBuilder, NcFillValueType, NcWriteFormat, NcWriteOptions, NcWriteType, VariableId,
};
use stores::{Column, Cube, VariableInfo, Window};

use crate::Error;

/// Level of deflate, after shuffling bytes.
const LEVEL: u8 = 4;
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
    let mut file = File::new(table.ids.len() as u64)?;
    file.global("Conventions", "CF-1.11")?;
    file.global("source", concat!("icestream ", env!("CARGO_PKG_VERSION")))?;
    file.global("healpix_order", &table.order.to_string())?;
    file.global("latitude_convention", &table.latitude.to_string())?;
    if let Some(partial) = &table.partial {
        file.global("PARTIAL", &partial.to_string())?;
    }
    if !table.provenance.is_null() {
        file.provenance(&table.provenance.to_string())?;
    }
    let words = [("long_name", "nested HEALPix number of the cell"), ("units", "1")];
    file.add(Along::Cells, "cell_ids", &table.ids, None, &words)?;
    let decimals: Result<Vec<i64>, _> = table.cells().map(morton::Cell::decimal).collect();
    if let Ok(decimals) = decimals {
        let words = [("long_name", "decimal morton id of the cell"), ("units", "1")];
        file.add(Along::Cells, "morton", &decimals, None, &words)?;
    }
    let centres: Vec<_> = table.cells().map(|cell| cell.centre_in(table.latitude)).collect();
    let lon: Vec<f64> = centres.iter().map(|centre| centre.lon()).collect();
    let lat: Vec<f64> = centres.iter().map(|centre| centre.lat()).collect();
    let east = [("standard_name", "longitude"), ("long_name", "longitude of the centre"), ("units", "degrees_east")];
    let north = [("standard_name", "latitude"), ("long_name", "latitude of the centre"), ("units", "degrees_north")];
    file.add(Along::Cells, "lon", &lon, None, &east)?;
    file.add(Along::Cells, "lat", &lat, None, &north)?;
    if !cube.columns.is_empty() {
        file.times(&cube.windows)?;
    }
    for (variable, column) in &cube.columns {
        file.variable(Along::Windows, variable, column)?;
    }
    for (variable, column) in &table.columns {
        file.variable(Along::Cells, variable, column)?;
    }
    let (_, bytes) = file.builder.to_vec(NcWriteOptions { format: NcWriteFormat::Nc4 })?;
    Ok(bytes)
}

/// Most bytes of a global attribute: HDF5 keeps all of them in 64 KB.
const MAX_ATTRIBUTE: usize = 32 << 10;

/// What a variable lies along.
#[derive(Clone, Copy)]
enum Along {
    Cells,
    /// Windows alone.
    Times,
    /// The start and the end of each window.
    Bounds,
    /// Cells in each window.
    Windows,
    /// Bytes of a text.
    Text,
}

struct File {
    builder: NcFileBuilder,
    rows: u64,
    cells: DimensionId,
    time: Option<(DimensionId, u64)>,
    bounds: Option<DimensionId>,
    text: Option<(DimensionId, u64)>,
}

impl File {
    fn new(rows: u64) -> Result<Self, Error> {
        let mut builder = NcFileBuilder::new();
        let cells = builder.add_dimension("cells", rows)?;
        Ok(Self { builder, rows, cells, time: None, bounds: None, text: None })
    }

    fn global(&mut self, name: &str, value: &str) -> Result<(), Error> {
        Ok(self.builder.add_attribute(name, NcAttrValue::Chars(value.to_owned()))?)
    }

    /// Provenance as a global attribute, or as the bytes of a variable where it is longer than HDF5 lets an attribute be.
    fn provenance(&mut self, text: &str) -> Result<(), Error> {
        if text.len() <= MAX_ATTRIBUTE {
            return self.global("provenance", text);
        }
        self.global("comment", "the variable provenance holds JSON, a byte (UTF-8) each")?;
        let length = text.len() as u64;
        self.text = Some((self.builder.add_dimension("provenance_bytes", length)?, length));
        let words = [("long_name", "what was read and how, as JSON in UTF-8")];
        self.add(Along::Text, "provenance", &text.as_bytes().to_vec(), None, &words)
    }

    /// The coordinates of windows (CF 1.11, sections 4.4 and 7.1).
    fn times(&mut self, windows: &[Window]) -> Result<(), Error> {
        let length = windows.len() as u64;
        self.time = Some((self.builder.add_dimension("time", length)?, length));
        let are_days = windows.iter().all(Window::is_of_days);
        let (units, unit) =
            if are_days { ("days since 1970-01-01", 86_400) } else { ("seconds since 1970-01-01T00:00:00Z", 1) };
        let ends: Option<Vec<i64>> = windows.iter().map(|window| window.end).collect();
        let mut words = vec![
            ("standard_name", "time"),
            ("long_name", "start of the window"),
            ("units", units),
            ("calendar", "proleptic_gregorian"),
            ("axis", "T"),
        ];
        words.extend(ends.as_ref().map(|_| ("bounds", "time_bounds")));
        let starts: Vec<i64> = windows.iter().map(|window| window.start / unit).collect();
        self.add(Along::Times, "time", &starts, None, &words)?;
        if let Some(ends) = ends {
            self.bounds = Some(self.builder.add_dimension("bounds", 2)?);
            let edges = starts.into_iter().zip(ends).flat_map(|(start, end)| [start, end / unit]).collect();
            self.add(Along::Bounds, "time_bounds", &edges, None, &[])?;
        }
        let cycles: Option<Vec<i32>> = windows.iter().map(|window| i32::try_from(window.cycle?).ok()).collect();
        if let Some(cycles) = cycles {
            self.add(Along::Times, "cycle", &cycles, None, &[("long_name", "repeat cycle"), ("units", "1")])?;
        }
        Ok(())
    }

    fn variable(&mut self, along: Along, variable: &VariableInfo, column: &Column) -> Result<(), Error> {
        let text =
            [("long_name", &*variable.long_name), ("units", &*variable.units), ("coordinates", "lon lat cell_ids")];
        let name = &variable.name;
        match column {
            Column::I64(values) => match values.iter().map(|&value| i32::try_from(value)).collect() {
                Ok(values) => self.add::<i32>(along, name, &values, None, &text),
                Err(_) => self.add(along, name, values, None, &text),
            },
            Column::I32(values) => self.add(along, name, values, None, &text),
            Column::U64(values) => self.add(along, name, values, None, &text),
            Column::F32(values) => self.add(along, name, values, Some(f32::NAN), &text),
            Column::F64(values) => self.add(along, name, values, Some(f64::NAN), &text),
        }
    }

    /// Dimensions and chunks.
    fn shape(&self, along: Along) -> (Vec<DimensionId>, Vec<u64>) {
        let cells = (self.cells, self.rows.min(CHUNK));
        let shape = match along {
            Along::Cells => vec![Some(cells)],
            Along::Times => vec![self.time],
            Along::Bounds => vec![self.time, self.bounds.map(|bounds| (bounds, 2))],
            Along::Text => vec![self.text],
            Along::Windows => vec![self.time.map(|(time, _)| (time, 1)), Some(cells)],
        };
        shape.into_iter().flatten().unzip()
    }

    #[expect(clippy::ptr_arg, reason = "lets `collect` infer what it makes")]
    fn add<T: NcWriteType + NcFillValueType>(
        &mut self,
        along: Along,
        name: &str,
        values: &Vec<T>,
        fill: Option<T>,
        attributes: &[(&str, &str)],
    ) -> Result<(), Error> {
        let (dimensions, chunks) = self.shape(along);
        let variable: VariableId = self.builder.add_variable::<T>(name, &dimensions)?;
        self.builder.set_variable_chunking(variable, chunks)?;
        self.builder.set_variable_deflate(variable, Some(LEVEL), true)?;
        if let Some(fill) = fill {
            self.builder.set_variable_fill_value(variable, fill)?;
        }
        for (key, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
            self.builder.add_variable_attribute(variable, *key, NcAttrValue::Chars((*value).to_owned()))?;
        }
        Ok(self.builder.write_variable(variable, values)?)
    }
}
