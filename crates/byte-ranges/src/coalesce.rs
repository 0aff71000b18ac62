//! From wanted ranges to requests.
use crate::ByteRange;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// What asking costs at a source, in its own terms: it decides how ranges are merged and how many travel at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Unwanted bytes worth reading to save one request.
    pub gap: u64,
    /// Largest request in bytes; longer wants are cut. At least 1 is used.
    pub max_request: u64,
    /// Requests of one file that may be under way at once. At least 1 is used.
    pub in_flight: usize,
    /// Metadata reads grow forward to this many bytes (0: exact): what was written together is asked for together.
    pub ahead: u64,
    /// Bytes read speculatively from the start of a file when it is opened.
    pub head: u64,
    /// Bytes read speculatively from the end of a file with the first reads after the head: heaps that grew late are there, and
    /// the attributes of the root.
    pub tail: u64,
}

impl Cost {
    /// Nothing is free but the bytes that were asked for: no merging, no growing. For local files and tests.
    pub const EXACT: Self = Self { gap: 0, max_request: u64::MAX, in_flight: 16, ahead: 0, head: 512, tail: 0 };

    /// A read of a local file costs microseconds: small gaps, few at a time.
    pub const LOCAL: Self =
        Self { gap: 64 * KIB, max_request: 16 * MIB, in_flight: 4, ahead: 16 * KIB, head: 64 * KIB, tail: 0 };

    /// A request over HTTP, or to S3: 8 MiB at most, to keep a retry cheap. The rest fits where ATL06 granules keep their
    /// metadata (measured, design note 0006): a root header of 22 KB, 47 KB from a track's header to its last dataset's,
    /// heaps in the last 160 KB, and chunk indexes 20 to 60 KB apart. Where every request is billed, a larger gap costs less.
    pub const HTTP: Self =
        Self { gap: 34 * KIB, max_request: 8 * MIB, in_flight: 32, ahead: 47 * KIB, head: 23 * KIB, tail: 160 * KIB };
}

/// Merges wanted ranges into requests that are sorted, disjoint and together hold every wanted byte. Two wanted ranges at
/// most `gap` bytes apart share a request while it stays within `max_request`.
#[must_use]
pub fn coalesce(wanted: &[ByteRange], cost: &Cost) -> Vec<ByteRange> {
    let mut sorted: Vec<ByteRange> = wanted.iter().copied().filter(|r| !r.is_empty()).collect();
    sorted.sort_unstable();
    let disjoint = merge(sorted, |last, next| next.start() < last.end());
    let near = |last: ByteRange, next: ByteRange| {
        next.start() - last.end() <= cost.gap && last.hull(next).len() <= cost.max_request
    };
    merge(disjoint, near).into_iter().flat_map(|range| cut(range, cost.max_request.max(1))).collect()
}

fn merge(sorted: Vec<ByteRange>, joins: impl Fn(ByteRange, ByteRange) -> bool) -> Vec<ByteRange> {
    let mut merged: Vec<ByteRange> = Vec::with_capacity(sorted.len());
    for range in sorted {
        match merged.last_mut() {
            Some(last) if joins(*last, range) => *last = last.hull(range),
            _ => merged.push(range),
        }
    }
    merged
}

fn cut(range: ByteRange, most: u64) -> impl Iterator<Item = ByteRange> {
    let parts = range.len().div_ceil(most);
    (0..parts).filter_map(move |i| {
        let start = range.start() + i * most;
        ByteRange::new(start, range.end().min(start.saturating_add(most)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(start: u64, end: u64) -> ByteRange {
        ByteRange::new(start, end).unwrap()
    }

    #[test]
    fn near_wants_share_a_request_and_far_ones_do_not() {
        let cost = Cost { gap: 10, max_request: 100, ..Cost::EXACT };
        let wanted = [range(50, 60), range(0, 20), range(25, 30), range(300, 550)];
        let requests = coalesce(&wanted, &cost);
        assert_eq!(requests, [range(0, 30), range(50, 60), range(300, 400), range(400, 500), range(500, 550)]);
    }

    proptest! {
        #[test]
        fn every_wanted_byte_is_asked_for_exactly_once(
            wanted in prop::collection::vec((0u64..2000, 0u64..300), 0..40), gap in 0u64..200, max in 1u64..500
        ) {
            let wanted: Vec<_> = wanted.into_iter().map(|(s, l)| ByteRange::at(s, l).unwrap()).collect();
            let cost = Cost { gap, max_request: max, ..Cost::EXACT };
            let requests = coalesce(&wanted, &cost);
            for pair in requests.windows(2) {
                prop_assert!(pair[0].end() <= pair[1].start());
            }
            for request in &requests {
                prop_assert!(request.len() <= max && !request.is_empty());
            }
            for byte in wanted.iter().flat_map(|r| r.start()..r.end()) {
                prop_assert!(requests.iter().any(|r| r.start() <= byte && byte < r.end()));
            }
        }
    }
}
