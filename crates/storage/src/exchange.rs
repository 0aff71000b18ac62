//! One HTTP exchange: permission, signature or token, redirects. Judging the answer is the caller's.
use crate::credentials::is_listed;
use crate::retry::Failed;
use crate::s3::S3;
use crate::shared::Shared;
use crate::{Location, Password, Stats, refusal};
use byte_ranges::{SourceError, SourceErrorKind};
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, LOCATION, RANGE};
use reqwest::{Method, Request, RequestBuilder, Response, Url};
use tracing::{Instrument as _, debug, debug_span};

/// Redirects followed for one request; logins take three or four.
const MAX_HOPS: usize = 8;

/// What is sent: everything but the credentials, which go in at the last moment.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

impl Ask {
    pub(crate) fn get(url: Url, headers: HeaderMap) -> Self {
        Self { method: Method::GET, url, headers, body: None }
    }

    fn request(&self, url: Url) -> Request {
        let mut request = Request::new(self.method.clone(), url);
        *request.headers_mut() = self.headers.clone();
        if let Some(body) = &self.body {
            *request.body_mut() = Some(body.clone().into());
            if !self.headers.contains_key(CONTENT_TYPE) {
                request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            }
        }
        request
    }
}

impl Shared {
    /// Sends `ask` to S3, signed. S3 redirects between regions only, and names the region of the bucket: it is asked there,
    /// with a signature of its own. Where S3 calls the credentials expired and their source may have others, it is asked
    /// once more. Any other answer is given back as it is.
    pub(crate) async fn send_s3(&self, s3: &S3, ask: &Ask, at: &str, stats: &Stats) -> Result<Response, Failed> {
        let mut renewed = false;
        loop {
            let (region, url) = s3.there(&ask.url);
            let mut request = ask.request(url);
            let signed_with = s3.authorize(&mut request, &region, at).await?;
            let mut response = self.send(request, at, stats).await?;
            if let Some((source, stale)) = signed_with.filter(|_| !renewed && may_be_expired(&response)) {
                let expired;
                (response, expired) = refusal::expired(response, self.options.retry.patience).await;
                if expired {
                    source.forget(&stale).await;
                    renewed = true;
                    stats.add_retry();
                    continue;
                }
            }
            // Once: a bucket that names another region again gives its last answer back.
            if region != s3.region() || !s3.has_moved(&ask.url, &region, &response) {
                return Ok(response);
            }
        }
    }

