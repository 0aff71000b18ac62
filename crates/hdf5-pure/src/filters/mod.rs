//! The filter pipeline (Format Specification III, IV.A.2.l "Filter Pipeline Message"): every chunk is stored after
//! it went through a list of filters; reading undoes them, last first.
//!
//! This module knows bytes only: no files, no datatypes, no I/O. Each filter is one file with one function that takes
//! the client data, the stored bytes and a bound on what it may produce. None of them panics or allocates beyond its
//! bound, whatever the bytes say.

mod bit_reader;
mod bitshuffle;
mod blosc;
mod blosc2;
mod blosclz;
mod bzip2;
mod cursor;
mod deflate;
mod fletcher32;
mod jpegls;
mod lz4;
mod lzf;
mod lzo;
mod nbit;
mod output;
mod registry;
mod scaleoffset;
mod shuffle;
mod snappy;
mod szip;
mod zfp;
mod zfp_order;
mod zstd;

use std::borrow::Cow;

use deflate::inflate_zlib;
pub use registry::registered_name;
use serde::{Deserialize, Serialize};

/// One filter of a pipeline, as stored in the Filter Pipeline message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filter {
    /// Registered filter identification value.
    pub id: u16,
    /// Name stored beside the id, if any; only used in errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Bit 0: the filter was optional when writing (its absence in a chunk then shows in the chunk's filter mask).
    pub flags: u16,
    /// Client data, one word each, meaning defined by the filter.
    pub client_data: Vec<u32>,
}

impl Filter {
    /// Its registered name, with the level of deflate: `deflate(6)`, `shuffle`; `filter 300` where the id is not registered.
    #[must_use]
    pub fn describe(&self) -> String {
        let name = registered_name(self.id).map_or_else(|| format!("filter {}", self.id), str::to_ascii_lowercase);
        match (self.id, self.client_data.first()) {
            (1, Some(level)) => format!("{name}({level})"),
            _ => name,
        }
    }
}

/// What undoing a pipeline may cost, and what it must know of the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// Upper bound in bytes of the decoded chunk; more than that is an error, not an allocation. Working memory stays
    /// within a small multiple of it plus a few MB (bzip2 blocks, Zstandard windows, padded Blosc2 tiles).
    pub max_output: usize,
    /// Size in bytes of one element of the dataset, 0 if unknown. Filters whose client data repeat it are checked
    /// against it.
    pub element_size: usize,
}

/// Why a chunk could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// No decoder for this filter (or this variant of it) is built in.
    #[error("filter {id} ({name}) is not supported")]
    Unsupported {
        /// Registered filter id.
        id: u16,
        /// Registered or stored name, with the unsupported detail if it is only a variant.
        name: String,
    },
    /// There is a decoder, but a feature of this crate that was not chosen compiles it in.
    #[error("filter {id} ({name}) is not compiled in: build with the feature `{name}` of hdf5-pure")]
    NotCompiledIn {
        /// Registered filter id.
        id: u16,
        /// Name of the filter and of the feature.
        name: &'static str,
    },
    /// The stored bytes or the client data contradict the filter's format.
    #[error("{filter}: {why}")]
    Corrupt {
        /// Name of the filter.
        filter: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The bytes decode to more than the caller allowed.
    #[error("{filter}: decodes to more than the {limit} bytes it may")]
    TooLarge {
        /// Name of the filter.
        filter: &'static str,
        /// The bound that was hit, in bytes.
        limit: usize,
    },
}

