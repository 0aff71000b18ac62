//! Listing a bucket (Amazon S3 API Reference, `ListObjectsV2`).
use crate::encode::{element, elements, form_decode, is_document, percent_encode};
use crate::exchange::Ask;
use crate::refusal::Refusal;
use crate::retry::{Again, Failed, attempts};
use crate::s3::S3;
use crate::shared::Shared;
use crate::{Paced, Stats};
use byte_ranges::{SourceError, SourceErrorKind};
use reqwest::header::HeaderMap;
use std::collections::{BTreeSet, HashSet};

/// One page is at most 1000 keys, below 2 MiB of XML.
const MAX_PAGE: usize = 16 << 20;
/// Pages in a row without a new key: buckets full of deleted objects give some.
const MAX_IDLE_PAGES: usize = 1000;

/// What to list.
#[derive(Clone, Copy)]
pub(crate) struct Listing<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) prefix: &'a str,
    /// Keys that are enough.
    pub(crate) most: usize,
}

impl Listing<'_> {
    fn shown(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

/// Keys below a prefix, sorted and each once, page by page. An answer that is not a whole listing is an error: a listing
/// that ends early loses granules and cells.
pub(crate) async fn list(
    shared: &Shared,
    s3: &S3,
    stats: &Stats,
    listing: Listing<'_>,
) -> Result<Vec<String>, SourceError> {
    let mut keys = BTreeSet::new();
    let mut tokens = HashSet::new();
    let mut token: Option<String> = None;
    let mut idle = 0;
    loop {
        let page = page(shared, s3, stats, listing, token.as_deref()).await?;
        let before = keys.len();
        keys.extend(page.keys);
        idle = if keys.len() > before { 0 } else { idle + 1 };
        if keys.len() >= listing.most {
            break;
        }
        let Some(next) = page.next else { break };
        if !tokens.insert(next.clone()) || idle > MAX_IDLE_PAGES {
            return Err(bad(&listing.shown(), "the listing does not move on: the server repeats itself"));
        }
        token = Some(next);
    }
    Ok(keys.into_iter().take(listing.most).collect())
}

/// A page of a listing.
#[derive(Debug, Default, PartialEq)]
struct Page {
    keys: Vec<String>,
    /// Where the next page begins.
    next: Option<String>,
}

impl Page {
    /// Reads a whole answer; what is wrong with one, and whether another may be right, otherwise.
    fn parse(body: &[u8], prefix: &str) -> Result<Self, (&'static str, Again)> {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err(("an empty answer in place of a listing", Again::Backoff));
        }
        if !is_document(text, "ListBucketResult") {
            return Err((
                "the answer is no listing of a bucket (no <ListBucketResult>): check the endpoint URL, and whether the network wants a login",
                Again::Never,
            ));
        }
        if !text.ends_with("</ListBucketResult>") {
            return Err(("the listing is cut off", Again::Backoff));
        }
        // Asked for with `encoding-type=url`, keys are encoded as in a form; some stores ignore the parameter.
        let key = |entry: String| {
            let key = element(&entry, "Key").ok_or(("an entry of the listing has no key", Again::Never))?;
            let found = [form_decode(&key), key].into_iter().find(|key| key.starts_with(prefix));
            found.ok_or(("the listing holds keys that do not begin with the prefix", Again::Never))
        };
        let keys = elements(text, "Contents").map(key).collect::<Result<_, _>>()?;
        let next = element(text, "NextContinuationToken").filter(|next| !next.is_empty());
        let truncated = element(text, "IsTruncated").is_some_and(|said| is_true(said.trim()));
        if truncated && next.is_none() {
            return Err(("the listing is truncated, but has no NextContinuationToken", Again::Never));
        }
        Ok(Self { keys, next })
    }
}

/// A boolean of XML Schema, in any capitals.
fn is_true(text: &str) -> bool {
    text == "1" || text.eq_ignore_ascii_case("true")
}

async fn page(
    shared: &Shared,
    s3: &S3,
    stats: &Stats,
    listing: Listing<'_>,
    token: Option<&str>,
) -> Result<Page, SourceError> {
    let shown = listing.shown();
    let mut url = s3.url(listing.bucket, "")?;
    let prefix = percent_encode(listing.prefix, false);
    let mut query = format!("list-type=2&encoding-type=url&max-keys={}&prefix={prefix}", listing.most.min(1000));
    if let Some(token) = token {
        query = format!("{query}&continuation-token={}", percent_encode(token, false));
    }
    url.set_query(Some(&query));
    let ask = Ask::get(url, HeaderMap::new());
    let once = async || {
        let _permit = shared.permit().await;
        let (response, patience) = (shared.send_s3(s3, &ask, &shown, stats).await?, shared.options.retry.patience);
        if response.status().as_u16() != 200 {
            return Err(Refusal::read(response, patience).await.into_failure(&shown));
        }
        let (mut body, mut paced) = (Vec::new(), Paced::new(response, patience));
        loop {
            let part = paced.next().await.map_err(|e| Failed::of_broken(e, &shown, "the listing broke off"))?;
            let Some(part) = part else { break };
            body.extend_from_slice(&part);
            if body.len() > MAX_PAGE {
                return Err(Failed::last(bad(&shown, "a page of the listing has no end")));
            }
        }
        Page::parse(&body, listing.prefix).map_err(|(message, again)| Failed { error: bad(&shown, message), again })
    };
    attempts(&shared.options.retry, |_, _| stats.add_retry(), once).await
}

fn bad(shown: &str, message: &str) -> SourceError {
    SourceError::new(SourceErrorKind::BadAnswer, shown, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_whole_or_an_error() {
        let whole = "<?xml version=\"1.0\"?>\n<!-- - --><ListBucketResult xmlns=\"x\"><Contents><Key>a+b%2B%C3%BC&amp;.h5</Key></Contents><IsTruncated>false</IsTruncated></ListBucketResult>\n";
        let page = Page::parse(whole.as_bytes(), "a ").unwrap();
        assert_eq!(page, Page { keys: vec!["a b+ü&.h5".to_owned()], next: None });
        for end in 1..whole.trim_end().len() {
            assert!(Page::parse(&whole.as_bytes()[..end], "").is_err(), "cut after {end} bytes");
        }
        // A token is more than what IsTruncated says.
        let open = "\u{feff}<ListBucketResult><IsTruncated>false</IsTruncated><NextContinuationToken>t+1</NextContinuationToken></ListBucketResult>";
        assert_eq!(Page::parse(open.as_bytes(), "").unwrap().next.as_deref(), Some("t+1"));
        for (body, says, again) in [
            ("", "empty", Again::Backoff),
            (" \n", "empty", Again::Backoff),
            ("<!DOCTYPE html><html>Log in</html>", "no listing", Again::Never),
            ("<Error><Code>SlowDown</Code></Error>", "no listing", Again::Never),
            ("<ListBucketResults></ListBucketResults>", "no listing", Again::Never),
            ("{\"keys\": []}", "no listing", Again::Never),
            ("<ListBucketResult><Contents><Key>b</Key></Contents>", "cut off", Again::Backoff),
            ("<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>", "prefix", Again::Never),
            ("<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>", "no key", Again::Never),
            (
                "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
                "no NextContinuationToken",
                Again::Never,
            ),
        ] {
            let (message, whether) = Page::parse(body.as_bytes(), "b").unwrap_err();
            assert!(message.contains(says) && whether == again, "{body}: {message}");
        }
    }
}
