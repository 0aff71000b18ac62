//! One track of a granule: its columns, row-aligned.
use crate::cf;
use crate::pieces::{Column, Piece};
use crate::product::{ColumnSpec, Second, Weight};
use crate::{GranuleError, Product};
use byte_ranges::ByteRange;
use hdf5_pure::Dataset;
use std::ops::Range;
use std::sync::Arc;

/// What a column is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Latitude,
    Longitude,
    Value,
    /// What is subtracted from the value.
    Minus,
    Uncertainty,
    Weight,
    /// When a row was taken.
    Time,
    /// When a row was taken, where rows themselves are asked for and the job needs no time.
    PointTime,
    /// The column of this number of those asked for.
    Point(usize),
    /// The condition of this number.
    Keep(usize),
    /// The first child of each parent.
    Begin,
    /// The number of its children.
    Count,
    HomeLatitude,
    HomeLongitude,
}

impl Part {
    /// Whether it says how rows hang on their parents.
    pub(crate) const fn is_of_link(self) -> bool {
        matches!(self, Self::Begin | Self::Count | Self::HomeLatitude | Self::HomeLongitude)
    }

    /// How its missing numbers are told.
    pub(crate) const fn role(self) -> cf::Role {
        if let Self::Keep(_) = self { cf::Role::Condition } else { cf::Role::Quantity }
    }
}

/// The columns of a product, in the order in which they are asked for.
pub(crate) fn parts(product: &Product) -> Vec<(Part, &ColumnSpec)> {
    let weight = if let Weight::Column(column) = &product.weight { Some(column) } else { None };
    let places = [(Part::Latitude, Some(&product.latitude)), (Part::Longitude, Some(&product.longitude))];
    let numbers = [
        (Part::Value, product.value.column()),
        (Part::Minus, product.value.minus()),
        (Part::Uncertainty, product.uncertainty.as_ref()),
        (Part::Weight, weight),
        (Part::Time, product.time.column()),
    ];
    let keep = product.keep.iter().enumerate().map(|(number, keep)| (Part::Keep(number), Some(&keep.column)));
    let points = product.points.as_ref();
    let time = points.and_then(|points| points.time.column()).filter(|_| product.time.is_granule());
    let columns = points.into_iter().flat_map(|points| &points.columns).enumerate();
    let points = columns.map(|(number, column)| (point_part(product, number), Some(column)));
    let points = points.filter(|(part, _)| matches!(part, Part::Point(_)));
    let points = points.chain(std::iter::once((Part::PointTime, time)));
    let link = product.link.as_ref();
    let link = [
        (Part::Begin, link.map(|link| &link.begin)),
        (Part::Count, link.map(|link| &link.count)),
        (Part::HomeLatitude, link.and_then(|link| link.latitude.as_ref())),
        (Part::HomeLongitude, link.and_then(|link| link.longitude.as_ref())),
    ];
    let all = places.into_iter().chain(numbers).chain(keep).chain(points).chain(link);
    all.filter_map(|(part, column)| Some((part, column?))).collect()
}

/// What holds the numbers of a column that is asked for: a column that is read anyhow, or one of its own.
pub(crate) fn point_part(product: &Product, number: usize) -> Part {
    let own = product.points.as_ref().and_then(|points| points.columns.get(number));
    let same = |column: Option<&ColumnSpec>| column.zip(own).is_some_and(|(column, own)| column.is_same_place(own));
    match () {
        () if same(product.value.column()) => Part::Value,
        () if same(product.uncertainty.as_ref()) => Part::Uncertainty,
        () => Part::Point(number),
    }
}

/// Whether a path of a column leads to parents, which have rows of their own.
pub(crate) fn is_of_parents(product: &Product, part: Part, path: &str) -> bool {
    part.is_of_link() || product.link.as_ref().is_some_and(|link| link.is_of_parents(path))
}

