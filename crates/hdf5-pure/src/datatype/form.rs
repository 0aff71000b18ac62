//! How values lie in memory.

use super::class::{CharacterSet, Compound, Datatype, StringPadding};
use super::float_bits::Format;
use super::number::{ByteOrder, FixedPoint, FloatingPoint};

/// How an element of fixed size lies in the memory of [`crate::Values`]: little-endian, without gaps, in a type that
/// processors know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// One byte, 0 or 1.
    Bool,
    /// Signed integer of 1, 2, 4 or 8 bytes; enumerations too.
    Signed(usize),
    /// Unsigned integer of 1, 2, 4 or 8 bytes; enumerations and bit fields too.
    Unsigned(usize),
    /// IEEE 754 number of 2, 4 or 8 bytes.
    Float(usize),
    /// Two of the numbers of [`Form::Float`], real and imaginary: the bytes of one of them.
    Complex(usize),
    /// Text in a fixed number of bytes, with its padding ([`Form::text`] takes it away).
    Text {
        /// Bytes.
        size: usize,
        /// What fills the unused bytes.
        padding: StringPadding,
        /// Encoding.
        character_set: CharacterSet,
    },
    /// A number of bytes that HDF5 gives no meaning, or whose meaning no native type has: times, integers of more than 64 bits,
    /// floats that binary64 does not hold. The [`Datatype`] says which.
    Opaque(usize),
    /// A number of bytes that identify an object or a part of one in the same file.
    Reference(usize),
    /// A small array in C order.
    Array {
        /// Dimensions, slowest first.
        dims: Vec<u64>,
        /// An item.
        item: Box<Self>,
    },
    /// Members one after the other.
    Record(Vec<Field>),
}

/// A member of a [`Form::Record`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Where it begins in the record, in bytes.
    pub offset: usize,
    /// Its value.
    pub form: Form,
}

impl Form {
    /// The form of a type; `None` where values, or parts of them, are of variable length.
    #[must_use]
    pub fn of(datatype: &Datatype) -> Option<Self> {
        let size = datatype.size();
        Some(match datatype {
            Datatype::FixedPoint(t) => Self::integer(t),
            Datatype::FloatingPoint(t) => Self::float(t, Self::Float, size),
            Datatype::Time(_) => Self::Opaque(size),
            Datatype::String(t) => Self::Text { size, padding: t.padding, character_set: t.character_set },
            Datatype::BitField(t) => Self::integer(&t.as_unsigned()),
            Datatype::Opaque(t) if t.tag.starts_with("NUMPY:|S") => {
                Self::Text { size, padding: StringPadding::NullPad, character_set: CharacterSet::Ascii }
            }
            Datatype::Opaque(_) => Self::Opaque(size),
            Datatype::Compound(t) => Self::record(t)?,
            Datatype::Reference(_) => Self::Reference(size),
            Datatype::Enumeration(t) if t.is_boolean() && t.base.size <= 8 => Self::Bool,
            Datatype::Enumeration(t) => Self::integer(&t.base),
            Datatype::VariableLength(_) => return None,
            Datatype::Array(t) => Self::Array {
                dims: t.dims.iter().copied().map(u64::from).collect(),
                item: Box::new(Self::of(&t.base)?),
            },
            Datatype::Complex(t) => Self::float(&t.part, Self::Complex, size),
        })
    }

    /// Bytes of an element.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Signed(size) | Self::Unsigned(size) | Self::Float(size) => *size,
            Self::Text { size, .. } | Self::Opaque(size) | Self::Reference(size) => *size,
            Self::Complex(part) => 2 * part,
            // The element as stored has a size in 32 bits, of which this is not a multiple.
            Self::Array { dims, item } => dims
                .iter()
                .fold(item.size(), |size, &dim| size.saturating_mul(usize::try_from(dim).unwrap_or(usize::MAX))),
            Self::Record(fields) => fields.last().map_or(0, |field| field.offset + field.form.size()),
        }
    }

    /// The text of an element of the form [`Form::Text`] without its padding; other bytes as they are.
    #[must_use]
    pub fn text<'a>(&self, element: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Text { padding, .. } => super::text::unpadded(element, *padding),
            _ => element,
        }
    }

    /// The type whose stored elements are these bytes; `None` for what is no number.
    pub(crate) fn number(&self) -> Option<Datatype> {
        let integer = |bytes: usize, signed| {
            let size = u32::try_from(bytes).ok()?;
            let precision = u16::try_from(8 * bytes).ok()?;
            let order = ByteOrder::Little;
            Some(Datatype::FixedPoint(FixedPoint { size, order, signed, bit_offset: 0, precision }))
        };
        match self {
            Self::Bool => integer(1, false),
            Self::Signed(size) => integer(*size, true),
            Self::Unsigned(size) => integer(*size, false),
            Self::Float(size) | Self::Complex(size) => {
                FloatingPoint::ieee(u32::try_from(*size).ok()?, ByteOrder::Little).map(Datatype::FloatingPoint)
            }
            Self::Array { item, .. } => item.number(),
            _ => None,
        }
    }

    fn integer(layout: &FixedPoint) -> Self {
        match (layout.size as usize, layout.signed) {
            (size, _) if size > 8 => Self::Opaque(size),
            (size, true) => Self::Signed(size.next_power_of_two()),
            (size, false) => Self::Unsigned(size.next_power_of_two()),
        }
    }

    fn float(layout: &FloatingPoint, form: fn(usize) -> Self, whole: usize) -> Self {
        Format::holding(layout).map_or(Self::Opaque(whole), |format| form(format.size))
    }

    fn record(t: &Compound) -> Option<Self> {
        if let Some(part) = t.complex_part() {
            return Some(Self::float(&part, Self::Complex, t.size as usize));
        }
        let mut offset = 0;
        let fields = t.members.iter().map(|member| {
            let field = Field { name: member.name.clone(), offset, form: Self::of(&member.datatype)? };
            offset += field.form.size();
            Some(field)
        });
        fields.collect::<Option<_>>().map(Self::Record)
    }
}
