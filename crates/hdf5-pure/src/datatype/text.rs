//! Text of fixed and variable length.

use bytes::Bytes;

use super::class::{Datatype, StringPadding, VariableLengthKind};
use super::error::DatatypeError;

/// Default for [`super::Canonical::with_heap_limit`], and what [`Datatype::strings`] may take.
pub(crate) const HEAP_LIMIT: u64 = 1 << 30;
use super::heap_ref::HeapRef;

impl Datatype {
    /// The strings of the elements in `raw`, without padding; what is no UTF-8 becomes U+FFFD.
    ///
    /// `heap` yields the bytes of a global heap object; its errors pass through.
    ///
    /// # Errors
    /// [`DatatypeError::WrongClass`] for anything but strings and arrays of them, [`DatatypeError::Ragged`],
    /// [`DatatypeError::ShortHeapObject`], [`DatatypeError::HeapLimit`] beyond 1 GiB of variable-length text, and those
    /// of `heap`.
    pub fn strings<E: From<DatatypeError>>(
        &self,
        raw: &[u8],
        heap: &mut dyn FnMut(HeapRef) -> Result<Bytes, E>,
    ) -> Result<Vec<String>, E> {
        let size = self.size();
        if size == 0 || !raw.len().is_multiple_of(size) {
            return Err(DatatypeError::Ragged { len: raw.len(), size }.into());
        }
        match self {
            Self::Array(t) => t.base.strings(raw, heap),
            Self::String(t) => Ok(raw.chunks_exact(size).map(|e| lossy(unpadded(e, t.padding))).collect()),
            Self::VariableLength(t) if t.kind != VariableLengthKind::Sequence => {
                // A small file may name one large object many times.
                let mut left = HEAP_LIMIT;
                let mut text = |element| {
                    let text = heap_text(element, heap)?;
                    left = left.checked_sub(text.len() as u64).ok_or(DatatypeError::HeapLimit { limit: HEAP_LIMIT })?;
                    Ok(lossy(&text))
                };
                raw.chunks_exact(size).map(&mut text).collect()
            }
            _ => Err(self.wrong_class("text").into()),
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The bytes up to the first NUL.
pub(crate) fn up_to_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

/// A fixed string without its padding. Trailing NULs never count; NUL ends only text that it terminates.
pub(crate) fn unpadded(element: &[u8], padding: StringPadding) -> &[u8] {
    let text = match padding {
        StringPadding::NullTerminate => up_to_nul(element),
        StringPadding::NullPad => element,
        StringPadding::SpacePad => trim(element, b' '),
    };
    trim(text, 0)
}

fn trim(bytes: &[u8], padding: u8) -> &[u8] {
    let end = bytes.iter().rposition(|b| *b != padding).map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or_default()
}

/// The text of one variable-length element, up to the first NUL as C would have it.
pub(crate) fn heap_text<E: From<DatatypeError>>(
    element: &[u8],
    heap: &mut dyn FnMut(HeapRef) -> Result<Bytes, E>,
) -> Result<Bytes, E> {
    let reference = HeapRef::parse(element).ok_or(DatatypeError::Ragged { len: element.len(), size: 16 })?;
    let items = heap_items(reference, 1, heap)?;
    let text = up_to_nul(&items).len();
    Ok(items.slice(..text))
}

/// The bytes of the items of one variable-length element, `item_size` bytes each.
pub(crate) fn heap_items<E: From<DatatypeError>>(
    reference: HeapRef,
    item_size: usize,
    heap: &mut dyn FnMut(HeapRef) -> Result<Bytes, E>,
) -> Result<Bytes, E> {
    if reference.is_empty() {
        return Ok(Bytes::new());
    }
    let object = heap(reference)?;
    let need = u64::from(reference.length).saturating_mul(item_size as u64);
    match usize::try_from(need) {
        Ok(end) if end <= object.len() => Ok(object.slice(..end)),
        _ => Err(DatatypeError::ShortHeapObject { have: object.len(), need }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datatype::class::{CharacterSet, FixedString};

    // What h5py 3.16 reads for these elements under the three paddings.
    #[test]
    fn paddings() {
        let raw = b"ab\0cd\0efabcdefghab      a b \0 c \0xyz            ";
        let read = |padding| {
            let t = Datatype::String(FixedString { size: 8, padding, character_set: CharacterSet::Ascii });
            t.strings::<DatatypeError>(raw, &mut |_| Ok(Bytes::new())).expect("strings")
        };
        let terminated = ["ab", "abcdefgh", "ab      ", "a b ", "", "        "];
        assert_eq!(read(StringPadding::NullTerminate), terminated);
        let padded = ["ab\0cd\0ef", "abcdefgh", "ab      ", "a b \0 c ", "\0xyz    ", "        "];
        assert_eq!(read(StringPadding::NullPad), padded);
        let spaced = ["ab\0cd\0ef", "abcdefgh", "ab", "a b \0 c", "\0xyz", ""];
        assert_eq!(read(StringPadding::SpacePad), spaced);
    }
}
