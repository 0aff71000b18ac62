//! Codecs of an array as `zarrs` runs them, none but known ones.

use serde_json::Value;
use std::num::NonZeroU64;
use std::sync::Arc;
use zarrs::array::{BytesToBytesCodecTraits, Codec, CodecChain};
use zarrs::metadata::v3::MetadataV3;

use crate::Error;
use crate::decoder::Decoder;

/// Codecs of an array, in the order of encoding. `zarrs` has more: those that may be asked to allocate by a number in the
/// metadata, or that are not for numbers, stay out.
const BY_ZARRS: [&str; 3] = ["bytes", "crc32c", "transpose"];
/// Codecs beyond which a chain is taken for broken.
const MAX_CODECS: usize = 16;

/// The chain of `codecs` from the metadata at `key`.
pub(crate) fn chain(codecs: &[Value], key: &str) -> Result<CodecChain, Error> {
    let (mut to_array, mut to_bytes, mut compressions) = (Vec::new(), None, Vec::new());
    if codecs.len() > MAX_CODECS {
        return Err(Error::unsupported(key, format!("a chain of {} codecs", codecs.len())));
    }
    for codec in codecs {
        let unsupported = |why: &str| Error::unsupported(key, format!("codec {codec}{why}"));
        let meta = extension(codec, key)?;
        let misplaced = |is: bool| if is { Err(unsupported(" at this place of the chain")) } else { Ok(()) };
        if let Some(decoder) = Decoder::of(meta.name()) {
            misplaced(to_bytes.is_none())?;
            compressions.push(Arc::new(decoder) as Arc<dyn BytesToBytesCodecTraits>);
            continue;
        }
        if !BY_ZARRS.contains(&meta.name()) {
            return Err(unsupported(""));
        }
        match Codec::from_metadata(&meta).map_err(|error| unsupported(&format!(" ({error})")))? {
            Codec::ArrayToArray(codec) => {
                misplaced(to_bytes.is_some())?;
                to_array.push(codec);
            }
            Codec::ArrayToBytes(codec) if to_bytes.is_none() => to_bytes = Some(codec),
            Codec::ArrayToBytes(_) => return Err(unsupported(" after another of its kind")),
            Codec::BytesToBytes(codec) => {
                misplaced(to_bytes.is_none())?;
                compressions.push(codec);
            }
        }
    }
    let to_bytes = to_bytes.ok_or_else(|| Error::unsupported(key, "a chain without the codec `bytes`"))?;
    Ok(CodecChain::new(to_array, to_bytes, compressions))
}

/// A name with its configuration, as Zarr v3 writes codecs and key encodings.
pub(crate) fn extension(value: &Value, key: &str) -> Result<MetadataV3, Error> {
    serde_json::from_value(value.clone()).map_err(|_| Error::corrupt(key, format!("{value} is no name of a codec")))
}

/// A list of one or two lengths.
pub(crate) fn shape(value: &Value) -> Option<Vec<NonZeroU64>> {
    let lengths = value.as_array().filter(|list| matches!(list.len(), 1 | 2))?;
    lengths.iter().map(|length| length.as_u64().and_then(NonZeroU64::new)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn other_codecs_are_refused() {
        for codecs in [
            json!([{"name": "gzip"}]),
            json!([{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "bz2"}]),
            json!([{"name": "bytes", "configuration": {"endian": "middle"}}]),
            json!([{"name": "bytes"}, {"name": "bytes"}]),
            json!([{"name": "packbits"}]),
            json!([{"name": "zstd"}, {"name": "bytes"}]),
            json!([{"name": "crc32c"}, {"name": "bytes"}]),
            json!([{"name": "bytes"}, {"name": "transpose", "configuration": {"order": [0]}}]),
            json!([{"name": "sharding_indexed", "configuration": {}}, {"name": "gzip"}]),
        ] {
            let error = chain(codecs.as_array().unwrap(), "k").unwrap_err();
            assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        }
        assert!(chain(&[json!(1)], "k").is_err());
        assert!(chain(&vec![json!({"name": "crc32c"}); 17], "k").is_err());
    }
}
