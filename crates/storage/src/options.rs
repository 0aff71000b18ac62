//! Everything that can be chosen, as plain values.
use crate::credentials::is_listed;
use crate::{Bearer, Password, S3Options, Secret};
use byte_ranges::Cost;
use std::path::PathBuf;
use std::time::Duration;

/// What asking costs, by kind of place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Costs {
    /// Local files; [`Cost::LOCAL`].
    pub local: Cost,
    /// `http://` and `https://`; [`Cost::HTTP`].
    pub http: Cost,
    /// `s3://`, and the other clouds; [`Cost::HTTP`].
    pub s3: Cost,
}

impl Default for Costs {
    fn default() -> Self {
        Self { local: Cost::LOCAL, http: Cost::HTTP, s3: Cost::HTTP }
    }
}

/// How often and how patiently a failed request is sent again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    /// Attempts in all, the first included. At least 1 is used.
    pub max_attempts: u32,
    /// The wait before attempt n + 1 is drawn evenly from 0 to `base_backoff` x 2^(n - 1) ("full jitter").
    pub base_backoff: Duration,
    /// No wait of our own is longer.
    pub max_backoff: Duration,
    /// A server's `Retry-After` is waited for, but no longer than this.
    pub max_retry_after: Duration,
    /// Time that the body of an answer may take, plus a second for every KiB of it.
    pub patience: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            base_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(60),
            patience: Duration::from_secs(30),
        }
    }
}

/// How long an answer may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// Without a single byte: before the answer begins, and between its parts.
    pub idle: Duration,
    /// For one whole attempt, body included.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), idle: Duration::from_secs(30), request: Duration::from_secs(300) }
    }
}

/// How Google Cloud Storage and Azure Blob Storage are asked.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct CloudOptions {
    /// Settings by the names that variables of the environment have, in small letters (`google_application_credentials`,
    /// `azure_storage_account_name`).
    pub settings: Vec<(String, Secret)>,
    /// Unsigned requests, for public buckets.
    pub anonymous: bool,
}

impl CloudOptions {
    /// Of all variables of an environment those that are about these clouds: `GOOGLE_...`, `AZURE_...`,
    /// `STORAGE_EMULATOR_HOST`.
    pub fn from_variables(variables: impl Iterator<Item = (String, String)>) -> Self {
        let known =
            |name: &str| name.starts_with("google_") || name.starts_with("azure_") || name == "storage_emulator_host";
        let all = variables.map(|(name, value)| (name.to_ascii_lowercase(), value));
        let settings = all.filter(|(name, value)| known(name) && !value.is_empty());
        Self { settings: settings.map(|(name, value)| (name, Secret::new(value))).collect(), anonymous: false }
    }

    /// Where the credentials for `gs://` are found, in words; `None`: a machine in Google's cloud asks its metadata service.
    #[must_use]
    pub fn google_identity(&self) -> Option<&'static str> {
        let kinds = [
            ("storage_emulator_host", "an emulator (STORAGE_EMULATOR_HOST), no credentials"),
            ("google_skip_signature", "no signature (GOOGLE_SKIP_SIGNATURE)"),
            ("google_bearer_token", "a token (GOOGLE_BEARER_TOKEN)"),
            ("google_service_account_key", "a service account (GOOGLE_SERVICE_ACCOUNT_KEY)"),
            ("google_service_account", "the file of a service account (GOOGLE_SERVICE_ACCOUNT)"),
            ("google_service_account_path", "the file of a service account (GOOGLE_SERVICE_ACCOUNT_PATH)"),
            ("google_application_credentials", "a file (GOOGLE_APPLICATION_CREDENTIALS)"),
        ];
        self.first_of(&kinds).or_else(|| {
            let file = std::env::home_dir()?.join(".config/gcloud/application_default_credentials.json");
            file.is_file().then_some("the login of gcloud (application_default_credentials.json)")
        })
    }

    /// Where the credentials for `az://` are found, in words; `None`: a machine in Azure asks its metadata service.
    #[must_use]
    pub fn azure_identity(&self) -> Option<&'static str> {
        self.first_of(&[
            ("azure_skip_signature", "no signature (AZURE_SKIP_SIGNATURE)"),
            ("azure_storage_token", "a token (AZURE_STORAGE_TOKEN)"),
            ("azure_storage_account_key", "the account's key (AZURE_STORAGE_ACCOUNT_KEY)"),
            ("azure_storage_access_key", "the account's key (AZURE_STORAGE_ACCESS_KEY)"),
            ("azure_storage_connection_string", "a connection string (AZURE_STORAGE_CONNECTION_STRING)"),
            ("azure_client_secret", "a service principal (AZURE_CLIENT_SECRET)"),
            ("azure_federated_token_file", "a workload identity (AZURE_FEDERATED_TOKEN_FILE)"),
            ("azure_storage_sas_token", "a shared access signature (AZURE_STORAGE_SAS_TOKEN)"),
            ("azure_storage_sas_key", "a shared access signature (AZURE_STORAGE_SAS_KEY)"),
            ("azure_use_azure_cli", "the login of az (AZURE_USE_AZURE_CLI)"),
        ])
    }

    fn first_of(&self, kinds: &[(&str, &'static str)]) -> Option<&'static str> {
        let is_no = |value: &Secret| {
            matches!(value.expose().trim().to_ascii_lowercase().as_str(), "false" | "0" | "no" | "off")
        };
        let is_set = |name: &str| self.settings.iter().any(|(held, value)| held == name && !is_no(value));
        let found = kinds.iter().find(|(name, _)| is_set(name)).map(|(_, words)| *words);
        if self.anonymous { Some("no signature (--no-sign-request)") } else { found }
    }
}

/// Whose certificates are trusted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum TlsRoots {
    /// Mozilla's list, compiled in: no file is read.
    #[default]
    WebPki,
    /// The machine's own, for networks with an authority of their own.
    Platform,
}

/// All options of [`Clients`](crate::Clients). `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Where S3 is and how it is asked.
    pub s3: S3Options,
    /// How the other clouds are asked.
    pub clouds: CloudOptions,
    /// A token for some HTTPS hosts.
    pub bearer: Option<Bearer>,
    /// A user and a password for HTTPS hosts that send to a login.
    pub password: Option<Password>,
    /// Hosts to which redirects are followed, as those of [`Bearer`]; `None` for all.
    pub redirect_hosts: Option<Vec<String>>,
    /// Hosts of S3-compatible stores that an event may name, and that then receive the credentials of this machine.
    pub endpoint_hosts: Vec<String>,
    /// Sending again.
    pub retry: Retry,
    /// Patience.
    pub timeouts: Timeouts,
    /// Trust.
    pub roots: TlsRoots,
    /// Files of more certificates to trust, PEM: of a proxy or a store with an authority of its own.
    pub ca_files: Vec<PathBuf>,
    /// Hints for planners.
    pub costs: Costs,
    /// Requests under way at once over all files: bounds sockets and file descriptors. At least 1 is used.
    pub max_in_flight: usize,
    /// Never HTTP/2, even where the server offers it.
    pub http1_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            s3: S3Options::default(),
            clouds: CloudOptions::default(),
            bearer: None,
            password: None,
            redirect_hosts: None,
            endpoint_hosts: Vec::new(),
            retry: Retry::default(),
            timeouts: Timeouts::default(),
            roots: TlsRoots::default(),
            ca_files: Vec::new(),
            costs: Costs::default(),
            max_in_flight: 64,
            http1_only: false,
        }
    }
}

