//! Elements in one byte form for checksums.

use bytes::Bytes;
use std::collections::BTreeSet;

use super::class::Datatype;
use super::error::DatatypeError;
use super::float_bits::convert;
use super::heap_ref::HeapRef;
use super::kind::Kind;
use super::plan::{Plan, part};
use super::text::{HEAP_LIMIT, heap_items, heap_text, unpadded};

/// Bytes handed to the sink at once when elements have to be rebuilt.
const BLOCK: usize = 4096;
/// Least bytes of a collection of heap objects that the library makes: all of it is read for one object.
const COLLECTION: u64 = 4096;

/// Writes elements in a byte form that depends on their values only, not on byte order, gaps or storage.
///
/// The form of each [`Kind`] is described there. Numbers of odd layout take the smallest of 1, 2, 4 or 8 bytes that
/// h5py would give them; floats that do not fit 8 bytes stay as stored, in little-endian order. Text inside records,
/// and sequences there, carry their u32 length as elsewhere. Feeding whole elements piece by piece or all at once
/// gives the same bytes.
#[derive(Debug, Clone)]
pub struct Canonical {
    kind: Kind,
    plan: Plan,
    heap_limit: u64,
}

impl Canonical {
    /// Prepare for a type; `scalar`: the dataspace has no dimensions (see [`Kind::of`]).
    ///
    /// # Errors
    /// [`DatatypeError::Unconvertible`] for VAX floats.
    pub fn new(datatype: &Datatype, scalar: bool) -> Result<Self, DatatypeError> {
        let kind = Kind::of(datatype, scalar);
        Ok(Self { kind, plan: Plan::new(datatype, scalar)?, heap_limit: HEAP_LIMIT })
    }

    /// Change the limit on the bytes of heap objects that one [`Canonical::write`] follows, 1 GiB by default. It keeps
    /// a small malicious file, whose sequences name each other's heap object many times, from running for ever.
    #[must_use]
    pub fn with_heap_limit(mut self, bytes: u64) -> Self {
        self.heap_limit = bytes;
        self
    }

    /// The form that [`Canonical::write`] produces.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Visit the heap objects that the elements in `raw` name directly, to fetch them before [`Canonical::write`].
    /// Sequences within sequences show only when these are read.
    pub fn heap_refs(&self, raw: &[u8], visit: &mut dyn FnMut(HeapRef)) {
        self.plan.heap_refs(raw, &mut |reference, _| visit(reference));
    }

    /// Length of the first elements of `raw`, at least one, that name about `bytes` bytes in the heap. Passing that length
    /// to [`Canonical::write`] at once keeps memory bounded, however much text a dataset has.
    #[must_use]
    pub fn part(&self, raw: &[u8], bytes: u64) -> usize {
        if !self.plan.uses_heap() {
            return raw.len();
        }
        let (mut len, mut cost) = (0, 0_u64);
        let mut collections = BTreeSet::new();
        for element in raw.chunks(self.plan.size()) {
            self.plan.heap_refs(element, &mut |reference, item| {
                let collection = if collections.insert(reference.address) { COLLECTION } else { 0 };
                let items = u64::from(reference.length).saturating_mul(item as u64);
                cost = cost.saturating_add(items).saturating_add(collection);
            });
            if len > 0 && cost > bytes {
                break;
            }
            len += element.len();
        }
        len
    }

    /// Whether elements name heap objects at all.
    #[must_use]
    pub fn uses_heap(&self) -> bool {
        self.plan.uses_heap()
    }

    /// Pass the canonical bytes of the elements in `raw` to `sink`, in order and in pieces of any size. `heap` yields
    /// the bytes of a global heap object; its errors pass through.
    ///
    /// # Errors
    /// [`DatatypeError::Ragged`] for a broken last element, [`DatatypeError::ShortHeapObject`],
    /// [`DatatypeError::HeapLimit`], [`DatatypeError::Inexact`], and those of `heap`.
    pub fn write<E: From<DatatypeError>>(
        &self,
        raw: &[u8],
        heap: &mut dyn FnMut(HeapRef) -> Result<Bytes, E>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), E> {
        let size = self.plan.size();
        if !raw.len().is_multiple_of(size) {
            return Err(DatatypeError::Ragged { len: raw.len(), size }.into());
        }
        let mut followed = 0_u64;
        let limit = self.heap_limit;
        let mut counted = |reference: HeapRef| {
            let object = heap(reference)?;
            followed = followed.saturating_add(object.len() as u64);
            if followed > limit {
                return Err(DatatypeError::HeapLimit { limit }.into());
            }
            Ok(object)
        };
        Writer { heap: &mut counted, sink }.run(&self.plan, raw)
    }
}

