//! Messages that are stored elsewhere: in another object header, or in the heap of shared messages.
use super::memo::{Walk, Walked};
use crate::Error;
use crate::parse::{Message, SharedMessage, SharedTable, kind, run, shared_table};
use bytes::Bytes;

const NAME: &str = "shared message";

/// The body of a message, wherever it was: for error messages with its file offset.
pub(crate) struct Body {
    pub(crate) at: u64,
    pub(crate) bytes: Bytes,
}

impl Walk<'_> {
    /// The body of a message, through its Shared Message if it is one.
    pub(crate) fn body(&mut self, message: &Message) -> Walked<Body> {
        if message.is_shared() {
            self.shared_body(message.kind, message.at, &message.body)
        } else {
            Ok(Body { at: message.at, bytes: message.body.clone() })
        }
    }

    /// The body that a Shared Message leads to; `at` is the file offset of the latter.
    pub(crate) fn shared_body(&mut self, message_kind: u16, at: u64, bytes: &[u8]) -> Walked<Body> {
        let sizes = self.format()?.sizes;
        match run(NAME, at, bytes, SharedMessage::parse(sizes))? {
            SharedMessage::Header(address) => {
                let is_it = |m: &Message| m.kind == message_kind && !m.is_shared();
                let header = self.header(address, |messages| messages.iter().any(is_it))?;
                match header.messages.iter().find(|m| is_it(m)) {
                    Some(found) => Ok(Body { at: found.at, bytes: found.body.clone() }),
                    None => Err(Error::corrupt(NAME, at, "it leads to a header without such a message").into()),
                }
            }
            SharedMessage::Heap(id) => {
                let bytes = self.shared_heap(message_kind, at, &id)?;
                Ok(Body { at, bytes })
            }
        }
    }

    /// An object of the heap of shared messages.
    pub(crate) fn shared_heap(&mut self, message_kind: u16, at: u64, id: &[u8]) -> Walked<Bytes> {
        let table = self.shared_messages(at)?;
        let bit = 1u16.checked_shl(u32::from(message_kind)).unwrap_or(0);
        match table.indexes.iter().find(|index| index.kinds & bit != 0).and_then(|index| index.heap) {
            Some(heap) => self.heap_bytes(heap, id),
            None => Err(Error::corrupt(NAME, at, "the file has no heap for such messages").into()),
        }
    }

    fn shared_messages(&mut self, at: u64) -> Walked<std::sync::Arc<SharedTable>> {
        let format = self.format()?;
        let missing = || Error::corrupt(NAME, at, "the file has no table of shared messages");
        let extension = format.extension.ok_or_else(missing)?;
        let is_it = |m: &Message| m.kind == kind::SHARED_TABLE;
        let header = self.header(extension, |messages| messages.iter().any(is_it))?;
        let message = header.first(kind::SHARED_TABLE).ok_or_else(missing)?;
        let (address, indexes) = run(NAME, message.at, &message.body, shared_table(format.sizes))?;
        self.once(address, |walk| {
            const NAME: &str = "shared message table";
            let bytes = walk.bytes(NAME, address, SharedTable::len(format.sizes, indexes))?;
            let offset = walk.offset(NAME, address)?;
            Ok(run(NAME, offset, &bytes, SharedTable::parse(format.sizes, indexes))?)
        })
    }
}
