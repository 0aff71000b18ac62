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
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The credentials of a run for buckets of Google and Azure: one set for each bucket, which all sources and sinks share.
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
        let options = sender.shared.options.clouds.clone();
        if let Some(path) = options.no_file() {
            let message = "this is no file of credentials (GOOGLE_APPLICATION_CREDENTIALS, GOOGLE_SERVICE_ACCOUNT): name one that can be read";
            let shown = if path.contains(['{', '\n']) { "a path that holds JSON" } else { path };
            return Err(SourceError::new(SourceErrorKind::Config, shown, message));
        }
        let opened = match &place.cloud {
            Cloud::Google => self.google(sender, place),
            Cloud::Azure | Cloud::AzureAccount(_) => self.azure(sender, place),
        };
        opened.map_err(|error| {
            let SourceError { message, .. } = failed(&error, &shown).error;
            let message = if options.holds(&message) {
                "a setting of its credentials is not what it should be; it is not shown, because it may be a secret (docs/cloud.md)".to_owned()
            } else {
                message
            };
            SourceError::new(SourceErrorKind::Config, &shown, message)
        })
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
        for (name, value) in options.azure(place) {
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
        let pairs = text.split(';').filter_map(|part| part.split_once('='));
        let parts: BTreeMap<String, &str> =
            pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim())).collect();
        let named = [
            ("accountname", "azure_storage_account_name"),
            ("accountkey", "azure_storage_account_key"),
            ("sharedaccesssignature", "azure_storage_sas_token"),
            ("blobendpoint", "azure_storage_endpoint"),
            ("usedevelopmentstorage", "azure_storage_use_emulator"),
        ];
        let held = named.iter().filter_map(|(part, name)| Some(((*name).to_owned(), (*parts.get(*part)?).to_owned())));
        let mut settings: Vec<(String, String)> = held.collect();
        // The cloud of a country; without it, the public one.
        if let (Some(suffix), Some(account), None) =
            (parts.get("endpointsuffix"), parts.get("accountname"), parts.get("blobendpoint"))
        {
            let scheme = parts.get("defaultendpointsprotocol").unwrap_or(&"https");
            settings.push(("azure_storage_endpoint".to_owned(), format!("{scheme}://{account}.blob.{suffix}")));
        }
        settings
    }

    /// The settings for a place in Azure. What is of one account does not go to another one that the place names.
    fn azure(&self, place: &CloudPlace) -> Vec<(String, String)> {
        let full = |(name, value): (String, String)| match name.as_str() {
            "azure_storage_account" => ("azure_storage_account_name".to_owned(), value),
            _ => (name, value),
        };
        let mut settings: Vec<(String, String)> =
            self.settings("azure_").chain(self.connection_string()).map(full).collect();
        let Cloud::AzureAccount(host) = &place.cloud else { return settings };
        let account = host.split('.').next().unwrap_or_default();
        let is_account = |(name, value): &(String, String)| name == "azure_storage_account_name" && value == account;
        if !settings.iter().any(is_account) {
            let of_account = ["account", "key", "sas", "endpoint", "emulator"];
            settings.retain(|(name, _)| !of_account.iter().any(|part| name.contains(part)));
        }
        settings
    }

    /// The path of a file of credentials that is no file.
    fn no_file(&self) -> Option<&str> {
        let names = ["google_application_credentials", "google_service_account", "google_service_account_path"];
        let paths = names.iter().filter_map(|name| self.setting(name));
        paths.into_iter().find(|path| !std::path::Path::new(path).is_file())
    }

    /// Whether a text repeats a part of a setting that may be a secret; the path of a file is none.
    fn holds(&self, text: &str) -> bool {
        let is_word = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '=' | '-' | '_');
        let secret = self.settings.iter().filter(|(name, _)| {
            ["key", "secret", "token", "sas", "string"].iter().any(|part| name.contains(part)) && !name.contains("file")
        });
        let mut words = secret.flat_map(|(_, value)| value.expose().split(is_word)).filter(|word| word.len() >= 8);
        words.any(|word| text.contains(word))
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
        for (name, value) in [
            ("google_application_credentials", "{\"private_key\": \"hushhush\"}"),
            ("google_service_account_key", "\"hushhushhush\""),
        ] {
            let error = opened(&[(name, value)], "gs", "bucket/x").unwrap_err();
            assert!(!format!("{error:?}").contains("hush"), "{error:?}");
        }
    }

    #[test]
    fn what_is_of_one_account_does_not_go_to_another() {
        let text = "AccountName=ice;AccountKey=a2V5;EndpointSuffix=core.usgovcloudapi.net";
        let settings = [("azure_storage_connection_string", text), ("azure_client_id", "me")];
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let options = CloudOptions { settings, anonymous: false };
        let of = |scheme: &str, rest: &str| {
            let settings = options.azure(&CloudPlace::parse(scheme, rest).unwrap());
            settings.into_iter().map(|(name, _)| name).filter(|name| !name.ends_with("string")).collect::<Vec<_>>()
        };
        let all =
            ["azure_client_id", "azure_storage_account_name", "azure_storage_account_key", "azure_storage_endpoint"];
        assert_eq!(of("az", "cells/x"), all);
        assert_eq!(of("abfss", "cells@ice.dfs.core.windows.net/x"), all);
        assert_eq!(of("abfss", "cells@other.dfs.core.windows.net/x"), ["azure_client_id"]);
    }
}
