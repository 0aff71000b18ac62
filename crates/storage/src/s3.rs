//! S3: where a bucket is, and signed requests to it.
use crate::encode::percent_encode;
use crate::region::{DEFAULT_REGION, is_region};
use crate::{CredentialSource, Credentials, S3Access, S3Options, sigv4};
use byte_ranges::{SourceError, SourceErrorKind};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Request, Response, Url};
use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::SystemTime;

/// Nothing to sign with.
const MISSING: &str = "no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ask without a signature (AWS_SKIP_SIGNATURE=true) if the bucket is public";

/// S3 as one set of options sees it; the keys can be renewed while it is in use.
#[derive(Debug)]
pub(crate) struct S3 {
    options: S3Options,
    /// Found when the first place needs it.
    region: OnceLock<Result<String, SourceError>>,
    endpoint: Option<String>,
    access: RwLock<S3Access>,
    /// Buckets in another region, by their own answers.
    elsewhere: RwLock<HashMap<String, String>>,
}

impl S3 {
    pub(crate) fn new(options: &S3Options) -> Self {
        Self {
            region: OnceLock::new(),
            endpoint: options.endpoint_url.as_deref().map(|url| url.trim_end_matches('/').to_owned()),
            access: RwLock::new(options.access.clone()),
            elsewhere: RwLock::default(),
            options: options.clone(),
        }
    }

    /// The region of buckets that have named no other.
    pub(crate) fn region(&self) -> &str {
        self.found_region().map_or(DEFAULT_REGION, String::as_str)
    }

    fn found_region(&self) -> Result<&String, &SourceError> {
        self.region.get_or_init(|| self.options.region()).as_ref()
    }

    pub(crate) fn renew(&self, credentials: Credentials) {
        *self.access.write().unwrap_or_else(PoisonError::into_inner) = S3Access::Keys(credentials);
    }

