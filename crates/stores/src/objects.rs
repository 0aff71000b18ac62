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
