//! What was parsed, and one pass over it.
use crate::parse::{self, Superblock};
use crate::walk::collections::Collections;
use crate::walk::messages::Header;
use crate::{Error, Limits, LinkTarget, Object};
use byte_ranges::{ByteMap, ByteRange, Lookup};
use bytes::Bytes;
use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Everything parsed from one file so far.
#[derive(Default)]
pub(crate) struct Memo {
    pub(super) format: Option<Result<Format, Error>>,
    /// Bytes that count instead of those in the file, by absolute file offset: the metadata cache image. `None` before the
    /// first search for one.
    pub(super) image: Option<BTreeMap<u64, Bytes>>,
    /// Structures by their type and address.
    parsed: BTreeMap<(TypeId, u64), Result<Arc<dyn Any + Send + Sync>, Error>>,
    /// Object headers as far as they were read.
    pub(super) headers: BTreeMap<u64, Arc<Header>>,
    /// Links by group and name.
    pub(super) links: BTreeMap<(u64, Vec<u8>), Option<LinkTarget>>,
    /// Objects by address, under the path that found them first.
    pub(super) objects: BTreeMap<u64, Result<Object, Error>>,
    /// The fill value of most datasets.
    zeros: Bytes,
    /// What variable-length values are read from.
    pub(super) collections: Collections,
    /// Bytes of the structures parsed.
    spent: u64,
}

impl Memo {
    /// What was found in the superblock, and nothing else.
    pub(crate) fn fork(&self) -> Self {
        Self { format: self.format.clone(), image: self.image.clone(), ..Self::default() }
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memo({} structures, {} bytes)", self.parsed.len(), self.spent)
    }
}

/// What the superblock says, and where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    /// Absolute file offset to which all addresses are relative.
    pub(crate) base: u64,
    pub(crate) sizes: parse::Sizes,
    pub(crate) k: [u16; 3],
    pub(crate) extension: Option<u64>,
    pub(crate) root: u64,
}

impl Format {
    pub(super) const fn new(base: u64, superblock: Superblock) -> Self {
        let Superblock { sizes, k, extension, root } = superblock;
        Self { base, sizes, k, extension, root }
    }
}

/// Why a branch ended without an answer.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// Bytes are missing; the list of wanted ranges names them.
    Missing,
    /// It cannot be answered.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Answer of every function here.
pub(crate) type Walked<T> = Result<T, Stop>;

/// One pass of a query.
pub(crate) struct Walk<'a> {
    arrived: &'a ByteMap,
    pub(crate) limits: Limits,
    pub(super) memo: &'a mut Memo,
    wanted: Vec<ByteRange>,
    /// Bytes read by the structure that is being parsed.
    reading: u64,
    /// Bytes of names and values in the answer so far.
    answered: u64,
}

impl<'a> Walk<'a> {
    pub(crate) const fn new(arrived: &'a ByteMap, limits: Limits, memo: &'a mut Memo) -> Self {
        Self { arrived, limits, memo, wanted: Vec::new(), reading: 0, answered: 0 }
    }

    /// What was missing, sorted and disjoint.
    pub(crate) fn into_wanted(mut self) -> Vec<ByteRange> {
        self.wanted.sort_unstable();
        let mut disjoint: Vec<ByteRange> = Vec::new();
        for range in self.wanted {
            match disjoint.last_mut() {
                Some(last) if range.start() <= last.end() => *last = last.hull(range),
                _ => disjoint.push(range),
            }
        }
        disjoint
    }

    /// Size of the file, if known.
    pub(super) const fn file_size(&self) -> Option<u64> {
        self.arrived.file_size()
    }

    /// Fails when a range ends behind the file, as far as its size is known.
    pub(crate) fn check_end(&self, structure: &'static str, range: ByteRange) -> Result<(), Error> {
        match self.file_size().filter(|&size| range.end() > size) {
            Some(file_size) => Err(Error::PastEnd { structure, range, file_size }),
            None => Ok(()),
        }
    }

    /// Bytes at an absolute file offset.
    pub(crate) fn absolute(&mut self, structure: &'static str, offset: u64, len: u64) -> Walked<Bytes> {
        let limit = self.limits.metadata_bytes;
        if len > limit {
            return Err(Error::Limit { what: "the size of a metadata structure in bytes", limit }.into());
        }
        let Some(range) = ByteRange::at(offset, len) else {
            return Err(Error::corrupt(structure, offset, "its end does not fit in 64 bits").into());
        };
        match self.look_up(range) {
            Lookup::Bytes(bytes) => {
                self.reading = self.reading.saturating_add(len);
                Ok(bytes)
            }
            Lookup::Missing(missing) => {
                self.wanted.extend(missing);
                Err(Stop::Missing)
            }
            Lookup::PastEnd { file_size } => Err(Error::PastEnd { structure, range, file_size }.into()),
        }
    }

    /// Bytes at an address.
    pub(crate) fn bytes(&mut self, structure: &'static str, address: u64, len: u64) -> Walked<Bytes> {
        let offset = self.offset(structure, address)?;
        self.absolute(structure, offset, len)
    }

    /// Bytes of a structure whose size is in its first `prefix` bytes. While these are missing, `guess` bytes
    /// are asked for, so that most structures take one round.
    pub(crate) fn growing(
        &mut self,
        structure: &'static str,
        address: u64,
        sizes: (u64, u64),
        total: impl FnOnce(&[u8]) -> Result<u64, Error>,
    ) -> Walked<Bytes> {
        let offset = self.offset(structure, address)?;
        self.growing_at(structure, offset, sizes, total)
    }

