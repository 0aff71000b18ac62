use byte_ranges::{ByteRange, Source, SourceError, SourceErrorKind};
use bytes::Bytes;
use std::io::ErrorKind;
use std::path::Path;
use storage::{Clients, Location};

use crate::objects::is_key;
use crate::{Error, Objects};

/// Largest object that is read: chunks are some 100 KB, shards some MB.
const LARGEST: u64 = 1 << 30;

/// What is wrong with a key that is none.
pub(crate) const LEAVES: &str = "this key is not below the store, and is not read: the metadata of the store is wrong, copy it from its source again";

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

    /// Where a key is, or the folder of a prefix without the slash at its end.
    fn at(&self, key: &str) -> Result<Location, Error> {
        // In a URL, what is behind these is not of the path.
        if !is_key(key) || self.location.is_http() && key.contains(['?', '#']) {
            return Err(Error::corrupt(key, LEAVES));
        }
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
        let folder = prefix.strip_suffix('/').unwrap_or(prefix);
        let below = if prefix.is_empty() { self.location.clone() } else { self.at(folder)? };
        if let Some(path) = below.as_path() {
            let mut keys = Vec::new();
            walk(path, folder, &mut keys)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leaves_the_store() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = std::env::temp_dir().join(format!("stores-place-{}", std::process::id()));
        let outside = folder.join("outside");
        std::fs::create_dir_all(folder.join("a.zarr/9")).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::write(outside.join("secret"), "x").unwrap();
        std::fs::write(folder.join("a.zarr/9/zarr.json"), "{}").unwrap();
        let root = folder.join("a.zarr");
        let place = Place::new(root.to_str().unwrap(), Clients::new(storage::Options::default())).unwrap();
        runtime.block_on(async {
            assert!(place.get("9/zarr.json").await.unwrap().is_some());
            for prefix in ["9/", "9", ""] {
                assert_eq!(place.list(prefix).await.unwrap(), ["9/zarr.json"], "{prefix}");
            }
            let absolute = outside.to_str().unwrap();
            for key in ["../outside", "9/../../outside", "9//zarr.json", absolute] {
                let error = place.get(&format!("{key}/secret")).await.unwrap_err().to_string();
                assert!(error.contains("not below the store"), "{error}");
                assert!(place.list(&format!("{key}/")).await.is_err(), "{key}");
            }
            let place = Place::new("https://example.org/a.zarr", Clients::new(storage::Options::default())).unwrap();
            for key in ["../b/zarr.json", "%2e%2e/b/zarr.json", "9/zarr.json?x=1", "9#/zarr.json"] {
                assert!(matches!(place.get(key).await, Err(Error::Corrupt { .. })), "{key}");
            }
        });
        std::fs::remove_dir_all(folder).unwrap();
    }
}
