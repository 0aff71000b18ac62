use bytes::Bytes;
use std::collections::BTreeMap;
use std::future::Future;

use crate::Error;

/// Objects by key: a store as its reader sees it.
pub trait Objects {
    /// The whole object; `None` when there is none.
    ///
    /// # Errors
    /// [`Error::Source`] when the place could not be asked, or the object not be read.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Bytes>, Error>>;

    /// Keys below a prefix that ends with `/`, or of everything if it is empty; in any order.
    ///
    /// # Errors
    /// [`Error::Source`] where the place cannot list.
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, Error>>;
}

/// Whether a key stays in its store: names with single slashes between them. Stores of others say how their keys begin.
pub(crate) fn is_key(key: &str) -> bool {
    // In a URL these stand for a dot and for slashes; on Windows a backslash is a slash, and a colon names a drive.
    let key = key.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
    let stays = |name: &str| !matches!(name, "" | "." | "..");
    key.split('/').all(stays) && !key.contains(['\\', '\0']) && !(cfg!(windows) && key.contains(':'))
}

impl<O: Objects> Objects for &O {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, Error> {
        (**self).get(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, Error> {
        (**self).list(prefix).await
    }
}

impl Objects for BTreeMap<String, Bytes> {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, Error> {
        Ok(BTreeMap::get(self, key).cloned())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, Error> {
        Ok(self.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_leave_the_store_are_none() {
        for key in
            ["zarr.json", "9/h_mean/c/0", "9/h_max/c.0", "-6/1/-61.zarr/run-a..b/zarr.json", ".zgroup", "h q97.5"]
        {
            assert!(is_key(key), "{key}");
        }
        for key in [
            "",
            "/",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a/..",
            "..",
            ".",
            "./a",
            "a//b",
            "a/",
            "a\\..\\b",
            "..%2Fb",
            "%2e%2E/x",
            "a/.%2e/x",
            "a\0b",
        ] {
            assert!(!is_key(key), "{key}");
        }
    }
}
