//! Answers: whole, in part, refused.
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::Response;
use hyper::body::Frame;
use hyper::header::{self, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue};
use std::io;

/// Ranges that one request may ask for.
const MAX_RANGES: usize = 64;

/// A body that is made while it is sent.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;
/// What goes back to a browser.
pub(crate) type Answer = Response<Body>;

/// A body of segments, each made when the one before is on its way.
pub(crate) fn streamed(segments: impl Iterator<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(stream::iter(segments).map(|segment| segment.map(Frame::data))).boxed_unsync()
}

/// An answer with words as its body; a header that cannot be written is left out.
pub(crate) fn answer(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let body: Bytes = body.into();
    let length = body.len() as u64;
    sized(status, kind, Full::new(body).map_err(|never| match never {}).boxed_unsync(), length)
}

/// An answer with a body of a known length.
pub(crate) fn sized(status: u16, kind: &str, body: Body, length: u64) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut answer, CONTENT_TYPE, kind);
    set(&mut answer, CONTENT_LENGTH, &length.to_string());
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// An answer of plain text.
pub(crate) fn words(status: u16, text: impl Into<String>) -> Answer {
    answer(status, "text/plain; charset=utf-8", text.into())
}

/// Sets a header.
pub(crate) fn set(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// What a `Range` header asks of a file of `size` bytes (RFC 9110, 14.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Everything: no header, or one that is not understood, which may be ignored.
    Whole,
    /// Half-open, not empty, within the file.
    Range(u64, u64),
    /// More than one, each half-open, not empty, within the file; in the order in which they are asked for.
    Several(Vec<(u64, u64)>),
    /// It begins at the end or beyond.
    Unsatisfiable,
}

pub(crate) fn part(header: Option<&str>, size: u64) -> Part {
    let Some(ranges) = header.and_then(|text| text.strip_prefix("bytes=")) else { return Part::Whole };
    let Some(asked) = ranges.split(',').map(|range| one(range.trim(), size)).collect::<Option<Vec<_>>>() else {
        return Part::Whole;
    };
    let mut within: Vec<(u64, u64)> = asked.into_iter().filter(|(start, end)| start < end).collect();
    match (within.len(), within.pop()) {
        (1, Some((start, end))) => Part::Range(start, end),
        (2..=MAX_RANGES, Some(last)) => {
            within.push(last);
            let sum = within.iter().fold(0_u64, |sum, (start, end)| sum.saturating_add(end - start));
            // Ranges that overlap make one request cost as much as many (14.2).
            if sum <= size { Part::Several(within) } else { Part::Whole }
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

/// The frame of a 206 with several parts (RFC 9110, 14.6).
pub(crate) struct Frames {
    /// `Content-Type` of the whole.
    pub(crate) kind: String,
    /// What comes before each part.
    pub(crate) heads: Vec<Bytes>,
    /// What comes after the last.
    pub(crate) tail: Bytes,
    /// Of the whole body, in bytes.
    pub(crate) length: u64,
}

/// Frames around `ranges` of a file of `size` bytes.
pub(crate) fn frames(ranges: &[(u64, u64)], size: u64, kind: &str) -> Frames {
    // Long enough not to be met in data by chance; readers that go by lengths do not mind.
    let boundary = format!("icestream-{size:016x}-parts-of-one-file");
    let head = |&(start, end): &(u64, u64)| {
        let range = format!("{CONTENT_RANGE}: bytes {start}-{}/{size}", end.saturating_sub(1));
        Bytes::from(format!("\r\n--{boundary}\r\n{CONTENT_TYPE}: {kind}\r\n{range}\r\n\r\n"))
    };
    let heads: Vec<Bytes> = ranges.iter().map(head).collect();
    let tail = Bytes::from(format!("\r\n--{boundary}--\r\n"));
    let framing: usize = heads.iter().chain([&tail]).map(Bytes::len).sum();
    let length = ranges.iter().map(|(start, end)| end - start).sum::<u64>() + framing as u64;
    Frames { kind: format!("multipart/byteranges; boundary={boundary}"), heads, tail, length }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("bytes=0-49,50-99", Part::Several(vec![(0, 50), (50, 100)])),
            ("bytes=0-50,50-99", Part::Whole),
            ("lines=1-2", Part::Whole),
        ] {
            assert_eq!(part(Some(header), 100), wanted, "{header}");
        }
        assert_eq!(part(None, 100), Part::Whole);
        let many = |count| format!("bytes={}", vec!["0-1"; count].join(","));
        assert!(matches!(part(Some(&many(MAX_RANGES)), 1000), Part::Several(_)));
        assert_eq!(part(Some(&many(MAX_RANGES + 1)), 1000), Part::Whole);
    }

    #[test]
    fn several_parts_are_written_as_the_standard_says() {
        let frames = frames(&[(0, 2), (7, 8)], 8, "text/plain");
        let boundary = frames.kind.strip_prefix("multipart/byteranges; boundary=").unwrap();
        let wanted = format!(
            "\r\n--{boundary}\r\ncontent-type: text/plain\r\ncontent-range: bytes 0-1/8\r\n\r\nab\
             \r\n--{boundary}\r\ncontent-type: text/plain\r\ncontent-range: bytes 7-7/8\r\n\r\nc\
             \r\n--{boundary}--\r\n"
        );
        let parts = [&frames.heads[0], &Bytes::from("ab"), &frames.heads[1], &Bytes::from("c"), &frames.tail];
        assert_eq!(parts.map(|part| part.to_vec()).concat(), wanted.as_bytes());
        assert_eq!(frames.length, wanted.len() as u64);
    }
}
