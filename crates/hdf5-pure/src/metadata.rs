//! The memory of one file, and the queries on it.
use crate::layout::{ChunkMap, Selection, chunk_map};
use crate::limits::Limits;
use crate::object::{Attribute, Dataset, Group, HeapId, Link, Object};
use crate::walk::{Memo, Stop, Walk, Walked};
use crate::{Error, walk};
use byte_ranges::{ByteMap, ByteRange, Step};
use bytes::Bytes;

/// What a query answers.
pub type StepResult<T> = Result<Step<T>, Error>;

/// The memory of one file: bytes that have arrived, structures parsed from them.
///
/// Every query answers [`Step::Need`] with sorted, disjoint ranges that have not arrived, or [`Step::Done`]. Insert the
/// bytes and call the query again with the same arguments. The ranges assume that the file does not end before them; give
/// the size with [`Metadata::set_file_size`] no later than with the first bytes.
#[derive(Debug)]
pub struct Metadata {
    arrived: ByteMap,
    limits: Limits,
    memo: Memo,
}

impl Metadata {
    /// A file without any bytes yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { arrived: ByteMap::new(), limits, memo: Memo::default() }
    }

    /// A memory of the same file that knows where structures begin and has the bytes of this one, but none of what was parsed.
    pub(crate) fn fork(&self) -> Self {
        Self { arrived: self.arrived.clone(), limits: self.limits, memo: self.memo.fork() }
    }

    /// The bytes that have arrived.
    #[must_use]
    pub const fn arrived(&self) -> &ByteMap {
        &self.arrived
    }

    /// Adds bytes that start at the absolute file offset `offset`.
    pub fn insert(&mut self, offset: u64, bytes: &Bytes) {
        self.arrived.insert(offset, bytes);
    }

    /// Sets the size of the file in bytes.
    pub const fn set_file_size(&mut self, size: u64) {
        self.arrived.set_file_size(size);
    }

    /// Forgets the bytes that have arrived, to give their memory back; what was parsed from them stays known.
    pub fn release(&mut self) {
        if let Some(all) = ByteRange::new(0, u64::MAX) {
            self.arrived.forget(all);
        }
    }

    /// Resolves absolute paths (`/gt1l/land_ice_segments/latitude`), all at once. One answer a path: `Ok(None)` when there
    /// is no such link, `Err` when a soft link leads nowhere, or the object or the way to it is broken or not supported.
    ///
    /// # Errors
    /// When the file itself cannot be opened; one bad object does not fail the others.
    pub fn find(&mut self, paths: &[&str]) -> StepResult<Vec<Result<Option<Object>, Error>>> {
        self.query(|walk| walk.each(paths, |walk, path| walk::find(walk, path)))
    }

    /// The links of a group, by name in byte order.
    ///
    /// # Errors
    /// [`Error`] when the group is broken or too large.
    pub fn links(&mut self, group: &Group) -> StepResult<Vec<Link>> {
        self.query(|walk| walk::links(walk, group.address))
    }

    /// The attributes of an object by name in byte order; only those in `names` where given (absent ones are left out).
    ///
    /// # Errors
    /// [`Error`] when one of them is broken or not supported.
    pub fn attributes(&mut self, object: &Object, names: Option<&[&str]>) -> StepResult<Vec<Attribute>> {
        let address = object.address();
        self.query(|walk| walk::attributes(walk, address, names))
    }

    /// [`Metadata::attributes`], all of `names` from the heap that they lie in, without the index of that heap where it can be
    /// done: those of the root group are often at the end of a file, near what is read anyway, and their index is not.
    ///
    /// # Errors
    /// As [`Metadata::attributes`].
    pub fn attributes_in_heap(&mut self, object: &Object, names: &[&str]) -> StepResult<Vec<Attribute>> {
        let address = object.address();
        self.query(|walk| walk::attributes_in_heap(walk, address, names))
    }

    /// Where the bytes of the selections lie: one map a question. Chunks outside of the selection are left out and the
    /// index nodes that hold only such are not read.
    ///
    /// # Errors
    /// When the file itself cannot be opened; one bad dataset does not fail the others.
    pub fn chunk_maps(&mut self, wants: &[(&Dataset, &Selection)]) -> StepResult<Vec<Result<ChunkMap, Error>>> {
        self.query(|walk| walk.each(wants, |walk, (dataset, selection)| chunk_map(walk, dataset, selection)))
    }

    /// The bytes of global heap objects (variable-length values), one answer an id. Index 0 or address 0 is the empty
    /// value.
    ///
    /// # Errors
    /// When the file itself cannot be opened; one bad object does not fail the others.
    pub fn resolve(&mut self, ids: &[HeapId]) -> StepResult<Vec<Result<Bytes, Error>>> {
        self.query(|walk| walk.each(ids, |walk, id| walk::heap_object(walk, *id)))
    }

    /// Size in bytes of addresses in this file, which stored variable-length values and references need to be read.
    ///
    /// # Errors
    /// When the file itself cannot be opened.
    pub fn offset_size(&mut self) -> StepResult<u8> {
        self.query(|walk| Ok(walk.format()?.sizes.offset))
    }

    /// The group at the path `/`, without a look at it.
    ///
    /// # Errors
    /// When the file itself cannot be opened.
    pub fn root(&mut self) -> StepResult<Group> {
        self.query(|walk| Ok(Group { path: "/".into(), address: walk.format()?.root }))
    }

    /// The objects at header addresses (as in [`crate::LinkTarget::Hard`]), named by the paths beside them.
    ///
    /// # Errors
    /// When the file itself cannot be opened; one bad object does not fail the others.
    pub fn objects(&mut self, at: &[(u64, &str)]) -> StepResult<Vec<Result<Object, Error>>> {
        self.query(|walk| walk.each(at, |walk, (address, path)| walk::object(walk, *address, path)))
    }

    /// Every object that hard links reach from the root group, each once under its first path, or why it could not be
    /// read. Of every group: first what is no group, then the groups in it, both by name; the root group is left out.
    ///
    /// # Errors
    /// When the file itself cannot be opened or its root group not be read.
    pub fn tree(&mut self) -> StepResult<Vec<(String, Result<Object, Error>)>> {
        self.query(walk::tree)
    }

    fn query<T>(&mut self, body: impl FnOnce(&mut Walk<'_>) -> Walked<T>) -> StepResult<T> {
        let mut walk = Walk::new(&self.arrived, self.limits, &mut self.memo);
        let result = walk.open().and_then(|()| body(&mut walk));
        let wanted = walk.into_wanted();
        if !wanted.is_empty() {
            return Ok(Step::Need(wanted));
        }
        match result {
            Ok(value) => Ok(Step::Done(value)),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Missing) => Err(Error::Usage("a query lacks bytes and cannot name them".into())),
        }
    }
}
