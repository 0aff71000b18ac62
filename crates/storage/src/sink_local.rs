//! A store in a local directory.
use crate::Stats;
use crate::beside::{Beside, behind_links, beside_of, folder_of, is_temporary, sweep, sync_folder};
use crate::key::check_key;
use crate::local::io_error;
use byte_ranges::{Sink, SourceError, Storage, Tag};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A disk with less is full.
const PROBE_BYTES: usize = 64 << 10;

/// A store in a local directory, made when the first object comes. An object is written beside its place, under a lock that
/// every writer of that object takes, and renamed.
#[derive(Debug)]
pub struct LocalSink {
    root: PathBuf,
    pub(crate) stats: Arc<Stats>,
    /// Files that a loss of power may still take.
    unsettled: Mutex<BTreeSet<PathBuf>>,
}

impl LocalSink {
    pub(crate) fn new(root: &Path, stats: Arc<Stats>) -> Self {
        // A link to a folder that is not there yet cannot be made a folder itself.
        let behind = if root.exists() { None } else { behind_links(root).ok() };
        Self { root: behind.unwrap_or_else(|| root.to_owned()), stats, unsettled: Mutex::default() }
    }

    fn path(&self, key: &str) -> Result<PathBuf, SourceError> {
        check_key(key, &self.root.display().to_string())?;
        Ok(key.split('/').fold(self.root.clone(), |path, part| path.join(part)))
    }

    /// Writes a file into the nearest folder that is there, and takes it away.
    pub(crate) fn probe(&self) -> Result<(), SourceError> {
        let failed = |e: &io::Error| io_error(&self.root.display().to_string(), "cannot be written", e);
        let probe = self.probe_place().and_then(|place| Beside::begin(&place));
        probe.and_then(|mut probe| probe.write(&[0; PROBE_BYTES])).map_err(|e| failed(&e))
    }

    /// Takes away what a probe has left that was killed.
    pub(crate) fn forget_probe(&self) {
        if let Ok(place) = self.probe_place() {
            sweep(&beside_of(&place));
        }
    }

    fn probe_place(&self) -> io::Result<PathBuf> {
        let root = std::path::absolute(&self.root)?;
        let folder = root.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
        Ok(folder.join("icestream-probe"))
    }

    /// Puts an object if `may` says so of what is there.
    fn write(&self, key: &str, bytes: &[u8], may: impl FnOnce(Option<&[u8]>) -> bool) -> Result<bool, SourceError> {
        let path = self.path(key)?;
        self.stats.add_request();
        let write = || {
            let mut beside = Beside::begin(&path)?;
            if !may(read(&path)?.as_deref()) {
                return Ok(false);
            }
            beside.write(bytes)?;
            beside.put()?;
            Ok(true)
        };
        let written = write().map_err(|e| io_error(&path.display().to_string(), "cannot be written", &e))?;
        if written {
            self.stats.add_bytes(bytes.len());
            self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
        }
        Ok(written)
    }

    /// Removes a file, and the directories that this has emptied, the root included; a full one refuses.
    fn remove(&self, path: &Path, seen: &Tag) -> io::Result<()> {
        let Some(held) = read(path)? else { return Ok(()) };
        let lock = Beside::begin(path)?;
        if seen.holds(&Tag::of(&held)) && read(path)?.is_some_and(|again| again == held) {
            fs::remove_file(path)?;
        }
        drop(lock);
        remove_empty(path, |folder| folder.starts_with(&self.root));
        Ok(())
    }

    /// Removes what a writer has left that was killed while it removed this file. The root stays: it may be the user's.
    fn clean(&self, path: &Path) {
        sweep(&beside_of(path));
        remove_empty(path, |folder| folder != self.root && folder.starts_with(&self.root));
    }
}

impl Sink for LocalSink {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), SourceError> {
        self.write(key, &bytes, |_| true).map(drop)
    }
}

impl Storage for LocalSink {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>, SourceError> {
        let path = self.path(key)?;
        self.stats.add_request();
        let held = read(&path).map_err(|e| io_error(&path.display().to_string(), "cannot be read", &e))?;
        if held.is_none() {
            self.clean(&path);
        }
        Ok(held.map(|bytes| (Tag::of(&bytes), bytes)).map(|(tag, bytes)| (bytes.into(), tag)))
    }

