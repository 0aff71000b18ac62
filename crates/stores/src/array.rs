use dggs_zarr::{Column, DataType};
use serde_json::Value;
use std::borrow::Cow;
use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;
use zarrs::array::{
    ArrayToBytesCodecTraits as _, ChunkKeyEncoding, CodecChain, CodecOptions, DataType as Kind, FillValue,
};
use zarrs::metadata::v3::MetadataV3;

use crate::Error;
use crate::chain::{chain, extension, shape};
use crate::element::Element;
use crate::packing::{Packing, as_declared};
use crate::shard::ShardIndex;

/// Rows beyond which an array is taken for broken: the cells of order 15.
const MAX_ROWS: u64 = 12 << 30;
/// Bytes of the largest chunk: 64 MiB.
const MAX_CHUNK_BYTES: u64 = 1 << 26;
/// Chunks of the largest shard, in bytes.
const MAX_SHARD_BYTES: u64 = MAX_CHUNK_BYTES << 6;

/// Array of rows, or of steps with as many rows each, as its `zarr.json` describes it. What a chunk is made of, `zarrs` knows:
/// data type, fill value, codecs, keys. It sees metadata only after the numbers in it were found to be reasonable.
#[derive(Debug, Clone)]
pub struct ArrayInfo {
    /// Path in the store: `12/h_mean`.
    pub path: String,
    /// Rows.
    pub rows: u64,
    /// Rows of what one object holds (a chunk, or a shard of chunks).
    pub rows_per_object: u64,
    /// The dimension before the rows, if there is one.
    pub(crate) leading: Option<Leading>,
    /// Name of the dimension of the rows, where the document has names.
    pub(crate) dimension: Option<String>,
    /// Type of the values as they are read.
    pub data_type: DataType,
    /// Attributes, an object.
    pub attributes: Value,
    chunks: Arc<Chunks>,
    packing: Option<Packing>,
    /// Why the attributes do not say what the stored numbers mean; ids mean themselves.
    pub(crate) unclear: Option<String>,
}

/// The dimension before the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leading {
    pub(crate) name: String,
    /// Its length,
    pub(crate) steps: u64,
    /// and that of what one object holds.
    pub(crate) steps_per_object: u64,
}

/// A chunk in an object: its first step and row, its numbers of both without those past the array's end, and its place in the bytes.
struct Part {
    step: u64,
    steps: usize,
    first: u64,
    rows: usize,
    place: Range<usize>,
}

/// How the objects of an array are read.
#[derive(Debug)]
struct Chunks {
    /// Rows of a chunk, after its steps where there are some.
    shape: Vec<NonZeroU64>,
    element: Element,
    kind: Kind,
    fill: FillValue,
    codecs: CodecChain,
    keys: ChunkKeyEncoding,
    /// `None`: the object is the chunk.
    index: Option<ShardIndex>,
}

