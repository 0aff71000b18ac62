//! Which version of a file an answer is about, and which bytes of it.
use byte_ranges::ByteRange;
use web_sys::Headers;

/// What tells one version of a remote file from another, as far as the server lets a page of another origin see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Version {
    pub(crate) size: u64,
    /// Seen only if the server exposes it.
    pub(crate) etag: Option<String>,
    /// Always seen (Fetch Standard, "CORS-safelisted response-header name").
    pub(crate) last_modified: Option<String>,
}

impl Version {
    pub(crate) fn of(headers: &Headers, size: u64) -> Self {
        Self { size, etag: header(headers, "etag"), last_modified: header(headers, "last-modified") }
    }

    /// What differs, if anything does: the size, the entity tag where both answers have one, else the date.
    pub(crate) fn difference(&self, now: &Self) -> Option<String> {
        if self.size != now.size {
            return Some(format!("{} bytes, was {}", now.size, self.size));
        }
        let pair = match (&self.etag, &now.etag) {
            (Some(then), Some(now)) => Some((then, now)),
            _ => self.last_modified.as_ref().zip(now.last_modified.as_ref()),
        };
        pair.filter(|(then, now)| then != now).map(|(then, now)| format!("ETag {now}, was {then}"))
    }
}

/// A header that may be read and is there.
pub(crate) fn header(headers: &Headers, name: &str) -> Option<String> {
    headers.get(name).ok().flatten()
}

/// `bytes first-last/size` (RFC 9110, 14.4), half-open, with the size.
pub(crate) fn content_range(text: &str) -> Option<(ByteRange, u64)> {
    let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let end = last.parse::<u64>().ok()?.checked_add(1)?;
    let (range, size) = (ByteRange::new(first.parse().ok()?, end)?, size.parse().ok()?);
    (!range.is_empty() && end <= size).then_some((range, size))
}

/// `bytes */size`, which a 416 carries (RFC 9110, 15.5.17).
pub(crate) fn unsatisfied_range(text: &str) -> Option<u64> {
    text.trim().strip_prefix("bytes */")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_strictly() {
        assert_eq!(content_range("bytes 0-9/100"), Some((ByteRange::new(0, 10).unwrap(), 100)));
        for bad in ["bytes 0-9/*", "bytes 9-8/100", "bytes 0-100/100", "0-9/100", "bytes */100", "bytes a-b/c"] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
        assert_eq!(unsatisfied_range("bytes */100"), Some(100));
    }

    #[test]
    fn a_version_differs_by_size_tag_or_date() {
        let then = Version { size: 5, etag: Some("a".into()), last_modified: Some("Mon".into()) };
        assert_eq!(then.difference(&Version { last_modified: Some("Tue".into()), ..then.clone() }), None);
        assert!(then.difference(&Version { etag: Some("b".into()), ..then.clone() }).is_some());
        assert!(then.difference(&Version { size: 6, ..then.clone() }).is_some());
        let hidden = Version { etag: None, ..then };
        assert!(hidden.difference(&Version { last_modified: Some("Tue".into()), ..hidden.clone() }).is_some());
    }
}
