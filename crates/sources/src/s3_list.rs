//! Listing a bucket (Amazon S3 API Reference, `ListObjectsV2`).
use crate::Stats;
use crate::attempt::{Failure, attempts};
use crate::clients::Shared;
use crate::encode::{element, elements, percent_decode, percent_encode};
use crate::exchange::Ask;
use crate::refusal::Refusal;
use crate::s3::S3;
use byte_ranges::{SourceError, SourceErrorKind};
use reqwest::header::HeaderMap;

/// One page is at most 1000 keys, below 2 MiB of XML.
const MOST_PAGE: usize = 16 << 20;

/// What to list.
#[derive(Clone, Copy)]
pub(crate) struct Listing<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) prefix: &'a str,
    /// Keys that are enough.
    pub(crate) most: usize,
}

/// Keys below a prefix in the order of S3 (bytes), page by page.
pub(crate) async fn list(
    shared: &Shared,
    s3: &S3,
    stats: &Stats,
    listing: Listing<'_>,
) -> Result<Vec<String>, SourceError> {
    let mut keys = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = page(shared, s3, stats, listing, token.as_deref()).await?;
        let before = keys.len();
        keys.extend(elements(&page, "Contents").filter_map(|entry| element(&entry, "Key")).map(|k| percent_decode(&k)));
        let next = element(&page, "NextContinuationToken").filter(|next| Some(next) != token.as_ref());
        let more = element(&page, "IsTruncated").as_deref() == Some("true") && keys.len() > before;
        token = next;
        if !more || token.is_none() || keys.len() >= listing.most {
            keys.truncate(listing.most);
            return Ok(keys);
        }
    }
}

async fn page(
    shared: &Shared,
    s3: &S3,
    stats: &Stats,
    listing: Listing<'_>,
    token: Option<&str>,
) -> Result<String, SourceError> {
    let shown = format!("s3://{}/{}", listing.bucket, listing.prefix);
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
        let mut response = shared.send_s3(s3, &ask, &shown, stats).await?;
        if response.status().as_u16() != 200 {
            return Err(Refusal::read(response).await.into_failure(&shown));
        }
        let mut body = Vec::new();
        loop {
            let piece =
                response.chunk().await.map_err(|e| Failure::of_transport(e, &shown, "the listing broke off"))?;
            let Some(piece) = piece else { break };
            body.extend_from_slice(&piece);
            if body.len() > MOST_PAGE {
                let message = "a page of the listing has no end";
                return Err(Failure::last(SourceError::new(SourceErrorKind::BadAnswer, &shown, message)));
            }
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    };
    attempts(&shared.options.retry, stats, once).await
}
