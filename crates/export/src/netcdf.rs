//! NetCDF-4 by the CF conventions (1.11): one dimension `cells`, its coordinates, and the variables over it.

use netcdf_writer::{
    DimensionId, NcAttrValue, NcFileBuilder, NcFillValueType, NcWriteFormat, NcWriteOptions, NcWriteType, VariableId,
};
use stores::{Column, Table};

use crate::Error;

/// Level of deflate, after shuffling bytes.
const LEVEL: u8 = 4;
/// Rows of a chunk.
const CHUNK: u64 = 65_536;

/// One row a cell: `cell_ids` (nested), `morton` (decimal, where the order has one), `lon` and `lat` of the centre, and the
/// variables with units and long names, NaN for no data. Opens in xarray, ncview, Panoply, or anything that reads NetCDF-4.
///
/// # Errors
/// [`Error::Empty`], or [`Error::NetCdf`] when the encoder refuses.
pub fn netcdf(table: &Table) -> Result<Vec<u8>, Error> {
    if table.ids.is_empty() {
        return Err(Error::Empty);
    }
    let mut file = File { builder: NcFileBuilder::new(), rows: table.ids.len() as u64, cells: None };
    file.cells = Some(file.builder.add_dimension("cells", file.rows)?);
    file.global("Conventions", "CF-1.11")?;
    file.global("source", concat!("icestream ", env!("CARGO_PKG_VERSION")))?;
    file.global("healpix_order", &table.order.to_string())?;
    file.global("latitude_convention", &table.latitude.to_string())?;
    if let Some(partial) = &table.partial {
        file.global("PARTIAL", &partial.to_string())?;
    }
    if !table.provenance.is_null() {
        file.global("provenance", &table.provenance.to_string())?;
    }
    file.add("cell_ids", &table.ids, None, &[("long_name", "nested HEALPix number of the cell"), ("units", "1")])?;
    let decimals: Result<Vec<i64>, _> = table.cells().map(morton::Cell::decimal).collect();
    if let Ok(decimals) = decimals {
        file.add("morton", &decimals, None, &[("long_name", "decimal morton id of the cell"), ("units", "1")])?;
    }
    let centres: Vec<_> = table.cells().map(|cell| cell.centre_in(table.latitude)).collect();
    let lon: Vec<f64> = centres.iter().map(|centre| centre.lon()).collect();
    let lat: Vec<f64> = centres.iter().map(|centre| centre.lat()).collect();
    let east = [("standard_name", "longitude"), ("long_name", "longitude of the centre"), ("units", "degrees_east")];
    let north = [("standard_name", "latitude"), ("long_name", "latitude of the centre"), ("units", "degrees_north")];
    file.add("lon", &lon, None, &east)?;
    file.add("lat", &lat, None, &north)?;
    for (variable, column) in &table.columns {
        let text =
            [("long_name", &*variable.long_name), ("units", &*variable.units), ("coordinates", "lon lat cell_ids")];
        let name = &variable.name;
        match column {
            Column::I64(values) => match values.iter().map(|&value| i32::try_from(value)).collect() {
                Ok(values) => file.add::<i32>(name, &values, None, &text)?,
                Err(_) => file.add(name, values, None, &text)?,
            },
            Column::I32(values) => file.add(name, values, None, &text)?,
            Column::U64(values) => file.add(name, values, None, &text)?,
            Column::F32(values) => file.add(name, values, Some(f32::NAN), &text)?,
            Column::F64(values) => file.add(name, values, Some(f64::NAN), &text)?,
        }
    }
    let (_, bytes) = file.builder.to_vec(NcWriteOptions { format: NcWriteFormat::Nc4 })?;
    Ok(bytes)
}

struct File {
    builder: NcFileBuilder,
    rows: u64,
    cells: Option<DimensionId>,
}

impl File {
    fn global(&mut self, name: &str, value: &str) -> Result<(), Error> {
        Ok(self.builder.add_attribute(name, NcAttrValue::Chars(value.to_owned()))?)
    }

    #[expect(clippy::ptr_arg, reason = "lets `collect` infer what it makes")]
    fn add<T: NcWriteType + NcFillValueType>(
        &mut self,
        name: &str,
        values: &Vec<T>,
        fill: Option<T>,
        attributes: &[(&str, &str)],
    ) -> Result<(), Error> {
        let dimensions: Vec<DimensionId> = self.cells.into_iter().collect();
        let variable: VariableId = self.builder.add_variable::<T>(name, &dimensions)?;
        self.builder.set_variable_chunking(variable, vec![self.rows.min(CHUNK)])?;
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