/// The path of a column in the file.
pub(crate) fn column_path(product: &Product, part: Part, (track, group): (&str, &str), path: &str) -> String {
    let group = if is_of_parents(product, part, path) { "" } else { group };
    format!("{}/{path}", group_path(track, group))
}

/// One track of a granule: its columns, row-aligned.
#[derive(Debug)]
pub(crate) struct Track {
    /// Group name.
    pub(crate) name: String,
    /// The group inside it that holds the columns.
    pub(crate) group: String,
    /// Rows of every column.
    pub(crate) rows: u64,
    pub(crate) latitude: Column,
    pub(crate) longitude: Column,
    /// The other columns that the granule has, in the order of [`parts`].
    pub(crate) columns: Vec<TrackColumn>,
    /// Columns of the parents of its rows: those of the link, and those that the product reads.
    pub(crate) parents: Vec<TrackColumn>,
    /// The moment that its times count from, seconds since 1970-01-01.
    pub(crate) epoch: Option<f64>,
    /// What was found of columns that it may lack or has under several names.
    pub(crate) found: Found,
}

/// One column of a track.
#[derive(Debug)]
pub(crate) struct TrackColumn {
    pub(crate) part: Part,
    /// The repeat cycle that its numbers are of, where the granule has several.
    pub(crate) cycle: Option<u32>,
    /// Whether it has a row for each parent.
    pub(crate) of_parents: bool,
    pub(crate) column: Column,
}

/// What was found of columns that a granule may lack or has under several names.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Found {
    /// Of columns with alternatives, the one that is there.
    pub(crate) chosen: Vec<String>,
    /// Optional columns that are not there.
    pub(crate) missing: Vec<String>,
}

/// The datasets of a track, by the order of [`parts`], as far as they are there.
pub(crate) struct FoundTrack {
    pub(crate) name: String,
    /// The group inside the track that holds the columns.
    pub(crate) group: String,
    pub(crate) columns: Vec<FoundColumn>,
    pub(crate) found: Found,
    /// The moment that its times count from, seconds since 1970-01-01.
    pub(crate) epoch: Option<f64>,
}

/// One column that a track has.
#[derive(Clone)]
pub(crate) struct FoundColumn {
    pub(crate) part: Part,
    pub(crate) dataset: Arc<Dataset>,
    /// What is taken of its second axis.
    pub(crate) second: Second,
    /// Numbers that stand for "no value", as the product says.
    pub(crate) fill: Vec<f64>,
    /// The repeat cycle that is taken of its second axis, where the granule has several.
    pub(crate) cycle: Option<u32>,
    /// Whether it has a row for each parent.
    pub(crate) of_parents: bool,
}

/// The path of the group that holds a track's columns; empty for the root.
pub(crate) fn group_path(track: &str, group: &str) -> String {
    [track, group].into_iter().filter(|part| !part.is_empty()).flat_map(|part| ["/", part]).collect()
}

impl Track {
    /// A track of columns of one number of rows; those of parents have one of their own.
    pub(crate) fn new(
        name: &str,
        group: &str,
        columns: Vec<TrackColumn>,
        (found, epoch): (Found, Option<f64>),
    ) -> Result<Self, GranuleError> {
        let (parents, columns): (Vec<_>, Vec<_>) = columns.into_iter().partition(|held| held.of_parents);
        let (places, columns): (Vec<_>, Vec<_>) =
            columns.into_iter().partition(|held| matches!(held.part, Part::Latitude | Part::Longitude));
        let mut places = places.into_iter().map(|held| held.column);
        let mut next = || places.next().ok_or_else(|| GranuleError::product(name, "has no coordinates"));
        let (latitude, longitude) = (next()?, next()?);
        same_rows(&latitude, std::iter::once(&longitude).chain(columns.iter().map(|held| &held.column)))?;
        if let Some(first) = parents.first() {
            same_rows(&first.column, parents.iter().map(|held| &held.column))?;
        }
        let (name, group, rows) = (name.into(), group.into(), latitude.rows());
        Ok(Self { name, group, rows, latitude, longitude, columns, parents, epoch, found })
    }

