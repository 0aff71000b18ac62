//! Ranges that are asked for together as one request: `Range: bytes=0-9,20-29` and `multipart/byteranges` (RFC 9110, 14.2
//! and 14.6). A request costs a browser milliseconds of its own; few servers take several ranges, and `icestream serve`
//! says that it does.
use crate::host::{self, Timer};
use crate::version::{header, version};
use byte_ranges::ByteRange;
use byte_ranges::http::{Version, content_range};
use bytes::Bytes;
use futures_util::future::{Either, FutureExt as _, LocalBoxFuture, Shared, select};
use js_sys::{Promise, Uint8Array};
use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::pin::pin;
use std::rc::Rc;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestInit, Response};

/// Patience for one whole attempt, in milliseconds; the browser's own queue is part of it.
pub(crate) const PATIENCE: f64 = 300_000.0;

/// Ranges in one request, at most: their header stays far below the 8 KB that servers take.
const MAX_RANGES: usize = 64;
/// Bytes in one request, at most, except a single range that is larger: an answer is handed on when it is complete.
const MAX_BYTES: u64 = 4 << 20;
/// A part's delimiter and headers are no longer.
const MAX_HEAD: u32 = 512;

/// Gathers the ranges of one file that are asked for in one turn of the event loop.
pub(crate) struct Batch {
    file: Rc<File>,
    open: RefCell<Option<Group>>,
}

struct File {
    url: String,
    signal: AbortSignal,
    /// The server did not do as it said: one by one from here on.
    off: Cell<bool>,
}

struct Group {
    /// `None` once they are sent.
    ranges: Rc<RefCell<Option<Vec<ByteRange>>>>,
    answer: Answer,
}

type Answer = Shared<LocalBoxFuture<'static, Option<Rc<Parts>>>>;

/// What came. The body stays with JavaScript until a part of it is asked for.
struct Parts {
    version: Version,
    body: Uint8Array,
    /// Each range, and where in the body it begins.
    places: Vec<(ByteRange, u32)>,
}

impl Batch {
    pub(crate) fn new(url: &str, signal: AbortSignal) -> Self {
        let file = File { url: url.to_owned(), signal, off: Cell::new(false) };
        Self { file: Rc::new(file), open: RefCell::default() }
    }

    /// The version and the bytes of `range`, from a request that it shares with others. `None` where there were no others,
    /// or when anything was wrong with the answer: an ordinary request will then report it.
    pub(crate) async fn fetch(&self, range: ByteRange) -> Option<(Version, Bytes)> {
        if self.file.off.get() || self.file.signal.aborted() {
            return None;
        }
        let parts = self.join(range).await?;
        let (_, place) = parts.places.iter().find(|(held, _)| *held == range)?;
        let end = place.checked_add(u32::try_from(range.len()).ok()?)?;
        Some((parts.version.clone(), Bytes::from(parts.body.subarray(*place, end).to_vec())))
    }

    /// Adds `range` to the request that goes out at the end of this turn.
    fn join(&self, range: ByteRange) -> Answer {
        let mut open = self.open.borrow_mut();
        if let Some(group) = open.as_ref()
            && let Some(ranges) = group.ranges.borrow_mut().as_mut()
            && ranges.len() < MAX_RANGES
            && ranges.iter().map(|range| range.len()).sum::<u64>() + range.len() <= MAX_BYTES
        {
            ranges.push(range);
            return group.answer.clone();
        }
        let ranges = Rc::new(RefCell::new(Some(vec![range])));
        let answer = send(Rc::clone(&self.file), Rc::clone(&ranges)).boxed_local().shared();
        *open = Some(Group { ranges, answer: answer.clone() });
        answer
    }
}

async fn send(file: Rc<File>, ranges: Rc<RefCell<Option<Vec<ByteRange>>>>) -> Option<Rc<Parts>> {
    // After waiting for a settled promise, all callers of this turn of the event loop have added their ranges.
    JsFuture::from(Promise::resolve(&JsValue::UNDEFINED)).await.ok()?;
    let ranges = ranges.borrow_mut().take().filter(|ranges| ranges.len() > 1)?;
    let init = host::ranged(&written(&ranges), &file.signal).ok()?;
    let timer = Timer::new(PATIENCE);
    match select(pin!(exchange(&file, &init, ranges.len())), pin!(timer.ring())).await {
        Either::Left((parts, _)) => parts.map(Rc::new),
        Either::Right(_) => None,
    }
}

async fn exchange(file: &File, init: &RequestInit, count: usize) -> Option<Parts> {
    let response = host::fetch(&file.url, init).await.ok()?;
    let headers = response.headers();
    let several = header(&headers, "content-type").is_some_and(|kind| kind.starts_with("multipart/byteranges"));
    if response.status() != 206 || !several {
        file.off.set(true);
        host::discard(&response);
        return None;
    }
    let parts = read(&response, count).await;
    file.off.set(parts.is_none() && !file.signal.aborted());
    parts
}

/// `bytes=0-9,20-29`
fn written(ranges: &[ByteRange]) -> String {
    let mut text = String::from("bytes=");
    for (at, range) in ranges.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{}-{}", range.start(), range.end().saturating_sub(1));
    }
    text
}

/// Finds the parts. Lengths come from each `Content-Range`, so a delimiter within the data does not matter.
async fn read(response: &Response, count: usize) -> Option<Parts> {
    let body = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    let body = Uint8Array::new(body.unchecked_ref());
    let mut places = Vec::with_capacity(count);
    let (mut at, mut size) = (0, None);
    while places.len() < count {
        let head = body.subarray(at, at.saturating_add(MAX_HEAD).min(body.length())).to_vec();
        let end = head.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let (range, whole) = part_head(std::str::from_utf8(head.get(..end)?).ok()?)?;
        if *size.get_or_insert(whole) != whole {
            return None;
        }
        let place = at.checked_add(u32::try_from(end).ok()?)?;
        at = place.checked_add(u32::try_from(range.len()).ok()?).filter(|end| *end <= body.length())?;
        places.push((range, place));
    }
    Some(Parts { version: version(&response.headers(), size?), body, places })
}

/// Range and size from the headers of a part.
fn part_head(head: &str) -> Option<(ByteRange, u64)> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-range").then(|| content_range(value)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_ranges_are_written_and_read_as_the_standard_says() {
        let range = |start, end| ByteRange::new(start, end).unwrap();
        assert_eq!(written(&[range(0, 500), range(7000, 8000)]), "bytes=0-499,7000-7999");
        // RFC 9110, 14.6, with a delimiter before it and none of the case kept.
        let head =
            "\r\n--THIS_STRING_SEPARATES\r\nContent-Type: application/pdf\r\ncontent-RANGE: bytes 500-999/8000\r\n\r\n";
        assert_eq!(part_head(head), Some((range(500, 1000), 8000)));
        assert_eq!(part_head("\r\n--X\r\nContent-Type: text/plain\r\n\r\n"), None);
    }
}
