//! What an answer that is not the content means.
use crate::encode::element;
use crate::retry::{Again, Failed};
use crate::{Paced, StatusClass};
use byte_ranges::{SourceError, SourceErrorKind as Kind, printable};
use reqwest::Response;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use std::time::Duration;

/// Bytes of an error's body that are read: the answers of S3 have a few hundred.
const MAX_ERROR_BODY: usize = 16 << 10;
/// Data hosts of NASA's Earthdata Cloud.
const EARTHDATA_HOST: &str = ".earthdatacloud.nasa.gov/";
/// Buckets of NASA's Earthdata Cloud at NSIDC.
const EARTHDATA_BUCKETS: &str = "s3://nsidc-cumulus-";
/// Characters of a server's own words that go into a message.
const MAX_WORDS: usize = 300;

/// An answer of an error status, read as far as it explains itself.
pub(crate) struct Refusal {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Refusal {
    /// Reads as much as comes within the patience.
    pub(crate) async fn read(response: Response, patience: Duration) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let (mut body, mut paced) = (Vec::new(), Paced::new(response, patience));
        while let Ok(Some(part)) = paced.next().await {
            body.extend_from_slice(&part);
            if body.len() >= MAX_ERROR_BODY {
                break;
            }
        }
        body.truncate(MAX_ERROR_BODY);
        Self { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// A field of the XML body of S3 (Amazon S3 API Reference, "Error responses").
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        element(&self.body, name)
    }

    /// The failure, classified by the code in the body where there is one and by the status otherwise.
    pub(crate) fn into_failure(self, location: &str) -> Failed {
        let code = self.field("Code").unwrap_or_default();
        // Only code and message: other elements of these answers repeat tokens.
        let words = self.field("Message").unwrap_or_default();
        let (kind, advice) = match by_code(&code) {
            // A presigned URL that has ended (Amazon S3 User Guide, "Expiration of presigned URLs").
            Some(_) if code == "AccessDenied" && words.to_ascii_lowercase().contains("expired") => {
                (Kind::Expired, "the presigned URL has ended: get a new one")
            }
            Some(known) => known,
            None => self.by_status(),
        };
        let mut message = format!("the server answered {}", self.status);
        if !code.is_empty() {
            let words: String = one_line(&words).chars().take(MAX_WORDS).collect();
            message = format!("{message} {code} ({words})");
        }
        if !advice.is_empty() {
            message = format!("{message}: {advice}");
        }
        if code == "AccessDenied" && kind == Kind::Denied && location.starts_with(EARTHDATA_BUCKETS) {
            message = format!("{message} (those of Earthdata work inside us-west-2 only; elsewhere use https links)");
        }
        if matches!(self.status, 401 | 403) && location.contains(EARTHDATA_HOST) {
            message = format!("{message} (Earthdata: EARTHDATA_TOKEN, or a user and a password)");
        }
        if let Some(terms) = terms(&self.body) {
            message = format!("{message}; {terms}");
        }
        if let Some(region) = self.headers.get("x-amz-bucket-region").and_then(|v| v.to_str().ok()) {
            message = format!("{message} (the bucket is in {region})");
        }
        let again =
            if matches!(kind, Kind::Unavailable | Kind::Timeout) { Again::asked(&self.headers) } else { Again::Never };
        Failed { error: SourceError::new(kind, location, message), again }
    }

    fn by_status(&self) -> (Kind, &'static str) {
        match StatusClass::of(self.status) {
            StatusClass::Redirect => (Kind::Config, "it sends elsewhere: check the region, the endpoint and the URL"),
            StatusClass::Unauthorized if self.says_expired() => (Kind::Expired, "the token has expired: get a new one"),
            StatusClass::Unauthorized => (Kind::Denied, "it wants a login"),
            StatusClass::Forbidden if self.says_expired() => {
                (Kind::Expired, "the URL or the token has expired: get a new one")
            }
            StatusClass::Forbidden => (Kind::Denied, "it is refused with these credentials"),
            StatusClass::NotFound => (Kind::NotFound, "there is no such object"),
            StatusClass::ProxyLogin => (Kind::Config, "the proxy wants a login"),
            StatusClass::Timeout => (Kind::Timeout, ""),
            StatusClass::Changed => (Kind::Changed, "the file is another one than when it was opened"),
            StatusClass::TooEarly | StatusClass::Throttled | StatusClass::Unavailable => (Kind::Unavailable, ""),
            StatusClass::Malformed
            | StatusClass::Conflict
            | StatusClass::TooLarge
            | StatusClass::ServerError
            | StatusClass::Other => (Kind::Other, ""),
        }
    }