/// Undoes a pipeline: last filter first, skipping every position `i` whose bit `i` is set in `filter_mask` (the chunk
/// was written without that one; a filter may occur twice, so the position counts, not the id).
///
/// # Errors
/// [`FilterError::Unsupported`] for a filter that was applied and is unknown, even if it is flagged optional: its
/// bytes cannot be understood without it. [`FilterError::NotCompiledIn`] for one whose feature was not chosen. [`FilterError::Corrupt`] and [`FilterError::TooLarge`] as the bytes deserve.
pub fn decode(filters: &[Filter], filter_mask: u32, data: &[u8], ctx: &Context) -> Result<Vec<u8>, FilterError> {
    let mut bytes = Cow::Borrowed(data);
    for (position, filter) in filters.iter().enumerate().rev() {
        if is_skipped(filter_mask, position) {
            continue;
        }
        let limit = if position == 0 { ctx.max_output } else { intermediate_limit(ctx.max_output) };
        bytes = undo(filter, bytes, limit, ctx)?;
    }
    if bytes.len() > ctx.max_output {
        return Err(FilterError::TooLarge { filter: "pipeline", limit: ctx.max_output });
    }
    Ok(bytes.into_owned())
}

/// Whether a chunk was written without the filter at a position of the pipeline. Bits beyond the pipeline say nothing.
pub(crate) const fn is_skipped(filter_mask: u32, position: usize) -> bool {
    position < 32 && (filter_mask >> position) & 1 == 1
}

/// Says before anything is fetched whether chunks of this filter can be decoded.
///
/// # Errors
/// [`FilterError::Unsupported`] or [`FilterError::NotCompiledIn`], naming the filter.
pub fn is_supported(filter: &Filter) -> Result<(), FilterError> {
    decoder(filter).map(|_| ())
}

/// What a single filter reports; [`decode`] adds the filter's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The bytes or parameters are wrong.
    Corrupt(Cow<'static, str>),
    /// The bytes ask for a variant of the format that is not built in.
    Unsupported(&'static str),
    /// The output bound was hit.
    TooLarge,
}

impl Fault {
    /// A fault whose reason is fixed text.
    pub(crate) const fn corrupt(why: &'static str) -> Self {
        Self::Corrupt(Cow::Borrowed(why))
    }

    /// The stored bytes end too early.
    pub(crate) const fn truncated() -> Self {
        Self::corrupt("the stored bytes end too early")
    }
}

/// Between two filters the bytes may be a little longer than the chunk: checksums, frame headers, incompressible data.
const fn intermediate_limit(max_output: usize) -> usize {
    max_output.saturating_add(max_output / 16).saturating_add(4096)
}

fn undo<'a>(filter: &Filter, data: Cow<'a, [u8]>, limit: usize, ctx: &Context) -> Result<Cow<'a, [u8]>, FilterError> {
    let name = decoder(filter)?;
    let words = filter.client_data.as_slice();
    let result = match filter.id {
        1 if cfg!(feature = "deflate") => inflate_zlib(&data, limit).map(Cow::Owned),
        2 => shuffle::decode(words, data),
        3 => fletcher32::decode(data),
        4 if cfg!(feature = "szip") => szip::decode(words, &data, limit).map(Cow::Owned),
        5 if cfg!(feature = "nbit") => nbit::decode(words, data, limit, ctx.element_size),
        6 if cfg!(feature = "scaleoffset") => scaleoffset::decode(words, data, limit, ctx.element_size),
        305 if cfg!(feature = "lzo") => lzo::decode(&data, limit).map(Cow::Owned),
        307 if cfg!(feature = "bzip2") => bzip2::decode(&data, limit).map(Cow::Owned),
        32000 if cfg!(feature = "lzf") => lzf::decode(&data, limit).map(Cow::Owned),
        32001 if cfg!(feature = "blosc") => blosc::decode(&data, limit).map(Cow::Owned),
        32004 if cfg!(feature = "lz4") => lz4::decode(&data, limit).map(Cow::Owned),
        32008 if cfg!(feature = "bitshuffle") => bitshuffle::decode(words, &data, limit).map(Cow::Owned),
        32013 if cfg!(feature = "zfp") => zfp::decode(words, &data, limit).map(Cow::Owned),
        32015 if cfg!(feature = "zstd") => zstd::decode(&data, limit).map(Cow::Owned),
        32018 if cfg!(feature = "jpeg-ls") => jpegls::decode(words, &data, limit).map(Cow::Owned),
        // Rounded before they were compressed: the values that were rounded are the values.
        32022 | 32023 | 32032 => Ok(data),
        32026 if cfg!(feature = "blosc2") => blosc2::decode(&data, limit).map(Cow::Owned),
        _ => return Err(unsupported(filter)),
    };
    result.map_err(|fault| match fault {
        Fault::Corrupt(why) => FilterError::Corrupt { filter: name, why: why.into_owned() },
        Fault::Unsupported(what) => FilterError::Unsupported { id: filter.id, name: format!("{name}, {what}") },
        Fault::TooLarge => FilterError::TooLarge { filter: name, limit },
    })
}

