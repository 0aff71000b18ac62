//! Rows of a row group, column by column, before any format has them.
use crate::schema::Field;
use crate::{Error, PointSchema};
use morton::Cell;
use pipeline::{PointBatch, PointKind, PointRows};
use std::ops::Range;
use std::sync::Arc;

/// Rows of a row group: readers skip by its statistics, and this much is in memory.
pub(crate) const ROWS: usize = 65_536;

/// Whole numbers from here on may have been rounded on their way through `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Some rows, in the columns of the engine.
#[derive(Default)]
pub(crate) struct Chunk {
    /// Degrees, as granules have them.
    pub(crate) longitude: Vec<f64>,
    /// Geodetic degrees.
    pub(crate) latitude: Vec<f64>,
    /// Seconds since 1970-01-01, UTC; NaN where the time is not known.
    seconds: Vec<f64>,
    /// NaN where there is no value.
    pub(crate) columns: Vec<Vec<f64>>,
    /// Nested ids.
    pub(crate) cell: Vec<u64>,
    /// Places in the granules of the schema.
    pub(crate) granule: Vec<i32>,
    /// Places in the tracks of the schema.
    pub(crate) track: Vec<Option<i32>>,
    pub(crate) row: Vec<u64>,
}

/// One number or word of a row.
pub(crate) enum Value<'a> {
    Whole(i64),
    Single(f32),
    Double(f64),
    /// Microseconds since 1970-01-01, UTC.
    Time(i64),
    Text(&'a str),
}

impl Chunk {
    pub(crate) fn len(&self) -> usize {
        self.row.len()
    }

    /// When each row was taken, microseconds since 1970-01-01, UTC.
    pub(crate) fn times(&self) -> impl Iterator<Item = Option<i64>> {
        self.seconds.iter().map(|seconds| microseconds(*seconds))
    }

    /// Longitude from -180 to 180 and latitude, as a geometry has them, of each row.
    pub(crate) fn places(&self) -> impl Iterator<Item = [f64; 2]> {
        self.longitude.iter().zip(&self.latitude).map(|(longitude, latitude)| [within_half_turn(*longitude), *latitude])
    }

    /// What a row has in a column; `None` where there is nothing.
    pub(crate) fn value<'a>(&self, schema: &'a PointSchema, field: Field, row: usize) -> Option<Value<'a>> {
        let granule = || schema.granules().get(usize::try_from(*self.granule.get(row)?).ok()?);
        let number = |number: &u64| Value::Whole(number.cast_signed());
        match field {
            Field::Longitude => self.longitude.get(row).copied().map(Value::Double),
            Field::Latitude => self.latitude.get(row).copied().map(Value::Double),
            Field::Time => self.seconds.get(row).and_then(|seconds| microseconds(*seconds)).map(Value::Time),
            Field::Asked(column) => {
                let number = *self.columns.get(column)?.get(row)?;
                match schema.columns().get(column)?.kind {
                    _ if number.is_nan() => None,
                    PointKind::Whole => Some(Value::Whole(whole(number))),
                    PointKind::Single => Some(Value::Single(single(number))),
                    PointKind::Double => Some(Value::Double(number)),
                }
            }
            Field::Cell => self.cell.get(row).map(number),
            Field::Granule => Some(Value::Text(&granule()?.name)),
            Field::Track => {
                let track = usize::try_from((*self.track.get(row)?)?).ok()?;
                Some(Value::Text(schema.tracks().get(track)?))
            }
            Field::Rgt => granule()?.rgt.map(|rgt| Value::Whole(rgt.into())),
            Field::Cycle => granule()?.cycle.map(|cycle| Value::Whole(cycle.into())),
            Field::Row => self.row.get(row).map(number),
        }
    }
}

/// Rows that come, cut into row groups.
pub(crate) struct Filling {
    pub(crate) schema: Arc<PointSchema>,
    chunk: Chunk,
}

impl Filling {
    pub(crate) fn new(schema: Arc<PointSchema>) -> Self {
        Self { schema, chunk: Chunk::default() }
    }

    /// Adds rows of a track in the cell `parent`, and gives each row group that is full to `take`.
    pub(crate) fn push(
        &mut self,
        parent: Cell,
        rows: PointRows<'_>,
        take: &mut dyn FnMut(&Chunk) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let origin = self.origin(parent, rows)?;
        let mut from = 0;
        while from < rows.batch.row.len() {
            let part = from..rows.batch.row.len().min(from + ROWS.saturating_sub(self.chunk.len()));
            from = part.end;
            self.add(&origin, rows.batch, part);
            if self.chunk.len() >= ROWS {
                self.take(take)?;
            }
        }
        Ok(())
    }

