//! From stored elements to values.
use super::elements::{Elements, Values, base};
use super::records::column;
use crate::datatype::{Conversion, Datatype, DatatypeError, Form, HeapRef, VariableLengthKind, heap_items, heap_text};
use crate::{Error, HeapId};
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is known of the global heap, and what is not yet.
#[derive(Default)]
pub(crate) struct Lookup {
    known: BTreeMap<HeapId, Result<Bytes, Error>>,
    /// What was asked for and is not known, with about the bytes that it takes.
    missing: Vec<(HeapId, u64)>,
    /// Bytes that items may be copied: sequences of a small file may name one large object many times.
    left: u64,
}

/// Why there are no values.
pub(crate) enum Stop {
    /// Objects of the heap are missing; the [`Lookup`] names them.
    Missing,
    /// It cannot be read.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Lookup {
    /// What is missing, and is asked for from here on; sorted, each once.
    pub(crate) fn take_missing(&mut self) -> Vec<(HeapId, u64)> {
        let mut missing = std::mem::take(&mut self.missing);
        missing.sort_unstable();
        missing.dedup_by_key(|(id, _)| *id);
        missing
    }

    pub(crate) fn add(&mut self, id: HeapId, object: Result<Bytes, Error>) {
        self.known.insert(id, object);
    }

    /// The next attempt may copy so many bytes of items.
    pub(crate) const fn allow(&mut self, bytes: u64) {
        self.left = bytes;
    }

    /// Whether every object that the elements name directly is known; those that are not are noted.
    fn knows(&mut self, raw: &[u8], size: usize, item: usize) -> bool {
        let before = self.missing.len();
        for reference in raw.chunks_exact(size.max(1)).filter_map(HeapRef::parse).filter(|r| !r.is_empty()) {
            let id = HeapId::from(reference);
            if !self.known.contains_key(&id) {
                self.missing.push((id, u64::from(reference.length).saturating_mul(item as u64)));
            }
        }
        self.missing.len() == before
    }

    fn object(&self, reference: HeapRef) -> Result<Bytes, Error> {
        let known = self.known.get(&HeapId::from(reference));
        known.cloned().unwrap_or_else(|| Err(Error::Usage("a heap object is not read yet".into())))
    }
}

/// The values of whole elements as stored. Recursion is as deep as the type.
pub(crate) fn build(
    datatype: &Datatype,
    mut shape: Vec<u64>,
    raw: Cow<'_, [u8]>,
    heap: &mut Lookup,
) -> Result<Values, Stop> {
    let datatype = base(datatype, &mut shape);
    let elements = match (Form::of(datatype), datatype) {
        (Some(form), _) => {
            let bytes = Conversion::new(datatype)?.apply(raw)?.into_owned();
            Elements::Fixed { form, bytes }
        }
        (None, Datatype::VariableLength(t)) => match t.kind {
            VariableLengthKind::String { .. } => texts(&raw, datatype.size(), heap)?,
            VariableLengthKind::Sequence => sequences(&raw, datatype.size(), &t.base, heap)?,
        },
        (None, Datatype::Compound(t)) => {
            let members = t.members.iter().map(|member| {
                let place = (member.offset as usize, member.datatype.size());
                let column = column(&raw, datatype.size(), place)?;
                Ok((member.name.clone(), build(&member.datatype, shape.clone(), column.into(), heap)))
            });
            let members: Vec<_> = members.collect::<Result<_, Error>>()?;
            // All were evaluated, so that what they miss is known.
            Elements::Records(
                members.into_iter().map(|(name, values)| Ok((name, values?))).collect::<Result<_, Stop>>()?,
            )
        }
        (None, other) => {
            let feature = format!("values of {}", other.describe());
            return Err(Error::Unsupported { feature, offset: None }.into());
        }
    };
    Ok(Values { shape, datatype: datatype.clone(), elements })
}

fn texts(raw: &[u8], size: usize, heap: &mut Lookup) -> Result<Elements, Stop> {
    if !heap.knows(raw, size, 1) {
        return Err(Stop::Missing);
    }
    let read = |element| heap_text(element, &mut |reference| heap.object(reference));
    Ok(Elements::Text(raw.chunks_exact(size.max(1)).map(read).collect::<Result<_, Error>>()?))
}

fn sequences(raw: &[u8], size: usize, item: &Datatype, heap: &mut Lookup) -> Result<Elements, Stop> {
    if !heap.knows(raw, size, item.size()) {
        return Err(Stop::Missing);
    }
    let (mut all, mut ends, mut end) = (Vec::new(), Vec::with_capacity(raw.len() / size.max(1)), 0_u64);
    for element in raw.chunks_exact(size.max(1)) {
        let ragged = DatatypeError::Ragged { len: element.len(), size: 16 };
        let reference = HeapRef::parse(element).ok_or(ragged)?;
        let items = heap_items(reference, item.size(), &mut |reference| heap.object(reference))?;
        heap.left = heap
            .left
            .checked_sub(items.len() as u64)
            .ok_or(Error::Limit { what: "the size of all sequences in bytes", limit: heap.left })?;
        all.extend_from_slice(&items);
        end += if reference.is_empty() { 0 } else { u64::from(reference.length) };
        ends.push(end);
    }
    let items = build(item, vec![end], all.into(), heap)?;
    Ok(Elements::Sequences { ends, items: Box::new(items) })
}