/// Names of the filters that have a decoder, which are also those of the features that compile it in, and whether they do.
const fn built_in(id: u16) -> Option<(&'static str, bool)> {
    Some(match id {
        1 => ("deflate", cfg!(feature = "deflate")),
        2 => ("shuffle", true),
        3 => ("fletcher32", true),
        4 => ("szip", cfg!(feature = "szip")),
        5 => ("nbit", cfg!(feature = "nbit")),
        6 => ("scaleoffset", cfg!(feature = "scaleoffset")),
        305 => ("lzo", cfg!(feature = "lzo")),
        307 => ("bzip2", cfg!(feature = "bzip2")),
        32000 => ("lzf", cfg!(feature = "lzf")),
        32001 => ("blosc", cfg!(feature = "blosc")),
        32004 => ("lz4", cfg!(feature = "lz4")),
        32008 => ("bitshuffle", cfg!(feature = "bitshuffle")),
        32013 => ("zfp", cfg!(feature = "zfp")),
        32015 => ("zstd", cfg!(feature = "zstd")),
        32018 => ("jpeg-ls", cfg!(feature = "jpeg-ls")),
        32022 => ("bitgroom", true),
        32023 => ("granular bitround", true),
        32026 => ("blosc2", cfg!(feature = "blosc2")),
        32032 => ("bitround", true),
        _ => return None,
    })
}

/// The name of the decoder of a filter, if it is compiled in.
fn decoder(filter: &Filter) -> Result<&'static str, FilterError> {
    match built_in(filter.id) {
        Some((name, true)) => Ok(name),
        Some((name, false)) => Err(FilterError::NotCompiledIn { id: filter.id, name }),
        None => Err(unsupported(filter)),
    }
}

fn unsupported(filter: &Filter) -> FilterError {
    let name = match (registered_name(filter.id), filter.name.as_deref()) {
        (Some(known), _) => known.to_owned(),
        (None, Some(stored)) if !stored.is_empty() => stored.chars().filter(|c| !c.is_control()).take(80).collect(),
        _ => "unregistered".to_owned(),
    };
    FilterError::Unsupported { id: filter.id, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Run with and without features, it sees both.
    #[test]
    fn a_filter_that_is_not_compiled_in_names_its_feature() {
        let names = [1, 4, 5, 6, 305, 307, 32000, 32001, 32004, 32008, 32013, 32015, 32018, 32026];
        for id in names {
            let filter = Filter { id, ..Filter::default() };
            let (name, compiled_in) = built_in(id).unwrap();
            let context = Context { max_output: 100, element_size: 0 };
            let decoded = decode(std::slice::from_ref(&filter), 0, b"no stream", &context);
            if compiled_in {
                assert_eq!(is_supported(&filter), Ok(()));
                assert!(!matches!(decoded, Err(FilterError::NotCompiledIn { .. })));
                continue;
            }
            let error = decoded.unwrap_err();
            assert_eq!(is_supported(&filter), Err(error.clone()));
            let said = format!("filter {id} ({name}) is not compiled in: build with the feature `{name}` of hdf5-pure");
            assert_eq!(error.to_string(), said);
        }
    }
}
