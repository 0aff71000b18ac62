//! S3 credentials from a data host of Earthdata, through as many redirects as its login takes (docs/lambda.md, "Earthdata
//! credentials").
use crate::Error;
use crate::answer::{self, body};
use crate::login::{Login, Proof};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use byte_ranges::SourceErrorKind::{BadAnswer, Config, Denied, Expired};
use reqwest::header::{ACCEPT, AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Response, Url};
use serde::Deserialize;
use std::time::{Duration, SystemTime};
use storage::retry::{Failed, attempts};
use storage::{Credentials, Jar, Retry};

/// NSIDC's data host.
pub const DATA_URL: &str = "https://data.nsidc.earthdatacloud.nasa.gov";
/// Earthdata login.
pub const LOGIN_URL: &str = "https://urs.earthdata.nasa.gov";
/// A login takes three or four.
const MAX_HOPS: usize = 10;
const MAX_BODY: usize = 1 << 20;

/// The two hosts that may see the login.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hosts {
    data: Url,
    login: Url,
}

impl Hosts {
    /// A data host and a login host: [`DATA_URL`] and [`LOGIN_URL`], or others in tests.
    ///
    /// # Errors
    /// [`Error::Usage`] for what is no URL of a host that may see secrets: `https`, or `http` on this machine.
    pub fn new(data: &str, login: &str) -> Result<Self, Error> {
        let parse = |text: &str| {
            let url = Url::parse(text).ok().filter(is_private);
            url.ok_or_else(|| Error::usage(format!("`{text}` is no https:// URL of a host")))
        };
        Ok(Self { data: parse(data)?, login: parse(login)? })
    }

    /// [`DATA_URL`] and [`LOGIN_URL`], or the hosts that `ICESTREAM_EARTHDATA_URL` and `ICESTREAM_LOGIN_URL` name.
    ///
    /// # Errors
    /// As [`Hosts::new`].
    pub fn from_env() -> Result<Self, Error> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (data, login) = (set("ICESTREAM_EARTHDATA_URL"), set("ICESTREAM_LOGIN_URL"));
        Self::new(data.as_deref().unwrap_or(DATA_URL), login.as_deref().unwrap_or(LOGIN_URL))
    }

    /// The data host's name, for `https` links of its buckets.
    #[must_use]
    pub fn data_host(&self) -> &str {
        self.data.host_str().unwrap_or_default()
    }
}

/// A client of the two hosts.
#[derive(Clone, Debug)]
pub struct Earthdata {
    http: reqwest::Client,
    retry: Retry,
    hosts: Hosts,
    login: Login,
}

/// The endpoint's answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

impl Earthdata {
    /// Nothing is sent yet. `http` must not follow redirects by itself ([`storage::http_client`]).
    #[must_use]
    pub fn new(http: reqwest::Client, retry: Retry, hosts: Hosts, login: Login) -> Self {
        Self { http, retry, hosts, login }
    }

    /// The login.
    #[must_use]
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// The data host and the login host.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// New S3 credentials for the data host's buckets. They last about an hour and work from us-west-2 only.
    ///
    /// # Errors
    /// [`Error::Source`]: `denied` for a login that is refused, `expired` for credentials that have ended on arrival,
    /// `unavailable` when no server answers.
    pub async fn s3_credentials(&self) -> Result<Credentials, Error> {
        let silent = |_: &_, _: Duration| {};
        let credentials = attempts(&self.retry, silent, async || self.dance().await).await?;
        if credentials.is_expired(SystemTime::now()) {
            let message = "the S3 credentials have ended on arrival: is this machine's clock right?";
            return Err(Error::source(Expired, self.endpoint().as_str(), message));
        }
        Ok(credentials)
    }

    fn endpoint(&self) -> Url {
        let mut url = self.hosts.data.clone();
        url.set_path("/s3credentials");
        url
    }