    /// Gives the rows that are left to `take`, if there are some.
    pub(crate) fn rest(&mut self, take: &mut dyn FnMut(&Chunk) -> Result<(), Error>) -> Result<(), Error> {
        if self.chunk.len() > 0 { self.take(take) } else { Ok(()) }
    }

    fn take(&mut self, take: &mut dyn FnMut(&Chunk) -> Result<(), Error>) -> Result<(), Error> {
        take(&self.chunk)?;
        let Chunk { longitude, latitude, seconds, columns, cell, granule, track, row } = &mut self.chunk;
        [longitude, latitude, seconds].into_iter().chain(columns).for_each(Vec::clear);
        [cell, row].into_iter().for_each(Vec::clear);
        granule.clear();
        track.clear();
        Ok(())
    }

    /// Where rows are from, once it is known that they can be written.
    fn origin(&self, parent: Cell, PointRows { granule, track, batch }: PointRows<'_>) -> Result<Origin, Error> {
        let schema = &self.schema;
        let (first, children) = schema.children(parent);
        if let Some(child) = batch.child.iter().find(|child| u64::from(**child) >= children) {
            return Err(Error::Child { cell: parent.to_string(), child: *child, order: schema.order().get() });
        }
        for (column, numbers) in schema.columns().iter().zip(&batch.columns) {
            let inexact = |number: &&f64| number.abs() >= EXACT;
            if column.kind == PointKind::Whole
                && let Some(value) = numbers.iter().find(inexact)
            {
                return Err(Error::Rounded { column: column.path.clone(), granule: granule.to_owned(), value: *value });
            }
        }
        Ok(Origin { first, granule: schema.granule(granule)?, track: schema.track(track)? })
    }

    fn add(&mut self, origin: &Origin, batch: &PointBatch, part: Range<usize>) {
        let chunk = &mut self.chunk;
        let rows = chunk.row.len() + part.len();
        chunk.row.extend(batch.row.get(part.clone()).unwrap_or_default());
        let children = batch.child.get(part.clone()).unwrap_or_default();
        chunk.cell.extend(children.iter().map(|child| origin.first + u64::from(*child)));
        chunk.cell.resize(rows, origin.first);
        chunk.granule.resize(rows, origin.granule);
        chunk.track.resize(rows, origin.track);
        let numbers = |to: &mut Vec<f64>, from: &[f64]| {
            to.extend(from.get(part.clone()).unwrap_or_default());
            to.resize(rows, f64::NAN);
        };
        numbers(&mut chunk.longitude, &batch.longitude);
        numbers(&mut chunk.latitude, &batch.latitude);
        numbers(&mut chunk.seconds, &batch.seconds);
        chunk.columns.resize(self.schema.columns().len(), Vec::new());
        for (at, to) in chunk.columns.iter_mut().enumerate() {
            numbers(to, batch.columns.get(at).map_or(&[], Vec::as_slice));
        }
    }
}

/// Where rows are from.
struct Origin {
    /// The first child of their cell.
    first: u64,
    granule: i32,
    track: Option<i32>,
}

/// The whole number that a number is.
#[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^53: others are refused when they come")]
pub(crate) const fn whole(number: f64) -> i64 {
    number as i64
}

/// The `f32` that a number was before it was read.
#[expect(clippy::cast_possible_truncation, reason = "the number was an f32")]
pub(crate) const fn single(number: f64) -> f32 {
    number as f32
}

/// Rounded to the nearest; `None` for what is no time.
#[expect(clippy::cast_possible_truncation, reason = "below 2^63 by the test before")]
fn microseconds(seconds: f64) -> Option<i64> {
    let micros = (seconds * 1e6).round();
    (micros.abs() < 9.2e18).then_some(micros as i64)
}

/// The same meridian from -180 to 180.
fn within_half_turn(longitude: f64) -> f64 {
    if longitude > 180.0 {
        longitude - 360.0
    } else if longitude < -180.0 {
        longitude + 360.0
    } else {
        longitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_and_longitudes_go_once_around() {
        assert_eq!(microseconds(1.5e9 + 0.25), Some(1_500_000_000_250_000));
        assert_eq!([microseconds(f64::NAN), microseconds(1e300)], [None, None]);
        let wrapped = [180.0, -180.0, 180.5, -180.5, 360.0, 0.0].map(within_half_turn);
        assert_eq!(wrapped, [180.0, -180.0, -179.5, 179.5, 0.0, 0.0]);
    }
}