    /// Sends `ask` over HTTP and follows redirects, through a login where the file's host may ask for one. Answers with the
    /// response and the URL that gave it, when it was another one. Token, password and cookies go only to the hosts they
    /// are for, on every hop anew.
    pub(crate) async fn send_http(
        &self,
        ask: &Ask,
        at: &Location,
        stats: &Stats,
    ) -> Result<(Response, Option<Url>), Failed> {
        let shown = at.to_string();
        let mut url = ask.url.clone();
        let (mut gate, mut cookies) = (None, self.session.cookies(&url));
        for hop in 0..=MAX_HOPS {
            let request = self.request_to(ask, &url, &shown)?;
            let response = self.send(request, &shown, stats).await?;
            self.session.keep(&url, response.headers());
            let status = response.status().as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                let login = self.session.password.as_ref().filter(|login| login.is_for(&url));
                return match login {
                    Some(login) => Err(refused_login(login, status, &shown)),
                    None => Ok((response, (hop > 0).then_some(url))),
                };
            }
            let next = next_hop(&url, &response, &shown)?;
            self.check_redirect(&next, &shown)?;
            if is_login(&next) {
                let login =
                    self.session.password.as_ref().filter(|login| login.serves(&ask.url) && login.is_for(&next));
                if login.is_none() || gate.is_some() {
                    return Err(self.wants_login(&url, &next, &shown));
                }
                gate = Some(self.session.gate.lock().await);
                // Another request has logged in meanwhile.
                let now = self.session.cookies(&ask.url);
                if now != cookies {
                    (cookies, gate, url) = (now, None, ask.url.clone());
                    continue;
                }
            }
            url = next;
        }
        Err(failure(&shown, SourceErrorKind::BadAnswer, &format!("more than {MAX_HOPS} redirects")))
    }

    /// A request with the credentials that the host of `url` may see.
    fn request_to(&self, ask: &Ask, url: &Url, at: &str) -> Result<Request, Failed> {
        let mut request = ask.request(url.clone());
        let unfit =
            |_| failure(at, SourceErrorKind::Config, "the token or a cookie holds characters that no header can carry");
        let mut set = |name, value: &str| -> Result<(), Failed> {
            let mut value = HeaderValue::from_str(value).map_err(unfit)?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
            Ok(())
        };
        if let Some(bearer) = self.options.bearer.as_ref().filter(|bearer| bearer.is_for(url)) {
            set(AUTHORIZATION, &format!("Bearer {}", bearer.token.expose()))?;
        }
        if let Some(cookies) = self.session.cookies(url) {
            set(COOKIE, &cookies)?;
        }
        let Some(login) = self.session.password.as_ref().filter(|login| login.is_for(url)) else { return Ok(request) };
        let builder = RequestBuilder::from_parts(self.http()?.clone(), request);
        let request = builder.basic_auth(&login.user, Some(login.password.expose())).build();
        request.map_err(|error| Failed::of_transport(error, at, "no request"))
    }

    fn check_redirect(&self, next: &Url, at: &str) -> Result<(), Failed> {
        match &self.options.redirect_hosts {
            Some(hosts) if !is_listed(hosts, next) => {
                let host = next.host_str().unwrap_or_default();
                Err(failure(
                    at,
                    SourceErrorKind::Denied,
                    &format!("a redirect to {host}, which is not on the list of hosts"),
                ))
            }
            _ => Ok(()),
        }
    }

    /// A login page, which would answer 200 and HTML, is no place to go.
    fn wants_login(&self, url: &Url, next: &Url, at: &str) -> Failed {
        let host = next.host_str().unwrap_or_default();
        let token = self.options.bearer.as_ref().is_some_and(|bearer| bearer.is_for(url));
        let message = match &self.session.password {
            _ if token => {
                format!("{host} wants a new login: the token was not accepted (it lasts 60 days; get a new one)")
            }
            Some(login) if login.serves(url) => {
                format!("{host} asks for the login of {} again and again", login.found_in)
            }
            _ => {
                format!("{host} wants a login: give a token (for Earthdata, EARTHDATA_TOKEN) or a user and a password")
            }
        };
        failure(at, SourceErrorKind::Denied, &message)
    }

    /// Sends one request, counted and with a span, as it is.
    pub(crate) async fn send(&self, request: Request, at: &str, stats: &Stats) -> Result<Response, Failed> {
        let client = self.http()?;
        stats.add_request();
        let range = request.headers().get(RANGE).and_then(|range| range.to_str().ok());
        let span = debug_span!("request", method = %request.method(), place = at, range);
        let answered = async {
            let answered = client.execute(request).await;
            match &answered {
                Ok(response) => debug!(status = response.status().as_u16(), length = response.content_length()),
                Err(_) => debug!("no answer"),
            }
            answered
        };
        answered.instrument(span).await.map_err(|e| Failed::of_transport(e, at, "no answer"))
    }
}

/// Whether the status is one with which S3 refuses credentials that have ended.
fn may_be_expired(response: &Response) -> bool {
    matches!(response.status().as_u16(), 400 | 401 | 403)
}

fn next_hop(url: &Url, response: &Response, at: &str) -> Result<Url, Failed> {
    let target = response.headers().get(LOCATION).and_then(|v| v.to_str().ok());
    let next = target.and_then(|target| url.join(target).ok());
    let Some(next) = next.filter(|next| matches!(next.scheme(), "http" | "https")) else {
        return Err(failure(at, SourceErrorKind::BadAnswer, "a redirect that leads nowhere"));
    };
    if url.scheme() == "https" && next.scheme() == "http" {
        return Err(failure(at, SourceErrorKind::BadAnswer, "a redirect out of TLS is not followed"));
    }
    Ok(next)
}

/// Whether `url` is the login page to which Earthdata redirects unknown clients.
fn is_login(url: &Url) -> bool {
    url.path().contains("/oauth/authorize")
}

/// The error for a login host that refused the password.
fn refused_login(login: &Password, status: u16, at: &str) -> Failed {
    let (host, from) = (login.login.host_str().unwrap_or_default(), &login.found_in);
    match status {
        401 | 403 => {
            let message = format!("the user or the password of {from} is wrong ({host} answered {status})");
            failure(at, SourceErrorKind::Denied, &message)
        }
        200..=299 => {
            let message = format!("{host} shows a page: log in there with a browser once and agree to what it asks");
            failure(at, SourceErrorKind::Denied, &message)
        }
        _ => Failed::passing(SourceError::new(SourceErrorKind::Unavailable, at, format!("{host} answered {status}"))),
    }
}

fn failure(at: &str, kind: SourceErrorKind, message: &str) -> Failed {
    Failed::last(SourceError::new(kind, at, message))
}
