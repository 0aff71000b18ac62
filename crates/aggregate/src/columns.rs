use crate::floats::{Numbers, zero};
use crate::moments::Part;
use crate::survey::{Kind, Survey};
use crate::{Error, Floats, Rows};
use std::collections::TryReserveError;
use std::iter;
use std::ops::Range;

/// Rows of a batch, after one another, and where the first of them goes.
pub(crate) type Move = (Range<usize>, usize);

/// The numbers of rows, each row in a place of its own.
#[derive(Debug)]
pub(crate) enum Columns {
    /// Values with their sigmas, and no weights. A row in no order costs the time to reach its place in memory: once, not twice.
    Pairs(Vec<[f32; 2]>),
    Apart {
        value: Floats,
        sigma: Option<Floats>,
        weight: Option<Floats>,
    },
}

impl Columns {
    /// Empty, with the columns that the survey found.
    pub(crate) fn new(survey: &Survey) -> Self {
        let column = |kind| match kind {
            Kind::Absent => None,
            Kind::F32 => Some(Floats::F32(Vec::new())),
            Kind::F64 => Some(Floats::F64(Vec::new())),
        };
        match (survey.value, survey.sigma, survey.weight) {
            (Kind::F32, Kind::F32, Kind::Absent) => Self::Pairs(Vec::new()),
            (value, sigma, weight) => {
                Self::Apart { value: column(value).unwrap_or_default(), sigma: column(sigma), weight: column(weight) }
            }
        }
    }

    /// Room for that many rows in the place of those that are held.
    ///
    /// # Errors
    /// [`TryReserveError`] when the allocator refuses.
    pub(crate) fn zero(&mut self, len: usize) -> Result<(), TryReserveError> {
        match self {
            Self::Pairs(pairs) => zero(pairs, len),
            Self::Apart { value, sigma, weight } => {
                let mut others = [sigma, weight].into_iter().flatten();
                value.zero(len)?;
                others.try_for_each(|column| column.zero(len))
            }
        }
    }

    /// Puts rows of a batch into their places and leaves out those that find no room. A column that the batch lacks is NaN.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the batch has numbers of a type that the survey did not see.
    pub(crate) fn put(&mut self, rows: Rows<'_>, moves: &[Move]) -> Result<(), Error> {
        match self {
            Self::Pairs(pairs) => match (rows.value(), rows.sigma()) {
                (Floats::F32(value), Some(Floats::F32(sigma))) => {
                    let pair = |(value, sigma)| [value, sigma];
                    scatter(pairs, moves, |run| some(value, run.clone()).zip(some(sigma, run)).map(pair));
                }
                (Floats::F32(value), None) => {
                    scatter(pairs, moves, |run| some(value, run).map(|value| [value, f32::NAN]));
                }
                _ => return Err(Error::changed()),
            },
            Self::Apart { value, sigma, weight } => {
                put(value, moves, Some(rows.value()))?;
                if let Some(sigma) = sigma {
                    put(sigma, moves, rows.sigma())?;
                }
                if let Some(weight) = weight {
                    put(weight, moves, rows.weight())?;
                }
            }
        }
        Ok(())
    }

    /// The rows in some places.
    pub(crate) fn part(&self, range: Range<usize>) -> Part<'_> {
        match self {
            Self::Pairs(pairs) => {
                let pairs = pairs.get(range).unwrap_or_default();
                Part { value: Numbers::First(pairs), sigma: Some(Numbers::Second(pairs)), weight: None }
            }
            Self::Apart { value, sigma, weight } => {
                let [sigma, weight] = [sigma, weight].map(|column| Some(column.as_ref()?.part(range.clone())));
                Part { value: value.part(range), sigma, weight }
            }
        }
    }
}

fn put(column: &mut Floats, moves: &[Move], from: Option<&Floats>) -> Result<(), Error> {
    match (column, from) {
        (Floats::F32(column), Some(Floats::F32(from))) => scatter(column, moves, |run| some(from, run)),
        (Floats::F64(column), Some(Floats::F64(from))) => scatter(column, moves, |run| some(from, run)),
        (Floats::F64(column), Some(Floats::F32(from))) => scatter(column, moves, |run| some(from, run).map(f64::from)),
        (Floats::F32(column), None) => scatter(column, moves, |_| iter::repeat(f32::NAN)),
        (Floats::F64(column), None) => scatter(column, moves, |_| iter::repeat(f64::NAN)),
        (Floats::F32(_), Some(Floats::F64(_))) => return Err(Error::changed()),
    }
    Ok(())
}

fn some<T: Copy>(numbers: &[T], run: Range<usize>) -> impl Iterator<Item = T> {
    numbers.get(run).unwrap_or_default().iter().copied()
}

fn scatter<T, I: Iterator<Item = T>>(column: &mut [T], moves: &[Move], numbers: impl Fn(Range<usize>) -> I) {
    for (run, place) in moves {
        // Rows in no order come one by one.
        if run.len() == 1 {
            if let (Some(to), Some(number)) = (column.get_mut(*place), numbers(run.clone()).next()) {
                *to = number;
            }
        } else {
            let to = column.get_mut(*place..place.saturating_add(run.len())).unwrap_or_default();
            to.iter_mut().zip(numbers(run.clone())).for_each(|(to, number)| *to = number);
        }
    }
}
