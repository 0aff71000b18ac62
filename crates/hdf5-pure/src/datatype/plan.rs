//! What to do with the bytes of an element to bring them to canonical form.

use super::class::{Array, Compound, Datatype, Enumeration, StringPadding, VariableLengthKind};
use super::error::DatatypeError;
use super::float_bits::Format;
use super::heap_ref::HeapRef;
use super::number::{ByteOrder, FixedPoint, FloatingPoint};

/// Canonicalisation of one element, compiled from its type once. Sizes are those of stored elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// As stored.
    Verbatim { size: usize },
    /// Bytes in reverse.
    Reversed { size: usize },
    /// Integer of odd layout, `width` bytes wide in the end.
    Integer { layout: FixedPoint, width: usize },
    /// Float of odd layout.
    Float { layout: FloatingPoint, format: Format },
    /// Text of fixed size.
    Text { size: usize, padding: StringPadding },
    /// Text in the heap.
    HeapText { size: usize },
    /// Items in the heap, preceded by their count or not.
    Sequence { size: usize, item: Box<Self>, counted: bool },
    /// Items within the element.
    Repeat { size: usize, item: Box<Self> },
    /// Members at their offsets.
    Record { size: usize, members: Vec<(usize, Self)> },
}

impl Plan {
    /// Compile; `scalar` as in [`Kind::of`](super::Kind::of).
    pub(crate) fn new(datatype: &Datatype, scalar: bool) -> Result<Self, DatatypeError> {
        let size = datatype.size();
        if size == 0 {
            return Err(DatatypeError::Ragged { len: 0, size });
        }
        Ok(match datatype {
            Datatype::FixedPoint(t) => integer(*t),
            Datatype::FloatingPoint(t) => float(t, datatype)?,
            Datatype::Time(t) => ordered(t.order, size),
            Datatype::String(t) => Self::Text { size, padding: t.padding },
            Datatype::BitField(t) => integer(t.as_unsigned()),
            Datatype::Opaque(t) if t.tag.starts_with("NUMPY:|S") => {
                Self::Text { size, padding: StringPadding::NullPad }
            }
            Datatype::Opaque(_) | Datatype::Reference(_) => Self::Verbatim { size },
            Datatype::Compound(t) => record(t)?,
            Datatype::Enumeration(t) => enumeration(t),
            Datatype::VariableLength(t) => match t.kind {
                VariableLengthKind::String { .. } => Self::HeapText { size },
                VariableLengthKind::Sequence => {
                    Self::Sequence { size, item: Box::new(Self::new(&t.base, false)?), counted: !scalar }
                }
            },
            Datatype::Array(t) => array(t)?,
            Datatype::Complex(t) => {
                let part = float(&t.part, datatype)?;
                repeat(size, part)
            }
        })
    }

    /// Bytes a stored element; never zero.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Verbatim { size }
            | Self::Reversed { size }
            | Self::Text { size, .. }
            | Self::HeapText { size }
            | Self::Sequence { size, .. }
            | Self::Repeat { size, .. }
            | Self::Record { size, .. } => *size,
            Self::Integer { layout, .. } => layout.size as usize,
            Self::Float { layout, .. } => layout.size as usize,
        }
    }

    /// The same, but text of fixed size stays as it is stored.
    pub(crate) fn with_text_as_stored(self) -> Self {
        match self {
            Self::Text { size, .. } => Self::Verbatim { size },
            Self::Repeat { size, item } => repeat(size, item.with_text_as_stored()),
            Self::Record { size, members } => {
                packed(size, members.into_iter().map(|(at, plan)| (at, plan.with_text_as_stored())).collect())
            }
            other => other,
        }
    }

    /// Bytes of what becomes of an element without values of variable length.
    pub(crate) fn size_in_memory(&self) -> usize {
        match self {
            Self::Integer { width, .. } => *width,
            Self::Float { format, .. } => format.size,
            Self::Repeat { size, item } => {
                size.checked_div(item.size()).unwrap_or(0).saturating_mul(item.size_in_memory())
            }
            Self::Record { members, .. } => members.iter().map(|(_, plan)| plan.size_in_memory()).sum(),
            _ => self.size(),
        }
    }

    /// Whether elements name heap objects.
    pub(crate) fn uses_heap(&self) -> bool {
        match self {
            Self::HeapText { .. } | Self::Sequence { .. } => true,
            Self::Repeat { item, .. } => item.uses_heap(),
            Self::Record { members, .. } => members.iter().any(|(_, member)| member.uses_heap()),
            _ => false,
        }
    }

    /// Visit the heap objects that elements name directly, each with the bytes of its items; sequences within sequences only
    /// show once these are read.
    pub(crate) fn heap_refs(&self, raw: &[u8], visit: &mut dyn FnMut(HeapRef, usize)) {
        match self {
            Self::HeapText { size } | Self::Sequence { size, .. } => {
                let item = if let Self::Sequence { item, .. } = self { item.size() } else { 1 };
                let references = raw.chunks_exact(*size).filter_map(HeapRef::parse);
                references.filter(|r| !r.is_empty()).for_each(|reference| visit(reference, item));
            }
            Self::Repeat { item, .. } => item.heap_refs(raw, visit),
            Self::Record { size, members } => {
                for element in raw.chunks_exact(*size) {
                    for (offset, plan) in members {
                        plan.heap_refs(part(element, *offset, plan.size()), visit);
                    }
                }
            }
            _ => {}
        }
    }
}

