//! Where a file or a store is.
#[cfg(feature = "clouds")]
use crate::cloud_place::CloudPlace;
use crate::encode::percent_decode;
use byte_ranges::{SourceError, SourceErrorKind, unsigned};
use reqwest::Url;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A local path, an `http(s)://` URL, `s3://bucket/key`, `gs://bucket/key`, `az://container/key` or
/// `abfss://container@account.dfs.core.windows.net/key`, parsed and checked.
///
/// `Display` and `Debug` leave out what signs a URL: a presigned one is a password.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location(pub(crate) Place);

/// What begins places in the clouds of Google and Azure.
const CLOUD_SCHEMES: [&str; 5] = ["gs", "az", "abfs", "abfss", "azure"];

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    Local(PathBuf),
    Http(Url),
    S3 {
        bucket: String,
        key: String,
    },
    #[cfg(feature = "clouds")]
    Cloud(CloudPlace),
}

impl Location {
    /// Parses a local path, `file:///path`, `http(s)://host/path` or `s3://bucket/key`.
    ///
    /// # Errors
    /// [`SourceErrorKind::Config`] that says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return match text.split_once(':') {
                Some((scheme, _)) if is_remote(scheme) => {
                    let scheme = scheme.to_ascii_lowercase();
                    Err(config(&redacted(text), format!("`{scheme}:` has two slashes behind it: write {scheme}://")))
                }
                _ if holds_a_login(text) => Err(config(
                    &redacted(text),
                    "a user and a password without a scheme: write https://host/path, or ./ before a path",
                )),
                _ => Self::local(text, text),
            };
        };
        match scheme.to_ascii_lowercase().as_str() {
            "file" => Self::local(text, &file_path(text, rest)?),
            "http" | "https" => Self::http(text),
            "s3" => Self::s3(text, rest),
            #[cfg(feature = "clouds")]
            cloud if CLOUD_SCHEMES.contains(&cloud) => {
                let place = CloudPlace::parse(cloud, rest).map_err(|message| config(&redacted(text), message))?;
                Ok(Self(Place::Cloud(place)))
            }
            _ => {
                let message = "unknown scheme: write a path, file://, https://, s3://, gs:// or az://";
                Err(config(&redacted(text), message))
            }
        }
    }

    /// The last component of the path: what identifies a granule (`ATL06_..._01.h5`). A slash at the end does not count.
    #[must_use]
    pub fn name(&self) -> String {
        let last = |path: &str| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        match &self.0 {
            Place::Local(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            Place::Http(url) => percent_decode(&last(url.path())),
            Place::S3 { key, bucket } if key.is_empty() => bucket.clone(),
            Place::S3 { key, .. } => last(key),
            #[cfg(feature = "clouds")]
            Place::Cloud(place) if place.key.is_empty() => place.bucket.clone(),
            #[cfg(feature = "clouds")]
            Place::Cloud(place) => last(&place.key),
        }
    }

    /// The place as text by which it is compared and recorded: a URL with its query, but without what signs it. It holds no
    /// secret, and opens where none is needed.
    #[must_use]
    pub fn unsigned(&self) -> String {
        match &self.0 {
            Place::Http(url) => unsigned(url.as_str()).into_owned(),
            _ => self.to_string(),
        }
    }

    /// The path, when the place is a local one.
    #[must_use]
    pub fn as_path(&self) -> Option<&Path> {
        match &self.0 {
            Place::Local(path) => Some(path),
            _ => None,
        }
    }

    /// Whether it is a bucket or container as a whole, without a key or a prefix in it.
    #[must_use]
    pub fn is_whole_bucket(&self) -> bool {
        match &self.0 {
            Place::S3 { key, .. } => key.is_empty(),
            #[cfg(feature = "clouds")]
            Place::Cloud(place) => place.key.is_empty(),
            Place::Local(_) | Place::Http(_) => false,
        }
    }

    /// Whether it is an `s3://` place.
    #[must_use]
    pub const fn is_s3(&self) -> bool {
        matches!(self.0, Place::S3 { .. })
    }

    /// Whether it is an `http://` or `https://` place.
    #[must_use]
    pub const fn is_http(&self) -> bool {
        matches!(self.0, Place::Http(_))
    }

    fn local(text: &str, path: &str) -> Result<Self, SourceError> {
        if path.is_empty() {
            return Err(config(text, "the path is empty: name a file, a directory or a URL"));
        }
        if path.contains('\0') {
            return Err(config(text, "a path cannot hold a NUL character"));
        }
        Ok(Self(Place::Local(PathBuf::from(path))))
    }

    fn http(text: &str) -> Result<Self, SourceError> {
        let bad = |e| config(&redacted(text), format!("not a URL ({e}): write https://host/path"));
        let url = Url::parse(text).map_err(bad)?;
        if !url.username().is_empty() || url.password().is_some() {
            let host = url.host_str().unwrap_or_default();
            return Err(config(host, "the URL holds a user name or a password: pass a token in the options instead"));
        }
        Ok(Self(Place::Http(url)))
    }

    fn s3(text: &str, rest: &str) -> Result<Self, SourceError> {
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(fits) {
            return Err(config(&redacted(text), "this names no bucket: write s3://bucket/key"));
        }
        if key.split('/').any(|part| part == "." || part == "..") {
            return Err(config(&redacted(text), "a key cannot have `.` or `..` as a component: HTTP would drop it"));
        }
        if unsigned(&format!("https://{rest}")).len() < "https://".len() + rest.split('#').next().unwrap_or(rest).len()
        {
            return Err(config(
                &redacted(text),
                "a key has no signature behind it: sign an https:// URL, or give credentials",
            ));
        }
        Ok(Self(Place::S3 { bucket: bucket.to_owned(), key: key.to_owned() }))
    }
}

