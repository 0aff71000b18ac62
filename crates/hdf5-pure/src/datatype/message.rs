//! Parser of the datatype message (specification, IV.A.2.d), versions 0 to 5.
//!
//! Version 1 pads names to 8 bytes and gives members dimensions; 2 adds the array class; 3 packs names and member
//! offsets; 4 adds revised references; 5 adds complex numbers. Version 0 never shipped and is read as 1.

use nom::bytes::complete::{take, take_till};
use nom::error::{ErrorKind, ParseError};
use nom::number::complete::{le_u8, le_u16, le_u24, le_u32};
use nom::{IResult, Parser};

use super::class::{
    Array, BitField, CharacterSet, Complex, Compound, Datatype, EnumMember, Enumeration, FixedString, Member, Opaque,
    Reference, ReferenceKind, StringPadding, Time, VariableLength, VariableLengthKind,
};
use super::error::DatatypeError;
use super::number::{ByteOrder, FixedPoint, FloatingPoint, Normalisation};

/// Types within types: records of arrays of sequences of records. Real files reach five or so.
const MAX_DEPTH: u8 = 32;
/// Ranks an array may have (`H5S_MAX_RANK`).
const MAX_RANK: usize = 32;

impl Datatype {
    /// Parse one datatype message body, the type `bytes` begin with; `offset` is the position of `bytes` in the file
    /// and only serves error messages.
    ///
    /// Returns the type and the number of bytes it took.
    ///
    /// # Errors
    /// [`DatatypeError::Truncated`], [`DatatypeError::Malformed`], [`DatatypeError::UnknownFeature`] and
    /// [`DatatypeError::TooDeep`].
    pub fn parse(bytes: &[u8], offset: u64) -> Result<(Self, usize), DatatypeError> {
        let position = |rest: &[u8]| (bytes.len() - rest.len().min(bytes.len())) as u64;
        match datatype(bytes, MAX_DEPTH) {
            Ok((rest, datatype)) => Ok((datatype, bytes.len() - rest.len())),
            Err(nom::Err::Incomplete(_)) => Err(DatatypeError::Truncated { offset }),
            Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => {
                let offset = offset.saturating_add(position(fault.at));
                Err(match fault.why {
                    Why::Truncated => DatatypeError::Truncated { offset },
                    Why::Malformed(what) => DatatypeError::Malformed { offset, what },
                    Why::Unknown(what) => DatatypeError::UnknownFeature { offset, what },
                    Why::TooDeep => DatatypeError::TooDeep { offset, limit: MAX_DEPTH },
                })
            }
        }
    }
}

/// Why a parser stopped.
#[derive(Debug)]
enum Why {
    Truncated,
    Malformed(&'static str),
    Unknown(&'static str),
    TooDeep,
}

/// Why and before which bytes a parser stopped.
#[derive(Debug)]
struct Fault<'a> {
    at: &'a [u8],
    why: Why,
}

impl<'a> ParseError<&'a [u8]> for Fault<'a> {
    fn from_error_kind(at: &'a [u8], _kind: ErrorKind) -> Self {
        Self { at, why: Why::Truncated }
    }

