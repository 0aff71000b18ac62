//! One request of `object_store`, sent as all requests here are: over the same connections, counted, with a span, limits on
//! size and time, and failures in our own words.
use crate::cloud_error::Carried;
use crate::encode::{element, is_document, percent_decode};
use crate::refusal::Refusal;
use crate::retry::{Again, Failed};
use crate::shared::Shared;
use crate::{Paced, Stats};
use async_trait::async_trait;
use byte_ranges::{SourceError, SourceErrorKind};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Largest answer that is read: chunks are some 100 KB, shards some MB, ranges of granules some 10 MB.
const MAX_BODY: usize = 1 << 30;
/// Google's condition on an object (XML API reference, "HTTP headers and common query string parameters").
const GENERATION_MATCH: HeaderName = HeaderName::from_static("x-goog-if-generation-match");
/// Hosts that give a machine in a cloud the credentials of its role, over plain HTTP.
const METADATA_HOSTS: [&str; 3] = ["169.254.169.254", "metadata.google.internal", "metadata"];

/// The generations that objects must have to be deleted, by path: Google takes this condition, `object_store` does not make it.
#[derive(Default)]
pub(crate) struct Conditions(Mutex<HashMap<String, String>>);

impl Conditions {
    /// Runs `deletion` of the object at `path`, which takes place if it has this generation.
    pub(crate) async fn while_deleting<T>(&self, path: &str, generation: &str, deletion: impl Future<Output = T>) -> T {
        let conditions = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        conditions().insert(path.to_owned(), generation.to_owned());
        let done = deletion.await;
        conditions().remove(path);
        done
    }

    fn of(&self, url: &Url) -> Option<HeaderValue> {
        let path = percent_decode(url.path());
        let conditions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of = |deleted: &str| path.strip_suffix(deleted).is_some_and(|root| root.ends_with('/'));
        let found = conditions.iter().filter(|(deleted, _)| is_of(deleted)).max_by_key(|(deleted, _)| deleted.len());
        HeaderValue::from_str(found?.1).ok()
    }
}

/// Sends the requests of one source or sink.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) conditions: Arc<Conditions>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) stats: Arc<Stats>,
    /// For messages.
    pub(crate) place: String,
}

impl Sender {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Failed> {
        let _permit = self.shared.permit().await;
        let request = self.request(request).await?;
        let metadata = request.url().host_str().is_some_and(|host| METADATA_HOSTS.contains(&host));
        let page = listed_page(request.url());
        let response = match self.shared.send(request, &self.place, &self.stats).await {
            Err(_) if metadata => return Err(self.no_credentials()),
            answered => answered?,
        };
        let patience = self.shared.options.retry.patience;
        let mut answer = HttpResponse::new(Bytes::new().into());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        match response.status().as_u16() {
            // These are answers: the object is there already, is not there, is another one, or has not changed.
            200..=299 | 304 | 409 | 412 => {}
            404 if !metadata => {
                let refusal = Refusal::read(response, patience).await;
                let code = refusal.field("Code").unwrap_or_default();
                let of_bucket = page.is_some() || matches!(code.as_str(), "NoSuchBucket" | "ContainerNotFound");
                return if of_bucket { Err(refusal.into_failure(&self.place)) } else { Ok(answer) };
            }
            _ if metadata => return Err(self.no_credentials()),
            _ => return Err(Refusal::read(response, patience).await.into_failure(&self.place)),
        }
        let is_content = (200..=299).contains(&answer.status().as_u16());
        let (mut body, mut paced) = (BytesMut::new(), Paced::new(response, patience));
        loop {
            let part = paced.next().await;
            let part = part.map_err(|error| Failed::of_broken(error, &self.place, "the answer broke off"))?;
            let Some(part) = part else { break };
            if is_content {
                self.stats.add_bytes(part.len());
            }
            body.extend_from_slice(&part);
            if body.len() > MAX_BODY {
                let message = format!("the answer is larger than {MAX_BODY} bytes");
                return Err(Failed::last(SourceError::new(SourceErrorKind::BadAnswer, &self.place, message)));
            }
        }
        let body = body.freeze();
        if let Some(page) = page.filter(|_| is_content) {
            check_listing(&body, &page).map_err(|(message, again)| {
                let error = SourceError::new(SourceErrorKind::BadAnswer, &self.place, message);
                Failed { error, again }
            })?;
        }
        *answer.body_mut() = body.into();
        Ok(answer)
    }