    async fn put_if(&self, key: &str, bytes: Bytes, seen: Option<&Tag>) -> Result<bool, SourceError> {
        self.write(key, &bytes, |held| match (held, seen) {
            (None, None) => true,
            (Some(held), Some(seen)) => seen.holds(&Tag::of(held)),
            _ => false,
        })
    }

    async fn delete(&self, key: &str, seen: &Tag) -> Result<(), SourceError> {
        let path = self.path(key)?;
        self.stats.add_request();
        self.remove(&path, seen).map_err(|e| io_error(&path.display().to_string(), "cannot be removed", &e))
    }

    /// What killed writers left beside its place is removed on the way.
    async fn list(&self, prefix: &str, most: usize) -> Result<Vec<String>, SourceError> {
        let (folder, _) = prefix.rsplit_once('/').unwrap_or_default();
        let path = if folder.is_empty() { self.root.clone() } else { self.path(folder)? };
        let mut keys = Vec::new();
        walk(&path, folder, most, &mut keys)
            .map_err(|e| io_error(&path.display().to_string(), "cannot be listed", &e))?;
        keys.retain(|key| key.starts_with(prefix));
        keys.sort();
        Ok(keys)
    }

    async fn settle(&self) -> Result<(), SourceError> {
        let files = std::mem::take(&mut *self.unsettled.lock().unwrap_or_else(PoisonError::into_inner));
        for path in &files {
            // Windows settles only a file that is open for writing.
            let file = fs::OpenOptions::new().read(true).write(cfg!(windows)).open(path);
            match file.and_then(|file| file.sync_all()) {
                // Another attempt has taken it away, or a file system has nothing to settle.
                Err(e) if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput) => {
                    return Err(io_error(&path.display().to_string(), "cannot be written to the disk", &e));
                }
                _ => {}
            }
        }
        let up_to_root = |path: &PathBuf| -> Vec<PathBuf> {
            let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
            folders.map(Path::to_owned).collect()
        };
        let folders: BTreeSet<PathBuf> = files.iter().flat_map(up_to_root).collect();
        folders.iter().for_each(|folder| sync_folder(folder));
        if !folders.is_empty() {
            sync_folder(folder_of(&self.root));
        }
        Ok(())
    }

    fn shown(&self, key: &str) -> String {
        if key.is_empty() { self.root.display().to_string() } else { self.root.join(key).display().to_string() }
    }
}

/// Removes the folders that a file was in, from the inside out, while they are empty and `may` allows it.
fn remove_empty(path: &Path, may: impl Fn(&Path) -> bool) {
    for folder in path.ancestors().skip(1).take_while(|folder| may(folder)) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

/// A whole file; `None` if there is none.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Files below a folder as keys; links are not followed.
fn walk(folder: &Path, prefix: &str, most: usize, keys: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &key, most, keys)?;
        } else if is_temporary(&name) {
            sweep(&entry.path());
        } else {
            keys.push(key);
        }
        if keys.len() >= most {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn what_a_writer_left_that_was_killed_while_deleting_goes_when_it_is_looked_for() {
        let root = std::env::temp_dir().join(format!("icestream-sink-local-{}", std::process::id()));
        let sink = LocalSink::new(&root, Arc::default());
        sink.put("12/a/c/7", "kept".into()).now_or_never().unwrap().unwrap();
        for folder in ["12/a/c", "cells/-61", "9/b/c"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("12/a/c/.8.tmp"), "").unwrap();
        fs::write(root.join("cells/-61/.zarr.json.tmp"), "").unwrap();
        for key in ["12/a/c/8", "cells/-61/zarr.json", "9/b/c/8", "zarr.json"] {
            assert!(sink.get(key).now_or_never().unwrap().unwrap().is_none());
        }
        let names = |folder: &Path| -> BTreeSet<String> {
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        assert_eq!((names(&root), names(&root.join("12/a/c"))), (["12".into()].into(), ["7".into()].into()));
        fs::remove_file(root.join("12/a/c/7")).unwrap();
        assert!(sink.get("12/a/c/7").now_or_never().unwrap().unwrap().is_none());
        assert!(names(&root).is_empty(), "the root stays");
        fs::remove_dir(&root).unwrap();
    }
}
