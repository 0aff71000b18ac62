//! A store to write: whole objects by key, into a local directory or under a prefix in S3.
use crate::local::io_error;
use crate::{Counts, S3Sink, Stats};
use byte_ranges::{Sink, SourceError, SourceErrorKind};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What marks a directory or a prefix as a Zarr store: metadata of format 3 or 2 at its root.
pub(crate) const ZARR_MARKS: [&str; 4] = ["zarr.json", ".zgroup", ".zarray", ".zmetadata"];

/// What is at the place of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreState {
    /// Nothing.
    Empty,
    /// A Zarr store: its root has metadata.
    Zarr,
    /// Something else, or a store that was never finished (metadata is put last).
    Other,
}

/// A store to write. Putting is atomic by object: a reader sees the object before or after, never a part; and whoever
/// puts metadata last never shows half a store.
pub enum StoreSink {
    /// A directory.
    Local(LocalSink),
    /// A prefix in S3.
    S3(S3Sink),
}

impl StoreSink {
    /// Whether there is an object `key`.
    ///
    /// # Errors
    /// [`SourceError`] when that cannot be found out.
    pub async fn exists(&self, key: &str) -> Result<bool, SourceError> {
        match self {
            Self::Local(sink) => sink.exists(key),
            Self::S3(sink) => sink.exists(key).await,
        }
    }

    /// What is there now: to refuse, or to ask for an explicit overwrite.
    ///
    /// # Errors
    /// [`SourceError`] when that cannot be found out.
    pub async fn state(&self) -> Result<StoreState, SourceError> {
        match self {
            Self::Local(sink) => sink.state(),
            Self::S3(sink) => sink.state().await,
        }
    }

    /// Removes the Zarr store that is there, with everything under it; nothing there is fine.
    ///
    /// # Errors
    /// [`SourceErrorKind::Config`] when what is there is not a Zarr store: it may be somebody's data, and is left alone.
    pub async fn remove_all(&self) -> Result<(), SourceError> {
        match self.state().await? {
            StoreState::Empty => Ok(()),
            StoreState::Zarr => match self {
                Self::Local(sink) => sink.remove_tree(),
                Self::S3(sink) => sink.remove_tree().await,
            },
            StoreState::Other => {
                let message =
                    "not removed: there are files and no Zarr metadata at its root; delete it by hand if it may go";
                Err(SourceError::new(SourceErrorKind::Config, self.shown(), message))
            }
        }
    }

    /// Removes the objects that this sink has put, and no other: the cleaning up after a failure.
    ///
    /// # Errors
    /// The first [`SourceError`]; the rest is tried all the same.
    pub async fn remove_written(&self) -> Result<(), SourceError> {
        match self {
            Self::Local(sink) => sink.remove_written(),
            Self::S3(sink) => sink.remove_written().await,
        }
    }

    /// What writing has taken so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        match self {
            Self::Local(sink) => sink.stats.snapshot(),
            Self::S3(sink) => sink.counts(),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Local(sink) => sink.root.display().to_string(),
            Self::S3(sink) => sink.shown(""),
        }
    }
}

impl Sink for StoreSink {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), SourceError> {
        match self {
            Self::Local(sink) => sink.put(key, bytes).await,
            Self::S3(sink) => sink.put(key, bytes).await,
        }
    }
}

/// A store in a local directory, made when the first object comes. An object is written under another name in the
/// directory where it belongs, and renamed.
#[derive(Debug)]
pub struct LocalSink {
    root: PathBuf,
    stats: Arc<Stats>,
    serial: AtomicU64,
    written: Mutex<BTreeSet<String>>,
}

impl LocalSink {
    pub(crate) fn new(root: &Path, stats: Arc<Stats>) -> Self {
        Self { root: root.to_owned(), stats, serial: AtomicU64::new(0), written: Mutex::default() }
    }

    fn path(&self, key: &str) -> Result<PathBuf, SourceError> {
        check_key(key, &self.root.display().to_string())?;
        Ok(key.split('/').fold(self.root.clone(), |path, part| path.join(part)))
    }

    fn exists(&self, key: &str) -> Result<bool, SourceError> {
        let path = self.path(key)?;
        path.try_exists().map_err(|e| io_error(&path.display().to_string(), "cannot be looked for", &e))
    }

    fn state(&self) -> Result<StoreState, SourceError> {
        let shown = self.root.display().to_string();
        let mut entries = match fs::read_dir(&self.root) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(StoreState::Empty),
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => return Ok(StoreState::Other),
            other => other.map_err(|e| io_error(&shown, "cannot be listed", &e))?,
        };
        if entries.next().is_none() {
            return Ok(StoreState::Empty);
        }
        let marked = ZARR_MARKS.iter().any(|mark| self.root.join(mark).is_file());
        Ok(if marked { StoreState::Zarr } else { StoreState::Other })
    }

    fn remove_tree(&self) -> Result<(), SourceError> {
        // The marks go first: what is left by an interruption is no store any more.
        for mark in ZARR_MARKS {
            remove_file(&self.root.join(mark))?;
        }
        fs::remove_dir_all(&self.root).map_err(|e| io_error(&self.root.display().to_string(), "cannot be removed", &e))
    }

    fn remove_written(&self) -> Result<(), SourceError> {
        let written = std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner));
        let mut outcome = Ok(());
        for key in &written {
            let path = self.path(key)?;
            outcome = outcome.and(remove_file(&path));
            // Directories that this has emptied go too, the root's own included; a full one refuses.
            for parent in path.ancestors().skip(1).take_while(|parent| parent.starts_with(&self.root)) {
                if fs::remove_dir(parent).is_err() {
                    break;
                }
            }
        }
        outcome
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let parent = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent)?;
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = parent.join(format!(".{name}.{}-{serial}.tmp", std::process::id()));
        let outcome = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
        if outcome.is_err() {
            _ = fs::remove_file(&temporary);
        }
        outcome
    }
}

impl Sink for LocalSink {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), SourceError> {
        let path = self.path(key)?;
        self.stats.add_request();
        self.write(&path, &bytes).map_err(|e| io_error(&path.display().to_string(), "cannot be written", &e))?;
        self.stats.add_bytes(bytes.len());
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
        Ok(())
    }
}

/// Keys are relative, `/`-separated, and stay below the store.
pub(crate) fn check_key(key: &str, shown: &str) -> Result<(), SourceError> {
    let bad = |part: &str| matches!(part, "" | "." | "..") || part.contains(['\\', '\0', ':']);
    if !key.split('/').any(bad) {
        return Ok(());
    }
    let message = format!("`{key}` is not a key: write components separated by single slashes, without `..`");
    Err(SourceError::new(SourceErrorKind::Config, shown, message))
}

fn remove_file(path: &Path) -> Result<(), SourceError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(io_error(&path.display().to_string(), "cannot be removed", &e))
        }
        _ => Ok(()),
    }
}
