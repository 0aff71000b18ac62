//! GeoParquet 1.1.0.
use crate::batches::{BOX, BatchEncoder, GEOMETRY, PROVENANCE, SIDES};
use crate::chunk::{Chunk, ROWS};
use crate::schema::in_order;
use crate::sink::Sink;
use crate::{Error, PointSchema};
use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression, Encoding};
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::schema::types::ColumnPath;
use pipeline::PointKind;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use storage::NewFile;

/// Columns whose numbers repeat, beside whole numbers that are asked for.
const REPEATED: [&str; 5] = ["cell", "granule", "track", "rgt", "cycle"];
/// Columns whose numbers ascend by and large.
const ASCENDING: [&str; 2] = ["time", "row"];

pub(crate) struct ParquetSink {
    path: PathBuf,
    encoder: BatchEncoder,
    writer: ArrowWriter<NewFile>,
    /// West, south, east, north of all rows; `None` before there are some.
    bounds: Option<[f64; 4]>,
}

impl ParquetSink {
    pub(crate) fn begin(file: NewFile, schema: Arc<PointSchema>) -> Result<Self, Error> {
        let path = file.path().to_owned();
        let properties = properties(&schema);
        let encoder = BatchEncoder::new(schema, true);
        let writer = ArrowWriter::try_new(file, Arc::clone(encoder.arrow()), Some(properties));
        let writer = writer.map_err(Error::at(&path))?;
        Ok(Self { path, encoder, writer, bounds: None })
    }
}

impl Sink for ParquetSink {
    fn write(&mut self, chunk: &Chunk) -> Result<(), Error> {
        for [x, y] in chunk.places() {
            let [west, south, east, north] = self.bounds.unwrap_or([x, y, x, y]);
            self.bounds = Some([west.min(x), south.min(y), east.max(x), north.max(y)]);
        }
        let batch = self.encoder.encode(chunk).map_err(Error::at(&self.path))?;
        self.writer.write(&batch).map_err(Error::at(&self.path))
    }

    fn finish(mut self: Box<Self>) -> Result<NewFile, Error> {
        self.writer.append_key_value_metadata(KeyValue::new("geo".to_owned(), geo(self.bounds)));
        self.writer.into_inner().map_err(Error::at(&self.path))
    }
}

fn properties(schema: &PointSchema) -> WriterProperties {
    let path = |name: &str| ColumnPath::from(name);
    let (whole, floats): (Vec<_>, Vec<_>) = schema.columns().iter().partition(|column| column.kind == PointKind::Whole);
    let repeated = whole.into_iter().map(|column| column.name.as_str()).chain(REPEATED);
    let sides = SIDES.map(|side| ColumnPath::new(vec![BOX.to_owned(), side.to_owned()]));
    let floats = floats.into_iter().map(|column| column.name.as_str()).chain(["longitude", "latitude"]).map(path);
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROWS))
        .set_created_by(concat!("icestream ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new(PROVENANCE.to_owned(), schema.provenance())]))
        .set_dictionary_enabled(false)
        .set_column_statistics_enabled(path(GEOMETRY), EnabledStatistics::None);
    for name in repeated {
        properties = properties.set_column_dictionary_enabled(path(name), true);
    }
    for name in ASCENDING {
        properties = properties.set_column_encoding(path(name), Encoding::DELTA_BINARY_PACKED);
    }
    // Their bytes apart, which takes a third less once compressed.
    for column in floats.chain(sides) {
        properties = properties.set_column_encoding(column, Encoding::BYTE_STREAM_SPLIT);
    }
    properties.build()
}

/// The key `geo` ("File metadata"). Without `crs` the system is OGC:CRS84.
fn geo(bounds: Option<[f64; 4]>) -> String {
    let side = |side: &str| (side.to_owned(), json!([BOX, side]));
    let covering: serde_json::Map<_, _> = SIDES.into_iter().map(side).collect();
    let mut column = json!({
        "encoding": "WKB", "edges": "planar", "geometry_types": ["Point"], "covering": { "bbox": covering },
    });
    if let Some(bounds) = bounds {
        column["bbox"] = json!(bounds);
    }
    in_order(json!({ "version": "1.1.0", "primary_column": GEOMETRY, "columns": { GEOMETRY: column } }))
}
