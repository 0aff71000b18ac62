//! Listing a bucket of Google or a container of Azure.
use crate::Stats;
use crate::cloud_error::failed;
use crate::cloud_place::path;
use crate::retry::{Failed, attempts};
use crate::shared::Shared;
use byte_ranges::{SourceError, SourceErrorKind};
use futures_util::TryStreamExt as _;
use object_store::{Error, ObjectStore};

/// What to list.
#[derive(Clone, Copy)]
pub(crate) struct CloudListing<'a> {
    pub(crate) store: &'a dyn ObjectStore,
    /// The bucket as text, with a slash at its end.
    pub(crate) root: &'a str,
    pub(crate) prefix: &'a str,
    /// Keys that are enough.
    pub(crate) most: usize,
}

/// Keys that begin with a prefix, sorted.
pub(crate) async fn list_cloud(
    shared: &Shared,
    stats: &Stats,
    listing: CloudListing<'_>,
) -> Result<Vec<String>, SourceError> {
    let CloudListing { store, root, prefix, most } = listing;
    let shown = format!("{root}{prefix}");
    // The library lists whole components; of the last one, what is not asked for is left out here.
    let folder = prefix.rsplit_once('/').map(|(folder, _)| path(folder, &shown)).transpose()?;
    let once = async || {
        let (mut found, mut last): (Vec<String>, Option<String>) = (Vec::new(), None);
        let mut listed = store.list(folder.as_ref());
        while found.len() < most {
            match listed.try_next().await {
                Ok(Some(meta)) => {
                    let key = meta.location.to_string();
                    if last.as_ref() == Some(&key) {
                        let message = "the listing does not move on: the server repeats itself";
                        return Err(Failed::last(SourceError::new(SourceErrorKind::BadAnswer, &shown, message)));
                    }
                    last = Some(key.clone());
                    found.extend(Some(key).filter(|key| key.starts_with(prefix)));
                }
                Ok(None) => break,
                Err(Error::NotFound { .. }) => {
                    let message = "there is no such bucket or container";
                    return Err(Failed::last(SourceError::new(SourceErrorKind::NotFound, &shown, message)));
                }
                Err(error) => return Err(failed(&error, &shown)),
            }
        }
        found.sort_unstable();
        Ok(found)
    };
    attempts(&shared.options.retry, |_, _| stats.add_retry(), once).await
}