    fn append(_at: &'a [u8], _kind: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a [u8], T, Fault<'a>>;

fn malformed<'a, T>(at: &'a [u8], what: &'static str) -> Result<T, nom::Err<Fault<'a>>> {
    Err(nom::Err::Failure(Fault { at, why: Why::Malformed(what) }))
}

fn unknown<'a, T>(at: &'a [u8], what: &'static str) -> Result<T, nom::Err<Fault<'a>>> {
    Err(nom::Err::Failure(Fault { at, why: Why::Unknown(what) }))
}

/// The eight bytes every type begins with.
struct Header {
    version: u8,
    class: u8,
    /// Class bit field, 24 bits.
    flags: u32,
    size: u32,
}

impl Header {
    fn bit(&self, position: u32) -> bool {
        (self.flags >> position) & 1 == 1
    }

    fn nibble(&self, position: u32) -> u32 {
        (self.flags >> position) & 0xf
    }

    fn count(&self) -> u32 {
        self.flags & 0xffff
    }

    fn order(&self) -> ByteOrder {
        if self.bit(0) { ByteOrder::Big } else { ByteOrder::Little }
    }

    /// Bits of an element, 64-bit so that nothing overflows.
    fn bits(&self) -> u64 {
        8 * u64::from(self.size)
    }
}

fn header(input: &[u8]) -> Parsed<'_, Header> {
    let (rest, (class_and_version, flags, size)) = (le_u8, le_u24, le_u32).parse(input)?;
    let header = Header { version: class_and_version >> 4, class: class_and_version & 0xf, flags, size };
    if header.version > 5 {
        return unknown(input, "datatype message version");
    }
    if size == 0 {
        return malformed(input, "element size is zero");
    }
    Ok((rest, header))
}

fn datatype(input: &[u8], depth: u8) -> Parsed<'_, Datatype> {
    if depth == 0 {
        return Err(nom::Err::Failure(Fault { at: input, why: Why::TooDeep }));
    }
    let (rest, header) = header(input)?;
    let depth = depth - 1;
    match header.class {
        0 => fixed_point(&header, rest).map(|(i, t)| (i, Datatype::FixedPoint(t))),
        1 => floating_point(&header, rest).map(|(i, t)| (i, Datatype::FloatingPoint(t))),
        2 => time(&header, rest),
        3 => string(&header, rest),
        4 => bit_field(&header, rest),
        5 => opaque(&header, rest),
        6 => compound(&header, rest, depth),
        7 => reference(&header, rest),
        8 => enumeration(&header, rest, depth),
        9 => variable_length(&header, rest, depth),
        10 => array(&header, rest, depth),
        11 => complex(&header, rest, depth),
        _ => unknown(input, "datatype class"),
    }
}

/// Bit offset and precision, checked against the element size.
fn bit_range<'a>(header: &Header, input: &'a [u8]) -> Parsed<'a, (u16, u16)> {
    let (rest, (offset, precision)) = (le_u16, le_u16).parse(input)?;
    if precision == 0 || u64::from(offset) + u64::from(precision) > header.bits() {
        return malformed(input, "bits lie outside the element");
    }
    Ok((rest, (offset, precision)))
}

fn fixed_point<'a>(header: &Header, input: &'a [u8]) -> Parsed<'a, FixedPoint> {
    let (rest, (bit_offset, precision)) = bit_range(header, input)?;
    let signed = header.bit(3);
    Ok((rest, FixedPoint { size: header.size, order: header.order(), signed, bit_offset, precision }))
}

fn floating_point<'a>(header: &Header, input: &'a [u8]) -> Parsed<'a, FloatingPoint> {
    let order = match (header.bit(6), header.bit(0)) {
        (false, false) => ByteOrder::Little,
        (false, true) => ByteOrder::Big,
        (true, true) => ByteOrder::Vax,
        (true, false) => return unknown(input, "floating-point byte order"),
    };
    let normalisation = match (header.flags >> 4) & 3 {
        0 => Normalisation::None,
        1 => Normalisation::MsbSet,
        2 => Normalisation::Implied,
        _ => return unknown(input, "mantissa normalisation"),
    };
    let (rest, (bit_offset, precision)) = bit_range(header, input)?;
    let (rest, (exponent_location, exponent_size)) = (le_u8, le_u8).parse(rest)?;
    let (rest, (mantissa_location, mantissa_size, exponent_bias)) = (le_u8, le_u8, le_u32).parse(rest)?;
    let sign_location = header.flags.to_le_bytes()[1];
    let inside = |location: u8, size: u8| size > 0 && u64::from(location) + u64::from(size) <= header.bits();
    if !inside(sign_location, 1)
        || !inside(exponent_location, exponent_size)
        || !inside(mantissa_location, mantissa_size)
    {
        return malformed(input, "floating-point fields lie outside the element");
    }
    let float = FloatingPoint {
        size: header.size,
        order,
        bit_offset,
        precision,
        sign_location,
        exponent_location,
        exponent_size,
        exponent_bias,
        mantissa_location,
        mantissa_size,
        normalisation,
    };
    Ok((rest, float))
}

fn time<'a>(header: &Header, input: &'a [u8]) -> Parsed<'a, Datatype> {
    let (rest, precision) = le_u16(input)?;
    Ok((rest, Datatype::Time(Time { size: header.size, order: header.order(), precision })))
}

