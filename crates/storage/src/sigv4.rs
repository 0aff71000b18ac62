//! AWS Signature Version 4 (AWS General Reference, "Create a signed AWS API request"), in the `Authorization` header.
use crate::encode::{hex, percent_encode};
use crate::{Credentials, moment};
use byte_ranges::{SourceError, SourceErrorKind};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::SystemTime;

/// Signs `request` for `service` (`s3`, `lambda`, `states`...) in `region` at the moment `now`: adds `x-amz-date`,
/// `x-amz-security-token`, for S3 `x-amz-content-sha256`, and `authorization`. Every header that the request already
/// has is signed with it. The body must be bytes, not a stream.
///
/// # Errors
/// [`SourceErrorKind::Config`] when the body is a stream, or a credential is no valid header value.
pub fn sign(
    request: &mut Request,
    credentials: &Credentials,
    region: &str,
    service: &str,
    now: SystemTime,
) -> Result<(), SourceError> {
    let date_time = moment::basic(now);
    let payload = match request.body() {
        None => digest(b""),
        Some(body) => digest(body.as_bytes().ok_or_else(|| config("a streamed body cannot be signed"))?),
    };
    insert(request, "x-amz-date", &date_time, false)?;
    if service == "s3" {
        insert(request, "x-amz-content-sha256", &payload, false)?;
    }
    if let Some(token) = &credentials.session_token {
        insert(request, "x-amz-security-token", token.expose(), true)?;
    }
    let (canonical, names) = canonical_request(request, service, &payload);
    let date = date_time.get(..8).unwrap_or_default();
    let scope = format!("{date}/{region}/{service}/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{date_time}\n{scope}\n{}", digest(canonical.as_bytes()));
    let seed = format!("AWS4{}", credentials.secret_access_key.expose());
    let key =
        [date, region, service, "aws4_request"].iter().fold(seed.into_bytes(), |key, part| hmac(&key, part.as_bytes()));
    let signature = hex(&hmac(&key, to_sign.as_bytes()));
    let id = &credentials.access_key_id;
    let value = format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
    insert(request, AUTHORIZATION.as_str(), &value, true)
}

/// The canonical request and the list of signed headers.
fn canonical_request(request: &Request, service: &str, payload: &str) -> (String, String) {
    let url = request.url();
    let host = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let mut headers: BTreeMap<&str, String> = BTreeMap::from([("host", host)]);
    for (name, value) in request.headers() {
        let text = String::from_utf8_lossy(value.as_bytes());
        headers.insert(name.as_str(), text.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
    }
    // S3 takes the path as it was sent; every other service takes it encoded once more.
    let path = if service == "s3" { url.path().to_owned() } else { percent_encode(url.path(), true) };
    let mut query: Vec<(String, String)> =
        url.query_pairs().map(|(k, v)| (percent_encode(&k, false), percent_encode(&v, false))).collect();
    query.sort();
    let query: Vec<String> = query.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = headers.into_keys().collect::<Vec<_>>().join(";");
    (format!("{}\n{path}\n{}\n{lines}\n{names}\n{payload}", request.method(), query.join("&")), names)
}

fn insert(request: &mut Request, name: &'static str, value: &str, secret: bool) -> Result<(), SourceError> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| config("a credential or a region holds characters that no header can carry"))?;
    value.set_sensitive(secret);
    request.headers_mut().insert(HeaderName::from_static(name), value);
    Ok(())
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length: the error cannot occur, and an empty key would only yield a refused signature.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn config(message: &str) -> SourceError {
    SourceError::new(SourceErrorKind::Config, "AWS signature", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::{Method, Url};
    use std::time::{Duration, UNIX_EPOCH};

    fn signed(request: &mut Request, keys: &Credentials, service: &str, seconds: u64) -> String {
        sign(request, keys, "us-east-1", service, UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        let value = request.headers().get("authorization").unwrap().to_str().unwrap();
        value.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    fn request(method: Method, url: &str) -> Request {
        Request::new(method, Url::parse(url).unwrap())
    }

    /// "Signature Calculations for the Authorization Header" (Amazon S3 API Reference) prints four requests with their
    /// signatures, made with the key of the documentation on 2013-05-24.
    #[test]
    fn the_examples_of_the_s3_reference() {
        let keys = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let host = "https://examplebucket.s3.amazonaws.com";
        let mut get = request(Method::GET, &format!("{host}/test.txt"));
        get.headers_mut().insert("range", HeaderValue::from_static("bytes=0-9"));
        let expected = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert_eq!(signed(&mut get, &keys, "s3", 1_369_353_600), expected);

        let mut put = request(Method::PUT, &format!("{host}/test%24file.text"));
        put.headers_mut().insert("date", HeaderValue::from_static("Fri, 24 May 2013 00:00:00 GMT"));
        put.headers_mut().insert("x-amz-storage-class", HeaderValue::from_static("REDUCED_REDUNDANCY"));
        *put.body_mut() = Some("Welcome to Amazon S3.".into());
        let expected = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
        assert_eq!(signed(&mut put, &keys, "s3", 1_369_353_600), expected);

        let mut list = request(Method::GET, &format!("{host}/?max-keys=2&prefix=J"));
        let expected = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
        assert_eq!(signed(&mut list, &keys, "s3", 1_369_353_600), expected);
    }

    /// Reference: botocore 1.x, see `tests/fixtures/sigv4.py`.
    #[test]
    fn a_session_token_and_another_service_as_botocore_signs_them() {
        for line in include_str!("../tests/fixtures/sigv4.txt").lines() {
            let [service, method, url, token, body, expected] =
                line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let mut keys = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
            if !token.is_empty() {
                keys = keys.with_session_token(token);
            }
            let mut request = request(Method::from_bytes(method.as_bytes()).unwrap(), url);
            if !body.is_empty() {
                *request.body_mut() = Some(body.to_owned().into());
            }
            assert_eq!(signed(&mut request, &keys, service, 1_798_761_599), expected, "{line}");
        }
    }
}