    /// [`Self::growing`] at an absolute file offset.
    pub(super) fn growing_at(
        &mut self,
        structure: &'static str,
        offset: u64,
        (prefix, guess): (u64, u64),
        total: impl FnOnce(&[u8]) -> Result<u64, Error>,
    ) -> Walked<Bytes> {
        let room = self.room(offset);
        let head = ByteRange::at(offset, prefix.min(room)).map(|range| self.look_up(range));
        match head {
            Some(Lookup::Bytes(head)) => {
                let len = total(&head)?;
                self.absolute(structure, offset, len)
            }
            _ => self.absolute(structure, offset, guess.max(prefix).min(room)),
        }
    }

    /// Bytes from `offset` to the end of the file, or of the image that counts there; at least 1.
    fn room(&self, offset: u64) -> u64 {
        let file = self.file_size().map_or(u64::MAX, |size| size.saturating_sub(offset));
        let image = self.image_at(offset).map_or(u64::MAX, |(start, image)| image.len() as u64 - (offset - start));
        file.min(image).max(1)
    }

    fn look_up(&self, range: ByteRange) -> Lookup {
        if let Some((start, image)) = self.image_at(range.start()) {
            let from = usize::try_from(range.start() - start).ok();
            let to = usize::try_from(range.end() - start).ok().filter(|&to| to <= image.len());
            if let (Some(from), Some(to)) = (from, to) {
                return Lookup::Bytes(image.slice(from..to));
            }
        }
        self.arrived.get(range)
    }

    /// The image that counts at an absolute file offset, with its own one.
    fn image_at(&self, offset: u64) -> Option<(u64, &Bytes)> {
        let (&start, image) = self.memo.image.as_ref()?.range(..=offset).next_back()?;
        (offset - start < image.len() as u64).then_some((start, image))
    }

    /// A structure by its type and address: from the memo, or parsed now and kept.
    pub(crate) fn once<T: Any + Send + Sync>(
        &mut self,
        address: u64,
        parse: impl FnOnce(&mut Self) -> Walked<T>,
    ) -> Walked<Arc<T>> {
        let key = (TypeId::of::<T>(), address);
        if let Some(known) = self.memo.parsed.get(&key) {
            let known = known.clone().map_err(Stop::Failed)?;
            return known.downcast::<T>().map_err(|_| Error::Usage("memo".into()).into());
        }
        let outer = std::mem::take(&mut self.reading);
        let parsed = parse(self);
        let spent = std::mem::replace(&mut self.reading, outer);
        let kept = match parsed {
            Err(Stop::Missing) => return Err(Stop::Missing),
            Err(Stop::Failed(error)) => Err(error),
            Ok(value) => Ok(Arc::new(value)),
        };
        self.spend(spent)?;
        self.memo.parsed.insert(key, kept.clone().map(|arc| arc as Arc<dyn Any + Send + Sync>));
        kept.map_err(Stop::Failed)
    }

    /// Applies `walk` to every item. All are evaluated, so that everything missing is recorded; an item that fails
    /// does not fail the others.
    pub(crate) fn each<I, T>(
        &mut self,
        items: &[I],
        mut walk: impl FnMut(&mut Self, &I) -> Walked<T>,
    ) -> Walked<Vec<Result<T, Error>>> {
        let mut done = Vec::with_capacity(items.len());
        for item in items {
            match walk(self, item) {
                Ok(value) => done.push(Ok(value)),
                Err(Stop::Failed(error)) => done.push(Err(error)),
                Err(Stop::Missing) => {}
            }
        }
        if done.len() == items.len() { Ok(done) } else { Err(Stop::Missing) }
    }

    /// As [`Self::each`], but one failure fails all.
    pub(crate) fn all<I, T>(&mut self, items: &[I], walk: impl FnMut(&mut Self, &I) -> Walked<T>) -> Walked<Vec<T>> {
        let done = self.each(items, walk)?;
        Ok(done.into_iter().collect::<Result<_, _>>()?)
    }

    /// Absolute file offset of an address.
    pub(crate) fn offset(&mut self, structure: &'static str, address: u64) -> Walked<u64> {
        let base = self.format()?.base;
        let offset = base.checked_add(address);
        offset.ok_or_else(|| Error::corrupt(structure, address, "its address does not fit in 64 bits").into())
    }

    /// A number of zeros. All datasets share them: a small file may have many, of large elements.
    pub(super) fn zeros(&mut self, len: usize) -> Bytes {
        if self.memo.zeros.len() < len {
            self.memo.zeros = vec![0; len.checked_next_power_of_two().unwrap_or(len)].into();
        }
        self.memo.zeros.slice(..len)
    }

    /// Counts bytes that are copied into the answer: a small file may name one large thing many times.
    pub(crate) fn answer(&mut self, bytes: usize) -> Walked<()> {
        self.answered = self.answered.saturating_add(bytes as u64);
        let limit = self.limits.metadata_bytes;
        if self.answered > limit {
            return Err(Error::Limit { what: "the size of names and values in bytes", limit }.into());
        }
        Ok(())
    }

    /// Counts bytes that were parsed, and whose meaning is kept.
    pub(super) fn spend(&mut self, bytes: u64) -> Walked<()> {
        self.memo.spent = self.memo.spent.saturating_add(bytes);
        let limit = self.limits.metadata_bytes;
        if self.memo.spent > limit {
            return Err(Error::Limit { what: "the size of all metadata in bytes", limit }.into());
        }
        Ok(())
    }
}
