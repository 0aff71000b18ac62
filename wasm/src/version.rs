//! What the header fields of an answer say, as far as the server lets a page of another origin see them.
use byte_ranges::http::Version;
use web_sys::Headers;

/// The entity tag is seen only if the server exposes it, the date always (Fetch Standard, "CORS-safelisted response-header
/// name").
pub(crate) fn version(headers: &Headers, size: u64) -> Version {
    Version { size, etag: header(headers, "etag"), last_modified: header(headers, "last-modified") }
}

/// A header that may be read and is there.
pub(crate) fn header(headers: &Headers, name: &str) -> Option<String> {
    headers.get(name).ok().flatten()
}