/// A member's bytes; the bounds were checked when the plan was made.
pub(crate) fn part(element: &[u8], offset: usize, size: usize) -> &[u8] {
    element.get(offset..).and_then(|rest| rest.get(..size)).unwrap_or_default()
}

fn ordered(order: ByteOrder, size: usize) -> Plan {
    if order == ByteOrder::Big && size > 1 { Plan::Reversed { size } } else { Plan::Verbatim { size } }
}

fn integer(layout: FixedPoint) -> Plan {
    let size = layout.size as usize;
    // Integers over 8 bytes have no native type to be brought to.
    if layout.is_standard() || size > 8 {
        return ordered(layout.order, size);
    }
    Plan::Integer { layout, width: size.next_power_of_two() }
}

fn enumeration(t: &Enumeration) -> Plan {
    // Booleans are one byte, whatever their integer.
    if t.is_boolean() && t.base.size > 1 && t.base.size <= 8 {
        return Plan::Integer { layout: t.base, width: 1 };
    }
    integer(t.base)
}

fn float(t: &FloatingPoint, datatype: &Datatype) -> Result<Plan, DatatypeError> {
    let why = "VAX floating-point";
    match (t.order, Format::holding(t)) {
        (ByteOrder::Vax, _) => Err(DatatypeError::Unconvertible { dtype: datatype.describe(), why }),
        (_, Some(format)) if !t.is_ieee() => Ok(Plan::Float { layout: *t, format }),
        _ => Ok(ordered(t.order, t.size as usize)),
    }
}

fn repeat(size: usize, item: Plan) -> Plan {
    match item {
        Plan::Verbatim { .. } => Plan::Verbatim { size },
        item => Plan::Repeat { size, item: Box::new(item) },
    }
}

fn array(t: &Array) -> Result<Plan, DatatypeError> {
    let item = Plan::new(&t.base, false)?;
    let size = t.size as usize;
    if !size.is_multiple_of(item.size()) {
        return Err(DatatypeError::Ragged { len: size, size: item.size() });
    }
    Ok(repeat(size, item))
}

fn record(t: &Compound) -> Result<Plan, DatatypeError> {
    let size = t.size as usize;
    let mut members = Vec::with_capacity(t.members.len());
    for member in &t.members {
        let plan = Plan::new(&member.datatype, false)?;
        let offset = member.offset as usize;
        let fits = offset.checked_add(plan.size()).is_some_and(|end| end <= size);
        if !fits {
            return Err(DatatypeError::Ragged { len: size, size: plan.size() });
        }
        members.push((offset, plan));
    }
    Ok(packed(size, members))
}

/// A record as it is, where its members are as they are and one behind the other without gaps.
fn packed(size: usize, members: Vec<(usize, Plan)>) -> Plan {
    let mut end = 0;
    for (offset, plan) in &members {
        if *offset == end && matches!(plan, Plan::Verbatim { .. }) {
            end += plan.size();
        }
    }
    let verbatim = members.iter().all(|(_, plan)| matches!(plan, Plan::Verbatim { .. }));
    let sum: usize = members.iter().map(|(_, plan)| plan.size()).sum();
    if verbatim && end == size && sum == size { Plan::Verbatim { size } } else { Plan::Record { size, members } }
}
