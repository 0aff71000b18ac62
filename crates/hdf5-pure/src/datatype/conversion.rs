//! Stored elements to how they lie in memory.

use bytes::Bytes;
use std::borrow::Cow;

use super::canonical::Writer;
use super::class::Datatype;
use super::error::DatatypeError;
use super::heap_ref::HeapRef;
use super::plan::Plan;

/// Brings elements of fixed size to their [`Form`](super::Form).
#[derive(Debug, Clone)]
pub(crate) struct Conversion {
    plan: Plan,
}

impl Conversion {
    /// For a type without values of variable length.
    ///
    /// # Errors
    /// [`DatatypeError::Unconvertible`] for VAX floats.
    pub(crate) fn new(datatype: &Datatype) -> Result<Self, DatatypeError> {
        Ok(Self { plan: Plan::new(datatype, false)?.with_text_as_stored() })
    }

    /// Whether elements stay as they are.
    pub(crate) fn is_identity(&self) -> bool {
        matches!(self.plan, Plan::Verbatim { .. })
    }

    /// Bytes of an element in memory.
    pub(crate) fn size(&self) -> usize {
        self.plan.size_in_memory()
    }

    /// The elements in memory of whole elements as stored.
    ///
    /// # Errors
    /// [`DatatypeError::Ragged`] for a broken last element, [`DatatypeError::Inexact`].
    pub(crate) fn apply<'a>(&self, raw: Cow<'a, [u8]>) -> Result<Cow<'a, [u8]>, DatatypeError> {
        let size = self.plan.size();
        if !raw.len().is_multiple_of(size) {
            return Err(DatatypeError::Ragged { len: raw.len(), size });
        }
        if self.is_identity() {
            return Ok(raw);
        }
        let mut out = Vec::with_capacity((raw.len() / size).saturating_mul(self.size()));
        let mut no_heap = |_: HeapRef| Err::<Bytes, _>(DatatypeError::Ragged { len: raw.len(), size });
        Writer { heap: &mut no_heap, sink: &mut |bytes| out.extend_from_slice(bytes) }.run(&self.plan, &raw)?;
        Ok(Cow::Owned(out))
    }
}
