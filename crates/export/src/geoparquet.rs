//! GeoParquet 1.1.0: Parquet with WKB geometries and a JSON of metadata under the key `geo`.

use bytes::Bytes;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use serde_json::json;
use std::ops::Range;
use std::sync::Arc;
use store_reader::{Column, Table};

use crate::{Error, Geometry, rings, wkb};

/// Rows of a row group: readers skip by its statistics.
const GROUP: usize = 65_536;

/// One row a cell: `cell_ids` (nested, unsigned), `morton` (decimal, where the order has one), the variables with nulls for
/// no data, and `geometry` in degrees (OGC:CRS84, planar edges, counter-clockwise). Snappy-compressed.
///
/// # Errors
/// [`Error::Empty`], or [`Error::Parquet`] when the encoder refuses.
pub fn geoparquet(table: &Table, geometry: Geometry) -> Result<Vec<u8>, Error> {
    if table.ids.is_empty() {
        return Err(Error::Empty);
    }
    let columns = columns(table, geometry);
    let fields = columns.iter().map(Field::of).collect::<Result<Vec<TypePtr>, Error>>()?;
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?);
    let geo = KeyValue::new("geo".to_owned(), metadata(&columns, geometry));
    let own = KeyValue::new("icestream".to_owned(), own(table));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("icestream ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![geo, own]));
    let mut out = Vec::new();
    let mut file = SerializedFileWriter::new(&mut out, schema, Arc::new(properties.build()))?;
    for start in (0..table.ids.len()).step_by(GROUP) {
        let rows = start..table.ids.len().min(start + GROUP);
        let mut group = file.next_row_group()?;
        for column in &columns {
            let Some(mut writer) = group.next_column()? else { break };
            column.write(&mut writer, rows.clone())?;
            writer.close()?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(out)
}

/// A column as Parquet has it; `None` for no data.
enum Values {
    Unsigned(Vec<i64>),
    Long(Vec<i64>),
    Int(Vec<i32>),
    Float(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
    Geometry(Vec<Vec<u8>>, [f64; 4]),
}

struct Field {
    name: String,
    values: Values,
}

fn columns(table: &Table, geometry: Geometry) -> Vec<Field> {
    let mut columns = Vec::new();
    let mut add = |name: &str, values| columns.push(Field { name: name.to_owned(), values });
    // Parquet has no unsigned physical type: the bits are the same.
    add("cell_ids", Values::Unsigned(table.ids.iter().map(|id| id.cast_signed()).collect()));
    let decimals: Result<Vec<i64>, _> = table.cells().map(morton::Cell::decimal).collect();
    if let Ok(decimals) = decimals {
        add("morton", Values::Long(decimals));
    }
    for (variable, column) in &table.columns {
        add(&variable.name, values(column));
    }
    let (mut bounds, mut shapes) = ([f64::MAX, f64::MAX, f64::MIN, f64::MIN], Vec::new());
    for cell in table.cells() {
        let centre = cell.centre_in(table.latitude);
        let rings = match geometry {
            Geometry::Polygons => rings(cell, table.latitude),
            Geometry::Points => vec![vec![[centre.lon(), centre.lat()]]],
        };
        for [lon, lat] in rings.iter().flatten() {
            bounds = [bounds[0].min(*lon), bounds[1].min(*lat), bounds[2].max(*lon), bounds[3].max(*lat)];
        }
        shapes.push(match geometry {
            Geometry::Polygons => wkb::polygon(&rings),
            Geometry::Points => wkb::point([centre.lon(), centre.lat()]),
        });
    }
    add("geometry", Values::Geometry(shapes, bounds));
    columns
}

fn values(column: &Column) -> Values {
    match column {
        Column::Integer(values) => match values.iter().map(|&value| i32::try_from(value)).collect() {
            Ok(values) => Values::Int(values),
            Err(_) => Values::Long(values.clone()),
        },
        Column::Unsigned(values) => Values::Unsigned(values.iter().map(|value| value.cast_signed()).collect()),
        Column::Single(values) => Values::Float(values.iter().map(|&v| (!v.is_nan()).then_some(v)).collect()),
        Column::Double(values) => Values::Double(values.iter().map(|&v| (!v.is_nan()).then_some(v)).collect()),
        other => Values::Double((0..other.len()).map(|row| Some(other.number(row))).collect()),
    }
}

impl Field {
    fn of(&self) -> Result<TypePtr, Error> {
        let (physical, logical, optional) = match self.values {
            Values::Unsigned(_) => (Physical::INT64, Some(LogicalType::integer(64, false)), false),
            Values::Long(_) => (Physical::INT64, None, false),
            Values::Int(_) => (Physical::INT32, None, false),
            Values::Float(_) => (Physical::FLOAT, None, true),
            Values::Double(_) => (Physical::DOUBLE, None, true),
            Values::Geometry(..) => (Physical::BYTE_ARRAY, None, false),
        };
        let repetition = if optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        let field = Type::primitive_type_builder(&self.name, physical);
        Ok(Arc::new(field.with_repetition(repetition).with_logical_type(logical).build()?))
    }

    fn write(&self, writer: &mut SerializedColumnWriter<'_>, rows: Range<usize>) -> Result<(), Error> {
        match &self.values {
            Values::Unsigned(values) | Values::Long(values) => {
                writer.typed::<Int64Type>().write_batch(part(values, &rows), None, None)?;
            }
            Values::Int(values) => {
                writer.typed::<Int32Type>().write_batch(part(values, &rows), None, None)?;
            }
            Values::Float(values) => {
                let (values, levels) = present(part(values, &rows));
                writer.typed::<FloatType>().write_batch(&values, Some(&levels), None)?;
            }
            Values::Double(values) => {
                let (values, levels) = present(part(values, &rows));
                writer.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
            }
            Values::Geometry(shapes, _) => {
                let shapes: Vec<ByteArray> =
                    part(shapes, &rows).iter().map(|shape| Bytes::copy_from_slice(shape).into()).collect();
                writer.typed::<ByteArrayType>().write_batch(&shapes, None, None)?;
            }
        }
        Ok(())
    }
}

fn part<'a, T>(values: &'a [T], rows: &Range<usize>) -> &'a [T] {
    values.get(rows.clone()).unwrap_or_default()
}

/// The values there are, and the definition level of each row.
fn present<T: Copy>(values: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
    (values.iter().flatten().copied().collect(), values.iter().map(|value| i16::from(value.is_some())).collect())
}

/// The `geo` key (GeoParquet 1.1.0, "File metadata"). Without `crs` it is OGC:CRS84.
fn metadata(columns: &[Field], geometry: Geometry) -> String {
    let bounds = columns.iter().find_map(|column| match &column.values {
        Values::Geometry(_, bounds) => Some(*bounds),
        _ => None,
    });
    let mut column = json!({ "encoding": "WKB", "edges": "planar", "bbox": bounds.unwrap_or_default() });
    match geometry {
        Geometry::Points => column["geometry_types"] = json!(["Point"]),
        Geometry::Polygons => {
            column["geometry_types"] = json!(["Polygon", "MultiPolygon"]);
            column["orientation"] = json!("counterclockwise");
        }
    }
    json!({ "version": "1.1.0", "primary_column": "geometry", "columns": { "geometry": column } }).to_string()
}

/// What the columns are and where they come from.
fn own(table: &Table) -> String {
    let variables: serde_json::Map<String, serde_json::Value> = table
        .columns
        .iter()
        .map(|(variable, _)| {
            (variable.name.clone(), json!({ "units": variable.units, "long_name": variable.long_name }))
        })
        .collect();
    json!({
        "healpix_order": table.order.get(),
        "latitude_convention": table.latitude.to_string(),
        "variables": variables,
        "provenance": table.provenance,
    })
    .to_string()
}
