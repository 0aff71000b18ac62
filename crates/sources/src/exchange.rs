//! One HTTP exchange: permission, signature or token, redirects. Judging the answer is the caller's.
use crate::attempt::Failure;
use crate::clients::Shared;
use crate::s3::S3;
use crate::{Location, Stats};
use byte_ranges::{SourceError, SourceErrorKind};
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Request, Response, Url};

/// Redirects followed for one request; logins take three or four.
const MOST_HOPS: usize = 8;

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
    /// Sends `ask` to S3, signed. S3 redirects between regions only, which a new signature would have to follow: the
    /// answer is given back as it is.
    pub(crate) async fn send_s3(&self, s3: &S3, ask: &Ask, at: &str, stats: &Stats) -> Result<Response, Failure> {
        let mut request = ask.request(ask.url.clone());
        s3.authorize(&mut request, at)?;
        self.send(request, at, stats).await
    }

    /// Sends `ask` over HTTP and follows redirects. Answers with the response and the URL that gave it, when it was
    /// another one. The token goes only to the hosts it is for, on every hop anew.
    pub(crate) async fn send_http(
        &self,
        ask: &Ask,
        at: &Location,
        stats: &Stats,
    ) -> Result<(Response, Option<Url>), Failure> {
        let shown = at.to_string();
        let mut url = ask.url.clone();
        for hop in 0..=MOST_HOPS {
            let mut request = ask.request(url.clone());
            let token = self.options.bearer.as_ref().filter(|bearer| bearer.is_for(&url));
            if let Some(bearer) = token {
                request.headers_mut().insert(AUTHORIZATION, bearer_header(bearer.token.expose(), &shown)?);
            }
            let response = self.send(request, &shown, stats).await?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok((response, (hop > 0).then_some(url)));
            }
            url = next_hop(&url, &response, &shown, token.is_some())?;
        }
        Err(failure(&shown, SourceErrorKind::BadAnswer, &format!("more than {MOST_HOPS} redirects")))
    }

    async fn send(&self, request: Request, at: &str, stats: &Stats) -> Result<Response, Failure> {
        let client = self.http()?;
        stats.add_request();
        client.execute(request).await.map_err(|e| Failure::of_transport(e, at, "no answer"))
    }
}

fn next_hop(url: &Url, response: &Response, at: &str, with_token: bool) -> Result<Url, Failure> {
    let target = response.headers().get(LOCATION).and_then(|v| v.to_str().ok());
    let next = target.and_then(|target| url.join(target).ok());
    let Some(next) = next.filter(|next| matches!(next.scheme(), "http" | "https")) else {
        return Err(failure(at, SourceErrorKind::BadAnswer, "a redirect that leads nowhere"));
    };
    if url.scheme() == "https" && next.scheme() == "http" {
        return Err(failure(at, SourceErrorKind::BadAnswer, "a redirect out of TLS is not followed"));
    }
    // Earthdata sends whoever it does not know to its login page, which would answer 200 and HTML.
    if next.path().contains("/oauth/authorize") {
        let host = next.host_str().unwrap_or_default();
        let message = if with_token {
            format!("{host} wants a new login: the token was not accepted (it lasts 60 days; get a new one)")
        } else {
            format!("{host} wants a login: give a token (for Earthdata, EARTHDATA_TOKEN)")
        };
        return Err(failure(at, SourceErrorKind::Denied, &message));
    }
    Ok(next)
}

fn bearer_header(token: &str, at: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| failure(at, SourceErrorKind::Config, "the token holds characters that no header can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn failure(at: &str, kind: SourceErrorKind, message: &str) -> Failure {
    Failure::last(SourceError::new(kind, at, message))
}
