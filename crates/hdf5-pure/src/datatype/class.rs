//! The datatype classes (specification, IV.A.2.d, table "Datatype message: class").

use super::number::{ByteOrder, FixedPoint, FloatingPoint};

/// Type of the elements of a dataset or attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datatype {
    /// Class 0: integers.
    FixedPoint(FixedPoint),
    /// Class 1: floating-point numbers.
    FloatingPoint(FloatingPoint),
    /// Class 2: times. No reader converts them; values are opaque.
    Time(Time),
    /// Class 3: strings of fixed size.
    String(FixedString),
    /// Class 4: bits.
    BitField(BitField),
    /// Class 5: bytes without meaning to HDF5.
    Opaque(Opaque),
    /// Class 6: records.
    Compound(Compound),
    /// Class 7: references to objects or regions.
    Reference(Reference),
    /// Class 8: named integers.
    Enumeration(Enumeration),
    /// Class 9: sequences and strings of variable length, stored in a global heap.
    VariableLength(VariableLength),
    /// Class 10: small arrays within an element.
    Array(Array),
    /// Class 11: complex numbers (message version 5).
    Complex(Complex),
}

impl Datatype {
    /// Bytes an element; at least 1 for a parsed type.
    #[must_use]
    pub fn size(&self) -> usize {
        let size = match self {
            Self::FixedPoint(t) => t.size,
            Self::FloatingPoint(t) => t.size,
            Self::Time(t) => t.size,
            Self::String(t) => t.size,
            Self::BitField(t) => t.size,
            Self::Opaque(t) => t.size,
            Self::Compound(t) => t.size,
            Self::Reference(t) => t.size,
            Self::Enumeration(t) => t.base.size,
            Self::VariableLength(t) => t.size,
            Self::Array(t) => t.size,
            Self::Complex(t) => t.size,
        };
        size as usize
    }

    /// True if elements, or parts of them, live in a global heap.
    #[must_use]
    pub fn uses_heap(&self) -> bool {
        match self {
            Self::VariableLength(_) => true,
            Self::Array(t) => t.base.uses_heap(),
            Self::Compound(t) => t.members.iter().any(|m| m.datatype.uses_heap()),
            _ => false,
        }
    }
}

/// Time (class 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// Bytes an element.
    pub size: u32,
    /// Byte order.
    pub order: ByteOrder,
    /// Significant bits.
    pub precision: u16,
}

/// What fills a string up to its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringPadding {
    /// The text ends at the first NUL, if there is one.
    NullTerminate,
    /// NULs at the end are padding.
    NullPad,
    /// Spaces at the end are padding, as in Fortran.
    SpacePad,
}

/// Encoding of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CharacterSet {
    /// US-ASCII; real files hold any 8-bit text.
    Ascii,
    /// UTF-8.
    Utf8,
}

/// String of fixed size (class 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedString {
    /// Bytes an element.
    pub size: u32,
    /// What fills the unused bytes.
    pub padding: StringPadding,
    /// Encoding.
    pub character_set: CharacterSet,
}

/// Bit field (class 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitField {
    /// Bytes an element.
    pub size: u32,
    /// Byte order.
    pub order: ByteOrder,
    /// Bit position of the first bit.
    pub bit_offset: u16,
    /// Number of bits.
    pub precision: u16,
}

impl BitField {
    /// The unsigned integer of the same bits.
    #[must_use]
    pub fn as_unsigned(&self) -> FixedPoint {
        FixedPoint {
            size: self.size,
            order: self.order,
            signed: false,
            bit_offset: self.bit_offset,
            precision: self.precision,
        }
    }
}

/// Opaque bytes (class 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opaque {
    /// Bytes an element.
    pub size: u32,
    /// What the producer says they are, without the padding.
    pub tag: String,
}

/// Record (class 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compound {
    /// Bytes an element, gaps between members included.
    pub size: u32,
    /// Members in the order of the message, which need not be that of their offsets.
    pub members: Vec<Member>,
}

/// Member of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Name.
    pub name: String,
    /// Byte offset inside the record.
    pub offset: u32,
    /// Type; the dimensions of a version 1 member are an [`Array`] here.
    pub datatype: Datatype,
}

/// What a reference points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind {
    /// Object header address.
    Object,
    /// Selection in a dataset, by way of a global heap object.
    Region,
    /// Object, in the encoding of HDF5 1.12 (message version 4).
    RevisedObject,
    /// Selection, in the encoding of HDF5 1.12.
    RevisedRegion,
    /// Attribute, in the encoding of HDF5 1.12.
    Attribute,
}

/// Reference (class 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// Bytes an element.
    pub size: u32,
    /// Kind of target.
    pub kind: ReferenceKind,
}

/// Enumeration (class 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enumeration {
    /// The integer stored.
    pub base: FixedPoint,
    /// Names and values in the order of the message.
    pub members: Vec<EnumMember>,
}

impl Enumeration {
    /// True for the convention that h5py, netCDF and PyTables share for booleans: FALSE = 0, TRUE = 1.
    #[must_use]
    pub fn is_boolean(&self) -> bool {
        let has = |name: &str, value: i128| self.members.iter().any(|m| m.name == name && m.value == value);
        self.members.len() == 2 && has("FALSE", 0) && has("TRUE", 1)
    }

    /// Name of a value, the first that matches.
    #[must_use]
    pub fn name_of(&self, value: i128) -> Option<&str> {
        self.members.iter().find(|m| m.value == value).map(|m| m.name.as_str())
    }
}

/// Member of an enumeration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumMember {
    /// Name.
    pub name: String,
    /// Value, sign-extended.
    pub value: i128,
}

/// Sequence or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableLengthKind {
    /// Items of the base type.
    Sequence,
    /// Text.
    String {
        /// What ends the text.
        padding: StringPadding,
        /// Encoding.
        character_set: CharacterSet,
    },
}

/// Variable-length type (class 9): elements are [`HeapRef`](super::HeapRef)s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableLength {
    /// Bytes an element in the file: 4, the size of offsets, 4.
    pub size: u32,
    /// Sequence or text.
    pub kind: VariableLengthKind,
    /// Type of an item.
    pub base: Box<Datatype>,
}

/// Array (class 10), in C order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    /// Bytes an element: the product of the dimensions times the size of the base type.
    pub size: u32,
    /// Dimensions, slowest first, none zero.
    pub dims: Vec<u32>,
    /// Type of an item.
    pub base: Box<Datatype>,
}

/// Complex number (class 11), rectangular: the real part, then the imaginary one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Complex {
    /// Bytes an element: two parts.
    pub size: u32,
    /// Type of a part.
    pub part: FloatingPoint,
}
