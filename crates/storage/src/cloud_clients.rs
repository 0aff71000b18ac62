//! What [`Clients`] open in the clouds of Google and Azure.
use crate::cloud_list::{CloudListing, list_cloud};
use crate::cloud_place::CloudPlace;
use crate::{Clients, CloudSink, CloudSource, GranuleSource, Stats, StoreSink};
use byte_ranges::{SourceError, SourceErrorKind};
use std::sync::Arc;

impl Clients {
    pub(crate) fn open_cloud(&self, place: &CloudPlace) -> Result<GranuleSource, SourceError> {
        if place.key.is_empty() || place.key.ends_with('/') {
            let message = "this names a prefix, not an object: list it first, or add the object's key";
            return Err(SourceError::new(SourceErrorKind::Config, place.to_string(), message));
        }
        let stats = Arc::new(Stats::under(&self.shared.stats));
        let store = self.clouds.open(&self.shared, &stats, &Arc::default(), place)?;
        let source = CloudSource::new(&self.shared, store, stats, place)?;
        Ok(GranuleSource::Cloud(Box::new(source)))
    }

    pub(crate) fn sink_cloud(&self, place: &CloudPlace) -> Result<StoreSink, SourceError> {
        if place.key.trim_matches('/').is_empty() {
            let message = format!("a store needs a prefix: write {}store.zarr", place.root());
            return Err(SourceError::new(SourceErrorKind::Config, place.to_string(), message));
        }
        let stats = Arc::new(Stats::under(&self.shared.stats));
        let conditions = Arc::default();
        let store = self.clouds.open(&self.shared, &stats, &conditions, place)?;
        Ok(StoreSink::Cloud(Box::new(CloudSink::new(&self.shared, store, (stats, conditions), place))))
    }

    pub(crate) async fn cloud_keys(&self, place: &CloudPlace, prefix: &str) -> Result<Vec<String>, SourceError> {
        let stats = &self.shared.stats;
        let store = self.clouds.open(&self.shared, stats, &Arc::default(), place)?;
        let listing = CloudListing { store: &*store, root: &place.root(), prefix, most: usize::MAX };
        list_cloud(&self.shared, stats, listing).await
    }
}
