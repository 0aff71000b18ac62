use dggs_zarr::DataType;
use serde_json::Value;

use crate::codec::Chain;
use crate::shard::Shards;
use crate::{Column, Error};

/// Rows beyond which an array is taken for broken: the cells of order 15.
const MAX_ROWS: u64 = 12 << 30;
/// Bytes of the largest chunk: 64 MiB.
const MAX_CHUNK_BYTES: u64 = 1 << 26;

/// One-dimensional array as its `zarr.json` describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayInfo {
    /// Path in the store: `12/h_mean`.
    pub path: String,
    /// Rows.
    pub rows: u64,
    /// Rows of what one object holds (a chunk, or a shard of chunks).
    pub rows_per_object: u64,
    /// Element type.
    pub data_type: DataType,
    /// Attributes, an object.
    pub attributes: Value,
    pub(crate) shards: Shards,
}

impl ArrayInfo {
    /// From the JSON of an array at `path`.
    pub(crate) fn parse(path: &str, meta: &Value) -> Result<Self, Error> {
        let key = format!("{path}/zarr.json");
        let unsupported = |what: &str| Error::unsupported(&key, what);
        let one = |value: &Value| match value.as_array().map(Vec::as_slice) {
            Some([number]) => number.as_u64(),
            _ => None,
        };
        let rows = one(&meta["shape"]).filter(|&rows| rows <= MAX_ROWS);
        let rows = rows.ok_or_else(|| unsupported("a shape that is not one reasonable dimension"))?;
        let grid = &meta["chunk_grid"];
        let object = (grid["name"] == "regular").then(|| one(&grid["configuration"]["chunk_shape"])).flatten();
        let object = object.filter(|&rows| rows > 0).ok_or_else(|| unsupported("an irregular chunk grid"))?;
        let keys = &meta["chunk_key_encoding"];
        let separator = &keys["configuration"]["separator"];
        if keys["name"] != "default" || !(separator == "/" || separator.is_null()) {
            return Err(unsupported("another chunk key encoding than `default`"));
        }
        let name = meta["data_type"].as_str().unwrap_or_default();
        let data_type = DataType::parse(name).ok_or_else(|| unsupported(&format!("data type `{name}`")))?;
        let codecs = meta["codecs"].as_array().ok_or_else(|| Error::corrupt(&key, "no codecs"))?;
        let shards = match codecs.as_slice() {
            [codec] if codec["name"] == "sharding_indexed" => Shards::parse(&codec["configuration"], object, &key)?,
            codecs => Shards::plain(object, Chain::parse(codecs, &key)?),
        };
        if object.saturating_mul(data_type.size() as u64) > MAX_CHUNK_BYTES.saturating_mul(64)
            || shards.rows.saturating_mul(data_type.size() as u64) > MAX_CHUNK_BYTES
        {
            return Err(unsupported("so large a chunk"));
        }
        let attributes = meta["attributes"].clone();
        Ok(Self { path: path.to_owned(), rows, rows_per_object: object, data_type, attributes, shards })
    }

    /// Number of objects when all exist.
    #[must_use]
    pub const fn objects(&self) -> u64 {
        self.rows.div_ceil(self.rows_per_object)
    }

    /// Key of an object.
    #[must_use]
    pub fn key(&self, index: u64) -> String {
        format!("{}/c/{index}", self.path)
    }

    /// What one object holds: first row of each chunk that is there, and its values (without rows past the array's end).
    pub(crate) fn decode(&self, index: u64, bytes: &[u8]) -> Result<Vec<(u64, Column)>, Error> {
        let key = self.key(index);
        let size = self.data_type.size();
        let start = index.saturating_mul(self.rows_per_object);
        let mut chunks = Vec::new();
        for (offset, mut raw) in self.shards.decode(bytes, size, &key)? {
            let first = start.saturating_add(offset);
            let left = usize::try_from(self.rows.saturating_sub(first)).unwrap_or(usize::MAX);
            raw.truncate(left.saturating_mul(size));
            if !raw.is_empty() {
                chunks.push((first, self.values(&raw)));
            }
        }
        Ok(chunks)
    }

    /// Integers of 32 bits as 64 wide ones, which a column of a CSV can follow.
    fn values(&self, raw: &[u8]) -> Column {
        match Column::from_le(raw, self.data_type) {
            Column::I32(values) => Column::I64(values.into_iter().map(i64::from).collect()),
            column => column,
        }
    }
}
