//! Which requests are allowed: every page that is open in a browser can reach a server on this machine.
use hyper::HeaderMap;
use hyper::header::{HOST, ORIGIN};

/// The rules of one server.
pub(crate) struct Guard {
    /// `Host` values of this server; any other is a foreign name that resolves to this machine (DNS rebinding).
    hosts: Vec<String>,
    origins: Vec<String>,
}

/// Whose page asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Asker {
    /// The page that this server serves, or a program.
    Own,
    /// A page of an allowed origin, which the answer must name.
    Allowed(String),
    /// Any other page.
    Stranger,
}

impl Guard {
    pub(crate) fn new(port: u16, origins: &[String]) -> Self {
        let hosts = ["127.0.0.1", "localhost", "[::1]"].iter().map(|name| format!("{name}:{port}")).collect();
        let origins = origins.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect();
        Self { hosts, origins }
    }

    pub(crate) fn asker(&self, headers: &HeaderMap) -> Asker {
        let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if !get(HOST.as_str()).is_some_and(|host| self.hosts.iter().any(|own| own == host)) {
            return Asker::Stranger;
        }
        if let Some(origin) = get(ORIGIN.as_str()) {
            let bare = origin.strip_prefix("http://").unwrap_or_default();
            return match () {
                () if self.hosts.iter().any(|own| own == bare) => Asker::Own,
                () if self.origins.iter().any(|allowed| *allowed == origin.to_ascii_lowercase()) => {
                    Asker::Allowed(origin.to_owned())
                }
                () => Asker::Stranger,
            };
        }
        // Requests that need no permission carry no origin, but browsers say where they come from (Fetch Metadata).
        match get("sec-fetch-site") {
            Some("cross-site" | "same-site") => Asker::Stranger,
            _ => Asker::Own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};

    #[test]
    fn strangers_are_told_from_friends() {
        let guard = Guard::new(8321, &["https://pages.example/".to_owned()]);
        let asker = |headers: &[(&'static str, &'static str)]| {
            let headers = headers.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)));
            guard.asker(&headers.collect())
        };
        assert_eq!(asker(&[("host", "127.0.0.1:8321")]), Asker::Own);
        assert_eq!(asker(&[("host", "localhost:8321"), ("origin", "http://localhost:8321")]), Asker::Own);
        let friend = [("host", "127.0.0.1:8321"), ("origin", "https://pages.example")];
        assert_eq!(asker(&friend), Asker::Allowed("https://pages.example".to_owned()));
        for headers in [
            &[("host", "evil.example:8321")][..],
            &[("host", "127.0.0.1:8321"), ("origin", "https://evil.example")],
            &[("host", "127.0.0.1:8321"), ("origin", "null")],
            &[("host", "127.0.0.1:8321"), ("sec-fetch-site", "cross-site")],
            &[],
        ] {
            assert_eq!(asker(headers), Asker::Stranger, "{headers:?}");
        }
    }
}
