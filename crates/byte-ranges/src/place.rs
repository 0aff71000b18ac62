//! Paths and URLs as text: the parts that identify a file, and the parts that authorize a reader.
use std::borrow::Cow;

/// Parameters of a query that sign it, or name who signed it (CloudFront, S3 version 2, Earthdata).
const SIGNING: [&str; 9] = [
    "signature",
    "expires",
    "policy",
    "key-pair-id",
    "awsaccesskeyid",
    "googleaccessid",
    "a-userid",
    "apikey",
    "api_key",
];
/// What the parameters of S3 version 4 and of Google's signatures begin with.
const SIGNING_FAMILIES: [&str; 2] = ["x-amz-", "x-goog-"];
/// Parameters of an Azure signature (shared access signature); short words that mean other things where there is no `sig`.
const AZURE: [&str; 17] = [
    "sig", "sv", "ss", "srt", "sp", "se", "st", "sr", "spr", "sip", "si", "sks", "skt", "ske", "skv", "skoid", "sktid",
];
/// Words in names of parameters that hold a secret.
const SECRETS: [&str; 4] = ["token", "secret", "passw", "credential"];
/// Hosts whose first path component is a bucket: `https://HOST/BUCKET/KEY` is `s3://BUCKET/KEY`.
const DATA_HOSTS: &str = ".earthdatacloud.nasa.gov";

/// A place without what signs it: an `http(s)` URL without fragment, signature and secrets, everything else as it is. Equal
/// places are equal texts, and none of them holds a password.
///
/// ```
/// use byte_ranges::unsigned;
/// assert_eq!(unsigned("https://h.org/get?file=a.h5&X-Amz-Signature=hush#x"), "https://h.org/get?file=a.h5");
/// assert_eq!(unsigned("https://h.org/a.h5?Signature=hush"), "https://h.org/a.h5");
/// assert_eq!(unsigned("data/a#1.h5"), "data/a#1.h5");
/// ```
#[must_use]
pub fn unsigned(place: &str) -> Cow<'_, str> {
    if !is_http(place) {
        return Cow::Borrowed(place);
    }
    let url = place.split('#').next().unwrap_or(place);
    let Some((path, query)) = url.split_once('?') else { return Cow::Borrowed(url) };
    let name = |parameter: &str| parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
    let is_azure = query.split('&').any(|parameter| name(parameter) == "sig");
    let kept: Vec<&str> = query.split('&').filter(|parameter| !signs(&name(parameter), is_azure)).collect();
    if kept.iter().all(|parameter| parameter.is_empty()) {
        return Cow::Borrowed(path);
    }
    Cow::Owned(format!("{path}?{}", kept.join("&")))
}

/// Whether a parameter, in small letters, is part of a signature or a secret.
fn signs(name: &str, is_azure: bool) -> bool {
    SIGNING.contains(&name)
        || SIGNING_FAMILIES.iter().any(|family| name.starts_with(family))
        || SECRETS.iter().any(|word| name.contains(word))
        || is_azure && AZURE.contains(&name)
}

/// The last component of a path or URL. Of an `http(s)` URL query and fragment do not count; in a path or an S3 key `?` and
/// `#` are characters like others.
#[must_use]
pub fn file_name(place: &str) -> &str {
    let path = if is_http(place) { place.split(['?', '#']).next().unwrap_or(place) } else { place };
    path.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The `s3://` link to the object that an `https` link on a data host of the Earthdata cloud names.
#[must_use]
pub fn s3_link(https: &str) -> Option<String> {
    let (host, path) = https.strip_prefix("https://")?.split_once('/')?;
    let (bucket, key) = path.split(['?', '#']).next()?.split_once('/')?;
    (host.ends_with(DATA_HOSTS) && !bucket.is_empty() && !key.is_empty()).then(|| format!("s3://{bucket}/{key}"))
}

fn is_http(place: &str) -> bool {
    place
        .split_once("://")
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_where_and_its_signature_does_not() {
        for (url, plain) in [
            ("https://h/a.h5", "https://h/a.h5"),
            ("https://h/get?file=a.h5", "https://h/get?file=a.h5"),
            ("https://h/a.h5?X-Amz-Algorithm=A&X-Amz-Signature=1&x-amz-security-token=2", "https://h/a.h5"),
            ("https://h/a.h5?versionId=7&AWSAccessKeyId=A&Signature=b%3D&Expires=1", "https://h/a.h5?versionId=7"),
            ("https://h/a.h5?A-userid=me&Expires=1&Signature=s&Key-Pair-Id=K&Policy=p", "https://h/a.h5"),
            ("https://h/a.h5?X-Goog-Credential=c&X-Goog-Signature=s&generation=3", "https://h/a.h5?generation=3"),
            ("https://h/a.h5?sv=2020&st=a&se=b&sr=b&sp=r&sig=hush", "https://h/a.h5"),
            ("https://h/wcs?sr=4326&se=1&file=a.h5", "https://h/wcs?sr=4326&se=1&file=a.h5"),
            ("https://h/get?file=a.h5&access_token=hush", "https://h/get?file=a.h5"),
            ("https://h/get?#part", "https://h/get"),
            ("HTTP://h/a.h5#part", "HTTP://h/a.h5"),
            ("a/b#1.h5", "a/b#1.h5"),
            ("s3://bucket/a?sig=1#2.h5", "s3://bucket/a?sig=1#2.h5"),
        ] {
            assert_eq!(unsigned(url), plain);
        }
    }

    #[test]
    fn query_and_fragment_end_the_path_of_a_url_alone() {
        for (place, name) in [
            ("https://host/a/b.h5?c=/d#e", "b.h5"),
            ("HTTP://host/b.h5#part", "b.h5"),
            ("a/b#1.h5", "b#1.h5"),
            ("s3://bucket/a/b?c#d.h5", "b?c#d.h5"),
            ("b.h5", "b.h5"),
            ("C:\\data\\b.h5", "b.h5"),
            ("a/b.h5/", "b.h5"),
            ("", ""),
        ] {
            assert_eq!(file_name(place), name, "{place}");
        }
    }

    #[test]
    fn only_links_on_data_hosts_have_one_of_the_other_kind() {
        let https = "https://data.nsidc.earthdatacloud.nasa.gov/bucket/a/b.h5";
        assert_eq!(s3_link(https).as_deref(), Some("s3://bucket/a/b.h5"));
        assert_eq!(s3_link(&format!("{https}?Signature=1")).as_deref(), Some("s3://bucket/a/b.h5"));
        assert_eq!(s3_link("https://n5eil01u.ecs.nsidc.org/DP7/ATLAS/x.h5"), None);
        assert_eq!(s3_link("https://evil.org/.earthdatacloud.nasa.gov/x.h5"), None);
    }
}
