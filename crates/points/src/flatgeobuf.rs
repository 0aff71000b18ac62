//! FlatGeobuf 3: features along a Hilbert curve behind a packed tree of their boxes.
use crate::chunk::{Chunk, Value};
use crate::schema::Field;
use crate::sink::Sink;
use crate::time::milliseconds_text;
use crate::{Error, PointFormat, PointSchema};
use ::flatgeobuf::geozero::error::Result as Shaped;
use ::flatgeobuf::geozero::{ColumnValue, GeomProcessor, GeozeroGeometry, PropertyProcessor};
use ::flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use pipeline::PointKind;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;
use storage::NewFile;

/// Features wait in a temporary file without a name, their places in memory.
pub(crate) struct FlatGeobufSink {
    path: PathBuf,
    file: NewFile,
    schema: Arc<PointSchema>,
    features: FgbWriter<'static>,
    rows: u64,
}

impl FlatGeobufSink {
    pub(crate) fn begin(file: NewFile, schema: Arc<PointSchema>) -> Result<Self, Error> {
        let path = file.path().to_owned();
        let provenance = schema.provenance();
        let options = FgbWriterOptions {
            detect_type: false,
            promote_to_multi: false,
            crs: FgbCrs { org: Some("EPSG"), code: 4326, name: Some("WGS 84"), ..FgbCrs::default() },
            metadata: Some(&provenance),
            ..FgbWriterOptions::default()
        };
        let features = FgbWriter::create_with_options("points", GeometryType::Point, options);
        let mut features = features.map_err(Error::at(&path))?;
        for (name, field) in schema.fields() {
            features.add_column(name, kind(&schema, field), |_, _| {});
        }
        Ok(Self { path, file, schema, features, rows: 0 })
    }
}

impl Sink for FlatGeobufSink {
    fn write(&mut self, chunk: &Chunk) -> Result<(), Error> {
        self.rows = self.rows.saturating_add(chunk.len() as u64);
        if self.rows > PointFormat::MOST_FEATURES {
            return Err(Error::TooMany { most: PointFormat::MOST_FEATURES });
        }
        let fields = self.schema.fields();
        for (row, place) in chunk.places().enumerate() {
            let mut put = Ok(());
            let added = self.features.add_feature_geom(Place(place), |feature| {
                put = fields.iter().enumerate().try_for_each(|(at, (name, field))| {
                    let Some(value) = chunk.value(&self.schema, *field, row) else { return Ok(()) };
                    property(feature, (at, name), &value)
                });
            });
            added.and(put).map_err(Error::at(&self.path))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<NewFile, Error> {
        let mut buffer = BufWriter::new(self.file);
        self.features.write(&mut buffer).map_err(Error::at(&self.path))?;
        buffer.into_inner().map_err(|error| Error::at(&self.path)(error.into_error()))
    }
}

/// Signed whole numbers, because GDAL makes floats of unsigned ones of 64 bits.
fn kind(schema: &PointSchema, field: Field) -> ColumnType {
    match field {
        Field::Longitude | Field::Latitude => ColumnType::Double,
        Field::Time => ColumnType::DateTime,
        Field::Asked(at) => match schema.columns().get(at).map(|column| column.kind) {
            Some(PointKind::Whole) => ColumnType::Long,
            Some(PointKind::Single) => ColumnType::Float,
            Some(PointKind::Double) | None => ColumnType::Double,
        },
        Field::Cell | Field::Row | Field::Rgt | Field::Cycle => ColumnType::Long,
        Field::Granule | Field::Track => ColumnType::String,
    }
}

fn property(feature: &mut impl PropertyProcessor, (at, name): (usize, &str), value: &Value<'_>) -> Shaped<()> {
    let mut put = |value: &ColumnValue<'_>| feature.property(at, name, value).map(drop);
    match value {
        Value::Whole(number) => put(&ColumnValue::Long(*number)),
        Value::Single(number) => put(&ColumnValue::Float(*number)),
        Value::Double(number) => put(&ColumnValue::Double(*number)),
        Value::Time(micros) => milliseconds_text(*micros).map_or(Ok(()), |text| put(&ColumnValue::DateTime(&text))),
        Value::Text(word) => put(&ColumnValue::String(word)),
    }
}

/// A place as the library is given it.
struct Place([f64; 2]);

impl GeozeroGeometry for Place {
    fn process_geom<P: GeomProcessor>(&self, to: &mut P) -> Shaped<()> {
        let Self([longitude, latitude]) = *self;
        to.point_begin(0)?;
        to.xy(longitude, latitude, 0)?;
        to.point_end(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Filling;
    use morton::Order;
    use pipeline::{Job, PointBatch, PointRows};

    #[test]
    fn more_rows_than_memory_has_room_for_are_refused() {
        let mut product = products::built_in("ATL06").unwrap();
        product.ask_for_points(&[]).unwrap();
        let job = Job::new(product, "-6134114".parse().unwrap(), Order::new(12).unwrap()).unwrap();
        let schema = Arc::new(PointSchema::new(&job, &[], ["a.h5"]).unwrap());
        let path = std::env::temp_dir().join(format!("icestream-points-limit-{}.fgb", std::process::id()));
        let mut sink = FlatGeobufSink::begin(NewFile::begin(&path).unwrap(), Arc::clone(&schema)).unwrap();
        sink.rows = PointFormat::MOST_FEATURES - 2;
        let mut filling = Filling::new(schema);
        for (rows, fits) in [(2, true), (1, false)] {
            let batch = PointBatch { row: vec![0; rows], child: vec![0; rows], ..PointBatch::default() };
            let from = PointRows { granule: "a.h5", track: "gt1l", batch: &batch };
            filling.push(job.parent(), from, &mut |_| Ok(())).unwrap();
            let written = filling.rest(&mut |chunk| sink.write(chunk));
            assert_eq!(written.is_ok(), fits);
            assert!(fits || written.unwrap_err().to_string().contains("more than 1000000 rows"));
        }
    }
}
