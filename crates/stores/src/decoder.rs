//! Codecs of `zarrs` over our own decoders, which compile no C and never produce more than they may.

use dggs_zarr::GzipMember;
use hdf5_pure::filters::{self, Context, Filter};
use std::borrow::Cow;
use std::sync::Arc;
use zarrs::array::codec::api::{PartialDecoderCapability, PartialEncoderCapability};
use zarrs::array::{
    ArrayBytesRaw, BytesRepresentation, BytesToBytesCodecTraits, CodecError, CodecMetadataOptions, CodecOptions,
    CodecTraits, RecommendedConcurrency,
};
use zarrs::metadata::Configuration;
use zarrs::plugin::{ExtensionName, ZarrVersion};

/// A compression. `zarrs` has decoders for these too, but those of `zstd` and `blosc` compile C, and that of `gzip` writes
/// whatever a chunk claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decoder {
    /// RFC 1952, one member.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// Blosc 1: any of its compressors and shuffles.
    Blosc,
}

impl Decoder {
    /// The decoder of a codec by its name in Zarr v3.
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name.strip_prefix("numcodecs.").unwrap_or(name) {
            "gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            "blosc" => Some(Self::Blosc),
            _ => None,
        }
    }

    /// At most `limit` bytes.
    fn bytes(self, encoded: &[u8], limit: usize) -> Result<Vec<u8>, String> {
        // Registered HDF5 filters of the same frames.
        let id = match self {
            Self::Gzip => return gunzip(encoded, limit),
            Self::Blosc => 32001,
            Self::Zstd => 32015,
        };
        let context = Context { max_output: limit, element_size: 0 };
        filters::decode(&[Filter { id, ..Filter::default() }], 0, encoded, &context).map_err(|error| error.to_string())
    }
}

fn gunzip(encoded: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let member = GzipMember::parse(encoded).map_err(|error| error.to_string())?;
    let content = member.inflate(limit).map_err(|error| error.to_string())?;
    member.check(&content).map_err(|error| error.to_string())?;
    Ok(content)
}

impl ExtensionName for Decoder {
    fn name(&self, _: ZarrVersion) -> Option<Cow<'static, str>> {
        None
    }
}

impl CodecTraits for Decoder {
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn configuration(&self, _: ZarrVersion, _: &CodecMetadataOptions) -> Option<Configuration> {
        None
    }

    fn partial_decoder_capability(&self) -> PartialDecoderCapability {
        PartialDecoderCapability { partial_read: false, partial_decode: false }
    }

    fn partial_encoder_capability(&self) -> PartialEncoderCapability {
        PartialEncoderCapability { partial_encode: false }
    }
}

impl BytesToBytesCodecTraits for Decoder {
    fn into_dyn(self: Arc<Self>) -> Arc<dyn BytesToBytesCodecTraits> {
        self
    }

    fn recommended_concurrency(&self, _: &BytesRepresentation) -> Result<RecommendedConcurrency, CodecError> {
        Ok(RecommendedConcurrency::new_maximum(1))
    }

    /// What bytes that do not compress may take: the codec before this one decodes at most as much.
    fn encoded_representation(&self, decoded: &BytesRepresentation) -> BytesRepresentation {
        let room = |size: u64| BytesRepresentation::BoundedSize(size.saturating_add(size / 16).saturating_add(4096));
        decoded.size().map_or(BytesRepresentation::UnboundedSize, room)
    }

    fn encode<'a>(&self, _: ArrayBytesRaw<'a>, _: &CodecOptions) -> Result<ArrayBytesRaw<'a>, CodecError> {
        Err(CodecError::Other("this codec only decodes".to_owned()))
    }

    fn decode<'a>(
        &self,
        encoded: ArrayBytesRaw<'a>,
        decoded: &BytesRepresentation,
        _: &CodecOptions,
    ) -> Result<ArrayBytesRaw<'a>, CodecError> {
        let limit = decoded.size().and_then(|size| usize::try_from(size).ok());
        let limit = limit.ok_or_else(|| CodecError::Other("a chunk without a size".to_owned()))?;
        self.bytes(&encoded, limit).map(Cow::Owned).map_err(CodecError::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python: `gzip.compress(b"cells", mtime=0)`.
    const GZIP: [u8; 25] =
        [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x4b, 0x4e, 0xcd, 0xc9, 0x29, 6, 0, 0xd8, 0xcb, 0xc1, 0x55, 5, 0, 0, 0];
    /// Python: `numcodecs.Zstd(level=1).encode(b"cells")` (0.17).
    const ZSTD: [u8; 14] = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 5, 0x29, 0, 0, 0x63, 0x65, 0x6c, 0x6c, 0x73];

    fn decode(decoder: Decoder, bytes: &[u8], size: u64) -> Result<Vec<u8>, String> {
        let size = BytesRepresentation::FixedSize(size);
        let decoded = decoder.decode(Cow::Borrowed(bytes), &size, &CodecOptions::default());
        decoded.map(Cow::into_owned).map_err(|error| error.to_string())
    }

    #[test]
    fn a_chunk_and_its_faults() {
        for (decoder, chunk) in [(Decoder::Gzip, &GZIP[..]), (Decoder::Zstd, &ZSTD[..])] {
            assert_eq!(decode(decoder, chunk, 5).unwrap(), b"cells");
            for cut in 0..chunk.len() {
                assert!(decode(decoder, &chunk[..cut], 5).is_err(), "{decoder:?} {cut}");
            }
            assert!(decode(decoder, chunk, 4).is_err(), "{decoder:?} makes more than it may");
        }
        for at in [10, 17, 21] {
            let mut broken = GZIP;
            broken[at] ^= 1;
            assert!(decode(Decoder::Gzip, &broken, 5).is_err(), "{at}");
        }
    }

    #[test]
    fn names_of_codecs() {
        assert_eq!(Decoder::of("numcodecs.zstd"), Some(Decoder::Zstd));
        assert_eq!(Decoder::of("blosc"), Some(Decoder::Blosc));
        assert_eq!(Decoder::of("bz2"), None);
    }
}
