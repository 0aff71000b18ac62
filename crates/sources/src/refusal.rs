//! What an answer that is not the content means.
use crate::attempt::{Again, Failure};
use crate::encode::element;
use byte_ranges::{SourceError, SourceErrorKind as Kind};
use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use std::time::Duration;

/// Bytes of an error's body that are read: the answers of S3 have a few hundred.
const MOST_ERROR_BODY: usize = 16 << 10;
/// Characters of a server's own words that go into a message.
const MOST_WORDS: usize = 300;

/// An answer of an error status, read as far as it explains itself.
pub(crate) struct Refusal {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Refusal {
    pub(crate) async fn read(mut response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Ok(Some(piece)) = response.chunk().await {
            body.extend_from_slice(&piece);
            if body.len() >= MOST_ERROR_BODY {
                break;
            }
        }
        body.truncate(MOST_ERROR_BODY);
        Self { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// A field of the XML body of S3 (Amazon S3 API Reference, "Error responses").
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        element(&self.body, name)
    }

    /// The failure, classified by the code in the body where there is one and by the status otherwise.
    pub(crate) fn into_failure(self, location: &str) -> Failure {
        let code = self.field("Code").unwrap_or_default();
        let (kind, advice) = by_code(&code).unwrap_or_else(|| self.by_status());
        let mut message = format!("the server answered {}", self.status);
        if !code.is_empty() {
            // Only code and message: other elements of these answers repeat tokens.
            let words = self.field("Message").unwrap_or_default();
            message = format!("{message} {code} ({})", words.chars().take(MOST_WORDS).collect::<String>());
        }
        if !advice.is_empty() {
            message = format!("{message}: {advice}");
        }
        if let Some(region) = self.headers.get("x-amz-bucket-region").and_then(|v| v.to_str().ok()) {
            message = format!("{message} (the bucket is in {region})");
        }
        let again = if matches!(kind, Kind::Unavailable | Kind::Timeout) { self.again() } else { Again::Never };
        Failure { error: SourceError::new(kind, location, message), again }
    }

    fn again(&self) -> Again {
        let seconds = self.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
        seconds.map_or(Again::Backoff, |s| Again::After(Duration::from_secs(s)))
    }

    fn by_status(&self) -> (Kind, &'static str) {
        match self.status {
            300..=399 => (Kind::Config, "it sends elsewhere: check the region, the endpoint and the URL"),
            401 if self.says_expired() => (Kind::Expired, "the token has expired: get a new one"),
            401 => (Kind::Denied, "it wants a login: give a token (for Earthdata, EARTHDATA_TOKEN)"),
            403 => (Kind::Denied, "it is refused with these credentials: check them, or give a token"),
            404 | 410 => (Kind::NotFound, "there is no such object"),
            407 => (Kind::Config, "the proxy wants a login"),
            408 => (Kind::Timeout, ""),
            412 => (Kind::Changed, "the file is another one than when it was opened"),
            429 | 500 | 502 | 503 | 504 => (Kind::Unavailable, ""),
            _ => (Kind::Other, ""),
        }
    }

    fn says_expired(&self) -> bool {
        let header = self.headers.get(WWW_AUTHENTICATE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        [header, &self.body].iter().any(|text| text.to_ascii_lowercase().contains("expired"))
    }
}

/// Error codes of S3 that say more than the status does, or something else.
fn by_code(code: &str) -> Option<(Kind, &'static str)> {
    Some(match code {
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            (Kind::Expired, "the S3 credentials have expired: fetch new ones")
        }
        "InvalidToken" | "InvalidAccessKeyId" => (Kind::Denied, "S3 does not know these credentials"),
        "SignatureDoesNotMatch" => (Kind::Denied, "the secret access key is not the one of this key"),
        "AccessDenied" => (
            Kind::Denied,
            "these credentials may not do this (those of Earthdata work inside us-west-2 only; elsewhere use https links)",
        ),
        "RequestTimeTooSkewed" => (Kind::Denied, "this machine's clock is wrong: set it"),
        "NoSuchBucket" => (Kind::NotFound, "there is no such bucket"),
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
    use reqwest::header::HeaderValue;

    fn refusal(status: u16, retry_after: &'static str) -> Refusal {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(retry_after))]);
        Refusal { status, headers, body: String::new() }
    }

    #[test]
    fn the_wait_that_a_server_asks_for_is_taken_over() {
        let again = |status, text| refusal(status, text).into_failure("x").again;
        assert_eq!(again(429, "7"), Again::After(Duration::from_secs(7)));
        assert_eq!(again(503, "soon"), Again::Backoff);
        assert_eq!(again(403, "7"), Again::Never);
    }
}
