//! The sparse map of bytes that have arrived.
use crate::ByteRange;
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;

/// Bytes of one file that have arrived, by offset. Segments are shared slices: inserting and reading copy nothing unless a
/// read spans segments that came separately.
#[derive(Clone, Default, Debug)]
pub struct ByteMap {
    /// Disjoint, non-empty segments by their first offset.
    segments: BTreeMap<u64, Bytes>,
    file_size: Option<u64>,
}

/// What a [`ByteMap`] knows of a range.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lookup {
    /// All of it is here.
    Bytes(Bytes),
    /// Some of it has not arrived: the parts to ask for, sorted and disjoint.
    Missing(Vec<ByteRange>),
    /// It reaches past the end of the file, whose size is known: no asking can help.
    PastEnd {
        /// Size of the file in bytes.
        file_size: u64,
    },
}

impl ByteMap {
    /// An empty map of a file whose size is not known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Size of the file in bytes, once an answer has given it.
    #[must_use]
    pub const fn file_size(&self) -> Option<u64> {
        self.file_size
    }

    /// Records the size of the file in bytes.
    pub const fn set_file_size(&mut self, size: u64) {
        self.file_size = Some(size);
    }

    /// Bytes held.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.segments.values().map(|segment| segment.len() as u64).sum()
    }

    /// Adds bytes that start at `offset`. What is already here stays; only the new parts are kept.
    pub fn insert(&mut self, offset: u64, bytes: &Bytes) {
        let Some(range) = ByteRange::at(offset, bytes.len() as u64) else {
            return;
        };
        for hole in self.missing(range) {
            // A hole lies inside `range`, whose length is that of `bytes`, so both indices fit.
            let from = usize::try_from(hole.start() - offset).unwrap_or(usize::MAX);
            let to = usize::try_from(hole.end() - offset).unwrap_or(usize::MAX);
            self.segments.insert(hole.start(), bytes.slice(from..to));
        }
    }

    /// Forgets the bytes of `range`, so that their memory can go. A later look-up finds them missing.
    pub fn forget(&mut self, range: ByteRange) {
        let touched: Vec<(u64, Bytes)> = self.overlapping(range).map(|(at, segment)| (at, segment.clone())).collect();
        for (at, segment) in touched {
            self.segments.remove(&at);
            let end = at + segment.len() as u64;
            if at < range.start() {
                let keep = usize::try_from(range.start() - at).unwrap_or(usize::MAX);
                self.segments.insert(at, segment.slice(..keep));
            }
            if end > range.end() {
                let skip = usize::try_from(range.end() - at).unwrap_or(usize::MAX);
                self.segments.insert(range.end(), segment.slice(skip..));
            }
        }
    }

    /// Looks `range` up.
    #[must_use]
    pub fn get(&self, range: ByteRange) -> Lookup {
        if let Some(file_size) = self.file_size.filter(|&size| range.end() > size) {
            return Lookup::PastEnd { file_size };
        }
        if range.is_empty() {
            return Lookup::Bytes(Bytes::new());
        }
        let missing = self.missing(range);
        if missing.is_empty() { Lookup::Bytes(self.collect(range)) } else { Lookup::Missing(missing) }
    }

    /// The parts of `range` that have not arrived, sorted and disjoint. The end of the file is not looked at.
    #[must_use]
    pub fn missing(&self, range: ByteRange) -> Vec<ByteRange> {
        let mut holes = Vec::new();
        let mut at = range.start();
        for (start, segment) in self.overlapping(range) {
            if at < start {
                holes.extend(ByteRange::new(at, start));
            }
            at = at.max(start + segment.len() as u64);
        }
        if at < range.end() {
            holes.extend(ByteRange::new(at, range.end()));
        }
        holes
    }

    fn overlapping(&self, range: ByteRange) -> impl Iterator<Item = (u64, &Bytes)> {
        let first = self.segments.range(..=range.start()).next_back().map_or(range.start(), |(&at, _)| at);
        self.segments
            .range(first..range.end().max(first))
            .map(|(&at, segment)| (at, segment))
            .filter(move |(at, segment)| at + segment.len() as u64 > range.start())
    }

    /// `range` as one slice; only called when nothing of it is missing.
    fn collect(&self, range: ByteRange) -> Bytes {
        let mut parts = self.overlapping(range).map(|(at, segment)| {
            let from = usize::try_from(range.start().saturating_sub(at)).unwrap_or(usize::MAX);
            let to = usize::try_from(range.end() - at).map_or(segment.len(), |to| to.min(segment.len()));
            segment.slice(from..to)
        });
        let Some(first) = parts.next() else {
            return Bytes::new();
        };
        if first.len() as u64 == range.len() {
            return first;
        }
        let mut joined = BytesMut::from(first.as_ref());
        for part in parts {
            joined.extend_from_slice(&part);
        }
        joined.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(start: u64, end: u64) -> ByteRange {
        ByteRange::new(start, end).unwrap()
    }

    fn file() -> Bytes {
        (0..=255u8).cycle().take(1000).collect::<Vec<_>>().into()
    }

    #[test]
    fn a_read_inside_one_segment_shares_its_memory() {
        let mut map = ByteMap::new();
        let file = file();
        map.insert(0, &file);
        let Lookup::Bytes(bytes) = map.get(range(10, 20)) else { panic!("all bytes are here") };
        assert_eq!(bytes.as_ptr(), file[10..].as_ptr());
    }

    #[test]
    fn past_the_end_is_told_apart_from_missing() {
        let mut map = ByteMap::new();
        assert_eq!(map.get(range(5, 9)), Lookup::Missing(vec![range(5, 9)]));
        map.set_file_size(8);
        assert_eq!(map.get(range(5, 9)), Lookup::PastEnd { file_size: 8 });
    }

    #[test]
    fn forgetting_cuts_segments_and_makes_them_missing_again() {
        let mut map = ByteMap::new();
        map.insert(0, &file());
        map.forget(range(100, 200));
        assert_eq!(map.held(), 900);
        assert_eq!(map.missing(range(50, 300)), [range(100, 200)]);
        assert_eq!(map.get(range(200, 203)), Lookup::Bytes(file().slice(200..203)));
    }

    proptest! {
        #[test]
        fn any_order_of_overlapping_segments_gives_the_file(
            inserts in prop::collection::vec((0usize..1000, 0usize..400), 0..30), ask in (0usize..1000, 0usize..400)
        ) {
            let file = file();
            let mut map = ByteMap::new();
            let mut there = vec![false; 1000];
            for (start, len) in inserts {
                let end = (start + len).min(1000);
                map.insert(start as u64, &file.slice(start..end));
                there[start..end].fill(true);
            }
            let (start, end) = (ask.0, (ask.0 + ask.1).min(1000));
            let missing = map.missing(range(start as u64, end as u64));
            let holes: Vec<u64> = missing.iter().flat_map(|r| r.start()..r.end()).collect();
            let expected: Vec<u64> = (start..end).filter(|&i| !there[i]).map(|i| i as u64).collect();
            prop_assert_eq!(&holes, &expected);
            if expected.is_empty() {
                prop_assert_eq!(map.get(range(start as u64, end as u64)), Lookup::Bytes(file.slice(start..end)));
            }
            prop_assert_eq!(map.held(), there.iter().filter(|&&t| t).count() as u64);
        }
    }
}