/// Padding and character set from two nibbles, shared by fixed and variable-length strings.
fn text_flags(padding: u32, set: u32, at: &[u8]) -> Result<(StringPadding, CharacterSet), nom::Err<Fault<'_>>> {
    let padding = match padding {
        0 => StringPadding::NullTerminate,
        1 => StringPadding::NullPad,
        2 => StringPadding::SpacePad,
        _ => return unknown(at, "string padding"),
    };
    match set {
        0 => Ok((padding, CharacterSet::Ascii)),
        1 => Ok((padding, CharacterSet::Utf8)),
        _ => unknown(at, "character set"),
    }
}

fn string<'a>(header: &Header, input: &'a [u8]) -> Parsed<'a, Datatype> {
    let (padding, character_set) = text_flags(header.nibble(0), header.nibble(4), input)?;
    Ok((input, Datatype::String(FixedString { size: header.size, padding, character_set })))
}

fn bit_field<'a>(header: &Header, input: &'a [u8]) -> Parsed<'a, Datatype> {
    let (rest, (bit_offset, precision)) = bit_range(header, input)?;
    let field = BitField { size: header.size, order: header.order(), bit_offset, precision };
    Ok((rest, Datatype::BitField(field)))
}

fn opaque<'a>(header: &Header, input: &'a [u8]) -> Parsed<'a, Datatype> {
    let (rest, tag) = take(header.flags & 0xff).parse(input)?;
    let tag = tag.split(|b| *b == 0).next().unwrap_or_default();
    Ok((rest, Datatype::Opaque(Opaque { size: header.size, tag: text(tag) })))
}

fn reference<'a>(header: &Header, input: &'a [u8]) -> Parsed<'a, Datatype> {
    let kind = match header.nibble(0) {
        0 => ReferenceKind::Object,
        1 => ReferenceKind::Region,
        2 => ReferenceKind::RevisedObject,
        3 => ReferenceKind::RevisedRegion,
        4 => ReferenceKind::Attribute,
        _ => return unknown(input, "reference type"),
    };
    Ok((input, Datatype::Reference(Reference { size: header.size, kind })))
}

/// A name ends with NUL; before version 3 NULs pad it, the first included, to a multiple of 8 bytes.
fn name<'a>(header: &Header, input: &'a [u8]) -> Parsed<'a, String> {
    let (rest, name) = take_till(|b| b == 0).parse(input)?;
    let padding = if header.version < 3 { 8 - name.len() % 8 } else { 1 };
    let (rest, _) = take(padding).parse(rest)?;
    Ok((rest, text(name)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn compound<'a>(header: &Header, input: &'a [u8], depth: u8) -> Parsed<'a, Datatype> {
    if header.count() == 0 {
        return malformed(input, "compound without members");
    }
    let mut members = Vec::new();
    let mut rest = input;
    for _ in 0..header.count() {
        let (after, member) = member(header, rest, depth)?;
        let end = u64::from(member.offset) + member.datatype.size() as u64;
        if end > u64::from(header.size) {
            return malformed(rest, "member lies outside the compound");
        }
        members.push(member);
        rest = after;
    }
    Ok((rest, Datatype::Compound(Compound { size: header.size, members })))
}

fn member<'a>(header: &Header, input: &'a [u8], depth: u8) -> Parsed<'a, Member> {
    let (rest, name) = name(header, input)?;
    let (rest, offset) = match (header.version, header.size) {
        (0..=2, _) => le_u32(rest)?,
        // From version 3 on, as many bytes as the compound's size needs.
        (_, 0..=0xff) => le_u8.map(u32::from).parse(rest)?,
        (_, 0x100..=0xffff) => le_u16.map(u32::from).parse(rest)?,
        (_, 0x1_0000..=0xff_ffff) => le_u24(rest)?,
        _ => le_u32(rest)?,
    };
    let (rest, dims) = if header.version < 2 { member_dims(rest)? } else { (rest, Vec::new()) };
    let (after, datatype) = datatype(rest, depth)?;
    if dims.is_empty() {
        return Ok((after, Member { name, offset, datatype }));
    }
    let Some(size) = array_size(&dims, &datatype) else {
        return malformed(rest, "member dimensions overflow");
    };
    let datatype = Datatype::Array(Array { size, dims, base: Box::new(datatype) });
    Ok((after, Member { name, offset, datatype }))
}

