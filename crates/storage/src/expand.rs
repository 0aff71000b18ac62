//! From what a user typed to locations.
use crate::local::io_error;
use crate::location::Place;
use crate::s3_list::{Listing, list};
use crate::{Clients, Location};
use byte_ranges::{SourceError, SourceErrorKind, file_name};
use glob::{MatchOptions, Pattern};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Endings of HDF5 files, as HDF-EOS and NSIDC use them.
const ENDINGS: [&str; 3] = [".h5", ".hdf5", ".he5"];

/// Endings that other files have too: of these the ones that are named like granules of ICESat-2.
const NETCDF: [&str; 3] = [".nc", ".nc4", ".hdf"];

/// `*` stays within a component, as in a shell.
const SHELL: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

impl Clients {
    /// Files that `input` stands for, sorted by name: a file or a URL is itself; a directory or a prefix in a bucket
    /// with a slash at its end stands for the HDF5 files right in it or below it; a pattern (`*`, `?`, `[..]`, `**`), of a
    /// path or of a key, for what matches.
    ///
    /// # Errors
    /// [`SourceErrorKind::NotFound`] when there is nothing, with what was looked for; whatever listing a bucket yields.
    pub async fn expand(&self, input: &str) -> Result<Vec<Location>, SourceError> {
        let location = Location::parse(input)?;
        let found = match &location.0 {
            Place::Http(_) => return Ok(vec![location]),
            Place::Local(path) if path.is_dir() => directory(path)?,
            Place::Local(path) if path.exists() || !is_pattern(input) => return Ok(vec![location]),
            Place::Local(path) => matches(&path.to_string_lossy())?,
            Place::S3 { bucket, key } if is_many(key) => {
                let keys = self.keys(bucket, fixed(key)).await?;
                let chosen = chosen(key)?;
                keys.into_iter().filter(chosen).map(|key| Location(Place::S3 { bucket: bucket.clone(), key })).collect()
            }
            Place::S3 { .. } => return Ok(vec![location]),
            #[cfg(feature = "clouds")]
            Place::Cloud(place) if is_many(&place.key) => {
                let keys = self.cloud_keys(place, fixed(&place.key)).await?;
                let chosen = chosen(&place.key)?;
                keys.into_iter().filter(chosen).map(|key| Location(Place::Cloud(place.with_key(key)))).collect()
            }
            #[cfg(feature = "clouds")]
            Place::Cloud(_) => return Ok(vec![location]),
        };
        if found.is_empty() {
            let message = format!("no HDF5 file found ({}): check the path or the pattern", ENDINGS.join(", "));
            return Err(SourceError::new(SourceErrorKind::NotFound, input, message));
        }
        Ok(found)
    }

    /// [`Clients::expand`] over many inputs, in their order.
    ///
    /// # Errors
    /// The first that [`Clients::expand`] meets.
    pub async fn expand_all(&self, inputs: &[String]) -> Result<Vec<Location>, SourceError> {
        let mut all = Vec::new();
        // A file that several inputs lead to goes by the first of its paths, so that it is known for the same one.
        let mut first: HashMap<PathBuf, Location> = HashMap::new();
        for input in inputs {
            for location in self.expand(input).await? {
                let real = location.as_path().and_then(|path| std::fs::canonicalize(path).ok());
                all.push(match real {
                    Some(real) => first.entry(real).or_insert(location).clone(),
                    None => location,
                });
            }
        }
        Ok(all)
    }

    /// Keys of all objects below a prefix in a bucket, without it.
    ///
    /// # Errors
    /// [`SourceErrorKind::Config`] for another place; whatever listing a bucket yields.
    pub async fn list(&self, prefix: &Location) -> Result<Vec<String>, SourceError> {
        let (key, keys) = match &prefix.0 {
            Place::S3 { bucket, key } => (key, self.keys(bucket, key).await?),
            #[cfg(feature = "clouds")]
            Place::Cloud(place) => (&place.key, self.cloud_keys(place, &place.key).await?),
            Place::Local(_) | Place::Http(_) => {
                let message = "only places in buckets can be listed: give s3://, gs:// or az://, or a local copy";
                return Err(SourceError::new(SourceErrorKind::Config, prefix.to_string(), message));
            }
        };
        Ok(keys.iter().filter_map(|found| found.strip_prefix(key.as_str()).map(str::to_owned)).collect())
    }

    async fn keys(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, SourceError> {
        let listing = Listing { bucket, prefix, most: usize::MAX };
        list(&self.shared, &self.s3, &self.shared.stats, listing).await
    }
}

fn directory(path: &Path) -> Result<Vec<Location>, SourceError> {
    let shown = path.display().to_string();
    let failed = |e: std::io::Error| io_error(&shown, "cannot be listed", &e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_hdf5(&path.to_string_lossy()) && path.is_file() {
            found.push(Location::from(path));
        }
    }
    found.sort();
    Ok(found)
}

fn matches(text: &str) -> Result<Vec<Location>, SourceError> {
    let paths = glob::glob_with(text, SHELL).map_err(|e| bad_pattern(text, &e))?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|e| io_error(&e.path().display().to_string(), "cannot be listed", e.error()))?;
        if path.is_file() {
            found.push(Location::from(path));
        }
    }
    found.sort();
    Ok(found)
}

fn pattern(key: &str) -> Result<Pattern, SourceError> {
    Pattern::new(key).map_err(|e| bad_pattern(key, &e))
}

fn bad_pattern(text: &str, error: &glob::PatternError) -> SourceError {
    SourceError::new(SourceErrorKind::Config, text, format!("not a pattern: {error}"))
}

/// Whether a key stands for many: a pattern, a prefix with a slash at its end, the whole bucket.
fn is_many(key: &str) -> bool {
    is_pattern(key) || key.is_empty() || key.ends_with('/')
}

/// With what all keys begin that a key stands for.
fn fixed(key: &str) -> &str {
    key.split(['*', '?', '[']).next().unwrap_or_default()
}

/// Which keys a key stands for.
fn chosen(key: &str) -> Result<impl Fn(&String) -> bool, SourceError> {
    let pattern = is_pattern(key).then(|| pattern(key)).transpose()?;
    Ok(move |key: &String| pattern.as_ref().map_or_else(|| is_hdf5(key), |pattern| pattern.matches_with(key, SHELL)))
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn is_hdf5(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    // Pictures of granules are HDF5 too.
    !name.contains("_brw.") && (is(&ENDINGS) || is(&NETCDF) && file_name(&name).contains("atl"))
}
