//! Which canonical byte form a type takes.

use super::class::{Datatype, VariableLengthKind};

/// Canonical byte form of elements, see [`Canonical`](super::Canonical).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Little-endian numbers; enumerations their integer, booleans one byte, complex numbers both parts.
    Numeric,
    /// Records of numbers, little-endian, members in message order without gaps.
    Compound,
    /// Text of fixed size: u32 length and bytes without padding.
    FixedString,
    /// Text of variable length: u32 length and bytes up to the first NUL.
    VlenString,
    /// Sequences of numbers or records: u32 count and items.
    VlenSeq,
    /// Bytes as they are.
    Opaque,
    /// References as they are: addresses, so the same only for the same file.
    Reference,
    /// Records with text, sequences of sequences and the like: their parts' forms, one after the other.
    Mixed,
}

impl Kind {
    /// Form of a datatype. `scalar`: the dataspace has no dimensions; a sequence of numbers is then an array of them.
    #[must_use]
    pub fn of(datatype: &Datatype, scalar: bool) -> Self {
        match datatype {
            Datatype::FixedPoint(_)
            | Datatype::FloatingPoint(_)
            | Datatype::BitField(_)
            | Datatype::Enumeration(_)
            | Datatype::Complex(_) => Self::Numeric,
            Datatype::Time(_) => Self::Mixed,
            Datatype::String(_) => Self::FixedString,
            Datatype::Opaque(t) if t.tag.starts_with("NUMPY:|S") => Self::FixedString,
            Datatype::Opaque(t) if t.tag.starts_with("NUMPY:") && !t.tag.starts_with("NUMPY:|V") => Self::Mixed,
            Datatype::Opaque(_) => Self::Opaque,
            Datatype::Compound(t) if t.complex_part().is_some() => Self::Numeric,
            Datatype::Compound(t) => {
                let numbers = t.members.iter().all(|m| Self::of(&m.datatype, false).is_numbers());
                if numbers { Self::Compound } else { Self::Mixed }
            }
            Datatype::Reference(_) => Self::Reference,
            Datatype::Array(t) => Self::of(&t.base, false),
            Datatype::VariableLength(t) => match (t.kind, Self::of(&t.base, false)) {
                (VariableLengthKind::String { .. }, _) => Self::VlenString,
                (VariableLengthKind::Sequence, base) if base.is_numbers() => {
                    if scalar {
                        base
                    } else {
                        Self::VlenSeq
                    }
                }
                _ => Self::Mixed,
            },
        }
    }

    /// Name, as reports and ledgers spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Compound => "compound",
            Self::FixedString => "fixed_string",
            Self::VlenString => "vlen_string",
            Self::VlenSeq => "vlen_seq",
            Self::Opaque => "opaque",
            Self::Reference => "reference",
            Self::Mixed => "mixed",
        }
    }

    fn is_numbers(self) -> bool {
        matches!(self, Self::Numeric | Self::Compound)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
