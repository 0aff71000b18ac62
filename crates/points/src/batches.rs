//! Rows as Arrow record batches.
use crate::chunk::{Chunk, Filling, single, whole};
use crate::schema::Field as Of;
use crate::{Error, PointColumn, PointSchema};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, DictionaryArray, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_buffer::{Buffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use morton::Cell;
use pipeline::{PointKind, PointRows};
use std::collections::HashMap;
use std::sync::Arc;

/// The key of a schema's metadata under which [`PointSchema::provenance`] is.
pub(crate) const PROVENANCE: &str = "icestream";
pub(crate) const GEOMETRY: &str = "geometry";
pub(crate) const BOX: &str = "bbox";
/// Sides of a box in GeoParquet.
pub(crate) const SIDES: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];
/// Bytes of a point in well-known binary.
const POINT_BYTES: usize = 21;
/// Its beginning: little-endian, a point.
const POINT: [u8; 5] = [1, 1, 0, 0, 0];

/// Rows as record batches of 65,536 rows, the last one shorter: what files in Arrow IPC have, for callers that hand batches on
/// in memory. All share the schema and the dictionaries of granules and tracks.
pub struct PointBatches {
    filling: Filling,
    encoder: BatchEncoder,
}

impl PointBatches {
    /// Begins batches.
    #[must_use]
    pub fn new(schema: PointSchema) -> Self {
        let schema = Arc::new(schema);
        Self { encoder: BatchEncoder::new(Arc::clone(&schema), false), filling: Filling::new(schema) }
    }

    /// The schema of all batches, with the metadata of fields (geometry, cells) and the provenance under `icestream`.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.encoder.arrow)
    }

    /// Adds rows of a track in the cell `parent`, and gives each batch that is full to `take`.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Child`], [`Error::Rounded`] for rows that cannot be written; what `take` answers.
    pub fn push(
        &mut self,
        parent: Cell,
        rows: PointRows<'_>,
        take: &mut dyn FnMut(RecordBatch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let encoder = &self.encoder;
        self.filling.push(parent, rows, &mut |chunk| take(encoder.encode(chunk).map_err(refused)?))
    }

    /// The rows that are left; `None` where there are none.
    ///
    /// # Errors
    /// [`Error::Encoder`] when Arrow refuses them.
    pub fn rest(&mut self) -> Result<Option<RecordBatch>, Error> {
        let (encoder, mut last) = (&self.encoder, None);
        self.filling.rest(&mut |chunk| {
            last = Some(encoder.encode(chunk).map_err(refused)?);
            Ok(())
        })?;
        Ok(last)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(error: ArrowError) -> Error {
    Error::Encoder { format: "Arrow", why: error.to_string() }
}

/// Makes record batches of row groups.
pub(crate) struct BatchEncoder {
    schema: Arc<PointSchema>,
    arrow: SchemaRef,
    /// The dictionaries.
    granules: ArrayRef,
    tracks: ArrayRef,
    /// The fields of a row's box, where rows have one.
    boxes: Option<Fields>,
}

impl BatchEncoder {
    /// `boxes`: with the covering of GeoParquet.
    pub(crate) fn new(schema: Arc<PointSchema>, boxes: bool) -> Self {
        let boxes: Option<Fields> =
            boxes.then(|| SIDES.iter().map(|side| Field::new(*side, DataType::Float64, false)).collect());
        let mut fields: Vec<Field> = schema.fields().into_iter().map(|(name, of)| field(&schema, name, of)).collect();
        fields.push(geometry());
        fields.extend(boxes.clone().map(|sides| Field::new(BOX, DataType::Struct(sides), false)));
        let metadata = HashMap::from([(PROVENANCE.to_owned(), schema.provenance())]);
        let arrow = Arc::new(Schema::new_with_metadata(fields, metadata));
        let granules = StringArray::from_iter_values(schema.granules().iter().map(|granule| granule.name.as_str()));
        let tracks = StringArray::from_iter_values(schema.tracks());
        Self { schema, arrow, granules: Arc::new(granules), tracks: Arc::new(tracks), boxes }
    }

    pub(crate) const fn arrow(&self) -> &SchemaRef {
        &self.arrow
    }

    pub(crate) fn encode(&self, chunk: &Chunk) -> Result<RecordBatch, ArrowError> {
        let fields = self.schema.fields();
        let mut arrays = fields.iter().map(|(_, of)| self.array(chunk, *of)).collect::<Result<Vec<_>, _>>()?;
        let mut shapes = Vec::with_capacity(chunk.len().saturating_mul(POINT_BYTES));
        for [longitude, latitude] in chunk.places() {
            shapes.extend(POINT);
            shapes.extend(longitude.to_le_bytes());
            shapes.extend(latitude.to_le_bytes());
        }
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(POINT_BYTES, chunk.len()));
        arrays.push(Arc::new(BinaryArray::try_new(offsets, Buffer::from_vec(shapes), None)?));
        if let Some(sides) = &self.boxes {
            let x: ArrayRef = Arc::new(Float64Array::from_iter_values(chunk.places().map(|[x, _]| x)));
            let y: ArrayRef = Arc::new(Float64Array::from_iter_values(chunk.places().map(|[_, y]| y)));
            let all = vec![Arc::clone(&x), Arc::clone(&y), x, y];
            arrays.push(Arc::new(StructArray::try_new(sides.clone(), all, None)?));
        }
        RecordBatch::try_new(Arc::clone(&self.arrow), arrays)
    }

    fn array(&self, chunk: &Chunk, of: Of) -> Result<ArrayRef, ArrowError> {
        Ok(match of {
            Of::Longitude => Arc::new(Float64Array::from(chunk.longitude.clone())),
            Of::Latitude => Arc::new(Float64Array::from(chunk.latitude.clone())),
            Of::Time => Arc::new(chunk.times().collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
            Of::Asked(at) => {
                let numbers = chunk.columns.get(at).map(Vec::as_slice).unwrap_or_default();
                let present = numbers.iter().map(|number| Some(*number).filter(|number| !number.is_nan()));
                match self.schema.columns().get(at).map(|column| column.kind) {
                    Some(PointKind::Whole) => Arc::new(present.map(|number| number.map(whole)).collect::<Int64Array>()),
                    Some(PointKind::Single) => {
                        Arc::new(present.map(|number| number.map(single)).collect::<Float32Array>())
                    }
                    Some(PointKind::Double) | None => Arc::new(present.collect::<Float64Array>()),
                }
            }
            Of::Cell => Arc::new(UInt64Array::from(chunk.cell.clone())),
            Of::Row => Arc::new(UInt64Array::from(chunk.row.clone())),
            Of::Granule => {
                let keys = Int32Array::from(chunk.granule.clone());
                Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(&self.granules))?)
            }
            Of::Track => {
                let keys = chunk.track.iter().copied().collect::<Int32Array>();
                Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(&self.tracks))?)
            }
            Of::Rgt => self.of_granules(chunk, |granule| granule.rgt),
            Of::Cycle => self.of_granules(chunk, |granule| granule.cycle),
        })
    }

    /// A number that all rows of a granule share.
    fn of_granules(&self, chunk: &Chunk, of: impl Fn(&crate::schema::OfGranule) -> Option<i32>) -> ArrayRef {
        let granule = |place: &i32| self.schema.granules().get(usize::try_from(*place).ok()?);
        Arc::new(chunk.granule.iter().map(|place| granule(place).and_then(&of)).collect::<Int32Array>())
    }
}