impl Options {
    /// Whether the credentials of this machine are for an S3-compatible store at this URL: it is at the endpoint of the
    /// options, or on the list of [`Options::endpoint_hosts`].
    #[must_use]
    pub fn allows_endpoint(&self, url: &str) -> bool {
        let parse = |url: &str| reqwest::Url::parse(url).ok();
        let own = self.s3.endpoint_url.as_deref().and_then(parse);
        parse(url).is_some_and(|url| {
            let same = own.is_some_and(|own| own.origin() == url.origin());
            url.username().is_empty() && (same || is_listed(&self.endpoint_hosts, &url))
        })
    }

    /// The defaults with what the environment says: [`S3Options::from_env`]; `EARTHDATA_TOKEN` as [`Bearer::earthdata`];
    /// certificates in `AWS_CA_BUNDLE` and `SSL_CERT_FILE`; and `ICESTREAM_ENDPOINT_HOSTS`, a list with commas.
    #[must_use]
    pub fn from_env() -> Self {
        let get =
            |name: &str| std::env::var(name).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let hosts = get("ICESTREAM_ENDPOINT_HOSTS").unwrap_or_default();
        Self {
            s3: S3Options::from_env(),
            clouds: CloudOptions::from_variables(
                std::env::vars_os()
                    .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
            ),
            bearer: get("EARTHDATA_TOKEN").map(Bearer::earthdata),
            ca_files: ["AWS_CA_BUNDLE", "SSL_CERT_FILE"].into_iter().filter_map(get).map(PathBuf::from).collect(),
            endpoint_hosts: hosts
                .split(',')
                .map(str::trim)
                .filter(|host| !host.is_empty())
                .map(str::to_owned)
                .collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_the_machine_are_for_hosts_of_its_configuration() {
        let own = Some("http://store.example:9000/".to_owned());
        let s3 = S3Options { endpoint_url: own, ..S3Options::default() };
        let endpoint_hosts = vec!["minio.example".to_owned(), "127.0.0.1:9".to_owned(), ".inner.example".to_owned()];
        let options = Options { s3, endpoint_hosts, ..Options::default() };
        for url in
            ["http://store.example:9000", "https://minio.example/x", "http://127.0.0.1:9", "https://a.inner.example"]
        {
            assert!(options.allows_endpoint(url), "{url}");
        }
        for url in [
            "http://store.example:9001",
            "https://store.example:9000",
            "https://minio.example@evil.example/",
            "https://minio.example.evil.example",
            "http://127.0.0.1:10",
            "https://inner.example.evil",
            "minio.example",
        ] {
            assert!(!options.allows_endpoint(url), "{url}");
        }
        assert!(!Options::default().allows_endpoint("http://127.0.0.1:9"));
    }
}
