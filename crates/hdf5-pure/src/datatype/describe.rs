//! Names of types for people.

use std::fmt::Write;

use super::class::{CharacterSet, Complex, Compound, Datatype, ReferenceKind, VariableLengthKind};
use super::float_bits::Format;
use super::number::{ByteOrder, FixedPoint, FloatingPoint};

impl Datatype {
    /// [`Datatype::numpy_name`] where there is one, else [`Datatype::describe`].
    #[must_use]
    pub fn name(&self) -> String {
        self.numpy_name().unwrap_or_else(|| self.describe())
    }

    /// Short name in NumPy's array-protocol spelling where there is one, for example `<f4`, `>i2`, `|S8`, `bool`,
    /// `<c8`, `<i4(3,5)`, `{a:<f4,b:<i2}`, `enum<|i1>`, `vlen<str>`, `vlen<<i4>`, `ref<object>`.
    ///
    /// Numbers that do not use all bits add their layout: `<i4:17@5` (17 bits from bit 5), `<f2:e8m7`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::FixedPoint(t) => integer(t),
            Self::FloatingPoint(t) => float(t),
            Self::Time(t) => format!("time<{}{}>", order(t.order, t.size), t.size),
            Self::String(t) => format!("|S{}", t.size),
            Self::BitField(t) => format!("bits<{}>", integer(&t.as_unsigned())),
            Self::Opaque(t) => format!("|V{}", t.size),
            Self::Compound(t) => compound(t),
            Self::Reference(t) => match t.kind {
                ReferenceKind::Object | ReferenceKind::RevisedObject => "ref<object>".into(),
                ReferenceKind::Region | ReferenceKind::RevisedRegion => "ref<region>".into(),
                ReferenceKind::Attribute => "ref<attribute>".into(),
            },
            Self::Enumeration(t) if t.is_boolean() => "bool".into(),
            Self::Enumeration(t) => format!("enum<{}>", integer(&t.base)),
            Self::VariableLength(t) => match t.kind {
                VariableLengthKind::String { character_set: CharacterSet::Ascii, .. } => "vlen<ascii>".into(),
                VariableLengthKind::String { character_set: CharacterSet::Utf8, .. } => "vlen<str>".into(),
                VariableLengthKind::Sequence => format!("vlen<{}>", t.base.describe()),
            },
            Self::Array(t) => format!("{}({})", t.base.describe(), list(&t.dims)),
            Self::Complex(t) => complex(t),
        }
    }

    /// Name of the NumPy type that h5py reads this type into, as `str(dtype)` prints it: `int32`, `>i2`, `float64`,
    /// `bool`, `complex64`, `|S8`, `|V4`, `object`, `('<i4', (3,))`.
    ///
    /// `None` for records, times, and what h5py does not read.
    #[must_use]
    pub fn numpy_name(&self) -> Option<String> {
        let code = self.numpy_code()?;
        if let Self::Array(_) = self {
            return Some(code);
        }
        let long = match code.strip_prefix('<').or_else(|| code.strip_prefix('|')) {
            Some("i1") => "int8",
            Some("u1") => "uint8",
            Some("b1") => "bool",
            Some("i2") => "int16",
            Some("u2") => "uint16",
            Some("i4") => "int32",
            Some("u4") => "uint32",
            Some("i8") => "int64",
            Some("u8") => "uint64",
            Some("f2") => "float16",
            Some("f4") => "float32",
            Some("f8") => "float64",
            Some("f16") => "float128",
            Some("c8") => "complex64",
            Some("c16") => "complex128",
            Some("O") => "object",
            _ => return Some(code),
        };
        Some(long.into())
    }

    fn numpy_code(&self) -> Option<String> {
        Some(match self {
            Self::FixedPoint(t) => numpy_integer(t)?,
            Self::FloatingPoint(t) => format!("{}f{}", order(t.order, 8), numpy_float_size(t)?),
            Self::String(t) => format!("|S{}", t.size),
            Self::BitField(t) => numpy_integer(&t.as_unsigned())?,
            Self::Opaque(t) => t.tag.strip_prefix("NUMPY:").map_or_else(|| format!("|V{}", t.size), Into::into),
            Self::Reference(t) => match t.kind {
                ReferenceKind::Object | ReferenceKind::Region => "|O".into(),
                _ => return None,
            },
            Self::VariableLength(_) => "|O".into(),
            Self::Enumeration(t) if t.is_boolean() => "|b1".into(),
            Self::Enumeration(t) => numpy_integer(&t.base)?,
            Self::Complex(t) => format!("{}c{}", order(t.part.order, 8), 2 * numpy_float_size(&t.part)?),
            Self::Array(t) => {
                let (comma, base) = (if t.dims.len() == 1 { "," } else { "" }, t.base.numpy_code()?);
                let shape = t.dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let base = base.trim_start_matches('|');
                let base = if base.starts_with('(') { base.to_owned() } else { format!("'{base}'") };
                format!("({base}, ({shape}{comma}))")
            }
            Self::Time(_) | Self::Compound(_) => return None,
        })
    }
}