    fn says_expired(&self) -> bool {
        let header = self.headers.get(WWW_AUTHENTICATE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        [header, &self.body].iter().any(|text| text.to_ascii_lowercase().contains("expired"))
    }
}

/// Whether an answer says that the credentials have ended, and the answer again: its body is read for that.
pub(crate) async fn expired(response: Response, patience: Duration) -> (Response, bool) {
    let refusal = Refusal::read(response, patience).await;
    let expired = by_code(&refusal.field("Code").unwrap_or_default()).is_some_and(|(kind, _)| kind == Kind::Expired);
    let mut again = http::Response::new(refusal.body);
    *again.status_mut() = http::StatusCode::from_u16(refusal.status).unwrap_or(http::StatusCode::FORBIDDEN);
    *again.headers_mut() = refusal.headers;
    (again.into(), expired)
}

/// What the user has to agree to, and where, from the JSON of a refusal by Earthdata's hosts.
#[must_use]
pub fn terms(body: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let text = |name: &str| Some(one_line(body.get(name)?.as_str()?).chars().take(MAX_WORDS).collect::<String>());
    let url = text("resolution_url").filter(|url| url.starts_with("https://"))?;
    let what = text("error_description").unwrap_or_else(|| "the user has not agreed to the terms".to_owned());
    Some(printable(&format!("{what}: agree in a browser at {url}")))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Error codes of S3 that say more than the status does, or something else.
fn by_code(code: &str) -> Option<(Kind, &'static str)> {
    Some(match code {
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            (Kind::Expired, "the S3 credentials have expired: fetch new ones")
        }
        "InvalidToken" | "InvalidAccessKeyId" => (Kind::Denied, "S3 does not know these credentials"),
        "SignatureDoesNotMatch" => (Kind::Denied, "the secret access key is not the one of this key"),
        "AccessDenied" => (Kind::Denied, "these credentials may not do this"),
        "RequestTimeTooSkewed" => (Kind::Denied, "this machine's clock is wrong: set it"),
        "NoSuchBucket" => (Kind::NotFound, "there is no such bucket"),
        "ContainerNotFound" => (Kind::NotFound, "there is no such container: make it first"),
        "AuthenticationFailed" => (Kind::Denied, "Azure does not take these credentials"),
        "NoSuchKey" => (Kind::NotFound, "there is no such object"),
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => (Kind::Config, "set the bucket's region (AWS_REGION)"),
        "PreconditionFailed" => (Kind::Changed, "the object is another one than when it was opened"),
        "RequestTimeout" => (Kind::Timeout, ""),
        "SlowDown"
        | "InternalError"
        | "ServiceUnavailable"
        | "Throttling"
        | "RequestLimitExceeded"
        | "OperationAborted" => (Kind::Unavailable, ""),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderValue, RETRY_AFTER};

    fn refusal(status: u16, retry_after: &'static str) -> Refusal {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(retry_after))]);
        Refusal { status, headers, body: String::new() }
    }

    #[test]
    fn what_every_client_may_send_again_is_sent_again_here() {
        for status in 400..600 {
            let again = refusal(status, "").into_failure("https://h/x").again != Again::Never;
            assert_eq!(again, StatusClass::of(status).is_retryable(), "{status}");
        }
    }

    #[test]
    fn what_the_archive_asks_for_is_told_with_the_place() {
        let body = |text: &str| Refusal { body: text.to_owned(), ..refusal(403, "") }.into_failure("https://h/x").error;
        let eula = body(
            r#"{"status_code": 403, "error_description": "EULA\nAcceptance Failed", "resolution_url": "https:\/\/urs.earthdata.nasa.gov\/approve_app?client_id=x"}"#,
        );
        let place =
            "EULA Acceptance Failed: agree in a browser at https://urs.earthdata.nasa.gov/approve_app?client_id=x";
        assert!(eula.kind == Kind::Denied && eula.message.contains(place), "{eula}");
        let unknown = refusal(401, "").into_failure("https://data.nsidc.earthdatacloud.nasa.gov/x.h5").error;
        assert!(unknown.message.contains("EARTHDATA_TOKEN"), "{unknown}");
        assert!(!body(r#"{"resolution_url": "javascript:alert(1)"}"#).message.contains("agree"));
        let ended = body("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>");
        assert!(ended.kind == Kind::Expired && ended.message.contains("presigned URL has ended"), "{ended}");
        let forged =
            body("<Error><Code>AccessDenied</Code><Message>\u{1b}[31mno\nerror: all is lost</Message></Error>");
        assert!(forged.message.contains("(\\u001b[31mno error: all is lost)"), "{forged}");
    }

    #[test]
    fn the_wait_that_a_server_asks_for_is_taken_over() {
        let again = |status, text| refusal(status, text).into_failure("x").again;
        assert_eq!(again(429, "7"), Again::After(Duration::from_secs(7)));
        assert_eq!(again(503, "soon"), Again::Backoff);
        assert_eq!(again(403, "7"), Again::Never);
    }
}