    /// URL of an object, or of the bucket when `key` is empty. A bucket with a dot in its name is addressed path-style:
    /// the wildcard certificate does not cover it.
    pub(crate) fn url(&self, bucket: &str, key: &str) -> Result<Url, SourceError> {
        let key = percent_encode(key, true);
        let region = self.found_region().map_err(Clone::clone)?;
        if !is_region(region) {
            let message = "this is no region: write one like us-west-2";
            return Err(SourceError::new(SourceErrorKind::Config, format!("region `{region}`"), message));
        }
        let text = match &self.endpoint {
            Some(endpoint) => format!("{endpoint}/{bucket}/{key}"),
            None if bucket.contains('.') => format!("https://s3.{region}.amazonaws.com/{bucket}/{key}"),
            None => format!("https://{bucket}.s3.{region}.amazonaws.com/{key}"),
        };
        let url = Url::parse(&text).map_err(|e| {
            let message = format!("no URL can be made of it ({e}): check the region `{region}` and the endpoint URL");
            SourceError::new(SourceErrorKind::Config, format!("s3://{bucket}"), message)
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            let message = "the endpoint URL holds a user name or a password: give keys instead";
            return Err(SourceError::new(SourceErrorKind::Config, format!("s3://{bucket}"), message));
        }
        if matches!(url.scheme(), "http" | "https") && url.host_str().is_some() {
            return Ok(url);
        }
        let message = "the endpoint URL must begin with http:// or https:// and name a host";
        Err(SourceError::new(SourceErrorKind::Config, format!("s3://{bucket}"), message))
    }

    /// The region of the bucket that a URL of [`Self::url`] leads to, and the URL there.
    pub(crate) fn there(&self, url: &Url) -> (String, Url) {
        let elsewhere = self.elsewhere.read().unwrap_or_else(PoisonError::into_inner);
        let region = self.bucket_of(url).and_then(|bucket| elsewhere.get(&bucket).cloned());
        let region = region.unwrap_or_else(|| self.region().to_owned());
        let mut url = url.clone();
        if self.endpoint.is_none() {
            let usual = format!("s3.{}.amazonaws.com", self.region());
            let host = url.host_str().map(|host| host.replace(&usual, &format!("s3.{region}.amazonaws.com")));
            // One that is refused stays as it was.
            let _ = url.set_host(host.as_deref());
        }
        (region, url)
    }

    /// Whether an answer names another region than `asked` for the bucket; later requests go there.
    pub(crate) fn has_moved(&self, url: &Url, asked: &str, answer: &Response) -> bool {
        if !matches!(answer.status().as_u16(), 301 | 307 | 400) {
            return false;
        }
        let told = answer.headers().get("x-amz-bucket-region").and_then(|region| region.to_str().ok());
        let (Some(bucket), Some(region)) = (self.bucket_of(url), told) else { return false };
        if region == asked || !is_region(region) {
            return false;
        }
        self.elsewhere.write().unwrap_or_else(PoisonError::into_inner).insert(bucket, region.to_owned());
        true
    }

    fn bucket_of(&self, url: &Url) -> Option<String> {
        let host = url.host_str()?;
        match host.strip_suffix(&format!(".s3.{}.amazonaws.com", self.region())).filter(|_| self.endpoint.is_none()) {
            Some(bucket) => Some(bucket.to_owned()),
            None => {
                let path = self
                    .endpoint
                    .as_deref()
                    .map_or(url.path(), |endpoint| url.as_str().strip_prefix(endpoint).unwrap_or_default());
                path.trim_start_matches('/').split(['/', '?']).next().map(str::to_owned)
            }
        }
    }

    /// Signs for a region, or leaves alone when access is anonymous. Returns what it signed with, where other credentials
    /// may take their place.
    pub(crate) async fn authorize(
        &self,
        request: &mut Request,
        region: &str,
        location: &str,
    ) -> Result<Option<(CredentialSource, Credentials)>, SourceError> {
        if self.options.requester_pays {
            let name = HeaderName::from_static("x-amz-request-payer");
            request.headers_mut().insert(name, HeaderValue::from_static("requester"));
        }
        let access = self.access.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(keys) = access.credentials().await? else {
            return match access {
                S3Access::Anonymous => Ok(None),
                _ => Err(SourceError::new(SourceErrorKind::Config, location, MISSING)),
            };
        };
        let now = SystemTime::now();
        if keys.is_expired(now) {
            let end = keys.expiration.map(crate::moment::extended).unwrap_or_default();
            let message = format!("the S3 credentials ended at {end}: fetch new ones");
            return Err(SourceError::new(SourceErrorKind::Expired, location, message));
        }
        sigv4::sign(request, &keys, region, "s3", now)?;
        Ok(if let S3Access::Source(source) = access { Some((source, keys)) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_addressed_as_aws_and_other_stores_want() {
        let aws = S3::new(&S3Options::default());
        let url = |s3: &S3, bucket: &str| s3.url(bucket, "a b/c+.h5").unwrap().to_string();
        assert_eq!(url(&aws, "some-bucket"), "https://some-bucket.s3.us-west-2.amazonaws.com/a%20b/c%2B.h5");
        assert_eq!(url(&aws, "a.b.c"), "https://s3.us-west-2.amazonaws.com/a.b.c/a%20b/c%2B.h5");
        let endpoint_url = Some("http://127.0.0.1:9000/".to_owned());
        let own = S3::new(&S3Options { endpoint_url, ..S3Options::default() });
        assert_eq!(url(&own, "some-bucket"), "http://127.0.0.1:9000/some-bucket/a%20b/c%2B.h5");
        let elsewhere = S3::new(&S3Options { region: Some("x.evil.example/#".to_owned()), ..S3Options::default() });
        assert!(elsewhere.url("some-bucket", "x").unwrap_err().message.contains("no region"));
        let bad = S3::new(&S3Options { endpoint_url: Some("ftp://x".to_owned()), ..S3Options::default() });
        assert!(bad.url("some-bucket", "x").unwrap_err().message.contains("http://"));
        for secret in ["http://user:hush@host", "http://user:hush@host:port"] {
            let bad = S3::new(&S3Options { endpoint_url: Some(secret.to_owned()), ..S3Options::default() });
            let error = bad.url("some-bucket", "x").unwrap_err();
            assert!(error.kind == SourceErrorKind::Config && !format!("{error:?}").contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_bucket_is_asked_where_it_says_that_it_is() {
        let s3 = S3::new(&S3Options::default());
        let own = S3::new(&S3Options { endpoint_url: Some("http://127.0.0.1:9000/x".into()), ..S3Options::default() });
        for (s3, bucket) in [(&s3, "some-bucket"), (&s3, "a.b.c"), (&own, "some-bucket")] {
            let url = s3.url(bucket, "k/x.h5").unwrap();
            assert_eq!(s3.bucket_of(&url).as_deref(), Some(bucket));
            assert_eq!(s3.there(&url), ("us-west-2".to_owned(), url.clone()));
            s3.elsewhere.write().unwrap().insert(bucket.into(), "eu-north-1".into());
            let (region, there) = s3.there(&url);
            assert_eq!(region, "eu-north-1");
            assert_eq!(there.as_str(), url.as_str().replace("us-west-2", "eu-north-1"));
        }
        assert_eq!(s3.there(&s3.url("other", "").unwrap()).0, "us-west-2");
    }
}