    /// Pieces of its latitude, which the rows are looked at by.
    pub(crate) fn pieces(&self) -> usize {
        self.latitude.pieces().len()
    }

    /// Rows whose latitude or longitude was never written: what a reader makes of them is no place. Nothing needs to be read to
    /// know them.
    pub(crate) fn unwritten(&self) -> u64 {
        let rows = |column: &Column, within: &Range<u64>| -> u64 {
            let missing = column.overlapping(within).filter(|(_, held)| held.is_unwritten());
            missing.map(|(_, held)| held.rows.end.min(within.end) - held.rows.start.max(within.start)).sum()
        };
        let beside = |held: &Piece| if held.is_unwritten() { 0 } else { rows(&self.longitude, &held.rows) };
        rows(&self.latitude, &(0..self.rows)) + self.latitude.pieces().iter().map(beside).sum::<u64>()
    }

    /// The place of a column among those of rows and then of parents, and the column: the first, or of those of several cycles the one
    /// of `cycle`.
    pub(crate) fn column(&self, wanted: Part, cycle: Option<u32>) -> Option<(usize, &Column)> {
        let mut columns = self.columns.iter().chain(&self.parents).enumerate();
        let is_it = |held: &TrackColumn| {
            held.part == wanted && (cycle.is_none() || held.cycle.is_none() || held.cycle == cycle)
        };
        columns.find(|(_, held)| is_it(held)).map(|(at, held)| (at, &held.column))
    }

    /// The repeat cycles that its rows have numbers of, where those are several; else one that is none.
    pub(crate) fn cycles(&self) -> Vec<Option<u32>> {
        let mut cycles: Vec<Option<u32>> = self.columns.iter().map(|held| held.cycle).filter(Option::is_some).collect();
        cycles.sort_unstable();
        cycles.dedup();
        if cycles.is_empty() { vec![None] } else { cycles }
    }

    /// Whether rows take numbers of their parents.
    pub(crate) fn takes_of_parents(&self) -> bool {
        self.parents.iter().any(|held| !held.part.is_of_link())
    }

    /// Rows of one piece.
    pub(crate) fn piece_rows(&self, piece: usize) -> Range<u64> {
        self.latitude.pieces().get(piece).map_or(0..0, |held| held.rows.clone())
    }

    /// Stored bytes of all columns but the coordinates that the rows of one piece take, of chunks that hold others too their share.
    pub(crate) fn value_bytes(&self, piece: usize) -> u64 {
        let rows = self.piece_rows(piece);
        let share = |held: &Piece| {
            let own = held.rows.end.min(rows.end).saturating_sub(held.rows.start.max(rows.start));
            let all = held.rows.end.saturating_sub(held.rows.start).max(1);
            // Chunks have fewer than 2^32 bytes, and pieces fewer rows.
            held.range().map_or(0, |range| range.len().saturating_mul(own).div_ceil(all))
        };
        let columns = self.columns.iter().map(|held| &held.column);
        columns.flat_map(|column| column.overlapping(&rows)).map(|(_, held)| share(held)).sum()
    }

    /// Stored bytes of all columns but the coordinates, of the rows of one piece.
    pub(crate) fn value_ranges(&self, piece: usize) -> Vec<ByteRange> {
        let rows = self.piece_rows(piece);
        let columns = self.columns.iter().map(|held| &held.column);
        columns.flat_map(|column| column.overlapping(&rows).filter_map(|(_, held)| held.range())).collect()
    }
}

fn same_rows<'a>(first: &Column, mut columns: impl Iterator<Item = &'a Column>) -> Result<(), GranuleError> {
    let rows = first.rows();
    let Some(other) = columns.find(|column| column.rows() != rows) else { return Ok(()) };
    let why = format!("has {} rows where {} has {rows}", other.rows(), first.place());
    Err(GranuleError::product(other.place(), why))
}
