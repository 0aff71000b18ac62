//! Which version of a file an answer is about.
use crate::attempt::Failure;
use byte_ranges::{ByteRange, SourceError, SourceErrorKind, Stamp};
use reqwest::Response;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, LAST_MODIFIED};

/// What tells one version of a remote file from another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Version {
    pub(crate) size: u64,
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Version {
    pub(crate) fn of(response: &Response, size: u64) -> Self {
        let get = |name| response.headers().get(name).cloned();
        Self { size, etag: get(ETAG), last_modified: get(LAST_MODIFIED) }
    }

    /// The entity tag to send as `If-Match`; a weak one never matches there (RFC 9110, 13.1.1).
    pub(crate) fn if_match(&self) -> Option<HeaderValue> {
        self.etag.clone().filter(|etag| !etag.as_bytes().starts_with(b"W/"))
    }

    /// For indexes made of this version: its strong entity tag, or where there is no tag at all the date.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        let tag = match &self.etag {
            Some(_) => self.if_match(),
            None => self.last_modified.clone(),
        };
        Some(Stamp { size: self.size, tag: tag?.to_str().ok()?.to_owned() })
    }

    /// What differs, if anything does: the size, the entity tag where both answers have one, else the date.
    pub(crate) fn difference(&self, now: &Self) -> Option<String> {
        let shown = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        if self.size != now.size {
            return Some(format!("{} bytes, was {}", now.size, self.size));
        }
        let pair = match (&self.etag, &now.etag) {
            (Some(then), Some(now)) => Some((then, now)),
            _ => self.last_modified.as_ref().zip(now.last_modified.as_ref()),
        };
        pair.filter(|(then, now)| then != now).map(|(then, now)| format!("{}, was {}", shown(now), shown(then)))
    }
}

/// `Content-Range: bytes first-last/size` (RFC 9110, 14.4), half-open, with the size.
pub(crate) fn content_range(headers: &HeaderMap) -> Option<(ByteRange, u64)> {
    let (range, size) = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let end = last.parse::<u64>().ok()?.checked_add(1)?;
    let (range, size) = (ByteRange::new(first.parse().ok()?, end)?, size.parse().ok()?);
    (!range.is_empty() && end <= size).then_some((range, size))
}

/// `Content-Range: bytes */size`, which a 416 carries (RFC 9110, 15.5.17).
pub(crate) fn unsatisfied_range(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_RANGE)?.to_str().ok()?.trim().strip_prefix("bytes */")?.parse().ok()
}

/// That `said` is what `asked` must yield in a file of `size` bytes. A shorter piece may be whole the next time; any
/// other range is a server that does not understand.
pub(crate) fn check_range(asked: ByteRange, said: ByteRange, size: u64, at: &str) -> Result<(), Failure> {
    let expected_end = asked.end().min(size);
    if said.start() == asked.start() && said.end() == expected_end {
        return Ok(());
    }
    let message = format!("asked for bytes {asked} of {size}, the answer holds {said}");
    let error = SourceError::new(SourceErrorKind::BadAnswer, at, message);
    let short = said.start() == asked.start() && said.end() < expected_end;
    Err(if short { Failure::passing(error) } else { Failure::last(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_RANGE, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn content_ranges_are_read_strictly() {
        let range = |s, e| ByteRange::new(s, e).unwrap();
        assert_eq!(content_range(&headers("bytes 0-9/100")), Some((range(0, 10), 100)));
        for bad in ["bytes 0-9/*", "bytes 9-8/100", "bytes 0-100/100", "0-9/100", "bytes */100", "bytes a-b/c"] {
            assert_eq!(content_range(&headers(bad)), None, "{bad}");
        }
        assert_eq!(content_range(&headers("bytes 0-18446744073709551615/5")), None);
        assert_eq!(unsatisfied_range(&headers("bytes */100")), Some(100));
    }

    #[test]
    fn a_version_differs_by_size_tag_or_date() {
        let value = |text: &'static str| Some(HeaderValue::from_static(text));
        let then = Version { size: 5, etag: value("\"a\""), last_modified: value("Mon") };
        assert_eq!(then.difference(&then), None);
        assert_eq!(then.difference(&Version { last_modified: value("Tue"), ..then.clone() }), None);
        assert!(then.difference(&Version { etag: value("\"b\""), ..then.clone() }).is_some());
        assert!(then.difference(&Version { size: 6, ..then.clone() }).is_some());
        let untagged = Version { etag: None, ..then.clone() };
        assert!(untagged.difference(&Version { last_modified: value("Tue"), ..untagged.clone() }).is_some());
        assert_eq!(then.stamp().unwrap().tag, "\"a\"");
        assert_eq!(Version { etag: None, ..then.clone() }.stamp().unwrap().tag, "Mon");
        let weak = Version { etag: value("W/\"a\""), ..then };
        assert_eq!((weak.if_match(), weak.stamp()), (None, None));
    }
}
