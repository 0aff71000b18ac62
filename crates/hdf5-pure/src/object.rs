//! What a file holds, as answers of queries.
use crate::datatype::{Datatype, HeapRef};
use crate::filters::Filter;
use crate::layout::slab_shape;
use crate::limits::Limits;
use bytes::Bytes;
use std::sync::Arc;

/// What a path leads to.
#[derive(Clone, Debug)]
pub enum Object {
    /// A group.
    Group(Group),
    /// A dataset.
    Dataset(Arc<Dataset>),
    /// A datatype with a name (committed datatype).
    Datatype(Arc<CommittedDatatype>),
}

/// A group: links by name. Ask [`crate::Metadata::links`] for them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// Path by which it was found.
    pub path: String,
    /// Address of its object header, relative to the base address.
    pub address: u64,
}

/// A datatype stored under a name of its own.
#[derive(Clone, Debug)]
pub struct CommittedDatatype {
    /// Path by which it was found.
    pub path: String,
    /// Address of its object header, relative to the base address.
    pub address: u64,
    /// The datatype.
    pub datatype: Datatype,
}

/// Which of the three dataspaces (IV.A.2.b).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Space {
    /// No element at all; `shape` is `[0]`.
    Null,
    /// One element; `shape` is empty.
    Scalar,
    /// An array; `shape` has one entry a dimension.
    Simple,
}

/// A dataset: everything its header says, nothing of its data.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Path by which it was found.
    pub path: String,
    /// Address of its object header, relative to the base address.
    pub address: u64,
    /// Null, scalar or simple.
    pub space: Space,
    /// Current dimensions in elements, slowest first.
    pub shape: Vec<u64>,
    /// Maximum dimensions; `None` where unlimited.
    pub max_shape: Vec<Option<u64>>,
    /// Type of one element as stored.
    pub datatype: Datatype,
    /// Where the data lie.
    pub layout: DataLayout,
    /// Filters in the order in which they were applied when writing.
    pub filters: Vec<Filter>,
    /// One element as stored, for whatever was never written; `None` when the file leaves it undefined.
    pub fill_value: Option<Bytes>,
    /// The fill value that the writer of the dataset chose, one element as stored; `None` where it chose none. It is known
    /// also where unwritten data are left undefined.
    pub chosen_fill: Option<Bytes>,
    pub(crate) base: u64,
    pub(crate) limits: Limits,
}

/// Where the data of a dataset lie (IV.A.2.i).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DataLayout {
    /// In the object header itself.
    Compact {
        /// The data.
        data: Bytes,
        /// Absolute file offset of the data.
        offset: u64,
    },
    /// Contiguous: in one block.
    Contiguous {
        /// Address relative to the base address; `None`: not allocated, all fill value.
        address: Option<u64>,
    },
    /// In chunks.
    Chunked(Chunked),
    /// In other files as raw bytes (External Data Files message); not readable here.
    External,
    /// In other datasets (virtual dataset); not readable here.
    Virtual,
}

/// A chunked layout.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chunked {
    /// Dimensions of a chunk in elements, as many as the dataset has.
    pub chunk_shape: Vec<u64>,
    /// How chunks are found.
    pub index: ChunkIndex,
    /// Address of the index, or of the chunk itself for [`ChunkIndex::Single`] and [`ChunkIndex::Implicit`], relative to
    /// the base address; `None`: nothing was written yet.
    pub address: Option<u64>,
    /// Chunks that reach over the edge of the dataset are stored without filters.
    pub plain_edges: bool,
}

/// Kinds of chunk index (III.A.1, IV.A.2.i, VII).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChunkIndex {
    /// Version 1 B-tree.
    BTree1,
    /// The dataset is one chunk; `filtered`: its stored size and filter mask.
    Single {
        /// Stored size in bytes and filter mask when filters are applied.
        filtered: Option<(u64, u32)>,
    },
    /// All chunks one after the other, unfiltered.
    Implicit,
    /// Fixed array: no dimension unlimited.
    FixedArray,
    /// Extensible array: one dimension unlimited.
    ExtensibleArray,
    /// Version 2 B-tree: several dimensions unlimited.
    BTree2,
}

/// One link of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Name; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// Where it leads.
    pub target: LinkTarget,
}

/// Where a link leads (IV.A.2.g).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkTarget {
    /// To an object header at an address relative to the base address.
    Hard(u64),
    /// To a path, relative to the group unless it begins with `/`.
    Soft(String),
    /// To an object of another file.
    External {
        /// File name as stored.
        file: String,
        /// Path in that file.
        object: String,
    },
    /// A link of a class defined by some application.
    UserDefined(u8),
}

/// One attribute with its value.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Name; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// Null, scalar or simple.
    pub space: Space,
    /// Dimensions in elements.
    pub shape: Vec<u64>,
    /// Type of one element as stored.
    pub datatype: Datatype,
    /// The elements as stored, in C order.
    pub raw: Bytes,
}

/// Where a variable-length value lies (III.E): an object of a global heap collection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HeapId {
    /// Address of the collection, relative to the base address.
    pub collection: u64,
    /// Index of the object in it.
    pub index: u32,
}

impl From<HeapRef> for HeapId {
    fn from(stored: HeapRef) -> Self {
        if stored.is_empty() {
            Self { collection: 0, index: 0 }
        } else {
            Self { collection: stored.address, index: stored.index }
        }
    }
}

impl Dataset {
    /// Size of one element as stored, in bytes.
    #[must_use]
    pub fn element_size(&self) -> u64 {
        self.datatype.size() as u64
    }

    /// Number of elements; `None` when it does not fit in 64 bits.
    #[must_use]
    pub fn elements(&self) -> Option<u64> {
        self.shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d))
    }

    /// Absolute file offset of the chunk index, where there is one. Writers begin to fill a dataset when they make its
    /// index, so its first chunk is often right behind.
    #[must_use]
    pub fn index_offset(&self) -> Option<u64> {
        match &self.layout {
            DataLayout::Chunked(chunked) => chunked.address?.checked_add(self.base),
            _ => None,
        }
    }

    /// Dimensions of a chunk in elements. Contiguous data count as unfiltered chunks too: slabs of about 256 KiB, so
    /// that a part can be read; compact data are one chunk.
    #[must_use]
    pub fn chunk_shape(&self) -> Vec<u64> {
        match &self.layout {
            DataLayout::Chunked(chunked) => chunked.chunk_shape.clone(),
            DataLayout::Contiguous { .. } => slab_shape(&self.shape, self.element_size()),
            _ => self.shape.clone(),
        }
    }
}
