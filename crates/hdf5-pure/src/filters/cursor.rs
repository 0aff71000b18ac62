//! A checked reader over the stored bytes of a frame.

use super::Fault;

/// Reads fixed-size fields off the front of a slice; every read past the end is a fault.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], Fault> {
        let (head, tail) = self.rest.split_at_checked(n).ok_or(Fault::truncated())?;
        self.rest = tail;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (head, tail) = self.rest.split_first_chunk::<N>().ok_or(Fault::truncated())?;
        self.rest = tail;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Fault> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u16_be(&mut self) -> Result<u16, Fault> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32_le(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32_be(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64_be(&mut self) -> Result<u64, Fault> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// A 32-bit little-endian length or offset.
    pub(crate) fn len_le(&mut self) -> Result<usize, Fault> {
        to_usize(self.u32_le()?)
    }

    /// A 32-bit big-endian length.
    pub(crate) fn len_be(&mut self) -> Result<usize, Fault> {
        to_usize(self.u32_be()?)
    }
}

/// A stored 32- or 64-bit count as a length of this machine.
pub(crate) fn to_usize(value: impl TryInto<usize>) -> Result<usize, Fault> {
    value.try_into().map_err(|_| Fault::TooLarge)
}
