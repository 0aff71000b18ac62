//! FlatGeobuf 3: features along a Hilbert curve behind a packed tree of their boxes.

use ::flatgeobuf::geozero::error::Result as Shaped;
use ::flatgeobuf::geozero::{ColumnValue, GeomProcessor, GeozeroGeometry, PropertyProcessor};
use ::flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use stores::Cube;

use crate::fields::{Field, Values, fields};
use crate::long::Long;
use crate::shapes::{Kind, Rings, Shapes};
use crate::{Error, Geometry};

/// The rows and columns of [`crate::geoparquet()`], in EPSG:4326 with longitude first; a value of no data is left out, `time` is text
/// of ISO 8601. Rows lie along a Hilbert curve, after an index by which readers fetch those of a box. What is written goes through a
/// temporary file.
///
/// # Errors
/// [`Error::Empty`], or [`Error::FlatGeobuf`], [`Error::Shape`] when the encoder refuses or the temporary file cannot be written.
pub fn flatgeobuf(cube: &Cube, geometry: Geometry, all: bool) -> Result<Vec<u8>, Error> {
    let long = Long::of(cube, all);
    let table = &long.table;
    if table.ids.is_empty() {
        return Err(Error::Empty);
    }
    let (columns, shapes) = (fields(&long), Shapes::of(table, geometry));
    let kind = match shapes.kind {
        Kind::Point => GeometryType::Point,
        Kind::Polygon => GeometryType::Polygon,
        Kind::MultiPolygon => GeometryType::MultiPolygon,
    };
    let partial = table.partial.as_ref().map(ToString::to_string);
    let options = FgbWriterOptions {
        detect_type: false,
        promote_to_multi: false,
        crs: FgbCrs { org: Some("EPSG"), code: 4326, name: Some("WGS 84"), ..FgbCrs::default() },
        description: partial.as_deref(),
        ..FgbWriterOptions::default()
    };
    let mut file = FgbWriter::create_with_options("cells", kind, options)?;
    for field in &columns {
        let words =
            table.columns.iter().find(|(variable, _)| variable.name == field.name).map(|(variable, _)| variable);
        file.add_column(&field.name, column_type(&field.values), |buffer, column| {
            column.nullable = matches!(field.values, Values::Float(_) | Values::Double(_));
            if let Some(variable) = words {
                let unit = if variable.units.is_empty() { String::new() } else { format!(" ({})", variable.units) };
                column.description = Some(buffer.create_string(&format!("{}{unit}", variable.long_name)));
            }
        });
    }
    for (row, cell) in table.cells().enumerate() {
        let mut written = Ok(());
        file.add_feature_geom(Shape { kind: shapes.kind, rings: shapes.rings(table, cell) }, |feature| {
            written = columns.iter().enumerate().try_for_each(|(at, field)| put(feature, at, field, row));
        })?;
        written?;
    }
    let mut out = Vec::new();
    file.write(&mut out)?;
    Ok(out)
}

fn column_type(values: &Values) -> ColumnType {
    match values {
        Values::Unsigned(_) => ColumnType::ULong,
        Values::Long(_) => ColumnType::Long,
        Values::Int(_) => ColumnType::Int,
        Values::Date(_) | Values::Time(_) => ColumnType::DateTime,
        Values::Float(_) => ColumnType::Float,
        Values::Double(_) => ColumnType::Double,
    }
}

/// The value of a row, unless it is no data.
fn put(feature: &mut impl PropertyProcessor, at: usize, field: &Field, row: usize) -> Shaped<()> {
    let mut add = |value: &ColumnValue<'_>| feature.property(at, &field.name, value).map(|_| ());
    match &field.values {
        Values::Unsigned(values) => values.get(row).map_or(Ok(()), |v| add(&ColumnValue::ULong(v.cast_unsigned()))),
        Values::Long(values) => values.get(row).map_or(Ok(()), |&v| add(&ColumnValue::Long(v))),
        Values::Int(values) => values.get(row).map_or(Ok(()), |&v| add(&ColumnValue::Int(v))),
        Values::Date(days) => {
            let moment = days.get(row).map(|&day| moment(i64::from(day) * 86_400));
            moment.map_or(Ok(()), |text| add(&ColumnValue::DateTime(&text)))
        }
        Values::Time(micros) => {
            let moment = micros.get(row).map(|&micros| moment(micros.div_euclid(1_000_000)));
            moment.map_or(Ok(()), |text| add(&ColumnValue::DateTime(&text)))
        }
        Values::Float(values) => values.get(row).copied().flatten().map_or(Ok(()), |v| add(&ColumnValue::Float(v))),
        Values::Double(values) => values.get(row).copied().flatten().map_or(Ok(()), |v| add(&ColumnValue::Double(v))),
    }
}

/// Seconds since 1970 in ISO 8601, always with the time of day.
fn moment(seconds: i64) -> String {
    let text = stores::moment_text(seconds);
    if text.contains('T') { format!("{text}Z") } else { format!("{text}T00:00:00Z") }
}

/// A shape as the library is given it.
struct Shape {
    kind: Kind,
    rings: Rings,
}

impl GeozeroGeometry for Shape {
    fn process_geom<P: GeomProcessor>(&self, to: &mut P) -> Shaped<()> {
        match self.kind {
            Kind::Point => self.rings.iter().flatten().try_for_each(|&[lon, lat]| {
                to.point_begin(0)?;
                to.xy(lon, lat, 0)?;
                to.point_end(0)
            }),
            Kind::Polygon => self.rings.iter().try_for_each(|ring| polygon(to, ring, true, 0)),
            Kind::MultiPolygon => {
                to.multipolygon_begin(self.rings.len(), 0)?;
                for (at, ring) in self.rings.iter().enumerate() {
                    polygon(to, ring, false, at)?;
                }
                to.multipolygon_end(0)
            }
        }
    }
}

/// A polygon of one ring, on its own or as a part.
fn polygon<P: GeomProcessor>(to: &mut P, ring: &[[f64; 2]], is_alone: bool, at: usize) -> Shaped<()> {
    to.polygon_begin(is_alone, 1, at)?;
    to.linestring_begin(false, ring.len(), 0)?;
    for (place, &[lon, lat]) in ring.iter().enumerate() {
        to.xy(lon, lat, place)?;
    }
    to.linestring_end(false, 0)?;
    to.polygon_end(is_alone, at)
}
