use byte_ranges::SourceError;
use morton::{Cell, Latitude};
use std::fmt::Display;

/// Why a store or a table could not be read, checked or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes did not come, or were not taken.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// One input of several, or a file that cannot be read.
    #[error("{input}: {error}")]
    Input {
        /// The input as it was given, without secrets.
        input: String,
        /// What is wrong with it.
        error: Box<Error>,
    },
    /// There is no Zarr group here.
    #[error("{0}: no Zarr store here (there is no zarr.json)")]
    NoStore(String),
    /// A writer is at the store, or was stopped.
    #[error("{0}: the store is not whole: a writer is at it, or was stopped")]
    Unfinished(String),
    /// A document, a chunk or a line is not what it must be.
    #[error("{key}: {why}")]
    Corrupt {
        /// Key of the object, or the place in a CSV.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// A codec, grid or type that no store of this project has.
    #[error("{key}: {what} is not supported")]
    Unsupported {
        /// Key of the object.
        key: String,
        /// What it uses.
        what: String,
    },
    /// The store has no such order.
    #[error("the store has no order {order}; it has {held}")]
    NoOrder {
        /// The order that was asked for.
        order: u8,
        /// Those there are.
        held: String,
    },
    /// The level has no such variable.
    #[error("there is no variable `{name}`; there are {held}")]
    NoVariable {
        /// The name that was asked for.
        name: String,
        /// Those there are.
        held: String,
    },
    /// The level has no such window of time.
    #[error("there is no window `{name}`; {}", windows_held(.held))]
    NoWindow {
        /// The name that was asked for.
        name: String,
        /// Those there are.
        held: String,
    },
    /// There are several windows of time where one is needed.
    #[error("there are several windows of time: {0}")]
    Windows(String),
    /// A place holds nothing that can be read as a store.
    #[error("{place}: {why}")]
    Unreadable {
        /// The place.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// A store that this engine did not write, or that is damaged. A validation lists everything that is wrong.
    #[error("{store}: {why}")]
    Damaged {
        /// The store.
        store: String,
        /// The first fault.
        why: String,
    },
    /// A place without any object.
    #[error("{0}: there is nothing of a store")]
    Nothing(String),
    /// Neither a store nor a folder of stores.
    #[error("{0}: neither a store nor a folder of NAME.zarr")]
    NoStores(String),
    /// A store of one cell where one of the sphere is needed.
    #[error("{0}: this is a store of one cell: it has nothing above its cell")]
    OneCell(String),
    /// The store does not allow what was asked for.
    #[error("{store}: {why}")]
    Refused {
        /// The store.
        store: String,
        /// Why not.
        why: String,
    },
    /// The place to write is taken by something else.
    #[error("{place}: {why}")]
    Occupied {
        /// The place.
        place: String,
        /// What is there.
        why: String,
    },
    /// Two stores to merge hold the same cell.
    #[error("{store}: cell {cell} is in {other} too")]
    Twice {
        /// The second store.
        store: String,
        /// The cell.
        cell: Cell,
        /// The first store.
        other: String,
    },
    /// The target of a merge holds the cell with other values.
    #[error("{out}: cell {cell} is there with other values than in {store}")]
    OtherValues {
        /// The target.
        out: String,
        /// The cell.
        cell: Cell,
        /// The store to merge.
        store: String,
    },
    /// Two tables of different latitude conventions: the same id is another cell in each.
    #[error("{a} has {latitude_a} ids, {b} has {latitude_b} ids: these are other cells")]
    OtherCells {
        /// Name of the first table.
        a: String,
        /// Its convention.
        latitude_a: Latitude,
        /// Name of the second table.
        b: String,
        /// Its convention.
        latitude_b: Latitude,
    },
    /// What a store says of its making cannot be made again.
    #[error("{0}")]
    Recipe(String),
    /// A cell or order that does not exist.
    #[error(transparent)]
    Cell(#[from] morton::Error),
    /// A job that makes no sense.
    #[error("{0}")]
    Job(pipeline::Error),
    /// Levels above the parents cannot be composed.
    #[error("{0}")]
    Compose(pipeline::Error),
    /// A store could not be written.
    #[error("{0}")]
    Write(pipeline::Error),
}

fn windows_held(windows: &str) -> String {
    if windows.is_empty() { "there is no time axis".to_owned() } else { format!("there are {windows}") }
}

impl Error {
    pub(crate) fn corrupt(key: &str, why: impl Into<String>) -> Self {
        Self::Corrupt { key: key.to_owned(), why: why.into() }
    }

    pub(crate) fn unsupported(key: &str, what: impl Into<String>) -> Self {
        Self::Unsupported { key: key.to_owned(), what: what.into() }
    }

    pub(crate) fn unreadable(place: &str, why: impl Display) -> Self {
        Self::Unreadable { place: place.to_owned(), why: why.to_string() }
    }

    pub(crate) fn damaged(store: &str, why: impl Display) -> Self {
        Self::Damaged { store: store.to_owned(), why: why.to_string() }
    }

    pub(crate) fn refused(store: &str, why: impl Display) -> Self {
        Self::Refused { store: storage::redacted(store), why: why.to_string() }
    }
}
