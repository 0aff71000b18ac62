//! Places in Google Cloud Storage and in Azure Blob Storage.
use byte_ranges::{SourceError, SourceErrorKind};
use object_store::path::Path;
use std::fmt;

/// An object or a prefix in a bucket of Google, or in a container of Azure.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CloudPlace {
    pub(crate) cloud: Cloud,
    /// Bucket or container.
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// Whose cloud.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Cloud {
    /// `gs://bucket/key`.
    Google,
    /// `az://container/key`; the account is that of the environment.
    Azure,
    /// `abfs://container@account.dfs.core.windows.net/key`, with the account's host.
    AzureAccount(String),
}

impl CloudPlace {
    /// The place that `rest` names after a scheme and `://`.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub(crate) fn parse(scheme: &str, rest: &str) -> Result<Self, &'static str> {
        let (first, key) = rest.split_once('/').unwrap_or((rest, ""));
        let (cloud, bucket) = match (scheme, first.split_once('@')) {
            ("gs", None) => (Cloud::Google, first),
            ("gs", Some(_)) => return Err("a bucket has no user: write gs://bucket/key"),
            (_, None) => (Cloud::Azure, first),
            (_, Some((container, host))) => (Cloud::AzureAccount(account_host(host)?), container),
        };
        let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
        if !(3..=222).contains(&bucket.len()) || !bucket.bytes().all(fits) {
            return Err(match cloud {
                Cloud::Google => "this names no bucket: write gs://bucket/key",
                _ => "this names no container: write az://container/key",
            });
        }
        if key.trim_end_matches('/').split('/').any(|part| matches!(part, "." | "..")) {
            return Err("a key cannot have `.` or `..` as a component: HTTP would drop it");
        }
        if key.contains(['?', '#']) {
            return Err(
                "a key has no signature behind it: give it as AZURE_STORAGE_SAS_TOKEN, or sign an https:// URL",
            );
        }
        Ok(Self { cloud, bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The bucket as text, without the key and with a slash at its end.
    pub(crate) fn root(&self) -> String {
        let Self { cloud, bucket, .. } = self;
        match cloud {
            Cloud::Google => format!("gs://{bucket}/"),
            Cloud::Azure => format!("az://{bucket}/"),
            Cloud::AzureAccount(host) => format!("abfss://{bucket}@{host}/"),
        }
    }

    /// Another key in the same bucket.
    pub(crate) fn with_key(&self, key: String) -> Self {
        Self { key, ..self.clone() }
    }
}

/// The host of a storage account of Azure: credentials are sent there, so no other host will do.
fn account_host(host: &str) -> Result<String, &'static str> {
    let host = host.to_ascii_lowercase();
    let (account, service) = host.split_once('.').unwrap_or((&host, "dfs.core.windows.net"));
    let known =
        ["dfs.core.windows.net", "blob.core.windows.net", "dfs.fabric.microsoft.com", "blob.fabric.microsoft.com"];
    let fits =
        !account.is_empty() && account.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
    if fits && known.contains(&service) {
        return Ok(format!("{account}.{service}"));
    }
    Err("this names no storage account: write abfss://container@account.dfs.core.windows.net/key")
}

/// A key as `object_store` takes it.
///
/// # Errors
/// [`SourceErrorKind::Config`] for a key that it cannot name.
pub(crate) fn path(key: &str, shown: &str) -> Result<Path, SourceError> {
    Path::parse(key).map_err(|error| SourceError::new(SourceErrorKind::Config, shown, error.to_string()))
}

impl fmt::Display for CloudPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.root(), self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_people_write_them() {
        for (scheme, rest, shown) in [
            ("gs", "bucket/a/b.h5", "gs://bucket/a/b.h5"),
            ("gs", "bucket", "gs://bucket/"),
            ("az", "cells/run/", "az://cells/run/"),
            ("azure", "cells/x", "az://cells/x"),
            ("abfs", "cells@Ice.dfs.core.windows.net/x", "abfss://cells@ice.dfs.core.windows.net/x"),
            ("abfss", "cells@ice/x", "abfss://cells@ice.dfs.core.windows.net/x"),
        ] {
            assert_eq!(CloudPlace::parse(scheme, rest).map(|place| place.to_string()).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn what_is_no_place_says_what_to_write() {
        for (scheme, rest, words) in [
            ("gs", "", "no bucket"),
            ("gs", "me@bucket/x", "no user"),
            ("az", "a", "no container"),
            ("abfs", "cells@evil.example.org/x", "no storage account"),
            ("abfs", "cells@ice.dfs.core.windows.net.evil.org/x", "no storage account"),
            ("gs", "bucket/../x", "component"),
            ("az", "cells/x?sv=1&sig=s", "signature"),
        ] {
            let error = CloudPlace::parse(scheme, rest).err().unwrap();
            assert!(error.contains(words), "{rest}: {error}");
        }
    }
}
