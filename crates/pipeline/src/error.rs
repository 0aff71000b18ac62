//! Why a job, or one granule of it, stopped.
use crate::{Failure, FailureClass, Ledger, LinkFaults};
use byte_ranges::{SourceError, SourceErrorKind};

/// Why a job failed.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The job itself makes no sense.
    #[error("{0}")]
    Config(String),
    /// At least one granule could not be read, and partial results were not allowed.
    #[error("{}", summary(ledger))]
    Unreadable {
        /// What was read, and what stopped.
        ledger: Box<Ledger>,
    },
    /// The rows that count take more memory than there is, and there is no place for them on a disk.
    #[error("{}", no_room(*rows, *read, *granules, *memory))]
    NoRoom {
        /// Rows that were kept.
        rows: u64,
        /// Granules that were read whole by then.
        read: usize,
        /// Granules of the job.
        granules: usize,
        /// Bytes that the job may hold.
        memory: u64,
    },
    /// The place for rows that memory has no room for took no more, or did not give back what it has.
    #[error(
        "rows could not be put aside: {0}; free some room there, choose another folder with TMPDIR, or give more --memory"
    )]
    Scratch(String),
    /// The job was computed both ways, and the results differ.
    #[error("not all rows of the cell were found: {0}; run it with --exhaustive, and please report this granule")]
    Differs(String),
    /// The output was not taken.
    #[error("Failed to write zarr: {0}")]
    Write(SourceError),
    /// The result could not be encoded.
    #[error("Failed to write zarr: {0}")]
    Encode(String),
}

impl Error {
    /// The class: of an unreadable granule that of the first one that was read.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Unreadable { ledger } => {
                let mut causes = ledger.failed().filter_map(|entry| entry.error.as_ref()).map(|failure| failure.class);
                causes.find(|class| *class != FailureClass::NotRead).unwrap_or(FailureClass::Other)
            }
            Self::Write(error) => error.kind.into(),
            Self::Config(_) => FailureClass::Config,
            Self::NoRoom { .. } => FailureClass::Limit,
            Self::Differs(_) | Self::Encode(_) | Self::Scratch(_) => FailureClass::Other,
        }
    }
}

/// Why one granule stopped.
#[non_exhaustive]
#[derive(Clone, Debug, thiserror::Error)]
pub enum GranuleError {
    /// The file's structure or content; the place is a track or dataset.
    #[error("{}{error}", prefix(place))]
    Hdf5 {
        /// Path of the object.
        place: Option<String>,
        /// What is wrong.
        error: hdf5_pure::Error,
    },
    /// The file is sound, but not of this product.
    #[error("{}{why}", prefix(&Some(place.clone())))]
    Product {
        /// Path of the object.
        place: String,
        /// What does not fit.
        why: String,
    },
    /// The file is sound, and has none of the product's tracks.
    #[error("{}", no_tracks(named.as_deref(), expected))]
    NoTracks {
        /// Its product, as far as its attributes, groups or name say.
        named: Option<String>,
        /// The product that is read.
        expected: String,
    },
    /// An attribute that says how stored numbers become values cannot be applied.
    #[error("{place}: {why}")]
    Attribute {
        /// Path of the dataset.
        place: String,
        /// Which attribute, and why not.
        why: String,
    },
    /// The link of its rows to their parents is broken, and the job is strict.
    #[error("{track}: the link to its parents is broken: {faults}; without --strict its rows are read, whole")]
    Link {
        /// Group name of the track.
        track: String,
        /// What is wrong.
        faults: LinkFaults,
    },
    /// There was no room for more rows: the job ends.
    #[error("there is no room for more rows")]
    NoRoom,
    /// The bytes did not come.
    #[error("{0}")]
    Source(#[from] SourceError),
}

impl GranuleError {
    /// An HDF5 error at `place`.
    pub(crate) fn at(place: impl Into<String>) -> impl FnOnce(hdf5_pure::Error) -> Self {
        let place = Some(place.into());
        move |error| match error {
            hdf5_pure::Error::Source(source) => Self::Source(source),
            error => Self::Hdf5 { place, error },
        }
    }

    /// A product error at `place`.
    pub(crate) fn product(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Product { place: place.into(), why: why.into() }
    }

    /// Whether bytes that came make no sense: others of the granule may.
    pub(crate) const fn is_of_data(&self) -> bool {
        match self {
            Self::Hdf5 { .. } | Self::Product { .. } | Self::NoTracks { .. } | Self::Attribute { .. } => true,
            Self::Link { .. } | Self::NoRoom => false,
            Self::Source(error) => matches!(error.kind, SourceErrorKind::BadAnswer | SourceErrorKind::Truncated),
        }
    }

    /// For the ledger.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let (class, place) = match self {
            Self::Hdf5 { place, error } => (error.into(), place.clone()),
            Self::Product { place, .. } => (FailureClass::Product, Some(place.clone())),
            Self::NoTracks { .. } => (FailureClass::Product, None),
            Self::Attribute { place, .. } => (FailureClass::Attribute, Some(place.clone())),
            Self::Link { track, .. } => (FailureClass::Product, Some(track.clone())),
            Self::NoRoom => (FailureClass::NotRead, None),
            Self::Source(error) => (error.kind.into(), None),
        };
        Failure { class, place, message: self.to_string() }
    }
}

impl From<hdf5_pure::Error> for GranuleError {
    fn from(error: hdf5_pure::Error) -> Self {
        match error {
            hdf5_pure::Error::Source(source) => Self::Source(source),
            error => Self::Hdf5 { place: None, error },
        }
    }
}

fn no_room(rows: u64, read: usize, granules: usize, memory: u64) -> String {
    let mebibytes = memory >> 20;
    let expected = if read > 0 {
        let each = rows.div_ceil(read as u64);
        format!(", about {} are to be expected", each.saturating_mul(granules as u64))
    } else {
        String::new()
    };
    format!(
        "more rows count than the {mebibytes} MiB of memory hold: they have room for {rows}, and with {read} of {granules} granules read{expected}; give more memory, take cells of a finer order or fewer granules, or use `icestream cell` on a machine with a disk, which puts rows aside"
    )
}

fn no_tracks(named: Option<&str>, expected: &str) -> String {
    match named.filter(|named| *named != expected) {
        Some(named) => format!("the file is {named}, the job reads {expected}: --product {named}, or other files"),
        None => {
            format!("the file has none of the tracks of {expected}: give granules of {expected}, or another --product")
        }
    }
}

fn prefix(place: &Option<String>) -> String {
    place.as_ref().map_or_else(String::new, |place| format!("{place}: "))
}

fn summary(ledger: &Ledger) -> String {
    let mut failed = ledger.failed().filter_map(|entry| entry.error.as_ref().map(|error| (entry, error)));
    let Some((entry, error)) = failed.next() else { return "no granule failed".into() };
    let count = ledger.totals.granules_failed;
    let others =
        if count > 1 { format!(" (and {} more of {})", count - 1, ledger.totals.granules) } else { String::new() };
    format!("granule {} could not be read: {}{others}", entry.granule, error.message)
}