    async fn dance(&self) -> Result<Credentials, Failed> {
        let mut jar = Jar::default();
        let mut url = self.endpoint();
        let mut asked_login = false;
        for _ in 0..=MAX_HOPS {
            let at = shown(&url);
            asked_login |= same(&url, &self.hosts.login);
            let request = self.http.get(url.clone()).headers(self.headers(&url, &jar)?);
            let response = request.send().await.map_err(|error| answer::transport(error, &at))?;
            jar.keep(&url, response.headers());
            match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => url = next(&url, &response)?,
                200 => return credentials(response, &at, self.retry.patience).await,
                status @ (401 | 403) => {
                    let mut failed = self.refused(&url, status, asked_login);
                    let words = body(response, MAX_BODY, &at, self.retry.patience).await.unwrap_or_default();
                    if let Some(terms) = storage::terms(&String::from_utf8_lossy(&words)) {
                        failed.error.message = format!("{}; {terms}", failed.error.message);
                    }
                    return Err(failed);
                }
                _ => return Err(answer::status(response, &at).await),
            }
        }
        let message = format!("more than {MAX_HOPS} redirects: the login goes in circles");
        Err(answer::last(BadAnswer, self.endpoint().as_str(), message))
    }

    /// A token goes to the data host and to the login host that issued it, a password to the login host alone, neither to
    /// any other host: a signed URL at the end of a redirect refuses a second authorization, and its host must not see it.
    fn headers(&self, url: &Url, jar: &Jar) -> Result<HeaderMap, Failed> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let (to_data, to_login) = (same(url, &self.hosts.data), same(url, &self.hosts.login));
        let secret = match &self.login.proof {
            Proof::Token(token) if to_data || to_login => Some(format!("Bearer {}", token.expose())),
            Proof::Password { user, password } if to_login => {
                Some(format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose()))))
            }
            _ => None,
        };
        for (name, value) in [(AUTHORIZATION, secret), (COOKIE, jar.of(url))] {
            let Some(value) = value else { continue };
            let mut value = HeaderValue::from_str(&value).map_err(|_| {
                let message = "the token, the password or a cookie holds characters that no header can carry";
                answer::last(Config, &shown(url), message)
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    fn refused(&self, url: &Url, status: u16, asked_login: bool) -> Failed {
        let from = &self.login.found_in;
        let message = match &self.login.proof {
            Proof::Token(_) => {
                format!("the token of {from} was not accepted ({status}): it lasts 60 days, get a new one")
            }
            Proof::Password { .. } if same(url, &self.hosts.login) => {
                format!("the user or the password of {from} is wrong ({status})")
            }
            Proof::Password { .. } if asked_login => format!(
                "the login is right, but this user may not read here ({status}): authorize the application in your Earthdata profile"
            ),
            Proof::Password { .. } => format!("access is refused ({status})"),
        };
        answer::last(Denied, &shown(url), message)
    }
}

async fn credentials(response: Response, at: &str, patience: Duration) -> Result<Credentials, Failed> {
    let text = body(response, MAX_BODY, at, patience).await?;
    // No word of the answer goes into the message: it may hold half of a secret.
    let answer: Answer = serde_json::from_slice(&text).map_err(|_| {
        let page = text.trim_ascii_start().starts_with(b"<");
        let message = if page {
            "a page came in place of S3 credentials: the login was not accepted"
        } else {
            "the answer holds no S3 credentials"
        };
        answer::last(if page { Denied } else { BadAnswer }, at, message)
    })?;
    let keys = Credentials::new(answer.access_key_id, answer.secret_access_key);
    keys.with_session_token(answer.session_token)
        .with_expiration(&answer.expiration)
        .map_err(|error| answer::last(BadAnswer, at, error.message))
}

fn next(url: &Url, response: &Response) -> Result<Url, Failed> {
    let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let next = target.and_then(|target| url.join(target).ok());
    match next {
        Some(next) if is_private(&next) => Ok(next),
        Some(_) => Err(answer::last(BadAnswer, &shown(url), "a redirect out of TLS is not followed")),
        None => Err(answer::last(BadAnswer, &shown(url), "a redirect that leads nowhere")),
    }
}

/// Whether the connection cannot be overheard: TLS, or this machine itself.
fn is_private(url: &Url) -> bool {
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" && url.host_str().is_some() || url.scheme() == "http" && local
}

fn same(url: &Url, host: &Url) -> bool {
    url.origin() == host.origin()
}

/// Without the query, which may hold a code or a signature.
fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}
