//! S3 credentials as values, the bearer token for HTTPS, and the login of Earthdata.
use crate::{Secret, moment};
use byte_ranges::{SourceError, SourceErrorKind};
use reqwest::Url;
use std::time::SystemTime;

/// S3 credentials. `Debug` shows the access key's id and never the secrets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// The access key's id: not a secret.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// The session token of temporary credentials.
    pub session_token: Option<Secret>,
    /// When they end, if that is known.
    pub expiration: Option<SystemTime>,
}

impl Credentials {
    /// Lasting credentials: a key's id and its secret.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<Secret>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            session_token: None,
            expiration: None,
        }
    }

    /// The same with a session token.
    #[must_use]
    pub fn with_session_token(self, token: impl Into<Secret>) -> Self {
        Self { session_token: Some(token.into()), ..self }
    }

    /// The same, ending at `text`: ISO 8601, as AWS (`2026-11-22T13:00:00Z`) and the NSIDC endpoint
    /// (`2026-11-22 13:00:00+00:00`) write it.
    ///
    /// # Errors
    /// [`SourceErrorKind::Config`] when the text is no such date.
    pub fn with_expiration(self, text: &str) -> Result<Self, SourceError> {
        let parsed = moment::parse(text).ok_or_else(|| {
            let message = format!("expiration `{text}` is not a date: write 2026-11-22T13:00:00Z");
            SourceError::new(SourceErrorKind::Config, "S3 credentials", message)
        })?;
        Ok(Self { expiration: Some(parsed), ..self })
    }

    /// Whether they have ended at `now`. Without a known end: no.
    #[must_use]
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expiration.is_some_and(|end| end <= now)
    }
}

/// A token for HTTPS and the hosts that may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bearer {
    /// Sent as `Authorization: Bearer ...`.
    pub token: Secret,
    /// Host names that it is for; one that begins with a dot stands for its subdomains.
    pub hosts: Vec<String>,
}

/// Hosts that an Earthdata login is for: the data hosts of NASA's Earthdata Cloud.
pub const EARTHDATA_HOSTS: [&str; 1] = [".earthdatacloud.nasa.gov"];

fn earthdata_hosts() -> Vec<String> {
    EARTHDATA_HOSTS.map(str::to_owned).to_vec()
}

/// A user and a password for the login host of Earthdata, to which its data hosts redirect unknown clients.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Password {
    /// The user.
    pub user: String,
    /// Sent to the login host alone.
    pub password: Secret,
    /// Where they were found, for messages.
    pub found_in: String,
    /// The login host.
    pub login: Url,
    /// Data hosts that may ask for a login; one that begins with a dot stands for its subdomains.
    pub hosts: Vec<String>,
}

impl Password {
    /// For the data hosts of NASA's Earthdata Cloud and a login host.
    pub fn earthdata(
        user: impl Into<String>,
        password: impl Into<Secret>,
        found_in: impl Into<String>,
        login: Url,
    ) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
            found_in: found_in.into(),
            login,
            hosts: earthdata_hosts(),
        }
    }

    /// Whether a request to `url` may carry them.
    #[must_use]
    pub fn is_for(&self, url: &Url) -> bool {
        url.origin() == self.login.origin() && is_private(url)
    }

    /// Whether a file at `url` may ask for a login.
    #[must_use]
    pub fn serves(&self, url: &Url) -> bool {
        is_private(url) && is_listed(&self.hosts, url)
    }
}

impl Bearer {
    /// An Earthdata login token, for the data hosts of NASA's Earthdata Cloud alone.
    pub fn earthdata(token: impl Into<Secret>) -> Self {
        Self { token: token.into(), hosts: earthdata_hosts() }
    }

    /// Whether a request to `url` may carry the token: its host is on the list, and the connection cannot be
    /// overheard (TLS, or this machine itself).
    #[must_use]
    pub fn is_for(&self, url: &Url) -> bool {
        is_private(url) && is_listed(&self.hosts, url)
    }
}

/// Whether the host of a URL is on a list of hosts, with or without ports; one that begins with a dot stands for its
/// subdomains.
pub(crate) fn is_listed(hosts: &[String], url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let with_port = url.port_or_known_default().map(|port| format!("{host}:{port}"));
    hosts.iter().any(|listed| match listed.starts_with('.') {
        true => host.ends_with(listed.as_str()),
        false => host == listed || with_port.as_ref() == Some(listed),
    })
}

/// Whether the connection cannot be overheard: TLS, or this machine itself.
fn is_private(url: &Url) -> bool {
    url.scheme() == "https" || matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn credentials_end_when_they_say() {
        let keys = Credentials::new("id", "secret").with_expiration("2026-11-22 13:00:00+00:00").unwrap();
        let end = keys.expiration.unwrap();
        assert!(!keys.is_expired(end - Duration::from_secs(1)) && keys.is_expired(end));
        let error = Credentials::new("id", "secret").with_expiration("in an hour").unwrap_err();
        assert!(error.message.contains("in an hour"));
    }

    #[test]
    fn a_token_goes_to_its_hosts_alone_and_never_in_the_clear() {
        let bearer = Bearer::earthdata("hush");
        let may = |url: &str| bearer.is_for(&Url::parse(url).unwrap());
        assert!(may("https://data.nsidc.earthdatacloud.nasa.gov/x.h5"));
        assert!(!may("http://data.nsidc.earthdatacloud.nasa.gov/x.h5"));
        assert!(!may("https://d1.cloudfront.net/x.h5"));
        assert!(!may("https://evil.org/.earthdatacloud.nasa.gov"));
        assert!(!may("https://notearthdatacloud.nasa.gov/"));
    }
}
