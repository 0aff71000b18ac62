//! What the header fields of an answer say of the file's version and of the range they hold.
use crate::retry::Failed;
use byte_ranges::http::{self, Version};
use byte_ranges::{ByteRange, SourceError, SourceErrorKind};
use reqwest::Response;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED};

pub(crate) fn version(response: &Response, size: u64) -> Version {
    let get = |name| text(response.headers(), name).map(str::to_owned);
    Version { size, etag: get(ETAG), last_modified: get(LAST_MODIFIED) }
}

/// The range that a 206 holds, and the size of the file.
pub(crate) fn content_range(headers: &HeaderMap) -> Option<(ByteRange, u64)> {
    http::content_range(text(headers, CONTENT_RANGE)?)
}

/// The size of the file, if a 416 contains it.
pub(crate) fn unsatisfied_range(headers: &HeaderMap) -> Option<u64> {
    http::unsatisfied_range(text(headers, CONTENT_RANGE)?)
}

/// Checks that `said` is the range that `asked` must yield in a file of `size` bytes. A shorter part may be whole the next
/// time; any other range comes from a server that does not understand.
pub(crate) fn check_range(asked: ByteRange, said: ByteRange, size: u64, at: &str) -> Result<(), Failed> {
    let expected_end = asked.end().min(size);
    if said.start() == asked.start() && said.end() == expected_end {
        return Ok(());
    }
    let message = format!("asked for bytes {asked} of {size}, the answer holds {said}");
    let error = SourceError::new(SourceErrorKind::BadAnswer, at, message);
    let short = said.start() == asked.start() && said.end() < expected_end;
    Err(if short { Failed::passing(error) } else { Failed::last(error) })
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
