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
    /// The condition of this number.
    Keep(usize),
}

impl Part {
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
    ];
    let fixed = places.into_iter().chain(numbers).filter_map(|(part, column)| Some((part, column?)));
    let keep = product.keep.iter().enumerate().map(|(number, keep)| (Part::Keep(number), &keep.column));
    fixed.chain(keep).collect()
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
    pub(crate) columns: Vec<(Part, Column)>,
    /// What was found of columns that it may lack or has under several names.
    pub(crate) found: Found,
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
}

/// One column that a track has.
pub(crate) struct FoundColumn {
    pub(crate) part: Part,
    pub(crate) dataset: Arc<Dataset>,
    /// What is taken of its second axis.
    pub(crate) second: Second,
    /// Numbers that stand for "no value", as the product says.
    pub(crate) fill: Vec<f64>,
}

/// The path of the group that holds a track's columns; empty for the root.
pub(crate) fn group_path(track: &str, group: &str) -> String {
    [track, group].into_iter().filter(|part| !part.is_empty()).flat_map(|part| ["/", part]).collect()
}

impl Track {
    /// A track of columns of one number of rows.
    pub(crate) fn new(
        name: &str,
        group: &str,
        columns: Vec<(Part, Column)>,
        found: Found,
    ) -> Result<Self, GranuleError> {
        let (places, columns): (Vec<_>, Vec<_>) =
            columns.into_iter().partition(|(part, _)| matches!(part, Part::Latitude | Part::Longitude));
        let mut places = places.into_iter().map(|(_, column)| column);
        let mut next = || places.next().ok_or_else(|| GranuleError::product(name, "has no coordinates"));
        let (latitude, longitude) = (next()?, next()?);
        let rows = latitude.rows();
        for column in std::iter::once(&longitude).chain(columns.iter().map(|(_, column)| column)) {
            if column.rows() != rows {
                let why = format!("has {} rows where {} has {rows}", column.rows(), latitude.place());
                return Err(GranuleError::product(column.place(), why));
            }
        }
        Ok(Self { name: name.into(), group: group.into(), rows, latitude, longitude, columns, found })
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

    /// The place of a column among [`Track::columns`], and the column.
    pub(crate) fn column(&self, wanted: Part) -> Option<(usize, &Column)> {
        let mut columns = self.columns.iter().enumerate();
        columns.find(|(_, (part, _))| *part == wanted).map(|(at, (_, column))| (at, column))
    }

    /// Rows of one piece.
    fn piece_rows(&self, piece: usize) -> Range<u64> {
        self.latitude.pieces().get(piece).map_or(0..0, |held| held.rows.clone())
    }

    /// Stored bytes of all columns but the coordinates, of the rows of one piece.
    pub(crate) fn value_ranges(&self, piece: usize) -> Vec<ByteRange> {
        let rows = self.piece_rows(piece);
        let columns = self.columns.iter().map(|(_, column)| column);
        columns.flat_map(|column| column.overlapping(&rows).filter_map(|(_, held)| held.range())).collect()
    }
}