impl Compound {
    /// The part type if this is the convention that h5py and others share for complex numbers: two equal floats named
    /// `r` and `i`, one after the other.
    #[must_use]
    pub fn complex_part(&self) -> Option<FloatingPoint> {
        match self.members.as_slice() {
            [r, i] if r.name == "r" && i.name == "i" => match (&r.datatype, &i.datatype) {
                (Datatype::FloatingPoint(a), Datatype::FloatingPoint(b)) if a == b => {
                    (r.offset == 0 && i.offset == a.size && a.size.checked_mul(2) == Some(self.size)).then_some(*a)
                }
                _ => None,
            },
            _ => None,
        }
    }
}

fn order(order: ByteOrder, size: u32) -> char {
    match order {
        _ if size == 1 => '|',
        ByteOrder::Little => '<',
        ByteOrder::Big => '>',
        ByteOrder::Vax => '~',
    }
}

fn integer(t: &FixedPoint) -> String {
    let plain = format!("{}{}{}", order(t.order, t.size), if t.signed { 'i' } else { 'u' }, t.size);
    if t.bit_offset == 0 && u64::from(t.precision) == 8 * u64::from(t.size) {
        plain
    } else {
        format!("{plain}:{}@{}", t.precision, t.bit_offset)
    }
}

fn float(t: &FloatingPoint) -> String {
    let plain = format!("{}f{}", order(t.order, t.size), t.size);
    if t.is_ieee() { plain } else { format!("{plain}:e{}m{}", t.exponent_size, t.mantissa_size) }
}

fn complex(t: &Complex) -> String {
    if t.part.is_ieee() {
        format!("{}c{}", order(t.part.order, t.size), t.size)
    } else {
        format!("complex<{}>", float(&t.part))
    }
}

fn compound(t: &Compound) -> String {
    let mut text = String::from("{");
    for (position, member) in t.members.iter().enumerate() {
        let comma = if position == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{}:{}", member.name, member.datatype.describe());
    }
    text.push('}');
    text
}

fn list(dims: &[u32]) -> String {
    dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn numpy_integer(t: &FixedPoint) -> Option<String> {
    let sign = if t.signed { 'i' } else { 'u' };
    // NumPy keeps the mark of big-endian bytes out of one-byte types.
    matches!(t.size, 1 | 2 | 4 | 8).then(|| format!("{}{sign}{}", order(t.order, t.size), t.size))
}

fn numpy_float_size(t: &FloatingPoint) -> Option<usize> {
    if t.order == ByteOrder::Vax {
        return None;
    }
    // x86's long double, which the reference readers of the corpus have.
    let extended = t.size == 16 && t.mantissa_size == 64 && t.exponent_size == 15;
    Format::holding(t).map(|format| format.size).or(extended.then_some(16))
}
