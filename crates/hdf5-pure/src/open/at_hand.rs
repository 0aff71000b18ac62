//! Bytes that are at hand as a source.
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, SourceErrorKind, Stamp};
use bytes::Bytes;
use std::fmt;

/// A file that can be read without waiting: memory, a disk, a map of memory. Several threads may read at once.
///
/// ```
/// use byte_ranges::{ByteRange, SourceError};
/// use bytes::Bytes;
/// use hdf5_pure::{File, ReadAt};
///
/// /// A file within another one, without compression.
/// struct Member {
///     archive: Bytes,
///     begin: usize,
///     size: usize,
/// }
///
/// impl ReadAt for Member {
///     fn read_at(&self, range: ByteRange) -> Result<Bytes, SourceError> {
///         let member = self.archive.slice(self.begin..self.begin + self.size);
///         member.read_at(range)
///     }
///
///     fn size(&self) -> u64 {
///         self.size as u64
///     }
/// }
/// # let archive: Bytes = std::fs::read("tests/fixtures/btree1.h5")?.into();
/// # let size = archive.len();
/// let file = File::over(Member { archive, begin: 0, size })?;
/// # assert_eq!(file.links("/")?.count(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ReadAt: Send + Sync {
    /// The bytes of a range; fewer only where it reaches past the end of the file.
    ///
    /// # Errors
    /// [`SourceError`] when they cannot be read.
    fn read_at(&self, range: ByteRange) -> Result<Bytes, SourceError>;

    /// Size of the file in bytes.
    fn size(&self) -> u64;

    /// What reading costs: by default that of a local file.
    fn cost(&self) -> Cost {
        Cost::LOCAL
    }
}

impl ReadAt for Bytes {
    fn read_at(&self, range: ByteRange) -> Result<Bytes, SourceError> {
        let at = |place: u64| usize::try_from(place).map_or(self.len(), |at| at.min(self.len()));
        Ok(self.slice(at(range.start())..at(range.end())))
    }

    fn size(&self) -> u64 {
        self.len() as u64
    }

    /// Nothing is copied, so all of it is there at once.
    fn cost(&self) -> Cost {
        Cost { head: self.len() as u64, ..Cost::EXACT }
    }
}

/// A [`ReadAt`] as a source whose futures are ready at once.
pub(super) struct AtHand(pub(super) Box<dyn ReadAt>);

impl Source for AtHand {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        let file_size = self.0.size();
        if range.start() > file_size {
            let message = format!("range {range} lies past the end ({file_size} bytes)");
            return Err(SourceError::new(SourceErrorKind::BadAnswer, "file", message));
        }
        Ok(Fetched { bytes: self.0.read_at(range)?, file_size })
    }

    fn cost(&self) -> Cost {
        self.0.cost()
    }

    fn stamp(&self) -> Option<Stamp> {
        None
    }
}

impl fmt::Debug for AtHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes at hand", self.0.size())
    }
}
