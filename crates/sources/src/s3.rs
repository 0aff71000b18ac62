//! S3: where a bucket is, and signed requests to it.
use crate::encode::percent_encode;
use crate::{Credentials, S3Access, S3Options, sigv4};
use byte_ranges::{SourceError, SourceErrorKind};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Request, Url};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

/// S3 as one set of options sees it; the keys can be renewed while it is in use.
#[derive(Debug)]
pub(crate) struct S3 {
    region: String,
    endpoint: Option<String>,
    requester_pays: bool,
    access: RwLock<S3Access>,
}

impl S3 {
    pub(crate) fn new(options: &S3Options) -> Self {
        Self {
            region: options.region.clone(),
            endpoint: options.endpoint_url.as_deref().map(|url| url.trim_end_matches('/').to_owned()),
            requester_pays: options.requester_pays,
            access: RwLock::new(options.access.clone()),
        }
    }

    pub(crate) fn renew(&self, credentials: Credentials) {
        *self.access.write().unwrap_or_else(PoisonError::into_inner) = S3Access::Keys(credentials);
    }

    /// URL of an object, or of the bucket when `key` is empty. A bucket with a dot in its name is addressed path-style:
    /// the wildcard certificate does not cover it.
    pub(crate) fn url(&self, bucket: &str, key: &str) -> Result<Url, SourceError> {
        let key = percent_encode(key, true);
        let region = &self.region;
        // It becomes part of the host that receives the signature.
        if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
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

    /// Signs, or leaves alone when access is anonymous.
    pub(crate) fn authorize(&self, request: &mut Request, location: &str) -> Result<(), SourceError> {
        if self.requester_pays {
            let name = HeaderName::from_static("x-amz-request-payer");
            request.headers_mut().insert(name, HeaderValue::from_static("requester"));
        }
        let access = self.access.read().unwrap_or_else(PoisonError::into_inner).clone();
        let now = SystemTime::now();
        match access {
            S3Access::Anonymous => Ok(()),
            S3Access::Missing => {
                let message = "no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ask without a signature (AWS_SKIP_SIGNATURE=true) if the bucket is public";
                Err(SourceError::new(SourceErrorKind::Config, location, message))
            }
            S3Access::Keys(keys) if keys.is_expired(now) => {
                let end = keys.expiration.map(crate::moment::extended).unwrap_or_default();
                let message = format!("the S3 credentials ended at {end}: fetch new ones");
                Err(SourceError::new(SourceErrorKind::Expired, location, message))
            }
            S3Access::Keys(keys) => sigv4::sign(request, &keys, &self.region, "s3", now),
        }
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
        let elsewhere = S3::new(&S3Options { region: "x.evil.example/#".to_owned(), ..S3Options::default() });
        assert!(elsewhere.url("some-bucket", "x").unwrap_err().message.contains("no region"));
        let bad = S3::new(&S3Options { endpoint_url: Some("ftp://x".to_owned()), ..S3Options::default() });
        assert!(bad.url("some-bucket", "x").unwrap_err().message.contains("http://"));
        for secret in ["http://user:hush@host", "http://user:hush@host:port"] {
            let bad = S3::new(&S3Options { endpoint_url: Some(secret.to_owned()), ..S3Options::default() });
            let error = bad.url("some-bucket", "x").unwrap_err();
            assert!(error.kind == SourceErrorKind::Config && !format!("{error:?}").contains("hush"), "{error}");
        }
    }
}
