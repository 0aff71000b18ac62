//! What HTTP says of ranges and versions (RFC 9110), as the text of header fields: every client has its own type for these.
use crate::{ByteRange, Stamp};

/// What distinguishes one version of a remote file from another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    /// Size in bytes.
    pub size: u64,
    /// `ETag`, where the answer has one and the client may see it.
    pub etag: Option<String>,
    /// `Last-Modified`, under the same conditions.
    pub last_modified: Option<String>,
}

impl Version {
    /// The entity tag to send as `If-Match`; a weak one never matches there (13.1.1).
    #[must_use]
    pub fn if_match(&self) -> Option<&str> {
        self.etag.as_deref().filter(|etag| !etag.starts_with("W/"))
    }

    /// For indexes made of this version: its strong entity tag, or where there is no tag at all the date.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        let tag = match &self.etag {
            Some(_) => self.if_match(),
            None => self.last_modified.as_deref(),
        };
        Some(Stamp { size: self.size, tag: tag?.to_owned() })
    }

    /// What differs, if anything does: the size, the entity tag where both answers have one, else the date.
    #[must_use]
    pub fn difference(&self, now: &Self) -> Option<String> {
        if self.size != now.size {
            return Some(format!("{} bytes, was {}", now.size, self.size));
        }
        let pair = match (&self.etag, &now.etag) {
            (Some(then), Some(now)) => Some((then, now)),
            _ => self.last_modified.as_ref().zip(now.last_modified.as_ref()),
        };
        pair.filter(|(then, now)| then != now).map(|(then, now)| format!("{now}, was {then}"))
    }
}

/// `Content-Range: bytes first-last/size` (14.4), half-open, with the size.
#[must_use]
pub fn content_range(text: &str) -> Option<(ByteRange, u64)> {
    let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let end = last.parse::<u64>().ok()?.checked_add(1)?;
    let (range, size) = (ByteRange::new(first.parse().ok()?, end)?, size.parse().ok()?);
    (!range.is_empty() && end <= size).then_some((range, size))
}

/// `Content-Range: bytes */size`, which a 416 carries (15.5.17).
#[must_use]
pub fn unsatisfied_range(text: &str) -> Option<u64> {
    text.trim().strip_prefix("bytes */")?.parse().ok()
}

/// The range to request where `wanted` is needed of a file of `size` bytes: the part inside the file, `None` where that is
/// empty. While the size is unknown, an empty range becomes a request for its first byte, because HTTP has no empty ranges;
/// the answer contains the size.
///
/// # Errors
/// A message, when the range begins past the end.
pub fn to_ask(wanted: ByteRange, size: Option<u64>) -> Result<Option<ByteRange>, String> {
    match size {
        None if wanted.is_empty() => Ok(Some(ByteRange::at(wanted.start(), 1).unwrap_or(wanted))),
        None => Ok(Some(wanted)),
        Some(size) if wanted.start() > size => Err(format!("range {wanted} lies past the end ({size} bytes)")),
        Some(size) => Ok(ByteRange::new(wanted.start(), wanted.end().min(size)).filter(|range| !range.is_empty())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_strictly() {
        let range = |s, e| ByteRange::new(s, e).unwrap();
        assert_eq!(content_range("bytes 0-9/100"), Some((range(0, 10), 100)));
        for bad in ["bytes 0-9/*", "bytes 9-8/100", "bytes 0-100/100", "0-9/100", "bytes */100", "bytes a-b/c"] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
        assert_eq!(content_range("bytes 0-18446744073709551615/5"), None);
        assert_eq!(unsatisfied_range("bytes */100"), Some(100));
        assert_eq!(unsatisfied_range("bytes 0-9/100"), None);
    }

    #[test]
    fn only_bytes_that_can_be_there_are_asked_for() {
        let range = |s, e| ByteRange::new(s, e).unwrap();
        assert_eq!(to_ask(range(5, 9), None), Ok(Some(range(5, 9))));
        assert_eq!(to_ask(range(5, 5), None), Ok(Some(range(5, 6))));
        assert_eq!(to_ask(range(5, 9), Some(7)), Ok(Some(range(5, 7))));
        assert_eq!(to_ask(range(5, 5), Some(7)), Ok(None));
        assert_eq!(to_ask(range(7, 9), Some(7)), Ok(None));
        assert!(to_ask(range(8, 8), Some(7)).unwrap_err().contains("past the end (7 bytes)"));
    }

    #[test]
    fn a_version_differs_by_size_tag_or_date() {
        let then = Version { size: 5, etag: Some("\"a\"".into()), last_modified: Some("Mon".into()) };
        assert_eq!(then.difference(&then), None);
        assert_eq!(then.difference(&Version { last_modified: Some("Tue".into()), ..then.clone() }), None);
        let other = Version { etag: Some("\"b\"".into()), ..then.clone() };
        assert_eq!(then.difference(&other).as_deref(), Some("\"b\", was \"a\""));
        assert!(then.difference(&Version { size: 6, ..then.clone() }).is_some());
        let untagged = Version { etag: None, ..then.clone() };
        assert!(untagged.difference(&Version { last_modified: Some("Tue".into()), ..untagged.clone() }).is_some());
    }

    #[test]
    fn weak_tags_pin_nothing() {
        let strong = Version { size: 5, etag: Some("\"a\"".into()), last_modified: Some("Mon".into()) };
        assert_eq!((strong.if_match(), strong.stamp().unwrap().tag.as_str()), (Some("\"a\""), "\"a\""));
        assert_eq!(Version { etag: None, ..strong.clone() }.stamp().unwrap().tag, "Mon");
        let weak = Version { etag: Some("W/\"a\"".into()), ..strong };
        assert_eq!((weak.if_match(), weak.stamp()), (None, None));
    }
}
