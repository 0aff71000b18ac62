//! Object headers and their continuations (IV.A.1).
use super::memo::{Stop, Walk, Walked};
use super::messages::Header;
use crate::Error;
use crate::parse::{HeaderPrefix, Message, continuation, kind, messages, run, verify};
use bytes::Bytes;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

const NAME: &str = "object header";
/// Most first chunks are not longer.
const GUESS: u64 = 512;
/// Messages of one header: more than twice what version 1 can count, and what compact links and attributes come to.
const MAX_MESSAGES: usize = 1 << 17;

/// The messages of one continuation.
struct Continuation(Vec<Message>);

impl Walk<'_> {
    /// The object header at an address: all of it, or as much as `enough` asks for.
    pub(crate) fn header(&mut self, address: u64, enough: impl Fn(&[Message]) -> bool) -> Walked<Arc<Header>> {
        // Taken out of the memo, so that it grows in place.
        let mut header = match self.memo.headers.remove(&address) {
            Some(known) => known,
            None => self.once(address, |walk| walk.first_chunk(address))?,
        };
        let mut result = Ok(());
        while let Some(&(at, len)) = header.pending.front() {
            if enough(&header.messages) {
                break;
            }
            result = self.extend(&mut header, at, len);
            if result.is_err() {
                break;
            }
        }
        self.memo.headers.insert(address, Arc::clone(&header));
        if matches!(result, Err(Stop::Missing)) {
            for &(at, len) in header.pending.iter().skip(1) {
                // Only to record what is missing of the other chunks; they are read when their turn comes.
                let _ = self.continuation_bytes(&header.prefix, at, len);
            }
        }
        result.map(|()| header.shortest(enough))
    }

    /// The whole object header.
    pub(crate) fn whole_header(&mut self, address: u64) -> Walked<Arc<Header>> {
        self.header(address, |_| false)
    }

    /// A continuation of the messages that `header` has so far.
    fn extend(&mut self, header: &mut Arc<Header>, at: u64, len: u64) -> Walked<()> {
        let prefix = header.prefix;
        let more = self.once(at, |walk| walk.continuation(&prefix, at, len))?;
        // Whole or not at all: the next to ask gets the same error.
        let announced = self.announced(header, &more.0)?;
        let header = Arc::make_mut(header);
        header.pending.pop_front();
        header.add(more.0.iter().cloned(), announced);
        Ok(())
    }

    fn first_chunk(&mut self, address: u64) -> Walked<Header> {
        let offset = self.offset(NAME, address)?;
        let sizes = (HeaderPrefix::MAX, GUESS);
        let whole =
            self.growing(NAME, address, sizes, |head| Ok(run(NAME, offset, head, HeaderPrefix::parse)?.total()))?;
        let prefix = run(NAME, offset, &whole, HeaderPrefix::parse)?;
        if prefix.version > 1 {
            run(NAME, offset, &whole, verify)?;
        }
        let found = chunk_messages(&prefix, &whole, prefix.prefix, offset)?;
        let mut header = Header {
            prefix,
            messages: Vec::new(),
            marks: Vec::new(),
            pending: VecDeque::new(),
            chunks: BTreeSet::from([address]),
        };
        let announced = self.announced(&header, &found)?;
        header.add(found, announced);
        Ok(header)
    }

    fn continuation_bytes(&mut self, prefix: &HeaderPrefix, at: u64, len: u64) -> Walked<Bytes> {
        // Signature and checksum at least.
        if prefix.version > 1 && len < 8 {
            return Err(Error::corrupt("object header continuation", at, "too short").into());
        }
        self.bytes("object header continuation", at, len)
    }

    fn continuation(&mut self, prefix: &HeaderPrefix, at: u64, len: u64) -> Walked<Continuation> {
        const NAME: &str = "object header continuation";
        let whole = self.continuation_bytes(prefix, at, len)?;
        let offset = self.offset(NAME, at)?;
        if prefix.version == 1 {
            return Ok(Continuation(chunk_messages(prefix, &whole, 0, offset)?));
        }
        if whole.first_chunk::<4>() != Some(b"OCHK") {
            return Err(Error::corrupt(NAME, offset, "the signature OCHK is missing").into());
        }
        run(NAME, offset, &whole, verify)?;
        Ok(Continuation(chunk_messages(prefix, &whole, 4, offset)?))
    }

    /// The continuations that a chunk's messages announce, address and length each.
    fn announced(&mut self, header: &Header, found: &[Message]) -> Walked<Vec<(u64, u64)>> {
        if header.messages.len().saturating_add(found.len()) > MAX_MESSAGES {
            let what = "the number of messages of an object header";
            return Err(Error::Limit { what, limit: MAX_MESSAGES as u64 }.into());
        }
        let mut announced = Vec::new();
        for message in found {
            if message.kind > kind::LAST && message.must_be_known() {
                let feature = format!("header message of type {:#x}", message.kind);
                return Err(Error::unsupported(feature, message.at).into());
            }
            if message.kind != kind::CONTINUATION {
                continue;
            }
            let sizes = self.format()?.sizes;
            let (at, len) = run("object header continuation", message.at, &message.body, continuation(sizes))?;
            if header.chunks.contains(&at) || announced.iter().any(|&(before, _)| before == at) {
                return Err(Error::corrupt(NAME, message.at, "continuations form a cycle").into());
            }
            announced.push((at, len));
            let limit = self.limits.header_chunks;
            if header.chunks.len() + announced.len() > limit {
                let what = "the number of chunks of an object header";
                return Err(Error::Limit { what, limit: limit as u64 }.into());
            }
        }
        Ok(announced)
    }
}

/// Messages between the first `skip` bytes of a chunk and the checksum that version 2 has. Offsets are absolute.
fn chunk_messages(prefix: &HeaderPrefix, whole: &[u8], skip: u64, offset: u64) -> Result<Vec<Message>, Error> {
    let end = whole.len().saturating_sub(if prefix.version == 1 { 0 } else { 4 });
    let begin = usize::try_from(skip).unwrap_or(usize::MAX);
    let body = whole.get(begin..end).unwrap_or_default();
    let at = offset.saturating_add(skip);
    run(NAME, at, body, |body| messages(prefix, body, at))
}
