//! Rows themselves in place of statistics: which columns are asked for, and what was read of them.
use crate::kept::{Spill, Ticket};

/// Whether rows themselves can be asked for; the function and the browser, where size counts, go without.
pub(crate) const POINTS: bool = cfg!(feature = "points");

/// What kind of numbers a column has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PointKind {
    /// Whole numbers. They come as `f64`: those of 2^53 and more may have been rounded.
    Whole,
    /// `f32` as they are stored.
    Single,
    /// Others.
    Double,
}

/// Rows of one track in one cell, in row order.
#[derive(Clone, Default, Debug)]
pub struct PointBatch {
    /// Child of the parent that holds each.
    pub child: Vec<u32>,
    /// Row numbers of the track.
    pub row: Vec<u64>,
    /// Degrees.
    pub longitude: Vec<f64>,
    /// Geodetic degrees.
    pub latitude: Vec<f64>,
    /// Seconds since 1970-01-01, UTC; NaN where the time is not known.
    pub seconds: Vec<f64>,
    /// Of each column its values, NaN where there is none.
    pub columns: Vec<Vec<f64>>,
}

/// Rows of a granule's track, on their way out.
#[derive(Clone, Copy, Debug)]
pub struct PointRows<'a> {
    /// Name of the granule.
    pub granule: &'a str,
    /// Group name of the track.
    pub track: &'a str,
    /// The rows.
    pub batch: &'a PointBatch,
}

impl PointBatch {
    /// A batch of so many columns.
    pub(crate) fn new(columns: usize) -> Self {
        Self { columns: vec![Vec::new(); columns], ..Self::default() }
    }

    /// Its number columns after the child.
    fn numbers(&self) -> impl Iterator<Item = &Vec<f64>> {
        [&self.longitude, &self.latitude, &self.seconds].into_iter().chain(&self.columns)
    }
}

impl Spill for PointBatch {
    type Shape = (usize, usize);

    fn bytes(&self) -> u64 {
        (self.child.len() as u64).saturating_mul(12 + 8 * (3 + self.columns.len() as u64))
    }

    fn rows(&self) -> u64 {
        self.child.len() as u64
    }

    fn write(&self) -> (Vec<u8>, Self::Shape) {
        let mut bytes = Vec::with_capacity(usize::try_from(Spill::bytes(self)).unwrap_or_default());
        self.child.iter().for_each(|child| bytes.extend(child.to_le_bytes()));
        self.row.iter().for_each(|row| bytes.extend(row.to_le_bytes()));
        self.numbers().flatten().for_each(|number| bytes.extend(number.to_le_bytes()));
        (bytes, (self.child.len(), self.columns.len()))
    }

    fn size((rows, columns): Self::Shape) -> usize {
        rows * (12 + 8 * (3 + columns))
    }

    fn read(bytes: &[u8], (rows, columns): Self::Shape) -> Self {
        let (child, rest) = bytes.split_at_checked(4 * rows).unwrap_or_default();
        let mut words = rest.as_chunks().0.iter();
        let mut next = || -> Vec<u64> { words.by_ref().take(rows).map(|word| u64::from_le_bytes(*word)).collect() };
        let row = next();
        let mut numbers = || next().into_iter().map(f64::from_bits).collect();
        let (longitude, latitude, seconds) = (numbers(), numbers(), numbers());
        let columns = (0..columns).map(|_| numbers()).collect();
        let child = child.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        Self { child, row, longitude, latitude, seconds, columns }
    }
}

/// The rows of one track that are kept, and the kinds of their columns.
#[derive(Clone, Default, Debug)]
pub(crate) struct TrackPoints {
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) kinds: Vec<PointKind>,
}

/// The kinds that suit all of several tracks.
pub(crate) fn common<'a>(all: impl Iterator<Item = &'a TrackPoints>) -> Vec<PointKind> {
    let mut kinds: Vec<PointKind> = Vec::new();
    for track in all {
        if kinds.is_empty() {
            kinds.clone_from(&track.kinds);
        }
        for (kind, own) in kinds.iter_mut().zip(&track.kinds) {
            if kind != own {
                *kind = PointKind::Double;
            }
        }
    }
    kinds
}
