//! Metadata of one array: everything that `zarr.json` says, apart from the chunks.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::column::{f32_le, f64_le};
use crate::{Attributes, Column, DIMENSION, DataType, Error, GZIP_LEVEL, object::canonical_json, shard::shard_codec};

/// Rows of the largest chunk that layout `cell` makes; longer arrays are split regularly.
pub const MAX_CHUNK: u64 = 65_536;

/// Name of the leading dimension of arrays that have a value for each window.
pub const TIME: &str = "time";

/// The leading dimension of an array of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// Its name.
    pub name: &'static str,
    /// Its length.
    pub length: u64,
    /// Its length in one chunk, at least 1.
    pub chunk: u64,
}

impl Steps {
    /// The windows of a time axis, with chunks for each of them.
    #[must_use]
    pub const fn windows(length: u64) -> Self {
        Self { name: TIME, length, chunk: 1 }
    }
}

/// What a reader sees where no chunk exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillValue {
    /// Not a number; floating point only.
    Nan,
    /// A signed integer (or a float with that value).
    Signed(i64),
    /// An unsigned integer.
    Unsigned(u64),
}

impl FillValue {
    /// For nested ids: 2^63. Above every id of every order (12 * 4^29 < 2^62), and a power of two because readers
    /// in JavaScript take JSON numbers through f64, where 2^64 - 1 wraps round to the valid id 0.
    pub const NO_CELL: Self = Self::Unsigned(1 << 63);
    /// For decimal ids: -2^63, exact in f64; no decimal id has 19 digits that begin with a 9.
    pub const NO_DECIMAL: Self = Self::Signed(i64::MIN);

    /// NaN for floating point, 0 for integers.
    #[must_use]
    pub const fn default_for(data_type: DataType) -> Self {
        if data_type.is_float() { Self::Nan } else { Self::Signed(0) }
    }

    fn json(self) -> Value {
        match self {
            Self::Nan => json!("NaN"),
            Self::Signed(x) => json!(x),
            Self::Unsigned(x) => json!(x),
        }
    }

    /// Little-endian bytes of one element.
    pub(crate) fn bytes(self, data_type: DataType) -> Result<Vec<u8>, Error> {
        let wide = match self {
            Self::Nan => None,
            Self::Signed(x) => Some(i128::from(x)),
            Self::Unsigned(x) => Some(i128::from(x)),
        };
        let found = match (data_type, wide) {
            (DataType::F32, None) => Some(f32_le(f32::NAN).to_vec()),
            (DataType::F64, None) => Some(f64_le(f64::NAN).to_vec()),
            (DataType::U64, Some(x)) => u64::try_from(x).ok().map(|x| x.to_le_bytes().to_vec()),
            (DataType::I64, Some(x)) => i64::try_from(x).ok().map(|x| x.to_le_bytes().to_vec()),
            (DataType::I32, Some(x)) => i32::try_from(x).ok().map(|x| x.to_le_bytes().to_vec()),
            // Small integers only: they are exact in both float types.
            (DataType::F32, Some(x)) => i16::try_from(x).ok().map(|x| f32::from(x).to_le_bytes().to_vec()),
            (DataType::F64, Some(x)) => i16::try_from(x).ok().map(|x| f64::from(x).to_le_bytes().to_vec()),
            (_, None) => None,
        };
        found.ok_or_else(|| Error::Fill { fill: self.json().to_string(), data_type })
    }
}

/// Metadata of an array of one dimension, or of two where each window of a time axis has a row of its own. Shape and chunk shape
/// are free of each other and of any values, so that one description serves layout `cell` (one chunk) and layout `sphere`
/// (12 * 4^order rows, one chunk a parent).
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayMeta {
    /// Rows of the array.
    pub shape: u64,
    /// Rows of one chunk, at least 1.
    pub chunk_shape: u64,
    /// Rows of one shard, a multiple of `chunk_shape`, where an object holds more than one chunk.
    pub shard_shape: Option<u64>,
    /// Element type.
    pub data_type: DataType,
    /// Value where no chunk exists.
    pub fill_value: FillValue,
    /// CF and convention attributes.
    pub attributes: Attributes,
    /// Name of the dimension, of two the last.
    pub dimension_name: String,
    /// The leading dimension, where there are two.
    pub steps: Option<Steps>,
}