impl ArrayInfo {
    /// From the JSON of an array at `path`.
    pub(crate) fn parse(path: &str, meta: &Value) -> Result<Self, Error> {
        let key = format!("{path}/zarr.json");
        let unsupported = |what: &str| Error::unsupported(&key, what);
        if !is_v3(meta) {
            return Err(unsupported(&format!("`zarr_format` {}", meta["zarr_format"])));
        }
        let (steps, rows) = lengths(meta).map_err(|what| unsupported(&what))?;
        let grid = &meta["chunk_grid"];
        let object = (grid["name"] == "regular").then(|| shape(&grid["configuration"]["chunk_shape"])).flatten();
        let object = object.filter(|object| object.len() == 1 + usize::from(steps.is_some()));
        let object = object.ok_or_else(|| unsupported("an irregular chunk grid"))?;
        if meta["storage_transformers"].as_array().is_some_and(|list| !list.is_empty()) {
            return Err(unsupported("a storage transformer"));
        }
        let name = meta["data_type"].as_str().map_or_else(|| meta["data_type"].to_string(), str::to_owned);
        let element = Element::parse(&name).ok_or_else(|| unsupported(&format!("data type `{name}`")))?;
        let kind = Kind::from_metadata(&MetadataV3::new(name.as_str()));
        let kind = kind.map_err(|error| unsupported(&error.to_string()))?;
        let fill = serde_json::from_value(meta["fill_value"].clone()).ok();
        let fill = fill.and_then(|fill| kind.fill_value_v3(&fill).ok());
        let fill = fill.ok_or_else(|| Error::corrupt(&key, format!("no `{name}` is {}", meta["fill_value"])))?;
        let codecs = meta["codecs"].as_array().ok_or_else(|| Error::corrupt(&key, "no codecs"))?;
        let (index, chunk, codecs) = match codecs.as_slice() {
            [codec] if codec["name"] == "sharding_indexed" => {
                ShardIndex::parse(&codec["configuration"], &object, &key)?
            }
            codecs => (None, object.clone(), chain(codecs, &key)?),
        };
        let bytes = |shape: &[NonZeroU64]| {
            shape.iter().fold(element.size() as u64, |bytes, length| bytes.saturating_mul(length.get()))
        };
        if bytes(&object) > MAX_SHARD_BYTES || bytes(&chunk) > MAX_CHUNK_BYTES {
            return Err(unsupported("so large a chunk"));
        }
        let keys = ChunkKeyEncoding::from_metadata(&extension(&meta["chunk_key_encoding"], &key)?);
        let keys = keys.map_err(|error| unsupported(&error.to_string()))?;
        let attributes = meta["attributes"].clone();
        let declared = as_declared(&attributes, element);
        let element = declared.as_ref().map_or(element, |&declared| declared);
        let (packing, unclear) = match declared.and_then(|element| Packing::of(&attributes, element)) {
            Ok(packing) => (packing, None),
            Err(why) => (None, Some(why)),
        };
        let data_type = if packing.is_some() { DataType::F64 } else { element.column_type() };
        let chunks = Chunks { shape: chunk, element, kind, fill, codecs, keys, index };
        let (path, chunks) = (path.to_owned(), Arc::new(chunks));
        let named = |at: usize| meta["dimension_names"][at].as_str().map(str::to_owned);
        let dimension = named(object.len().saturating_sub(1));
        let rows_per_object = object.last().map_or(1, |rows| rows.get());
        let leading = steps.and_then(|steps| {
            Some(Leading { name: named(0)?, steps, steps_per_object: object.first().map_or(1, |steps| steps.get()) })
        });
        Ok(Self { path, rows, rows_per_object, leading, dimension, data_type, attributes, chunks, packing, unclear })
    }

    /// The array without what its attributes say of packing: ids are never packed.
    pub(crate) fn raw(&self) -> Self {
        Self { packing: None, data_type: self.chunks.element.column_type(), ..self.clone() }
    }

    /// Number of objects when all exist.
    #[must_use]
    pub fn objects(&self) -> u64 {
        let steps = self.leading.as_ref().map_or(1, |leading| leading.steps.div_ceil(leading.steps_per_object));
        steps.saturating_mul(self.objects_along())
    }

    /// Of the objects, those of one step: the dimension of the rows varies fastest.
    pub(crate) const fn objects_along(&self) -> u64 {
        self.rows.div_ceil(self.rows_per_object)
    }

    /// Steps, 1 where there is no such dimension.
    pub(crate) fn steps(&self) -> u64 {
        self.leading.as_ref().map_or(1, |leading| leading.steps)
    }

    /// The steps that an object has values of.
    pub(crate) fn steps_of(&self, index: u64) -> Range<u64> {
        let per_object = self.leading.as_ref().map_or(1, |leading| leading.steps_per_object);
        let first = (index / self.objects_along().max(1)).saturating_mul(per_object);
        first..first.saturating_add(per_object).min(self.steps())
    }

    /// Key of an object.
    #[must_use]
    pub fn key(&self, index: u64) -> String {
        let along = self.objects_along().max(1);
        let place = match &self.leading {
            Some(_) => vec![index / along, index % along],
            None => vec![index],
        };
        format!("{}/{}", self.path, self.chunks.keys.encode(&place))
    }

    /// Index of the object with a key of this array.
    pub(crate) fn index_of(&self, key: &str) -> Option<u64> {
        let mut parts = key.rsplit(['/', '.']);
        let along: u64 = parts.next()?.parse().ok()?;
        let index = match &self.leading {
            Some(_) => parts.next()?.parse::<u64>().ok()?.checked_mul(self.objects_along())?.checked_add(along)?,
            None => along,
        };
        (index < self.objects() && self.key(index) == key).then_some(index)
    }

