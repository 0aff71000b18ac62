//! What every structure is made of: integers of fixed and of file-given width, addresses, checksummed blocks.
use crate::Error;
use nom::IResult;
use nom::error::ErrorKind;

/// Sizes in bytes of addresses ("offsets") and of lengths in a file (II.A "Size of Offsets", "Size of Lengths").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sizes {
    pub(crate) offset: u8,
    pub(crate) length: u8,
}

/// Why a parser gave up, and how many bytes were left then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    left: usize,
    why: Why,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Why {
    Short,
    Bad(String),
    Unsupported(String),
}

/// Input and output of every parser here.
pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T, Fault>;

impl<'a> nom::error::ParseError<&'a [u8]> for Fault {
    fn from_error_kind(input: &'a [u8], _: ErrorKind) -> Self {
        Self { left: input.len(), why: Why::Short }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// Runs a parser over the bytes of a structure that begins at the file offset `offset`.
pub(crate) fn run<'a, T>(
    structure: &'static str,
    offset: u64,
    bytes: &'a [u8],
    parser: impl FnOnce(&'a [u8]) -> Parsed<'a, T>,
) -> Result<T, Error> {
    match parser(bytes) {
        Ok((_, value)) => Ok(value),
        Err(nom::Err::Incomplete(_)) => Err(Error::corrupt(structure, offset, "ends too early")),
        Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => {
            let at = offset.saturating_add(bytes.len().saturating_sub(fault.left) as u64);
            Err(match fault.why {
                Why::Short => Error::corrupt(structure, at, "ends too early"),
                Why::Bad(why) => Error::corrupt(structure, at, why),
                Why::Unsupported(feature) => Error::unsupported(feature, at),
            })
        }
    }
}

/// Gives up: the bytes contradict the format.
pub(crate) fn bad<T>(input: &[u8], why: impl Into<String>) -> Parsed<'_, T> {
    Err(nom::Err::Failure(Fault { left: input.len(), why: Why::Bad(why.into()) }))
}

/// Gives up: allowed, but not known here.
pub(crate) fn unsupported<T>(input: &[u8], feature: impl Into<String>) -> Parsed<'_, T> {
    Err(nom::Err::Failure(Fault { left: input.len(), why: Why::Unsupported(feature.into()) }))
}

pub(crate) fn u8(input: &[u8]) -> Parsed<'_, u8> {
    nom::number::complete::u8(input)
}

pub(crate) fn u16(input: &[u8]) -> Parsed<'_, u16> {
    nom::number::complete::le_u16(input)
}

pub(crate) fn u32(input: &[u8]) -> Parsed<'_, u32> {
    nom::number::complete::le_u32(input)
}

pub(crate) fn u64(input: &[u8]) -> Parsed<'_, u64> {
    nom::number::complete::le_u64(input)
}

/// `count` bytes.
pub(crate) fn take(count: usize) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    move |input| nom::bytes::complete::take(count)(input)
}

/// Skips `count` bytes.
pub(crate) fn skip(input: &[u8], count: usize) -> Parsed<'_, ()> {
    take(count)(input).map(|(rest, _)| (rest, ()))
}

/// A little-endian integer of `width` bytes (0 to 16 and more); an error when it does not fit in 64 bits.
pub(crate) fn uint(width: usize) -> impl Fn(&[u8]) -> Parsed<'_, u64> + Copy {
    move |input| {
        let (rest, bytes) = take(width)(input)?;
        let (low, high) = bytes.split_at(width.min(8));
        if high.iter().any(|&b| b != 0) {
            return bad(input, "a number does not fit in 64 bits");
        }
        Ok((rest, low.iter().rev().fold(0u64, |n, &b| n << 8 | u64::from(b))))
    }
}

/// An address; `None` when it is the undefined one (all bits set, II.A).
pub(crate) fn address(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Option<u64>> {
    move |input| {
        let width = usize::from(sizes.offset);
        let (rest, bytes) = take(width)(input)?;
        if bytes.iter().all(|&b| b == 0xff) {
            return Ok((rest, None));
        }
        uint(width)(input).map(|(rest, value)| (rest, Some(value)))
    }
}

/// An address that must be defined.
pub(crate) fn defined(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, u64> {
    move |input| match address(sizes)(input)? {
        (rest, Some(value)) => Ok((rest, value)),
        (_, None) => bad(input, "the address is undefined"),
    }
}

/// A length.
pub(crate) fn length(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, u64> + Copy {
    uint(usize::from(sizes.length))
}

/// A four-byte signature.
pub(crate) fn signature(expected: &'static [u8; 4]) -> impl Fn(&[u8]) -> Parsed<'_, ()> {
    move |input| match take(4)(input)? {
        (rest, found) if found == expected => Ok((rest, ())),
        _ => bad(input, format!("the signature {} is missing", String::from_utf8_lossy(expected))),
    }
}

/// A version that must be one of `known`.
pub(crate) fn version(known: std::ops::RangeInclusive<u8>) -> impl Fn(&[u8]) -> Parsed<'_, u8> {
    move |input| match u8(input)? {
        (rest, found) if known.contains(&found) => Ok((rest, found)),
        (_, found) => bad(input, format!("version {found} is not known")),
    }
}

/// Exactly `count` values; memory grows with what is there, not with `count`.
pub(crate) fn repeat<'a, T>(
    count: usize,
    parser: impl Fn(&'a [u8]) -> Parsed<'a, T>,
) -> impl Fn(&'a [u8]) -> Parsed<'a, Vec<T>> {
    move |mut input| {
        let mut values = Vec::new();
        for _ in 0..count {
            let (rest, value) = parser(input)?;
            values.push(value);
            input = rest;
        }
        Ok((input, values))
    }
}

/// The bytes up to a NUL, which is consumed too; all bytes when there is none.
pub(crate) fn until_nul(input: &[u8]) -> Parsed<'_, &[u8]> {
    let len = input.iter().position(|&b| b == 0).unwrap_or(input.len());
    let (rest, text) = take(len)(input)?;
    Ok((rest.get(1..).unwrap_or_default(), text))
}

/// Bytes that encode numbers up to `limit`: 1 for up to 255, 2 for up to 65,535 and so on.
pub(crate) fn bytes_for(limit: u64) -> usize {
    (64 - limit.leading_zeros() as usize).div_ceil(8).max(1)
}

/// A size as `usize`, or an error: wasm has 32 bits.
pub(crate) fn narrow(input: &[u8], value: u64) -> Parsed<'_, usize> {
    match usize::try_from(value) {
        Ok(value) => Ok((input, value)),
        Err(_) => bad(input, "a size does not fit in memory"),
    }
}