/// Version 1: dimensionality (1 byte), 3 reserved, permutation (4), 4 reserved, four sizes of 4 bytes.
fn member_dims(input: &[u8]) -> Parsed<'_, Vec<u32>> {
    let (rest, (rank, _reserved, _permutation, _reserved2)) = (le_u8, le_u24, le_u32, le_u32).parse(input)?;
    let (rest, sizes) = (le_u32, le_u32, le_u32, le_u32).parse(rest)?;
    let sizes = [sizes.0, sizes.1, sizes.2, sizes.3];
    match sizes.get(..usize::from(rank)) {
        Some(dims) => Ok((rest, dims.to_vec())),
        None => malformed(input, "member has more than four dimensions"),
    }
}

/// Bytes of an array, `None` if zero or too many.
fn array_size(dims: &[u32], base: &Datatype) -> Option<u32> {
    let start = u32::try_from(base.size()).ok()?;
    dims.iter().try_fold(start, |size, dim| size.checked_mul(*dim)).filter(|size| *size > 0)
}

fn enumeration<'a>(header: &Header, input: &'a [u8], depth: u8) -> Parsed<'a, Datatype> {
    let (rest, base) = datatype(input, depth)?;
    let Datatype::FixedPoint(base) = base else {
        return malformed(input, "enumeration of something else than integers");
    };
    if base.size != header.size {
        return malformed(input, "enumeration and its integer differ in size");
    }
    let mut names = Vec::new();
    let mut rest = rest;
    for _ in 0..header.count() {
        let (after, name) = name(header, rest)?;
        names.push(name);
        rest = after;
    }
    let mut members = Vec::with_capacity(names.len());
    for name in names {
        let (after, value) = take(base.size).parse(rest)?;
        let Some(value) = base.value(value) else {
            return unknown(rest, "enumeration of integers over 127 bits");
        };
        members.push(EnumMember { name, value });
        rest = after;
    }
    Ok((rest, Datatype::Enumeration(Enumeration { base, members })))
}

fn variable_length<'a>(header: &Header, input: &'a [u8], depth: u8) -> Parsed<'a, Datatype> {
    let kind = match header.nibble(0) {
        0 => VariableLengthKind::Sequence,
        1 => {
            let (padding, character_set) = text_flags(header.nibble(4), header.nibble(8), input)?;
            VariableLengthKind::String { padding, character_set }
        }
        _ => return unknown(input, "variable-length type"),
    };
    // Length and index take 4 bytes each, the address between them up to 16.
    if !(9..=24).contains(&header.size) {
        return malformed(input, "size of a variable-length element");
    }
    let (rest, base) = datatype(input, depth)?;
    Ok((rest, Datatype::VariableLength(VariableLength { size: header.size, kind, base: Box::new(base) })))
}

fn array<'a>(header: &Header, input: &'a [u8], depth: u8) -> Parsed<'a, Datatype> {
    let (rest, rank) = le_u8(input)?;
    let rank = usize::from(rank);
    if rank == 0 || rank > MAX_RANK {
        return malformed(input, "array rank");
    }
    let packed = header.version >= 3;
    let (rest, _reserved) = take(if packed { 0_usize } else { 3 }).parse(rest)?;
    let (rest, dims) = nom::multi::count(le_u32, rank).parse(rest)?;
    // Before version 3 a permutation follows that was never anything but the identity.
    let (rest, _permutation) = take(if packed { 0 } else { 4 * rank }).parse(rest)?;
    let (after, base) = datatype(rest, depth)?;
    if array_size(&dims, &base) != Some(header.size) {
        return malformed(input, "array size is not that of its items");
    }
    Ok((after, Datatype::Array(Array { size: header.size, dims, base: Box::new(base) })))
}

fn complex<'a>(header: &Header, input: &'a [u8], depth: u8) -> Parsed<'a, Datatype> {
    // Bit 0: both parts have one type; bits 1-2: form, 0 is rectangular. The library writes nothing else.
    if header.flags & 0b111 != 1 {
        return unknown(input, "complex number form");
    }
    let (rest, part) = datatype(input, depth)?;
    let Datatype::FloatingPoint(part) = part else {
        return unknown(input, "complex number of something else than floating-point");
    };
    if part.size.checked_mul(2) != Some(header.size) {
        return malformed(input, "complex size is not that of two parts");
    }
    Ok((rest, Datatype::Complex(Complex { size: header.size, part })))
}