    /// The request for our client. Credentials leave this machine over TLS alone.
    async fn request(&self, request: HttpRequest) -> Result<Request, Failed> {
        let config = |message: String| Failed::last(SourceError::new(SourceErrorKind::Config, &self.place, message));
        let (mut parts, body) = request.into_parts();
        if parts.headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes().trim_ascii() == b"Bearer") {
            parts.headers.remove(AUTHORIZATION);
        }
        let url = Url::parse(&parts.uri.to_string()).map_err(|error| config(format!("not a URL ({error})")))?;
        let host = url.host_str().unwrap_or_default();
        let is_here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
        let is_secret = parts.headers.contains_key(AUTHORIZATION)
            || parts.method == Method::POST
            || url.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case("sig"));
        if url.scheme() != "https" && is_secret && !is_here && !METADATA_HOSTS.contains(&host) {
            return Err(config(format!("credentials are not sent to http://{host}: use https://")));
        }
        let body = body.collect().await.map_err(|error| config(format!("the request cannot be read: {error}")))?;
        let mut request = Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        if let Some(generation) = self.conditions.of(request.url()).filter(|_| request.method() == Method::DELETE) {
            request.headers_mut().insert(GENERATION_MATCH, generation);
        }
        let body = body.to_bytes();
        if !body.is_empty() {
            *request.body_mut() = Some(body.into());
        }
        Ok(request)
    }

    fn no_credentials(&self) -> Failed {
        let message = if self.place.starts_with("gs://") {
            "no Google credentials: set GOOGLE_APPLICATION_CREDENTIALS to a file of a service account or of `gcloud auth application-default login`, or ask without (GOOGLE_SKIP_SIGNATURE=true) if the bucket is public; this machine has no role in Google's cloud either"
        } else {
            "no Azure credentials: set AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, or AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET, or ask without (AZURE_SKIP_SIGNATURE=true) if the container is public; this machine has no managed identity either"
        };
        Failed::last(SourceError::new(SourceErrorKind::Config, &self.place, message))
    }
}

/// Of a request for a page of a listing: where the page begins, empty for the first.
fn listed_page(url: &Url) -> Option<String> {
    let of = |wanted: &[&str]| {
        url.query_pairs().find(|(name, _)| wanted.contains(&&**name)).map(|(_, value)| value.into_owned())
    };
    let is_listing = of(&["list-type"]).is_some() || of(&["comp"]).is_some_and(|what| what == "list");
    is_listing.then(|| of(&["continuation-token", "marker"]).unwrap_or_default())
}

/// Whether an answer is a page of a listing, whole, and leads on: `object_store` takes any XML for an empty one.
fn check_listing(body: &[u8], page: &str) -> Result<(), (&'static str, Again)> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let is_of = |root: &str| is_document(text, root);
    let Some(root) = ["ListBucketResult", "EnumerationResults"].into_iter().find(|root| is_of(root)) else {
        let message = "the answer is no listing of a bucket: check the endpoint, and whether the network wants a login";
        return Err((message, Again::Never));
    };
    let is_closed_at_once =
        text.ends_with("/>") && text.rfind('<').is_some_and(|at| text[at..].starts_with(&format!("<{root}")));
    if !text.ends_with(&format!("</{root}>")) && !is_closed_at_once {
        return Err(("the listing is cut off", Again::Backoff));
    }
    let next = ["NextContinuationToken", "NextMarker"].into_iter().find_map(|name| element(text, name));
    let next = next.filter(|next| !next.is_empty());
    if next.is_none() && element(text, "IsTruncated").is_some_and(|said| said.trim().eq_ignore_ascii_case("true")) {
        return Err(("the listing is truncated, but names no next page", Again::Never));
    }
    if next.as_deref() == Some(page) && !page.is_empty() {
        return Err(("the listing does not move on: the server repeats itself", Again::Never));
    }
    Ok(())
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({})", self.place)
    }
}

#[async_trait]
impl HttpService for Sender {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // Of this kind `object_store` sends nothing again: that is done here, by one rule for all servers.
        self.send(request).await.map_err(|failed| HttpError::new(HttpErrorKind::Unknown, Carried::new(failed)))
    }
}

impl HttpConnector for Sender {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}
