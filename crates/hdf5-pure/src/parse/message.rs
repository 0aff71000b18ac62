//! Header messages (IV.A.2), before their contents are parsed.
use bytes::Bytes;

/// One message of an object header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Message {
    /// Message type number.
    pub(crate) kind: u16,
    /// Message flags.
    pub(crate) flags: u8,
    /// Absolute file offset of the body.
    pub(crate) at: u64,
    pub(crate) body: Bytes,
}

/// Message type numbers (IV.A.2).
pub(crate) mod kind {
    pub(crate) const DATASPACE: u16 = 0x01;
    pub(crate) const LINK_INFO: u16 = 0x02;
    pub(crate) const DATATYPE: u16 = 0x03;
    pub(crate) const OLD_FILL: u16 = 0x04;
    pub(crate) const FILL: u16 = 0x05;
    pub(crate) const LINK: u16 = 0x06;
    pub(crate) const EXTERNAL_FILES: u16 = 0x07;
    pub(crate) const LAYOUT: u16 = 0x08;
    pub(crate) const FILTERS: u16 = 0x0b;
    pub(crate) const ATTRIBUTE: u16 = 0x0c;
    pub(crate) const SHARED_TABLE: u16 = 0x0f;
    pub(crate) const CONTINUATION: u16 = 0x10;
    pub(crate) const SYMBOL_TABLE: u16 = 0x11;
    pub(crate) const ATTRIBUTE_INFO: u16 = 0x15;
    pub(crate) const CACHE_IMAGE: u16 = 0x18;
    /// The last number given so far.
    pub(crate) const LAST: u16 = CACHE_IMAGE;
}

impl Message {
    /// Bit 1: the body is a Shared Message that says where the real one is.
    pub(crate) const fn is_shared(&self) -> bool {
        self.flags & 0x02 != 0
    }

    /// Bit 7: a reader that does not know the type must not open the object.
    pub(crate) const fn must_be_known(&self) -> bool {
        self.flags & 0x80 != 0
    }
}
