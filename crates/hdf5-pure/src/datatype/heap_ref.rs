//! Where variable-length data lives.

use super::number::{ByteOrder, load};

/// One variable-length element as stored: a count and the global heap object that holds the items
/// (specification, IV.B "Disk format: level 2B - data object data storage", variable-length data).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeapRef {
    /// Items of a sequence, bytes of a string.
    pub length: u32,
    /// Address of the global heap collection, relative to the base address.
    pub address: u64,
    /// Index of the object inside the collection.
    pub index: u32,
}

impl HeapRef {
    /// Parse one element: length (4 bytes), address (what remains: the file's size of offsets), index (4 bytes).
    ///
    /// `None` if the element is too short for these or the address does not fit 64 bits.
    #[must_use]
    pub fn parse(element: &[u8]) -> Option<Self> {
        let (length, rest) = element.split_first_chunk::<4>()?;
        let (address, index) = rest.split_last_chunk::<4>()?;
        if address.is_empty() {
            return None;
        }
        // The undefined address is all ones at every width: no heap object.
        let address = if address.iter().all(|b| *b == 0xff) {
            u64::MAX
        } else {
            u64::try_from(load(address, ByteOrder::Little)?).ok()?
        };
        Some(Self { length: u32::from_le_bytes(*length), address, index: u32::from_le_bytes(*index) })
    }

    /// True if the element is empty: no items, or no heap object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0 || self.address == 0 || self.address == u64::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_four_and_eight_bytes() {
        let eight = [3, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0];
        assert_eq!(HeapRef::parse(&eight), Some(HeapRef { length: 3, address: 2048, index: 7 }));
        let four = [3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0];
        let undefined = HeapRef::parse(&four).expect("a reference");
        assert!(undefined.is_empty() && undefined.address == u64::MAX);
        assert_eq!(HeapRef::parse(&[0; 8]), None);
        assert_eq!(HeapRef::parse(&[0; 7]), None);
    }
}
