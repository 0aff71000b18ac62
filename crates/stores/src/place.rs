use byte_ranges::{ByteRange, Source, SourceError, SourceErrorKind};
use bytes::Bytes;
use std::io::ErrorKind;
use std::path::Path;
use storage::{Clients, Location};

use crate::{Error, Objects};

/// Largest object that is read: chunks are some 100 KB, shards some MB.
const LARGEST: u64 = 1 << 30;

/// A store in a local folder, at an `http(s)://` URL or an `s3://` prefix.
pub struct Place {
    clients: Clients,
    /// The root as given, without a slash at its end.
    root: String,
    location: Location,
}

impl Place {
    /// A store at a place that [`Location::parse`] understands.
    ///
    /// # Errors
    /// As [`Location::parse`].
    pub fn new(root: &str, clients: Clients) -> Result<Self, Error> {
        let location = Location::parse(root)?;
        // The keys of its objects would end up in the query.
        if location.is_http() && root.contains(['?', '#']) {
            let message = "the URL of a store ends with its path: give one without a query, or a local copy";
            return Err(SourceError::new(SourceErrorKind::Config, location.to_string(), message).into());
        }
        Ok(Self { clients, root: root.trim_end_matches('/').to_owned(), location })
    }

    /// The last component of the place: `-6134114.zarr`.
    #[must_use]
    pub fn name(&self) -> String {
        self.location.name()
    }

    fn at(&self, key: &str) -> Result<Location, Error> {
        Ok(match self.location.as_path() {
            Some(path) => Location::from(path.join(key)),
            None => Location::parse(&format!("{}/{key}", self.root))?,
        })
    }
}

impl Objects for Place {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, Error> {
        let location = self.at(key)?;
        if let Some(path) = location.as_path() {
            return local(path);
        }
        let whole = ByteRange::new(0, LARGEST).ok_or_else(|| Error::corrupt(key, "no range"))?;
        match self.clients.open(&location)?.fetch(whole).await {
            Ok(fetched) => Ok(Some(fetched.bytes)),
            Err(error) if error.kind == SourceErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, Error> {
        if let Some(root) = self.location.as_path() {
            let mut keys = Vec::new();
            walk(&root.join(prefix.trim_end_matches('/')), prefix.trim_end_matches('/'), &mut keys)?;
            return Ok(keys);
        }
        let below = Location::parse(&format!("{}/{prefix}", self.root))?;
        let keys = self.clients.list(&below).await?;
        Ok(keys.into_iter().map(|key| format!("{prefix}{}", key.trim_start_matches('/'))).collect())
    }
}

fn local(path: &Path) -> Result<Option<Bytes>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Files below a folder, as keys that begin with `prefix`.
fn walk(folder: &Path, prefix: &str, keys: &mut Vec<String>) -> Result<(), Error> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        entries => entries.map_err(|error| failed(folder, &error))?,
    };
    for entry in entries {
        let entry = entry.map_err(|error| failed(folder, &error))?;
        let separator = if prefix.is_empty() { "" } else { "/" };
        let key = format!("{prefix}{separator}{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(|error| failed(folder, &error))?.is_dir() {
            walk(&entry.path(), &key, keys)?;
        } else {
            keys.push(key);
        }
    }
    Ok(())
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    let kind =
        if error.kind() == ErrorKind::PermissionDenied { SourceErrorKind::Denied } else { SourceErrorKind::Other };
    SourceError::new(kind, path.display().to_string(), error.to_string()).into()
}