impl Datatype {
    /// Shorthand for [`Canonical::new`] and [`Canonical::write`], for elements given all at once.
    ///
    /// # Errors
    /// As these.
    pub fn canonical<E: From<DatatypeError>>(
        &self,
        raw: &[u8],
        scalar: bool,
        heap: &mut dyn FnMut(HeapRef) -> Result<Bytes, E>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Kind, E> {
        let canonical = Canonical::new(self, scalar)?;
        canonical.write(raw, heap, sink)?;
        Ok(canonical.kind())
    }
}

pub(crate) struct Writer<'a, E> {
    pub(crate) heap: &'a mut dyn FnMut(HeapRef) -> Result<Bytes, E>,
    pub(crate) sink: &'a mut dyn FnMut(&[u8]),
}

impl<E: From<DatatypeError>> Writer<'_, E> {
    /// Write whole elements; recursion is as deep as the type.
    pub(crate) fn run(&mut self, plan: &Plan, raw: &[u8]) -> Result<(), E> {
        let size = plan.size();
        match plan {
            Plan::Verbatim { .. } => {
                (self.sink)(raw);
                Ok(())
            }
            Plan::Repeat { item, .. } => self.run(item, raw),
            Plan::Reversed { size: 2 } => self.reverse::<2>(raw),
            Plan::Reversed { size: 4 } => self.reverse::<4>(raw),
            Plan::Reversed { size: 8 } => self.reverse::<8>(raw),
            Plan::Reversed { .. } | Plan::Integer { .. } | Plan::Float { .. } => self.rebuild(plan, raw),
            Plan::Text { padding, .. } => {
                for element in raw.chunks_exact(size) {
                    self.text(unpadded(element, *padding));
                }
                Ok(())
            }
            Plan::HeapText { .. } => {
                for element in raw.chunks_exact(size) {
                    let text = heap_text(element, self.heap)?;
                    self.text(&text);
                }
                Ok(())
            }
            Plan::Sequence { item, counted, .. } => {
                for element in raw.chunks_exact(size) {
                    self.sequence(item, element, *counted)?;
                }
                Ok(())
            }
            Plan::Record { members, .. } => {
                for element in raw.chunks_exact(size) {
                    for (offset, member) in members {
                        self.run(member, part(element, *offset, member.size()))?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Length and bytes. Neither fixed nor heap text exceeds a u32, the size of both their length fields.
    fn text(&mut self, text: &[u8]) {
        (self.sink)(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        (self.sink)(text);
    }

    fn sequence(&mut self, item: &Plan, element: &[u8], counted: bool) -> Result<(), E> {
        let ragged = DatatypeError::Ragged { len: element.len(), size: 16 };
        let reference = HeapRef::parse(element).ok_or(ragged)?;
        let items = heap_items(reference, item.size(), self.heap)?;
        if counted {
            let count = if reference.is_empty() { 0 } else { reference.length };
            (self.sink)(&count.to_le_bytes());
        }
        self.run(item, &items)
    }

    /// Big-endian numbers of the usual sizes.
    fn reverse<const SIZE: usize>(&mut self, raw: &[u8]) -> Result<(), E> {
        let mut block = [0; BLOCK];
        for stored in raw.chunks(BLOCK) {
            let (from, _) = stored.as_chunks::<SIZE>();
            let (to, _) = block.as_chunks_mut::<SIZE>();
            for (to, from) in to.iter_mut().zip(from) {
                *to = *from;
                to.reverse();
            }
            (self.sink)(part(&block, 0, stored.len()));
        }
        Ok(())
    }

    /// Numbers that are not stored as they shall be written.
    fn rebuild(&mut self, plan: &Plan, raw: &[u8]) -> Result<(), E> {
        let size = plan.size();
        let mut block = Vec::with_capacity(raw.len().min(BLOCK) + 2 * size.min(BLOCK));
        for (index, element) in raw.chunks_exact(size).enumerate() {
            number(plan, element, index, &mut block)?;
            if block.len() >= BLOCK {
                (self.sink)(&block);
                block.clear();
            }
        }
        (self.sink)(&block);
        Ok(())
    }
}

/// Append one number.
fn number(plan: &Plan, element: &[u8], index: usize, out: &mut Vec<u8>) -> Result<(), DatatypeError> {
    match plan {
        Plan::Integer { layout, width } => {
            let value = layout.value(element).ok_or(DatatypeError::Ragged { len: element.len(), size: plan.size() })?;
            out.extend(value.to_le_bytes().iter().take(*width));
        }
        Plan::Float { layout, format } => {
            let dtype = || Datatype::FloatingPoint(*layout).describe();
            let bits = convert(layout, element, *format)
                .map_err(|why| DatatypeError::Unconvertible { dtype: dtype(), why })?
                .ok_or_else(|| DatatypeError::Inexact { index, dtype: dtype(), target: "native float" })?;
            out.extend(bits.to_le_bytes().iter().take(format.size));
        }
        _ => out.extend(element.iter().rev()),
    }
    Ok(())
}