/// One array of the template.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateVariable {
    /// Name of the array.
    pub name: String,
    /// Element type.
    pub data_type: DataType,
    /// CF attributes.
    pub attributes: Attributes,
    /// Whether it has values for each window of the time axis.
    pub timed: bool,
    /// Whether it is made of all windows together, and so written with none of them.
    pub together: bool,
}

impl ArrayMeta {
    /// An array over `cells` with the default fill value; one chunk, or chunks of [`MAX_CHUNK`] rows.
    #[must_use]
    pub fn new(shape: u64, data_type: DataType, attributes: Attributes) -> Self {
        Self {
            shape,
            chunk_shape: shape.clamp(1, MAX_CHUNK),
            shard_shape: None,
            data_type,
            fill_value: FillValue::default_for(data_type),
            attributes,
            dimension_name: DIMENSION.to_owned(),
            steps: None,
        }
    }

    /// The array of a variable over `rows` cells, and over `windows` where it is timed.
    #[must_use]
    pub fn of(variable: &TemplateVariable, rows: u64, windows: Option<u64>) -> Self {
        let mut meta = Self::new(rows, variable.data_type, variable.attributes.clone());
        meta.steps = windows.filter(|_| variable.timed).map(Steps::windows);
        meta
    }

    /// The values of an object that is not there.
    ///
    /// # Errors
    /// [`Error::Fill`] for a fill value that the type cannot hold; [`Error::Object`] for an object beyond the memory.
    pub(crate) fn fills(&self) -> Result<Column, Error> {
        let fill = self.fill_value.bytes(self.data_type)?;
        let values = self.object_rows().saturating_mul(self.steps.map_or(1, |steps| steps.chunk));
        let values = usize::try_from(values).map_err(|_| Error::Object("so large a chunk does not fit in memory"))?;
        Ok(Column::from_le(&fill.repeat(values), self.data_type))
    }

    /// Values of one chunk.
    #[must_use]
    pub fn chunk_values(&self) -> u64 {
        self.chunk_shape.saturating_mul(self.steps.map_or(1, |steps| steps.chunk))
    }

    /// Rows of one object: a shard's, or else a chunk's.
    #[must_use]
    pub fn object_rows(&self) -> u64 {
        self.shard_shape.unwrap_or(self.chunk_shape)
    }

    /// Number of objects, of all windows; 0 if the chunk shape is 0 (which no document can be made of).
    #[must_use]
    pub fn chunks(&self) -> u64 {
        let steps = self.steps.map_or(1, |steps| steps.length.div_ceil(steps.chunk.max(1)));
        self.chunks_along().saturating_mul(steps)
    }

    /// Objects along the last dimension.
    #[must_use]
    pub fn chunks_along(&self) -> u64 {
        self.shape.checked_div(self.object_rows()).unwrap_or(0)
            + u64::from(self.shape.checked_rem(self.object_rows()).is_some_and(|rest| rest > 0))
    }

    /// Key of object `index` (a chunk or a shard, counted window by window) of this array at `path` (Zarr v3 core, chunk key encoding
    /// `default`).
    #[must_use]
    pub fn key(&self, path: &str, index: u64) -> String {
        match self.steps {
            None => format!("{path}/c/{index}"),
            Some(_) => {
                let along = self.chunks_along().max(1);
                format!("{path}/c/{}/{}", index / along, index % along)
            }
        }
    }

    /// The content of `zarr.json`.
    ///
    /// # Errors
    /// See [`ArrayMeta::to_value`].
    pub fn document(&self) -> Result<Bytes, Error> {
        canonical_json(self.to_value()?)
    }