    /// The chunks that one object holds.
    fn chunks_of(&self, index: u64, bytes: &[u8]) -> Result<Vec<Part>, Error> {
        let start = (index % self.objects_along().max(1)).saturating_mul(self.rows_per_object);
        let first_step = self.steps_of(index).start;
        let places = match &self.chunks.index {
            Some(held) => held.places(bytes).map_err(|why| Error::corrupt(&self.key(index), why))?,
            None => vec![(0, 0..bytes.len())],
        };
        let (steps_of_chunk, rows_of_chunk) = self.chunks.lengths();
        let along = (self.rows_per_object / rows_of_chunk).max(1);
        let chunk = |(number, place): (u64, Range<usize>)| {
            let first = start.saturating_add((number % along).saturating_mul(rows_of_chunk));
            let step = first_step.saturating_add((number / along).saturating_mul(steps_of_chunk));
            let rows = self.rows.saturating_sub(first).min(rows_of_chunk);
            let steps = self.steps().saturating_sub(step).min(steps_of_chunk);
            let number = |length: u64| usize::try_from(length).ok().filter(|&length| length > 0);
            Some(Part { step, steps: number(steps)?, first, rows: number(rows)?, place })
        };
        Ok(places.into_iter().filter_map(chunk).collect())
    }

    /// The rows that one object holds: first row and number of those of each chunk. Nothing is decoded.
    pub(crate) fn extents(&self, index: u64, bytes: &[u8]) -> Result<Vec<(u64, usize)>, Error> {
        Ok(self.chunks_of(index, bytes)?.into_iter().map(|part| (part.first, part.rows)).collect())
    }

    /// Decodes the chunks that one object holds, one after the other in the order of rows: step, first row and values of each.
    pub(crate) fn decode(
        &self,
        index: u64,
        bytes: &[u8],
        mut each: impl FnMut(u64, u64, Column) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for part in self.chunks_of(index, bytes)? {
            let corrupt = |why: String| Error::corrupt(&self.key(index), why);
            let chunk = bytes.get(part.place).ok_or_else(|| corrupt("the shard is cut off".to_owned()))?;
            let columns = self.chunks.decode(chunk, part.steps, part.rows).map_err(corrupt)?;
            for (step, column) in (part.step..).zip(columns) {
                each(step, part.first, self.unpacked(column))?;
            }
        }
        Ok(())
    }

    /// Rows that no chunk holds.
    pub(crate) fn fill(&self, rows: usize) -> Column {
        let one = self.chunks.element.column(self.chunks.fill.as_ne_bytes());
        self.unpacked(one).select(&vec![0; rows])
    }

    fn unpacked(&self, column: Column) -> Column {
        match &self.packing {
            Some(packing) => packing.undo(&column),
            None => column,
        }
    }
}

impl Chunks {
    /// Steps and rows of a chunk.
    fn lengths(&self) -> (u64, u64) {
        match self.shape.as_slice() {
            [steps, rows] => (steps.get(), rows.get()),
            [rows] => (1, rows.get()),
            _ => (1, 1),
        }
    }

    /// The first rows of the first steps of a chunk.
    fn decode(&self, chunk: &[u8], steps: usize, rows: usize) -> Result<Vec<Column>, String> {
        let options = CodecOptions::default();
        let decoded = self.codecs.decode(Cow::Borrowed(chunk), &self.shape, &self.kind, &self.fill, &options);
        let raw = decoded.and_then(|bytes| Ok(bytes.into_fixed()?)).map_err(|error| error.to_string())?;
        let size = self.element.size();
        let of_step = usize::try_from(self.lengths().1).unwrap_or(usize::MAX).saturating_mul(size);
        let column = |step: usize| {
            let begin = step.saturating_mul(of_step);
            let wanted = raw.get(begin..begin.saturating_add(rows.saturating_mul(size)));
            wanted.map(|raw| self.element.column(raw)).ok_or_else(|| "the chunk is too short".to_owned())
        };
        (0..steps).map(column).collect()
    }
}

/// Whether a document is of Zarr v3, as all do that say nothing else.
pub(crate) fn is_v3(meta: &Value) -> bool {
    meta["zarr_format"].is_null() || meta["zarr_format"] == 3
}

/// Steps, where there is a dimension with a name before the rows, and rows; or what the shape is.
fn lengths(meta: &Value) -> Result<(Option<u64>, u64), String> {
    let length = |length: &Value| {
        length.as_u64().filter(|&length| length <= MAX_ROWS).ok_or_else(|| format!("a length of {length}"))
    };
    match meta["shape"].as_array().map(Vec::as_slice) {
        Some([rows]) => Ok((None, length(rows)?)),
        Some([steps, rows]) if meta["dimension_names"][0].is_string() => Ok((Some(length(steps)?), length(rows)?)),
        Some([]) => Err("a single value".to_owned()),
        Some(shape) => Err(format!("an array of {} dimensions", shape.len())),
        None => Err("an array without a shape".to_owned()),
    }
}
