//! S3 credentials, the bearer token for HTTPS, and the login of Earthdata.
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

/// How S3 is asked.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum S3Access {
    /// Nothing was given: the first use of an `s3://` place says what to set.
    #[default]
    Missing,
    /// Unsigned requests, for public buckets.
    Anonymous,
    /// Requests signed with these.
    Keys(Credentials),
}

/// Where S3 is and how it is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct S3Options {
    /// Signed or not.
    pub access: S3Access,
    /// AWS region of the buckets; the ICESat-2 buckets are in `us-west-2`.
    pub region: String,
    /// Root of an S3-compatible store (`http://127.0.0.1:9000`), addressed path-style; `None` for AWS itself.
    pub endpoint_url: Option<String>,
    /// The caller agrees to pay for requests and transfer: for buckets that require it (`x-amz-request-payer`).
    pub requester_pays: bool,
}

impl Default for S3Options {
    fn default() -> Self {
        Self { access: S3Access::Missing, region: "us-west-2".to_owned(), endpoint_url: None, requester_pays: false }
    }
}

impl S3Options {
    /// Signed with `credentials`, in `us-west-2`, at AWS.
    #[must_use]
    pub fn with_credentials(credentials: Credentials) -> Self {
        Self { access: S3Access::Keys(credentials), ..Self::default() }
    }

    /// From the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` or
    /// `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, `AWS_REQUEST_PAYER=requester`, and
    /// `AWS_SKIP_SIGNATURE=true` for unsigned requests. A Lambda function finds its role's credentials there.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// The same from any lookup of names; empty values count as absent.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let skip = get("AWS_SKIP_SIGNATURE").is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1");
        let access = match (get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")) {
            _ if skip => S3Access::Anonymous,
            (Some(id), Some(secret)) => S3Access::Keys(Credentials {
                session_token: get("AWS_SESSION_TOKEN").map(Secret::new),
                ..Credentials::new(id, secret)
            }),
            _ => S3Access::Missing,
        };
        Self {
            access,
            region: get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION")).unwrap_or(Self::default().region),
            endpoint_url: get("AWS_ENDPOINT_URL_S3").or_else(|| get("AWS_ENDPOINT_URL")),
            requester_pays: get("AWS_REQUEST_PAYER").is_some_and(|value| value.eq_ignore_ascii_case("requester")),
        }
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
    fn the_environment_is_understood() {
        let full = S3Options::from_lookup(|name| match name {
            "AWS_ACCESS_KEY_ID" => Some("AKID".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("hush".to_owned()),
            "AWS_SESSION_TOKEN" => Some("hush-too".to_owned()),
            "AWS_DEFAULT_REGION" => Some("eu-central-1".to_owned()),
            "AWS_REGION" => Some(String::new()),
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:9000".to_owned()),
            _ => None,
        });
        let S3Access::Keys(keys) = &full.access else { panic!("no keys in {full:?}") };
        assert_eq!(keys.session_token.as_ref().map(Secret::expose), Some("hush-too"));
        assert_eq!(
            (full.region.as_str(), full.endpoint_url.as_deref()),
            ("eu-central-1", Some("http://127.0.0.1:9000"))
        );
        assert!(!format!("{full:?}").contains("hush"), "{full:?}");
        assert_eq!(S3Options::from_lookup(|_| None), S3Options::default());
        let skip = S3Options::from_lookup(|name| (name == "AWS_SKIP_SIGNATURE").then(|| "True".to_owned()));
        assert_eq!(skip.access, S3Access::Anonymous);
    }

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
