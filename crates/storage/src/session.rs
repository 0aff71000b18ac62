//! Logins with a user and a password: cookies, and which requests may start one (docs/lambda.md, "Earthdata credentials").
use crate::credentials::Password;
use reqwest::Url;
use reqwest::header::{HeaderMap, SET_COOKIE};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Cookies of a login. They go back to the origin that set them and to no other. `Debug` shows none.
#[derive(Default)]
pub struct Jar(BTreeMap<(String, String), String>);

impl Jar {
    /// Keeps what an answer from `url` sets.
    pub fn keep(&mut self, url: &Url, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let mut parts = header.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let key = (url.origin().ascii_serialization(), name.trim().to_owned());
            let removed = parts.any(|part| part.eq_ignore_ascii_case("max-age=0")) || value.is_empty();
            if removed {
                self.0.remove(&key);
            } else {
                self.0.insert(key, value.trim().to_owned());
            }
        }
    }

    /// The `Cookie` header for a request to `url`.
    #[must_use]
    pub fn of(&self, url: &Url) -> Option<String> {
        let origin = url.origin().ascii_serialization();
        let pairs = self.0.iter().filter(|((from, _), _)| *from == origin);
        let text = pairs.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        (!text.is_empty()).then_some(text)
    }
}

impl std::fmt::Debug for Jar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jar({} cookies)", self.0.len())
    }
}

/// The login that all files of a run share: made once, by the first request that a server sends to the login host.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) password: Option<Password>,
    jar: Mutex<Jar>,
    /// Held by the request that logs in.
    pub(crate) gate: tokio::sync::Mutex<()>,
}

impl Session {
    pub(crate) fn new(password: Option<Password>) -> Self {
        Self { password, jar: Mutex::default(), gate: tokio::sync::Mutex::new(()) }
    }

    pub(crate) fn keep(&self, url: &Url, headers: &HeaderMap) {
        if self.password.is_some() {
            self.jar.lock().unwrap_or_else(PoisonError::into_inner).keep(url, headers);
        }
    }

    pub(crate) fn cookies(&self, url: &Url) -> Option<String> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner).of(url)
    }
}