    /// The document as JSON (Zarr v3 core, "array metadata"), as consolidated metadata holds it too.
    ///
    /// # Errors
    /// [`Error::Empty`] for a chunk shape of 0, [`Error::Fill`] for a fill value that the type cannot hold.
    pub fn to_value(&self) -> Result<Value, Error> {
        if self.chunk_values() == 0 {
            return Err(Error::Empty { what: "chunk shape".to_owned() });
        }
        if self.shard_shape.is_some_and(|shard| shard == 0 || shard % self.chunk_shape != 0) {
            return Err(Error::Shard { shard: self.object_rows(), chunk: self.chunk_shape });
        }
        self.fill_value.bytes(self.data_type)?;
        let chunk = json!([
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "gzip", "configuration": {"level": GZIP_LEVEL}},
        ]);
        let codecs = match self.shard_shape {
            None => chunk,
            Some(_) => shard_codec(&self.dimensions(|steps| steps.chunk, self.chunk_shape), &chunk),
        };
        let names = self.steps.map(|steps| steps.name).into_iter().chain([self.dimension_name.as_str()]);
        Ok(json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": self.dimensions(|steps| steps.length, self.shape),
            "data_type": self.data_type.name(),
            "chunk_grid": {"name": "regular", "configuration": {
                "chunk_shape": self.dimensions(|steps| steps.chunk, self.object_rows()),
            }},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": self.fill_value.json(),
            "codecs": codecs,
            "attributes": self.attributes,
            "dimension_names": names.collect::<Vec<_>>(),
            "storage_transformers": [],
        }))
    }

    /// A number of each dimension.
    fn dimensions(&self, leading: impl Fn(Steps) -> u64, last: u64) -> Vec<u64> {
        self.steps.map(leading).into_iter().chain([last]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_of_a_sphere_array() {
        let mut meta = ArrayMeta::new(12 << 24, DataType::F32, Attributes::new());
        meta.chunk_shape = 4096;
        assert_eq!(meta.chunks(), 49_152);
        assert_eq!(meta.key("12/h_mean", 45_763), "12/h_mean/c/45763");
        let text = String::from_utf8(meta.document().unwrap().to_vec()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"attributes":{},"chunk_grid":{"configuration":{"chunk_shape":[4096]},"name":"regular"},"#,
                r#""chunk_key_encoding":{"configuration":{"separator":"/"},"name":"default"},"#,
                r#""codecs":[{"configuration":{"endian":"little"},"name":"bytes"},"#,
                r#"{"configuration":{"level":1},"name":"gzip"}],"data_type":"float32","#,
                r#""dimension_names":["cells"],"fill_value":"NaN","node_type":"array","#,
                r#""shape":[201326592],"storage_transformers":[],"zarr_format":3}"#
            )
        );
    }

    #[test]
    fn shards_hold_whole_chunks() {
        let mut meta = ArrayMeta::new(12 << 20, DataType::F32, Attributes::new());
        meta.shard_shape = Some(4 * MAX_CHUNK);
        assert_eq!((meta.object_rows(), meta.chunks()), (262_144, 48));
        let value = meta.to_value().unwrap();
        assert_eq!(value["chunk_grid"]["configuration"]["chunk_shape"], json!([262_144]));
        assert_eq!(value["codecs"][0]["name"], "sharding_indexed");
        for shard in [0, MAX_CHUNK - 1, MAX_CHUNK + 1] {
            meta.shard_shape = Some(shard);
            assert!(matches!(meta.to_value(), Err(Error::Shard { .. })), "{shard}");
        }
    }

    #[test]
    fn fills_that_do_not_fit_are_errors() {
        let bad = [
            (FillValue::Nan, DataType::I32),
            (FillValue::NO_CELL, DataType::I64),
            (FillValue::NO_DECIMAL, DataType::U64),
            (FillValue::Signed(1 << 40), DataType::I32),
            (FillValue::Signed(1 << 40), DataType::F32),
        ];
        for (fill, data_type) in bad {
            assert!(matches!(fill.bytes(data_type), Err(Error::Fill { .. })), "{fill:?} {data_type:?}");
        }
        assert_eq!(FillValue::NO_CELL.bytes(DataType::U64).unwrap(), [0, 0, 0, 0, 0, 0, 0, 0x80]);
    }

    #[test]
    fn no_fill_is_an_id_even_through_f64() {
        let FillValue::Unsigned(id) = FillValue::NO_CELL else { panic!("not unsigned") };
        assert!(id > 12 << 58, "beyond the last cell of order 29");
        assert!(id.is_power_of_two(), "exact in f64");
    }
}