/// A field of the schema.
fn field(schema: &PointSchema, name: &str, of: Of) -> Field {
    let words = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    match of {
        Of::Longitude => about(Field::new(name, DataType::Float64, false), &[("units", "degrees_east")]),
        Of::Latitude => about(Field::new(name, DataType::Float64, false), &[("units", "degrees_north")]),
        Of::Time => Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Of::Asked(at) => {
            let column = schema.columns().get(at);
            let kind = match column.map(|column| column.kind) {
                Some(PointKind::Whole) => DataType::Int64,
                Some(PointKind::Single) => DataType::Float32,
                Some(PointKind::Double) | None => DataType::Float64,
            };
            let words = column.into_iter().flat_map(words_of).collect::<Vec<_>>();
            about(Field::new(name, kind, true), &words)
        }
        Of::Cell => {
            let (order, latitude) = (schema.order().get().to_string(), schema.latitude().to_string());
            let metadata = [
                ("grid_name", "healpix"),
                ("indexing_scheme", "nested"),
                ("order", order.as_str()),
                ("latitude_convention", latitude.as_str()),
            ];
            about(Field::new(name, DataType::UInt64, false), &metadata)
        }
        Of::Granule => Field::new(name, words(), false),
        Of::Track => Field::new(name, words(), true),
        Of::Rgt | Of::Cycle => Field::new(name, DataType::Int32, true),
        Of::Row => Field::new(name, DataType::UInt64, false),
    }
}

/// What is known of a column that is asked for.
fn words_of(column: &PointColumn) -> impl Iterator<Item = (&str, &str)> {
    let path = std::iter::once(("path", column.path.as_str()));
    let units = column.units.as_deref().map(|units| ("units", units));
    path.chain(units).chain(column.long_name.as_deref().map(|name| ("long_name", name)))
}

/// Points in longitude and latitude: without this metadata (GeoArrow 0.2) `GeoDataFrame.from_arrow` finds no geometry.
fn geometry() -> Field {
    let system = r#"{"crs":"OGC:CRS84","crs_type":"authority_code"}"#;
    let metadata = [("ARROW:extension:name", "geoarrow.wkb"), ("ARROW:extension:metadata", system)];
    about(Field::new(GEOMETRY, DataType::Binary, false), &metadata)
}

fn about(field: Field, metadata: &[(&str, &str)]) -> Field {
    let metadata: HashMap<String, String> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    field.with_metadata(metadata)
}
