//! The messages of an object header, as far as they were read.
use crate::parse::{HeaderPrefix, Message, kind};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// An object header as far as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(super) prefix: HeaderPrefix,
    pub(crate) messages: Vec<Message>,
    /// How many messages there were after each chunk.
    pub(super) marks: Vec<usize>,
    /// Chunks that were announced and not read yet: address and length.
    pub(super) pending: VecDeque<(u64, u64)>,
    /// Addresses of all chunks that were announced.
    pub(super) chunks: BTreeSet<u64>,
}

impl Header {
    /// The first message of a kind.
    pub(crate) fn first(&self, kind: u16) -> Option<&Message> {
        self.messages.iter().find(|m| m.kind == kind)
    }

    /// Adds the messages of a chunk, and the continuations that they announce.
    pub(super) fn add(&mut self, found: impl IntoIterator<Item = Message>, announced: Vec<(u64, u64)>) {
        self.messages.extend(found.into_iter().filter(|message| message.kind != kind::CONTINUATION));
        self.chunks.extend(announced.iter().map(|(at, _)| at));
        self.pending.extend(announced);
        self.marks.push(self.messages.len());
    }

    /// The fewest chunks that are enough: an answer may not depend on how far others had to read.
    pub(super) fn shortest(self: Arc<Self>, enough: impl Fn(&[Message]) -> bool) -> Arc<Self> {
        let suffices = |&mark: &usize| self.messages.get(..mark).is_some_and(&enough);
        match self.marks.iter().copied().find(suffices) {
            Some(mark) if mark < self.messages.len() => {
                let mut short = Self::clone(&self);
                short.messages.truncate(mark);
                Arc::new(short)
            }
            _ => self,
        }
    }
}
