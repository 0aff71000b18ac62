//! What of a track was read, and between which places the rest must lie.
//!
//! *Lemma.* Let the rows of a track advance along a course. Then the rows of an unread chunk lie between the last row with
//! a place of the chunks before it that were read, and the first of those after it: a [`Bracket`]. Nothing is assumed of
//! spacing, density, gaps or length; where nothing was read on one side, the bracket is open there.
use super::course::{Course, Spot};
use super::trace::{Mark, Trace};
use std::collections::BTreeMap;
use std::ops::Range;

/// One track while it is read.
#[derive(Debug)]
pub(crate) struct Known {
    /// The rows of each chunk of its latitude, by which it is read.
    chunks: Vec<Range<u64>>,
    read: BTreeMap<usize, Read>,
}

/// A chunk that was read.
#[derive(Debug)]
struct Read {
    trace: Trace,
    /// First and last row in the cell, if any.
    hit: Option<(u64, u64)>,
}

/// Unread chunks that follow each other, and where their rows must lie.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Bracket {
    pub(crate) chunks: Range<usize>,
    /// The known row before and its place along the course; `None`: nothing was read before.
    pub(crate) from: Option<(u64, f64)>,
    /// The same behind.
    pub(crate) to: Option<(u64, f64)>,
}

impl Known {
    pub(crate) fn of(track: &crate::track::Track) -> Self {
        Self::new(track.latitude.pieces().iter().map(|piece| piece.rows.clone()).collect())
    }

    pub(crate) const fn new(chunks: Vec<Range<u64>>) -> Self {
        Self { chunks, read: BTreeMap::new() }
    }

    pub(crate) fn chunks(&self) -> &[Range<u64>] {
        &self.chunks
    }

    pub(crate) fn rows(&self) -> u64 {
        self.chunks.last().map_or(0, |rows| rows.end)
    }

    pub(crate) fn has_read(&self, chunk: usize) -> bool {
        self.read.contains_key(&chunk)
    }

    pub(crate) fn nothing_read(&self) -> bool {
        self.read.is_empty()
    }

    /// Records a chunk that was read.
    pub(crate) fn learn(&mut self, chunk: usize, trace: Trace, hit: Option<(u64, u64)>) {
        self.read.insert(chunk, Read { trace, hit });
    }

    /// Chunks that were read and hold rows of the cell, with the first and the last of these.
    pub(crate) fn hits(&self) -> impl Iterator<Item = (usize, (u64, u64))> {
        self.read.iter().filter_map(|(&chunk, read)| Some((chunk, read.hit?)))
    }

    /// Chunks that were read and have no row with a place.
    pub(crate) fn silent(&self) -> usize {
        self.read.values().filter(|read| read.trace.marks().is_empty()).count()
    }

    pub(crate) fn unread(&self) -> impl Iterator<Item = usize> {
        (0..self.chunks.len()).filter(|&chunk| !self.has_read(chunk))
    }

    /// All marks in row order, chunk by chunk.
    pub(crate) fn traces(&self) -> impl Iterator<Item = (usize, &[Mark])> {
        self.read.iter().map(|(&chunk, read)| (chunk, read.trace.marks())).filter(|(_, marks)| !marks.is_empty())
    }

    /// The brackets of all unread chunks.
    pub(crate) fn brackets(&self, course: &Course) -> Vec<Bracket> {
        let end = |mark: &Mark| (mark.row, course.spot(mark.place).along);
        let mut brackets = Vec::new();
        let (mut next, mut from) = (0, None);
        let mut close = |next: usize, chunk: usize, from, to| {
            // Chunks without any place are read, but bound nothing: what is unread on both sides shares a bracket.
            let mut unread = (next..chunk).filter(|&chunk| !self.has_read(chunk)).peekable();
            while let Some(first) = unread.next() {
                let mut last = first;
                while unread.next_if_eq(&(last + 1)).is_some() {
                    last += 1;
                }
                brackets.push(Bracket { chunks: first..last + 1, from, to });
            }
        };
        for (chunk, marks) in self.traces() {
            let Some((first, last)) = marks.first().zip(marks.last()) else { continue };
            close(next, chunk, from, Some(end(first)));
            (next, from) = (chunk + 1, Some(end(last)));
        }
        close(next, self.chunks.len(), from, None);
        brackets
    }
}

impl Bracket {
    /// The part of a stretch of the course, kilometres, that lies within the bracket.
    pub(crate) fn part(&self, stretch: &Range<f64>) -> Option<Range<f64>> {
        let from = self.from.map_or(stretch.start, |(_, along)| stretch.start.max(along));
        let to = self.to.map_or(stretch.end, |(_, along)| stretch.end.min(along));
        (from <= to).then_some(from..to)
    }
}

/// The spots of all marks of a track, in row order, with their rows.
pub(crate) fn spots<'a>(track: &'a Known, course: &'a Course) -> impl Iterator<Item = (u64, Spot)> + 'a {
    track.traces().flat_map(|(_, marks)| marks).map(|mark| (mark.row, course.spot(mark.place)))
}
