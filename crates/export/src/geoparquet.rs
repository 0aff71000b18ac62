//! GeoParquet 1.1.0: Parquet with WKB geometries and a JSON of metadata under the key `geo`.

use bytes::Bytes;
use morton::Cell;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use serde_json::json;
use std::ops::Range;
use std::sync::Arc;
use stores::{Cube, Table};

use crate::GeoColumn;
use crate::fields::{Field, Values, fields};
use crate::geo::in_order;
use crate::long::Long;
use crate::shapes::{Kind, Shapes};
use crate::{Error, Geometry, wkb};

/// Rows of a row group: readers skip by its statistics.
const GROUP: usize = 65_536;

/// One row a cell, or a window of time and a cell, which then begins with `time` (when the window begins: a date, or a time where
/// windows are not of days) and where there are such with `cycle`: `cell_ids` (nested; signed, because GDAL makes floats of unsigned 64 bits), `morton` (decimal, where the
/// order has one), the variables with nulls for no data, and `geometry` in degrees (OGC:CRS84, planar edges,
/// counter-clockwise; multipolygons where a cell is cut by the antimeridian, else polygons). Snappy-compressed.
///
/// # Errors
/// [`Error::Empty`], or [`Error::Parquet`] when the encoder refuses.
pub fn geoparquet(cube: &Cube, geometry: Geometry, all: bool) -> Result<Vec<u8>, Error> {
    let long = Long::of(cube, all);
    let table = &long.table;
    if table.ids.is_empty() {
        return Err(Error::Empty);
    }
    let (columns, shapes) = (fields(&long), Shapes::of(table, geometry));
    let mut types = columns.iter().map(schema_of).collect::<Result<Vec<TypePtr>, Error>>()?;
    let wkb = Type::primitive_type_builder("geometry", Physical::BYTE_ARRAY).with_repetition(Repetition::REQUIRED);
    types.push(Arc::new(wkb.build()?));
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(types).build()?);
    let geo = KeyValue::new(GeoColumn::KEY.to_owned(), geo(&shapes).key());
    let own = KeyValue::new("icestream".to_owned(), own(table));
    let partial = table.partial.as_ref().map(|partial| KeyValue::new("PARTIAL".to_owned(), partial.to_string()));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("icestream ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some([geo, own].into_iter().chain(partial).collect()));
    let mut out = Vec::new();
    let mut file = SerializedFileWriter::new(&mut out, schema, Arc::new(properties.build()))?;
    for start in (0..table.ids.len()).step_by(GROUP) {
        let rows = start..table.ids.len().min(start + GROUP);
        let mut group = file.next_row_group()?;
        for column in &columns {
            let Some(mut writer) = group.next_column()? else { break };
            write(column, &mut writer, rows.clone())?;
            writer.close()?;
        }
        if let Some(mut writer) = group.next_column()? {
            write_shapes(&mut writer, &shapes, table, rows)?;
            writer.close()?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(out)
}

fn geo(shapes: &Shapes) -> GeoColumn {
    let kind = match shapes.kind {
        Kind::Point => "Point",
        Kind::Polygon => "Polygon",
        Kind::MultiPolygon => "MultiPolygon",
    };
    GeoColumn { name: "geometry".to_owned(), kind, bounds: shapes.bounds, covering: None }
}

/// The geometry of some rows.
fn write_shapes(
    writer: &mut SerializedColumnWriter<'_>,
    shapes: &Shapes,
    table: &Table,
    rows: Range<usize>,
) -> Result<(), Error> {
    let cells = part(&table.ids, &rows).iter().filter_map(|&id| Cell::new(table.order, id).ok());
    let bytes: Vec<ByteArray> = cells
        .map(|cell| {
            let rings = shapes.rings(table, cell);
            let bytes: Vec<u8> = match shapes.kind {
                Kind::Point => rings.iter().flatten().flat_map(|&place| wkb::point(place)).collect(),
                Kind::Polygon => rings.iter().flat_map(|ring| wkb::polygon(ring)).collect(),
                Kind::MultiPolygon => wkb::multi_polygon(&rings),
            };
            Bytes::from(bytes).into()
        })
        .collect();
    writer.typed::<ByteArrayType>().write_batch(&bytes, None, None)?;
    Ok(())
}

fn schema_of(field: &Field) -> Result<TypePtr, Error> {
    let (physical, logical, optional) = match field.values {
        // Parquet has no unsigned physical type.
        Values::Unsigned(_) => (Physical::INT64, Some(LogicalType::integer(64, false)), false),
        Values::Long(_) => (Physical::INT64, None, false),
        Values::Int(_) => (Physical::INT32, None, false),
        Values::Date(_) => (Physical::INT32, Some(LogicalType::Date), false),
        Values::Time(_) => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS)), false),
        Values::Float(_) => (Physical::FLOAT, None, true),
        Values::Double(_) => (Physical::DOUBLE, None, true),
    };
    let repetition = if optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let field = Type::primitive_type_builder(&field.name, physical);
    Ok(Arc::new(field.with_repetition(repetition).with_logical_type(logical).build()?))
}

fn write(field: &Field, writer: &mut SerializedColumnWriter<'_>, rows: Range<usize>) -> Result<(), Error> {
    match &field.values {
        Values::Unsigned(values) | Values::Long(values) | Values::Time(values) => {
            writer.typed::<Int64Type>().write_batch(part(values, &rows), None, None)?;
        }
        Values::Int(values) | Values::Date(values) => {
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
    }
    Ok(())
}

fn part<'a, T>(values: &'a [T], rows: &Range<usize>) -> &'a [T] {
    values.get(rows.clone()).unwrap_or_default()
}

/// The values there are, and the definition level of each row.
fn present<T: Copy>(values: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
    (values.iter().flatten().copied().collect(), values.iter().map(|value| i16::from(value.is_some())).collect())
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
    in_order(json!({
        "healpix_order": table.order.get(),
        "latitude_convention": table.latitude.to_string(),
        "variables": variables,
        "partial": table.partial.as_ref().map(ToString::to_string),
        "provenance": table.provenance,
    }))
}
