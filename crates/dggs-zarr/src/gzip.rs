//! The `gzip` codec: RFC 1952 members round a deflate stream that is the same on every platform.

use crc::{CRC_32_ISO_HDLC, Crc};
use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::Error;

/// Deflate level of every chunk, as stated in the array metadata. Chosen by measurement (design note 0003).
pub const GZIP_LEVEL: u8 = 1;

/// RFC 1952 section 2.3: magic, CM 8 (deflate), no flags, MTIME 0 (no clock in the store), XFL 4 (fastest
/// algorithm, level 1), OS 255 (unknown, so that all platforms write the same).
pub(crate) const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// A gzip encoder that is used for many chunks; every chunk starts from a cleared state.
pub(crate) struct Gzip {
    deflate: Box<CompressorOxide>,
}

impl Gzip {
    pub(crate) fn new() -> Self {
        // Window bits 0: raw deflate, no zlib header.
        let flags = create_comp_flags_from_zip_params(i32::from(GZIP_LEVEL), 0, 0);
        Self { deflate: Box::new(CompressorOxide::new(flags)) }
    }

    /// One complete gzip member.
    pub(crate) fn encode(&mut self, data: &[u8]) -> Result<Vec<u8>, Error> {
        self.deflate.reset();
        let mut out = HEADER.to_vec();
        out.resize(HEADER.len() + data.len() + data.len() / 8 + 64, 0);
        let (mut taken, mut end) = (0, HEADER.len());
        loop {
            let (rest, room) = (data.get(taken..).unwrap_or_default(), out.get_mut(end..).unwrap_or_default());
            let (status, read, written) = compress(&mut self.deflate, rest, room, TDEFLFlush::Finish);
            taken += read;
            end += written;
            match status {
                TDEFLStatus::Done => break,
                TDEFLStatus::Okay => out.resize(out.len() * 2, 0),
                _ => return Err(Error::Deflate),
            }
        }
        out.truncate(end);
        out.extend(crc32(data).to_le_bytes());
        // ISIZE is the length modulo 2^32 (RFC 1952 section 2.3.1).
        let size = (data.len() as u64).to_le_bytes();
        out.extend(&size[..4]);
        Ok(out)
    }
}

/// One gzip member of any writer (RFC 1952, section 2.3), before it is inflated.
#[derive(Debug, Clone, Copy)]
pub struct GzipMember<'a> {
    deflated: &'a [u8],
    crc: u32,
    /// Length of the content modulo 2^32.
    length: u32,
}

/// What is wrong with a gzip member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GzipFault {
    /// The header is cut off.
    #[error("the gzip header is cut off")]
    Header,
    /// Other bytes than those of a member.
    #[error("this is no gzip member")]
    Other,
    /// The member is cut off after its header.
    #[error("the gzip member is cut off")]
    Cut,
    /// The content cannot be inflated, or is longer than was allowed.
    #[error("deflate: {0}")]
    Deflate(String),
    /// The content has another checksum.
    #[error("the CRC-32 does not match")]
    Checksum,
    /// The content has another length.
    #[error("the length does not match")]
    Length,
}

impl<'a> GzipMember<'a> {
    /// Divides a member into its parts; optional fields of the header are passed over.
    ///
    /// # Errors
    /// [`GzipFault::Header`], [`GzipFault::Other`], [`GzipFault::Cut`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, GzipFault> {
        const FHCRC: u8 = 2;
        const FEXTRA: u8 = 4;
        const FNAME: u8 = 8;
        const FCOMMENT: u8 = 16;
        let (head, mut rest) = bytes.split_first_chunk::<10>().ok_or(GzipFault::Header)?;
        let [0x1f, 0x8b, 8, flags, ..] = *head else { return Err(GzipFault::Other) };
        if flags & FEXTRA != 0 {
            let (length, after) = rest.split_first_chunk::<2>().ok_or(GzipFault::Header)?;
            rest = after.get(usize::from(u16::from_le_bytes(*length))..).ok_or(GzipFault::Header)?;
        }
        for flag in [FNAME, FCOMMENT] {
            if flags & flag != 0 {
                let end = rest.iter().position(|&byte| byte == 0).ok_or(GzipFault::Header)?;
                rest = &rest[end + 1..];
            }
        }
        if flags & FHCRC != 0 {
            rest = rest.get(2..).ok_or(GzipFault::Header)?;
        }
        let (deflated, tail) = rest.split_last_chunk::<8>().ok_or(GzipFault::Cut)?;
        let [a, b, c, d, length @ ..] = *tail;
        Ok(Self { deflated, crc: u32::from_le_bytes([a, b, c, d]), length: u32::from_le_bytes(length) })
    }

    /// The content, of at most `limit` bytes, not yet checked.
    ///
    /// # Errors
    /// [`GzipFault::Deflate`].
    pub fn inflate(&self, limit: usize) -> Result<Vec<u8>, GzipFault> {
        decompress_to_vec_with_limit(self.deflated, limit).map_err(|error| GzipFault::Deflate(error.to_string()))
    }

    /// Compares content with what the member says of it.
    ///
    /// # Errors
    /// [`GzipFault::Checksum`], [`GzipFault::Length`].
    pub fn check(&self, content: &[u8]) -> Result<(), GzipFault> {
        if crc32(content) != self.crc {
            return Err(GzipFault::Checksum);
        }
        if (content.len() as u64).to_le_bytes()[..4] != self.length.to_le_bytes() {
            return Err(GzipFault::Length);
        }
        Ok(())
    }
}

/// CRC-32 of RFC 1952, section 8.
fn crc32(data: &[u8]) -> u32 {
    const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
    CRC.checksum(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1u64;
        (0..len)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()[0]
            })
            .collect()
    }

    fn inflate(member: &[u8], len: usize) -> Vec<u8> {
        assert_eq!(member[..10], HEADER);
        assert_eq!(member[member.len() - 4..], u32::try_from(len).unwrap().to_le_bytes());
        miniz_oxide::inflate::decompress_to_vec(&member[10..member.len() - 8]).unwrap()
    }

    #[test]
    fn crc_check_values() {
        // zlib.crc32 of Python.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(&(0..=255).collect::<Vec<u8>>()), 0x2905_8c73);
    }

    #[test]
    fn round_trip_of_sizes_round_every_edge() {
        let mut gzip = Gzip::new();
        for len in [0, 1, 7, 8, 9, 4095, 32_768, 65_535, 65_536, 524_288] {
            for data in [noise(len), vec![0; len]] {
                let member = gzip.encode(&data).unwrap();
                assert!(inflate(&member, len) == data, "{len}");
            }
        }
    }

    #[test]
    fn bytes_do_not_depend_on_what_was_encoded_before() {
        let ids: Vec<u8> = (187_445_248u64..187_449_344).flat_map(u64::to_le_bytes).collect();
        let fresh = Gzip::new().encode(&ids).unwrap();
        let mut used = Gzip::new();
        used.encode(&noise(100_000)).unwrap();
        assert_eq!(used.encode(&ids).unwrap(), fresh);
        // Any target must make exactly this member (wasm32 and x86_64 compared; design note 0003).
        assert_eq!((fresh.len(), crc32(&fresh)), (6232, 1_112_810_202));
    }
}
