//! A local file, read by position.
use crate::Stats;
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, SourceErrorKind, Stamp};
use bytes::Bytes;
use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// An open local file, pinned to the size and the time of change that it had when it was opened. Reads happen in place:
/// they take microseconds.
#[derive(Debug)]
pub struct LocalSource {
    file: File,
    shown: String,
    pinned: Version,
    stats: Arc<Stats>,
    cost: Cost,
}

type Version = (u64, Option<SystemTime>);

impl LocalSource {
    pub(crate) fn open(path: &Path, stats: Arc<Stats>, cost: Cost) -> Result<Self, SourceError> {
        let shown = path.display().to_string();
        let failed = |e| io_error(&shown, "cannot be opened", &e);
        // Looked at first: opening a pipe waits for a writer.
        check_kind(&std::fs::metadata(path).map_err(failed)?, &shown)?;
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        check_kind(&metadata, &shown)?;
        Ok(Self { file, shown, pinned: version(&metadata), stats, cost })
    }

    pub(crate) const fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    fn read(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        let size = self.pinned.0;
        if range.start() > size {
            let message = format!("range {range} lies past the end ({size} bytes)");
            return Err(SourceError::new(SourceErrorKind::BadAnswer, &self.shown, message));
        }
        let length = usize::try_from(range.end().min(size) - range.start()).map_err(|_| {
            SourceError::new(SourceErrorKind::Config, &self.shown, format!("range {range} does not fit in memory"))
        })?;
        self.stats.add_request();
        let mut bytes = vec![0; length];
        let outcome = read_exact_at(&self.file, &mut bytes, range.start());
        // Only a check after the read proves that what was read is of the pinned version.
        let now = self.file.metadata().map_err(|e| io_error(&self.shown, "cannot be read", &e))?;
        if version(&now) != self.pinned {
            let message = format!("the file changed while it was read ({} bytes, was {size}): start again", now.len());
            return Err(SourceError::new(SourceErrorKind::Changed, &self.shown, message));
        }
        outcome.map_err(|e| io_error(&self.shown, "cannot be read", &e))?;
        self.stats.add_bytes(length);
        Ok(Fetched { bytes: Bytes::from(bytes), file_size: size })
    }
}

impl Source for LocalSource {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        self.read(range)
    }

    fn cost(&self) -> Cost {
        self.cost
    }

    fn stamp(&self) -> Option<Stamp> {
        let (size, changed) = self.pinned;
        let since = changed?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Stamp { size, tag: format!("changed {}.{:09}", since.as_secs(), since.subsec_nanos()) })
    }
}

fn check_kind(metadata: &Metadata, shown: &str) -> Result<(), SourceError> {
    let message = match () {
        () if metadata.is_file() => return Ok(()),
        () if metadata.is_dir() => "this is a directory, not a file: name the files in it",
        () => "this is a pipe or a device, which has no ranges: copy it into a file",
    };
    Err(SourceError::new(SourceErrorKind::Config, shown, message))
}

fn version(metadata: &Metadata) -> Version {
    (metadata.len(), metadata.modified().ok())
}

/// An error of the file system with a kind that callers can decide by.
pub(crate) fn io_error(shown: &str, what: &str, error: &io::Error) -> SourceError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => SourceErrorKind::NotFound,
        // A full disk refuses too: trying again does not help.
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded => SourceErrorKind::Denied,
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => SourceErrorKind::Config,
        _ => SourceErrorKind::Other,
    };
    SourceError::new(kind, shown, format!("{what}: {error}"))
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match std::os::windows::fs::FileExt::seek_read(file, rest, offset + done as u64) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => done += count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
