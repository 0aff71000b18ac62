//! GeoParquet 1.0 and 1.1, with geometries as WKB.
use super::{Parts, wkb};
use crate::Error;
use crate::error::short;
use bytes::Bytes;
use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Value, json};

/// Rows that are read at once.
const ROWS: usize = 1024;

/// The polygons, and the coordinate system as PROJJSON, if one is stated.
pub(super) fn read(bytes: &[u8]) -> Result<(Parts, Option<Value>), Error> {
    let bad = |why: String| Error::format("GeoParquet", why);
    let reader =
        SerializedFileReader::new(Bytes::copy_from_slice(bytes)).map_err(|error| bad(short(&error.to_string())))?;
    let metadata = reader.metadata().file_metadata();
    let pairs = metadata.key_value_metadata().map(Vec::as_slice).unwrap_or_default();
    let geo = pairs.iter().find(|pair| pair.key == "geo").and_then(|pair| pair.value.as_deref());
    let geo: Value = geo
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| bad("its metadata have no key `geo`: write it as GeoParquet".to_owned()))?;
    let name = geo.get("primary_column").and_then(Value::as_str).unwrap_or("geometry");
    let column = geo.get("columns").and_then(|columns| columns.get(name)).unwrap_or(&Value::Null);
    if column.get("encoding").and_then(Value::as_str) != Some("WKB") {
        return Err(bad("its geometries are not encoded as WKB: write them so".to_owned()));
    }
    if column.get("edges").and_then(Value::as_str).is_some_and(|edges| edges != "planar") {
        return Err(bad("its edges are great circles: densify them, and write planar edges".to_owned()));
    }
    // Without the key, longitude and latitude; null is unknown.
    let crs = match column.get("crs") {
        None => Some(json!({ "type": "GeographicCRS", "name": "WGS 84 (CRS84)",
            "datum": { "ellipsoid": { "semi_major_axis": 6_378_137, "inverse_flattening": 298.257_223_563 } } })),
        Some(Value::Null) => None,
        Some(crs) => Some(crs.clone()),
    };
    let schema = metadata.schema_descr();
    let leaf = (0..schema.num_columns())
        .find(|&at| schema.column(at).path().parts() == [name])
        .ok_or_else(|| bad(format!("it has no column `{}`", short(name))))?;
    let mut parts = Vec::new();
    for group in 0..reader.num_row_groups() {
        let column = reader.get_row_group(group).and_then(|group| group.get_column_reader(leaf));
        let ColumnReader::ByteArrayColumnReader(mut column) = column.map_err(|error| bad(unread(&error)))? else {
            return Err(bad(format!("the column `{}` is not binary", short(name))));
        };
        let mut values: Vec<ByteArray> = Vec::new();
        loop {
            values.clear();
            let mut levels = Vec::new();
            let (records, ..) =
                column.read_records(ROWS, Some(&mut levels), None, &mut values).map_err(|error| bad(unread(&error)))?;
            for value in &values {
                wkb::read(value.data(), &mut parts).map_err(bad)?;
            }
            if records == 0 {
                break;
            }
        }
    }
    Ok((parts, crs))
}

fn unread(error: &parquet::errors::ParquetError) -> String {
    format!("{}; Snappy and no compression are read", short(&error.to_string()))
}