impl FromStr for Location {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        Self::parse(text)
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self(Place::Local(path))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Local(path) => write!(f, "{}", path.display()),
            Place::Http(url) => {
                let shown = unsigned(url.as_str());
                f.write_str(&shown)?;
                match url.query() {
                    Some(_) if !shown.contains('?') => f.write_str("?..."),
                    Some(query) if !shown.ends_with(query) => f.write_str("&..."),
                    _ => Ok(()),
                }
            }
            Place::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            #[cfg(feature = "clouds")]
            Place::Cloud(place) => place.fmt(f),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

/// Whether a text without a scheme begins as a URL with a login does: `user:password@host`.
fn holds_a_login(text: &str) -> bool {
    let first = text.trim_start_matches('/').split('/').next().unwrap_or_default();
    first.split_once(':').is_some_and(|(_, rest)| rest.contains('@'))
}

fn is_remote(scheme: &str) -> bool {
    ["http", "https", "s3"].iter().chain(&CLOUD_SCHEMES).any(|known| scheme.eq_ignore_ascii_case(known))
}

/// The part of a place that may be shown, as the user typed it (it need not be valid): of a URL neither user, password,
/// query nor fragment. Secrets in wrong positions are hidden too, so less may remain than of a valid URL.
#[must_use]
pub fn redacted(text: &str) -> String {
    let (before, rest) = match (text.split_once("://"), text.split_once(':')) {
        (Some(parts), _) => parts,
        (None, Some((scheme, rest))) if is_remote(scheme) => (scheme, rest.trim_start_matches('/')),
        _ if holds_a_login(text) => ("", text),
        _ => return text.to_owned(),
    };
    let scheme = before.rsplit(|mark: char| !mark.is_ascii_alphanumeric() && mark != '+').next().unwrap_or_default();
    let (path, hidden) = match rest.find(['?', '#']).and_then(|at| rest.split_at_checked(at)) {
        Some((path, hidden)) => (path, Some(hidden)),
        None => (rest, None),
    };
    let ends = hidden.map_or("", |_| "?...");
    let path = match path.rsplit_once('@') {
        Some((_, path)) => path,
        // Where a password holds a question mark, what looks like the host is the user.
        None if hidden.is_some_and(|hidden| hidden.contains('@')) => return format!("{scheme}://..."),
        None => path,
    };
    if scheme.is_empty() { format!("{path}{ends}") } else { format!("{scheme}://{path}{ends}") }
}

/// RFC 8089: `file://` + an empty host or `localhost` + an absolute path.
fn file_path(text: &str, rest: &str) -> Result<String, SourceError> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err(config(text, "a file URL has three slashes and an absolute path: file:///data/granule.h5"));
    }
    let path = percent_decode(path);
    // On Windows the third slash is not part of the path: file:///C:/data/granule.h5.
    Ok(if cfg!(windows) { path.trim_start_matches('/').to_owned() } else { path })
}

