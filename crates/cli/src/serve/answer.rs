//! Answers: whole, in part, refused.
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::{self, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue};

/// Ranges that one request may ask for.
const MOST_RANGES: usize = 64;

/// What goes back to a browser.
pub(super) type Answer = Response<Full<Bytes>>;

/// An answer with a body; a header that cannot be written is left out.
pub(super) fn answer(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// Words for a person.
pub(super) fn words(status: u16, text: impl Into<String>) -> Answer {
    answer(status, "text/plain; charset=utf-8", text.into())
}

/// Sets a header.
pub(super) fn set(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// What a `Range` header asks of a file of `size` bytes (RFC 9110, 14.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Everything: no header, or one that is not understood, which may be ignored.
    Whole,
    /// Half-open, not empty, within the file.
    Range(u64, u64),
    /// More than one, each half-open, not empty, within the file; in the order in which they are asked for.
    Several(Vec<(u64, u64)>),
    /// It begins at the end or beyond.
    Unsatisfiable,
}

pub(super) fn part(header: Option<&str>, size: u64) -> Part {
    let Some(ranges) = header.and_then(|text| text.strip_prefix("bytes=")) else { return Part::Whole };
    let Some(asked) = ranges.split(',').map(|range| one(range.trim(), size)).collect::<Option<Vec<_>>>() else {
        return Part::Whole;
    };
    let mut within: Vec<(u64, u64)> = asked.into_iter().filter(|(start, end)| start < end).collect();
    match (within.len(), within.pop()) {
        (1, Some((start, end))) => Part::Range(start, end),
        (2..=MOST_RANGES, Some(last)) => {
            within.push(last);
            Part::Several(within)
        }
        (0, _) => Part::Unsatisfiable,
        _ => Part::Whole,
    }
}

/// One range; empty when it begins at the end or beyond.
fn one(range: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = range.split_once('-')?;
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => Some((first, last.saturating_add(1).min(size))),
        (Ok(first), Err(_)) if last.is_empty() => Some((first, size)),
        (Err(_), Ok(count)) if first.is_empty() => Some((size.saturating_sub(count), size)),
        _ => None,
    }
}

/// 206 with several parts (RFC 9110, 14.6): each its start and its bytes, of a file of `size` bytes.
pub(super) fn several(parts: &[(u64, Bytes)], size: u64, kind: &'static str) -> Answer {
    // Long enough not to be met in data by chance; readers that go by lengths do not mind.
    let boundary = format!("icestream-{size:016x}-parts-of-one-file");
    let mut body = Vec::with_capacity(parts.iter().map(|(_, bytes)| bytes.len() + 160).sum());
    for (start, bytes) in parts {
        let end = (start + bytes.len() as u64).saturating_sub(1);
        let range = format!("{CONTENT_RANGE}: bytes {start}-{end}/{size}");
        body.extend_from_slice(format!("\r\n--{boundary}\r\n{CONTENT_TYPE}: {kind}\r\n{range}\r\n\r\n").as_bytes());
        body.extend_from_slice(bytes);
    }
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let length = body.len();
    let mut answer = answer(206, kind, body);
    set(&mut answer, CONTENT_TYPE, &format!("multipart/byteranges; boundary={boundary}"));
    set(&mut answer, CONTENT_LENGTH, &length.to_string());
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (header, wanted) in [
            ("bytes=0-9", Part::Range(0, 10)),
            ("bytes=90-200", Part::Range(90, 100)),
            ("bytes=90-", Part::Range(90, 100)),
            ("bytes=-10", Part::Range(90, 100)),
            ("bytes=-200", Part::Range(0, 100)),
            ("bytes=100-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=9-3", Part::Whole),
            ("bytes=0-1, 5-6", Part::Several(vec![(0, 2), (5, 7)])),
            ("bytes=5-6,0-1,200-300,90-", Part::Several(vec![(5, 7), (0, 2), (90, 100)])),
            ("bytes=0-1,200-300", Part::Range(0, 2)),
            ("bytes=0-1,x", Part::Whole),
            ("lines=1-2", Part::Whole),
        ] {
            assert_eq!(part(Some(header), 100), wanted, "{header}");
        }
        assert_eq!(part(None, 100), Part::Whole);
        let many = |count| format!("bytes={}", vec!["0-1"; count].join(","));
        assert!(matches!(part(Some(&many(MOST_RANGES)), 100), Part::Several(_)));
        assert_eq!(part(Some(&many(MOST_RANGES + 1)), 100), Part::Whole);
    }

    #[test]
    fn several_parts_are_written_as_the_standard_says() {
        let parts = [(0, Bytes::from_static(b"ab")), (7, Bytes::from_static(b"c"))];
        let answer = several(&parts, 8, "text/plain");
        let get = |name: HeaderName| answer.headers()[name].to_str().unwrap();
        let boundary = get(CONTENT_TYPE).strip_prefix("multipart/byteranges; boundary=").unwrap();
        let wanted = format!(
            "\r\n--{boundary}\r\ncontent-type: text/plain\r\ncontent-range: bytes 0-1/8\r\n\r\nab\
             \r\n--{boundary}\r\ncontent-type: text/plain\r\ncontent-range: bytes 7-7/8\r\n\r\nc\
             \r\n--{boundary}--\r\n"
        );
        assert_eq!(get(CONTENT_LENGTH), wanted.len().to_string());
        assert_eq!(
            http_body_util::BodyExt::collect(answer.into_body()).now_or_never().unwrap().unwrap().to_bytes(),
            wanted
        );
    }
}
