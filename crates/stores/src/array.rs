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
use crate::chain::{chain, extension, one};
use crate::element::Element;
use crate::packing::{Packing, as_declared};
use crate::shard::ShardIndex;

/// Rows beyond which an array is taken for broken: the cells of order 15.
const MAX_ROWS: u64 = 12 << 30;
/// Bytes of the largest chunk: 64 MiB.
const MAX_CHUNK_BYTES: u64 = 1 << 26;
/// Chunks of the largest shard, in bytes.
const MAX_SHARD_BYTES: u64 = MAX_CHUNK_BYTES << 6;

/// One-dimensional array as its `zarr.json` describes it. What a chunk is made of, `zarrs` knows: data type, fill value,
/// codecs, keys. It sees metadata only after the numbers in it were found to be reasonable.
#[derive(Debug, Clone)]
pub struct ArrayInfo {
    /// Path in the store: `12/h_mean`.
    pub path: String,
    /// Rows.
    pub rows: u64,
    /// Rows of what one object holds (a chunk, or a shard of chunks).
    pub rows_per_object: u64,
    /// Type of the values as they are read.
    pub data_type: DataType,
    /// Attributes, an object.
    pub attributes: Value,
    chunks: Arc<Chunks>,
    packing: Option<Packing>,
    /// Why the attributes do not say what the stored numbers mean; ids mean themselves.
    pub(crate) unclear: Option<String>,
}

/// How the objects of an array are read.
#[derive(Debug)]
struct Chunks {
    /// Rows of a chunk.
    rows: NonZeroU64,
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
        let rows = rows(meta).map_err(|what| unsupported(&what))?;
        let grid = &meta["chunk_grid"];
        let object = (grid["name"] == "regular").then(|| one(&grid["configuration"]["chunk_shape"])).flatten();
        let object = object.and_then(NonZeroU64::new).ok_or_else(|| unsupported("an irregular chunk grid"))?;
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
        let (index, rows_of_chunk, codecs) = match codecs.as_slice() {
            [codec] if codec["name"] == "sharding_indexed" => ShardIndex::parse(&codec["configuration"], object, &key)?,
            codecs => (None, object, chain(codecs, &key)?),
        };
        let bytes = |rows: NonZeroU64| rows.get().saturating_mul(element.size() as u64);
        if bytes(object) > MAX_SHARD_BYTES || bytes(rows_of_chunk) > MAX_CHUNK_BYTES {
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
        let chunks = Chunks { rows: rows_of_chunk, element, kind, fill, codecs, keys, index };
        let (path, chunks) = (path.to_owned(), Arc::new(chunks));
        Ok(Self { path, rows, rows_per_object: object.get(), data_type, attributes, chunks, packing, unclear })
    }

    /// The array without what its attributes say of packing: ids are never packed.
    pub(crate) fn raw(&self) -> Self {
        Self { packing: None, data_type: self.chunks.element.column_type(), ..self.clone() }
    }

    /// Number of objects when all exist.
    #[must_use]
    pub const fn objects(&self) -> u64 {
        self.rows.div_ceil(self.rows_per_object)
    }

    /// Key of an object.
    #[must_use]
    pub fn key(&self, index: u64) -> String {
        format!("{}/{}", self.path, self.chunks.keys.encode(&[index]))
    }

    /// Index of the object with a key of this array.
    pub(crate) fn index_of(&self, key: &str) -> Option<u64> {
        let index = key.rsplit(['/', '.']).next()?.parse().ok()?;
        (index < self.objects() && self.key(index) == key).then_some(index)
    }

    /// The chunks that one object holds: first row, rows (without those past the array's end), and place in the bytes.
    fn chunks_of(&self, index: u64, bytes: &[u8]) -> Result<Vec<(u64, usize, Range<usize>)>, Error> {
        let start = index.saturating_mul(self.rows_per_object);
        let places = match &self.chunks.index {
            Some(held) => held.places(bytes).map_err(|why| Error::corrupt(&self.key(index), why))?,
            None => vec![(0, 0..bytes.len())],
        };
        let rows_of_chunk = self.chunks.rows.get();
        let chunk = |(number, place): (u64, Range<usize>)| {
            let first = start.saturating_add(number.saturating_mul(rows_of_chunk));
            let rows = self.rows.saturating_sub(first).min(rows_of_chunk);
            Some((first, usize::try_from(rows).ok().filter(|&rows| rows > 0)?, place))
        };
        Ok(places.into_iter().filter_map(chunk).collect())
    }

    /// The rows that one object holds: first row and number of those of each chunk. Nothing is decoded.
    pub(crate) fn extents(&self, index: u64, bytes: &[u8]) -> Result<Vec<(u64, usize)>, Error> {
        Ok(self.chunks_of(index, bytes)?.into_iter().map(|(first, rows, _)| (first, rows)).collect())
    }

    /// Decodes the chunks that one object holds, one after the other in the order of rows: first row and values of each.
    pub(crate) fn decode(
        &self,
        index: u64,
        bytes: &[u8],
        mut each: impl FnMut(u64, Column) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for (first, rows, place) in self.chunks_of(index, bytes)? {
            let corrupt = |why: String| Error::corrupt(&self.key(index), why);
            let chunk = bytes.get(place).ok_or_else(|| corrupt("the shard is cut off".to_owned()))?;
            let column = self.chunks.decode(chunk, rows).map_err(corrupt)?;
            each(first, self.unpacked(column))?;
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
    /// The first rows of a chunk.
    fn decode(&self, chunk: &[u8], rows: usize) -> Result<Column, String> {
        let options = CodecOptions::default();
        let decoded = self.codecs.decode(Cow::Borrowed(chunk), &[self.rows], &self.kind, &self.fill, &options);
        let raw = decoded.and_then(|bytes| Ok(bytes.into_fixed()?)).map_err(|error| error.to_string())?;
        let wanted = raw.get(..rows.saturating_mul(self.element.size()));
        wanted.map(|raw| self.element.column(raw)).ok_or_else(|| "the chunk is too short".to_owned())
    }
}

/// Whether a document is of Zarr v3, as all do that say nothing else.
pub(crate) fn is_v3(meta: &Value) -> bool {
    meta["zarr_format"].is_null() || meta["zarr_format"] == 3
}

/// The length of a one-dimensional array, or what its shape is.
fn rows(meta: &Value) -> Result<u64, String> {
    match meta["shape"].as_array().map(Vec::as_slice) {
        Some([rows]) => rows.as_u64().filter(|&rows| rows <= MAX_ROWS).ok_or_else(|| format!("a length of {rows}")),
        Some([]) => Err("a single value".to_owned()),
        Some(shape) => Err(format!("an array of {} dimensions", shape.len())),
        None => Err("an array without a shape".to_owned()),
    }
}
