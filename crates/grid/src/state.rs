//! What a store was asked for, beside it: a run goes on only where the same is asked for again, and one at a time.
use crate::{Error, Gatherable};
use pipeline::JobSpec;
use sha2::{Digest as _, Sha256};
use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use storage::Location;

/// The word behind the key of what is done, files too.
const DONE: &str = " done";

/// The file beside a store that says what it was asked for. It is held while a run is under way.
pub struct State {
    file: File,
    path: PathBuf,
    key: String,
    held: String,
}

/// What was asked for before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Before {
    /// Nothing, as far as is known.
    Nothing,
    /// The same, and it was stopped.
    Stopped,
    /// The same, and it ended well.
    Done,
    /// Something else.
    Other,
}

impl State {
    /// Takes the file of a store.
    ///
    /// # Errors
    /// [`Error::InUse`] while another run has it, [`Error::State`] where it cannot be written.
    pub(crate) fn take(store: &str, spec: &JobSpec, granules: &Gatherable) -> Result<Self, Error> {
        // Granules that cannot be read may be left out on the way.
        let mut hash = Sha256::new_with_prefix(JobSpec { allow_partial: false, ..spec.clone() }.canonical());
        hash.update(env!("CARGO_PKG_VERSION"));
        let mut all: Vec<String> = granules.granules.iter().map(identity).collect();
        all.sort_unstable();
        all.iter().for_each(|granule| hash.update(granule));
        for (cell, own) in granules.of_cells.iter().flatten() {
            hash.update(format!("{cell}:{}", own.len()));
        }
        let key: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let path = Self::path(store);
        let failed = |error: std::io::Error| Error::State(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut options = File::options();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse(store.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut held = String::new();
        file.read_to_string(&mut held).map_err(failed)?;
        Ok(Self { file, path, key, held: held.trim_end().to_owned() })
    }

    /// Beside a folder; in the working folder for a bucket.
    fn path(store: &str) -> PathBuf {
        let store = store.trim_end_matches('/');
        let name = if store.contains("://") { store.rsplit('/').next().unwrap_or("icestream") } else { store };
        PathBuf::from(format!("{name}.grid"))
    }

    /// What was asked for before.
    pub(crate) fn before(&self) -> Before {
        match self.held.strip_prefix(&self.key) {
            _ if self.held.is_empty() => Before::Nothing,
            Some("") => Before::Stopped,
            Some(DONE) => Before::Done,
            _ => Before::Other,
        }
    }

    /// Says that a run is under way.
    pub(crate) fn begin(&mut self) -> Result<(), Error> {
        self.write("")
    }

    /// Says that all is done, files too.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn end(&mut self) -> Result<(), Error> {
        self.write(DONE)
    }

    /// Takes the file away with the store.
    pub fn forget(self) {
        // Without the store it says nothing.
        let _ = std::fs::remove_file(&self.path);
    }

    fn write(&mut self, word: &str) -> Result<(), Error> {
        self.held = format!("{}{word}", self.key);
        let mut write = || {
            self.file.rewind()?;
            self.file.write_all(format!("{:<70}\n", self.held).as_bytes())?;
            self.file.sync_all()
        };
        write().map_err(|error: std::io::Error| Error::State(format!("{}: {error}", self.path.display())))
    }
}

/// What a granule is known by: a link without what signs it; a file with its size and date.
fn identity(location: &Location) -> String {
    let Some(path) = location.as_path() else { return location.unsigned() };
    let file = std::fs::metadata(path).ok();
    let size = file.as_ref().map(std::fs::Metadata::len);
    let modified = file.and_then(|file| file.modified().ok());
    format!("{}:{size:?}:{modified:?}", location.unsigned())
}
