//! Google Cloud Storage and Azure Blob Storage, through `object_store`.
use crate::cloud_crypto::Crypto;
use crate::cloud_error::failed;
use crate::cloud_http::{Conditions, Sender};
use crate::cloud_place::{Cloud, CloudPlace};
use crate::shared::Shared;
use crate::{CloudOptions, Stats};
use byte_ranges::{SourceError, SourceErrorKind};
use object_store::azure::{AzureConfigKey, AzureCredentialProvider, MicrosoftAzureBuilder};
use object_store::gcp::{GcpCredential, GcpCredentialProvider, GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{ObjectStore, RetryConfig, StaticCredentialProvider};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The clouds of a run: one set of credentials for each bucket, whoever reads or writes there.
#[derive(Default)]
pub(crate) struct Clouds {
    google: Mutex<HashMap<String, GcpCredentialProvider>>,
    azure: Mutex<HashMap<String, AzureCredentialProvider>>,
}

impl Clouds {
    /// A client for the bucket of a place, whose requests count for `stats`. Nothing is sent yet.
    ///
    /// # Errors
    /// [`SourceErrorKind::Config`] when the environment does not say enough, or not clearly.
    pub(crate) fn open(
        &self,
        shared: &Arc<Shared>,
        stats: &Arc<Stats>,
        conditions: &Arc<Conditions>,
        place: &CloudPlace,
    ) -> Result<Arc<dyn ObjectStore>, SourceError> {
        let shown = place.to_string();
        let (shared, stats, conditions) = (Arc::clone(shared), Arc::clone(stats), Arc::clone(conditions));
        let sender = Sender { conditions, shared, stats, place: shown.clone() };
        if matches!(place.cloud, Cloud::Azure) && !sender.shared.options.clouds.names_an_account() {
            let message = "no Azure storage account: set AZURE_STORAGE_ACCOUNT_NAME or AZURE_STORAGE_CONNECTION_STRING, or write abfss://container@account.dfs.core.windows.net/key";
            return Err(SourceError::new(SourceErrorKind::Config, shown, message));
        }
        let opened = match &place.cloud {
            Cloud::Google => self.google(sender, place),
            Cloud::Azure | Cloud::AzureAccount(_) => self.azure(sender, place),
        };
        opened.map_err(|error| SourceError { kind: SourceErrorKind::Config, ..failed(&error, &shown).error })
    }

    fn google(&self, sender: Sender, place: &CloudPlace) -> object_store::Result<Arc<dyn ObjectStore>> {
        let options = sender.shared.options.clouds.clone();
        let mut builder = GoogleCloudStorageBuilder::new();
        for (name, value) in options.settings("google_") {
            // Others of these names are for other programs.
            if let Some(key) = name.parse().ok().filter(|key| !matches!(key, GoogleConfigKey::Client(_))) {
                builder = builder.with_config(key, value);
            }
        }
        if let Some(emulator) = options.setting("storage_emulator_host") {
            let url = if emulator.contains("://") { emulator.to_owned() } else { format!("http://{emulator}") };
            builder = builder.with_base_url(&url).with_skip_signature(true);
        }
        if options.anonymous {
            builder = builder.with_skip_signature(true);
        }
        if builder.get_config_value(&GoogleConfigKey::SkipSignature).is_some_and(|skip| skip == "true") {
            // Puts are signed in any case; `cloud_http` leaves an empty token out.
            let nothing = GcpCredential { bearer: String::new() };
            builder = builder.with_credentials(Arc::new(StaticCredentialProvider::new(nothing)));
        }
        let mut kept = self.google.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(credentials) = kept.get(&place.bucket) {
            builder = builder.with_credentials(Arc::clone(credentials));
        }
        let builder = builder.with_bucket_name(&place.bucket).with_crypto_provider(Arc::new(Crypto));
        let store = builder.with_retry(once()).with_http_connector(sender).build()?;
        kept.entry(place.bucket.clone()).or_insert_with(|| Arc::clone(store.credentials()));
        Ok(Arc::new(store))
    }

    fn azure(&self, sender: Sender, place: &CloudPlace) -> object_store::Result<Arc<dyn ObjectStore>> {
        let options = sender.shared.options.clouds.clone();
        let mut builder = MicrosoftAzureBuilder::new();
        let settings = options.connection_string();
        for (name, value) in options.settings("azure_").chain(settings) {
            let name = if name == "azure_storage_account" { "azure_storage_account_name" } else { &name };
            if let Some(key) = name.parse().ok().filter(|key| !matches!(key, AzureConfigKey::Client(_))) {
                builder = builder.with_config(key, value);
            }
        }
        if options.anonymous {
            builder = builder.with_skip_signature(true);
        }
        let root = place.root();
        if let Cloud::AzureAccount(_) = place.cloud {
            builder = builder.with_url(&root);
        }
        let mut kept = self.azure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(credentials) = kept.get(&root) {
            builder = builder.with_credentials(Arc::clone(credentials));
        }
        let builder = builder.with_container_name(&place.bucket).with_crypto_provider(Arc::new(Crypto));
        let store = builder.with_retry(once()).with_http_connector(sender).build()?;
        kept.entry(root).or_insert_with(|| Arc::clone(store.credentials()));
        Ok(Arc::new(store))
    }
}

/// One attempt: sending again is [`crate::retry`]'s.
fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

impl CloudOptions {
    /// The settings whose names begin with `prefix`, in small letters, and their values.
    fn settings(&self, prefix: &str) -> impl Iterator<Item = (String, String)> {
        let of = self.settings.iter().filter(move |(name, _)| name.starts_with(prefix));
        of.map(|(name, value)| (name.clone(), value.expose().to_owned()))
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(held, _)| held == name).map(|(_, value)| value.expose())
    }

    fn names_an_account(&self) -> bool {
        let names = [
            "azure_storage_account_name",
            "azure_storage_account",
            "azure_storage_connection_string",
            "azure_storage_use_emulator",
        ];
        names.iter().any(|name| self.setting(name).is_some())
    }

    /// What `AZURE_STORAGE_CONNECTION_STRING` says, under the names that the single settings have.
    fn connection_string(&self) -> Vec<(String, String)> {
        let text = self.setting("azure_storage_connection_string").unwrap_or_default();
        let known = |name: &str| match name.trim().to_ascii_lowercase().as_str() {
            "accountname" => Some("azure_storage_account_name"),
            "accountkey" => Some("azure_storage_account_key"),
            "sharedaccesssignature" => Some("azure_storage_sas_token"),
            "blobendpoint" => Some("azure_storage_endpoint"),
            _ => None,
        };
        let pairs = text.split(';').filter_map(|part| part.split_once('='));
        pairs.filter_map(|(name, value)| Some((known(name)?.to_owned(), value.trim().to_owned()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    fn opened(settings: &[(&str, &str)], scheme: &str, rest: &str) -> Result<String, SourceError> {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let options = Options { clouds: CloudOptions { settings, anonymous: false }, ..Options::default() };
        let shared = Arc::new(Shared::new(options));
        let place = CloudPlace::parse(scheme, rest).unwrap();
        let opened = Clouds::default().open(&shared, &shared.stats, &Arc::default(), &place);
        opened.map(|store| store.to_string())
    }

    #[test]
    fn settings_say_whose_store_it_is() {
        let key = "a2V5";
        let named = [("azure_storage_account", "ice"), ("azure_storage_account_key", key)];
        assert!(opened(&named, "az", "cells/x").unwrap().contains("ice"));
        let text =
            format!("DefaultEndpointsProtocol=https;AccountName=snow;AccountKey={key};EndpointSuffix=core.windows.net");
        let string = [("azure_storage_connection_string", text.as_str())];
        assert!(opened(&string, "az", "cells/x").unwrap().contains("snow"));
        assert!(opened(&[], "abfss", "cells@firn.dfs.core.windows.net/x").unwrap().contains("firn"));
        assert!(opened(&[("storage_emulator_host", "127.0.0.1:1")], "gs", "bucket/x").unwrap().contains("bucket"));
    }

    #[test]
    fn what_lacks_is_told_before_anything_is_sent() {
        let error = opened(&[], "az", "cells/x").unwrap_err();
        assert_eq!(error.kind, SourceErrorKind::Config);
        assert!(error.to_string().to_ascii_lowercase().contains("account"), "{error}");
        let error = opened(&[("google_application_credentials", "/no/such/file")], "gs", "bucket/x").unwrap_err();
        assert!(error.to_string().contains("/no/such/file"), "{error}");
    }
}