fn config(location: &str, message: impl Into<String>) -> SourceError {
    SourceError::new(SourceErrorKind::Config, location, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_understood_and_shown_again() {
        for (text, shown, name) in [
            ("data/a b.h5", "data/a b.h5", "a b.h5"),
            ("file:///data/a%20b.h5", "/data/a b.h5", "a b.h5"),
            ("https://h.org/p/x.h5", "https://h.org/p/x.h5", "x.h5"),
            ("HTTP://127.0.0.1:8080/x%2B.h5", "http://127.0.0.1:8080/x%2B.h5", "x+.h5"),
            ("s3://some-bucket/a/b/c.h5", "s3://some-bucket/a/b/c.h5", "c.h5"),
            ("s3://some-bucket", "s3://some-bucket/", "some-bucket"),
            ("out/store.zarr/", "out/store.zarr/", "store.zarr"),
        ] {
            let location = Location::parse(text).unwrap();
            assert_eq!((location.to_string().as_str(), location.name().as_str()), (shown, name), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_the_way_out() {
        for (text, says) in [
            ("", "name a file"),
            ("ftp://host/x", "unknown scheme"),
            ("gs://b/x", "gs://bucket/key"),
            ("gopher://bucket/x", "gs://"),
            ("https:/host/x", "write https://"),
            ("S3:bucket/x", "write s3://"),
            ("s3:///key", "s3://bucket/key"),
            ("s3://bad bucket/key", "names no bucket"),
            ("s3://bucket/a/../b", "`..`"),
            ("file://relative.h5", "file:///data"),
            ("https://", "not a URL"),
        ] {
            let error = Location::parse(text).unwrap_err();
            assert_eq!(error.kind, SourceErrorKind::Config, "{text}");
            assert!(error.message.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_signature_in_a_url_is_never_shown() {
        let location = Location::parse("https://h.org/x.h5?X-Amz-Signature=hush").unwrap();
        assert_eq!(location.to_string(), "https://h.org/x.h5?...");
        assert!(!format!("{location:?}").contains("hush"));
        let signed = Location::parse("https://h.org/get?file=x.h5&X-Amz-Signature=hush#part").unwrap();
        assert_eq!(signed.to_string(), "https://h.org/get?file=x.h5&...");
        assert_eq!(signed.unsigned(), "https://h.org/get?file=x.h5");
        assert_eq!(Location::parse("data/a#1.h5").unwrap().unsigned(), "data/a#1.h5");
        assert_eq!(Location::parse("s3://bucket/a?b#1.h5").unwrap().unsigned(), "s3://bucket/a?b#1.h5");
        for text in [
            "https://user:hush@h.org/x.h5",
            "https://[h/x.h5?sig=hush",
            "https://h.org:99999/x.h5?sig=hush",
            "https://hush:hush@h.org:port/x.h5",
            "https://hush:hu/sh@h.org/x",
            "https://hush:hu?sh@h.org/x",
            "https:/hush@h.org/x.h5?sig=hush",
            "https:hush:hush@h.org",
            "ftp://hush:hush@h.org/x#hush",
            "hush:hush@ftp://h.org/x?sig=hush",
            "s3://HUSH:hush@bucket/key",
            "https://h.org:99999/?mail=hush@x&sig=hush",
            "hush:hush@host/x.h5",
            "//hush:hush@host/x.h5",
            "s3://bucket/a.h5?X-Amz-Signature=hush",
        ] {
            let error = Location::parse(text).unwrap_err();
            assert!(!format!("{error:?}").contains("hush"), "{text}: {error}");
        }
        for (text, shown) in [
            ("https://h.org:99999/a@b/x?y", "https://b/x?..."),
            ("s3://bucket/a b?c", "s3://bucket/a b?..."),
            ("folder/a?.h5", "folder/a?.h5"),
            ("C:\\data\\x.h5", "C:\\data\\x.h5"),
            ("cells/a:b@c.h5", "cells/a:b@c.h5"),
        ] {
            assert_eq!(redacted(text), shown);
        }
    }
}
