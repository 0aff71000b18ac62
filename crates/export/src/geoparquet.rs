//! GeoParquet 1.1.0: Parquet with WKB geometries and a JSON of metadata under the key `geo`.

use bytes::Bytes;
use morton::Cell;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use serde_json::{Value as Json, json};
use std::ops::Range;
use std::sync::Arc;
use stores::{Column, Cube, Table};

use crate::long::Long;
use crate::{Error, Geometry, rings, wkb};

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
    let (columns, about) = columns(&long, geometry);
    let fields = columns.iter().map(Field::of).collect::<Result<Vec<TypePtr>, Error>>()?;
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?);
    let geo = KeyValue::new("geo".to_owned(), in_order(about));
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
            column.write(&mut writer, rows.clone())?;
            writer.close()?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(out)
}

/// The outlines of one cell, or a place.
type Rings = Vec<Vec<[f64; 2]>>;

/// A column as Parquet has it; `None` for no data.
enum Values {
    /// Parquet has no unsigned physical type: the bits are the same.
    Unsigned(Vec<i64>),
    Long(Vec<i64>),
    Int(Vec<i32>),
    /// Days since 1970-01-01.
    Date(Vec<i32>),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Time(Vec<i64>),
    Float(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
    Geometry(Vec<Vec<u8>>),
}

struct Field {
    name: String,
    values: Values,
}

/// The columns, and what the `geo` key says of them.
fn columns(long: &Long, geometry: Geometry) -> (Vec<Field>, Json) {
    let table = &long.table;
    let mut columns = Vec::new();
    let mut add = |name: &str, values| columns.push(Field { name: name.to_owned(), values });
    if let Some(windows) = &long.windows {
        let days = windows.iter().map(|window| i32::try_from(window.first_day()).ok().filter(|_| window.is_of_days()));
        let micros = || windows.iter().map(|window| window.start.saturating_mul(1_000_000)).collect();
        add("time", days.collect::<Option<Vec<i32>>>().map_or_else(|| Values::Time(micros()), Values::Date));
    }
    if let Some(cycles) = long.cycles() {
        add("cycle", values(&Column::I64(cycles)));
    }
    // The greatest, of order 29, is below 2^62.
    add("cell_ids", Values::Long(table.ids.iter().map(|id| id.cast_signed()).collect()));
    let decimals: Result<Vec<i64>, _> = table.cells().map(Cell::decimal).collect();
    if let Ok(decimals) = decimals {
        add("morton", Values::Long(decimals));
    }
    for (variable, column) in &table.columns {
        add(&variable.name, values(column));
    }
    let (shapes, about) = shapes(table, geometry);
    add("geometry", Values::Geometry(shapes));
    (columns, about)
}

/// The geometries, all of one type, since tools make layers of one; and the `geo` key (GeoParquet 1.1.0, "File metadata").
/// Without `crs` it is OGC:CRS84.
fn shapes(table: &Table, geometry: Geometry) -> (Vec<Vec<u8>>, Json) {
    let rings: Vec<Rings> = match geometry {
        Geometry::Polygons => table.cells().map(|cell| rings(cell, table.latitude)).collect(),
        Geometry::Points => {
            let centre = |cell: Cell| cell.centre_in(table.latitude);
            table.cells().map(|cell| vec![vec![[centre(cell).lon(), centre(cell).lat()]]]).collect()
        }
    };
    let mut bounds = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
    for [lon, lat] in rings.iter().flatten().flatten() {
        bounds = [bounds[0].min(*lon), bounds[1].min(*lat), bounds[2].max(*lon), bounds[3].max(*lat)];
    }
    let cut = rings.iter().any(|rings| rings.len() > 1);
    let (kind, shape): (_, fn(&Rings) -> Vec<u8>) = match geometry {
        Geometry::Points => ("Point", |rings| rings.iter().flatten().flat_map(|&place| wkb::point(place)).collect()),
        Geometry::Polygons if cut => ("MultiPolygon", |rings| wkb::multi_polygon(rings)),
        Geometry::Polygons => ("Polygon", |rings| rings.iter().flat_map(|ring| wkb::polygon(ring)).collect()),
    };
    let mut column = json!({ "encoding": "WKB", "edges": "planar", "bbox": bounds, "geometry_types": [kind] });
    if geometry == Geometry::Polygons {
        column["orientation"] = json!("counterclockwise");
    }
    let about = json!({ "version": "1.1.0", "primary_column": "geometry", "columns": { "geometry": column } });
    (rings.iter().map(shape).collect(), about)
}

fn values(column: &Column) -> Values {
    match column {
        Column::I64(values) => match values.iter().map(|&value| i32::try_from(value)).collect() {
            Ok(values) => Values::Int(values),
            Err(_) => Values::Long(values.clone()),
        },
        Column::I32(values) => Values::Int(values.clone()),
        Column::U64(values) => Values::Unsigned(values.iter().map(|value| value.cast_signed()).collect()),
        Column::F32(values) => Values::Float(values.iter().map(|&v| (!v.is_nan()).then_some(v)).collect()),
        Column::F64(values) => Values::Double(values.iter().map(|&v| (!v.is_nan()).then_some(v)).collect()),
    }
}

impl Field {
    fn of(&self) -> Result<TypePtr, Error> {
        let (physical, logical, optional) = match self.values {
            Values::Unsigned(_) => (Physical::INT64, Some(LogicalType::integer(64, false)), false),
            Values::Long(_) => (Physical::INT64, None, false),
            Values::Int(_) => (Physical::INT32, None, false),
            Values::Date(_) => (Physical::INT32, Some(LogicalType::Date), false),
            Values::Time(_) => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS)), false),
            Values::Float(_) => (Physical::FLOAT, None, true),
            Values::Double(_) => (Physical::DOUBLE, None, true),
            Values::Geometry(_) => (Physical::BYTE_ARRAY, None, false),
        };
        let repetition = if optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        let field = Type::primitive_type_builder(&self.name, physical);
        Ok(Arc::new(field.with_repetition(repetition).with_logical_type(logical).build()?))
    }

    fn write(&self, writer: &mut SerializedColumnWriter<'_>, rows: Range<usize>) -> Result<(), Error> {
        match &self.values {
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
            Values::Geometry(shapes) => {
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

/// As text with sorted names: whether `serde_json` sorts them depends on a feature that any crate may enable.
fn in_order(mut value: serde_json::Value) -> String {
    value.sort_all_objects();
    value.to_string()
}
