//! Which of the selected rows count; every other one is counted by its reason.
use crate::clock::Clock;
use crate::gather::Gathered;
use crate::parents::NO_PARENT;
use crate::pieces::Column;
use crate::points::POINTS;
use crate::product::{Heading, Test, Weight};
use crate::select::{Seen, Selected};
use crate::track::{Part, Track, point_part};
use crate::{Condition, Job, PointBatch, Product, RowCounts};
use aggregate::{Batch, Floats};

/// What became of the rows of one track.
#[derive(Clone, Default, Debug)]
pub(crate) struct Tally {
    pub(crate) counts: RowCounts,
    /// Rows that failed each condition of the product.
    failed: Vec<u64>,
    /// Rows that were flown over the other way.
    turned: u64,
}

impl Tally {
    /// What every cell has of a track: its rows, those that were read, and those that have no place.
    pub(crate) fn of_track(track: &Track, seen: Seen) -> Self {
        let bad_coordinate = track.unwritten() + seen.bad_coordinate;
        let counts = RowCounts { rows: track.rows, rows_read: seen.rows, bad_coordinate, ..RowCounts::default() };
        Self { counts, ..Self::default() }
    }

    /// Adds another tally of the same track.
    pub(crate) fn add(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        self.failed.resize(self.failed.len().max(other.failed.len()), 0);
        self.failed.iter_mut().zip(&other.failed).for_each(|(all, more)| *all += more);
        self.turned += other.turned;
    }

    /// The conditions that rows failed, in their order.
    pub(crate) fn conditions(&self, product: &Product) -> Vec<Condition> {
        let conditions = product.keep.iter().zip(&self.failed).map(|(keep, rows)| (keep.to_string(), *rows));
        let turned = product.direction.map(|direction| (direction.to_string(), self.turned));
        let failed = turned.into_iter().chain(conditions).filter(|(_, rows)| *rows > 0);
        failed.map(|(condition, rows)| Condition { condition, rows }).collect()
    }
}

/// The columns of a track by what they are for, with what was read of each.
struct Columns<'a> {
    value: Option<Numeric<'a>>,
    minus: Option<Numeric<'a>>,
    uncertainty: Option<Numeric<'a>>,
    weight: Option<Numeric<'a>>,
    time: Option<Numeric<'a>>,
    /// The moment that times count from.
    epoch: f64,
    /// Conditions that the granule has a column for, with their numbers in the product.
    keep: Vec<(usize, Numeric<'a>, Test)>,
    /// Columns that are asked for where rows are, and the time of rows.
    points: Vec<Option<Numeric<'a>>>,
    point_time: Option<Numeric<'a>>,
    limit: Option<f64>,
    /// Whether a row needs its uncertainty.
    needs_sigma: bool,
}

/// A column and the stored numbers of the selected rows.
#[derive(Clone, Copy)]
struct Numeric<'a> {
    column: &'a Column,
    stored: &'a [f64],
}

impl<'a> Numeric<'a> {
    fn of((track, cycle): (&'a Track, Option<u32>), gathered: &'a Gathered, part: Part) -> Option<Self> {
        let (at, column) = track.column(part, cycle)?;
        Some(Self { column, stored: gathered.get(at)? })
    }

    /// The value of a row; `None` where there is none.
    #[inline]
    fn at(&self, row: usize) -> Option<f64> {
        self.stored.get(row).and_then(|stored| self.column.value(*stored))
    }
}

impl<'a> Columns<'a> {
    fn of(product: &Product, track: (&'a Track, Option<u32>), gathered: &'a Gathered) -> Self {
        let of = |part| Numeric::of(track, gathered, part);
        let keep = product.keep.iter().enumerate().filter_map(|(number, keep)| {
            let numeric = of(Part::Keep(number))?;
            let test = if numeric.column.is_f32() { keep.test.of_f32() } else { keep.test.clone() };
            Some((number, numeric, test))
        });
        let uncertainty = of(Part::Uncertainty);
        let asked = product.points.as_ref().filter(|_| POINTS).map_or(0, |points| points.columns.len());
        Self {
            points: (0..asked).map(|number| of(point_part(product, number))).collect(),
            point_time: of(Part::PointTime).filter(|_| track.0.epoch.is_some()),
            value: of(Part::Value),
            minus: of(Part::Minus),
            uncertainty,
            weight: of(Part::Weight),
            time: of(Part::Time),
            epoch: track.0.epoch.unwrap_or(0.0),
            keep: keep.collect(),
            limit: product.output.limit(),
            needs_sigma: product.weight == Weight::InverseVariance && uncertainty.is_some(),
        }
    }

    /// When a row was taken, by its column.
    fn seconds(&self, row: usize) -> Option<f64> {
        self.time.as_ref()?.at(row).map(|seconds| self.epoch + seconds)
    }

    /// Appends a row to those that are asked for. The start of its granule is not when a row was taken.
    fn push(&self, batch: &mut PointBatch, row: usize) {
        let time = self.point_time.as_ref().and_then(|time| time.at(row)).map(|seconds| self.epoch + seconds);
        batch.seconds.push(time.or_else(|| self.seconds(row)).unwrap_or(f64::NAN));
        for (column, numeric) in batch.columns.iter_mut().zip(&self.points) {
            column.push(numeric.as_ref().and_then(|numeric| numeric.at(row)).unwrap_or(f64::NAN));
        }
    }

    /// The condition that a row fails first.
    fn failed(&self, row: usize) -> Option<usize> {
        let passes = |numeric: &Numeric<'_>, test: &Test| numeric.at(row).is_some_and(|number| test.passes(number));
        self.keep.iter().find(|(_, numeric, test)| !passes(numeric, test)).map(|(number, ..)| *number)
    }

    /// Value, uncertainty and weight of a row, or why it is dropped.
    fn row(&self, row: usize) -> Result<Row, Reason> {
        let value = match (&self.value, &self.minus) {
            (None, _) => 0.0,
            (Some(value), None) => value.at(row).ok_or(Reason::Fill)?,
            (Some(value), Some(minus)) => value.at(row).ok_or(Reason::Fill)? - minus.at(row).ok_or(Reason::Fill)?,
        };
        let sigma = self.uncertainty.as_ref().map(|sigma| sigma.at(row));
        let weight = self.weight.as_ref().map(|weight| weight.at(row));
        // What must be there for the row to count.
        let needed = [sigma.filter(|_| self.needs_sigma), weight];
        if needed.contains(&Some(None)) {
            return Err(Reason::Fill);
        }
        let needed = || needed.into_iter().flatten().flatten();
        let too_large = |number: f64| self.limit.is_some_and(|limit| number.abs() > limit);
        let sigma_too_large = sigma.flatten().is_some_and(too_large);
        if !value.is_finite() || needed().any(|number| !number.is_finite()) {
            return Err(Reason::NotFinite);
        }
        if too_large(value) || self.needs_sigma && sigma_too_large {
            return Err(Reason::OutOfRange);
        }
        if !as_f32(value).is_finite() || needed().any(|number| !as_f32(number).is_finite()) {
            return Err(Reason::NotFinite);
        }
        if needed().any(|number| as_f32(number) <= 0.0) {
            return Err(if weight.is_some() { Reason::WeightNotPositive } else { Reason::SigmaNotPositive });
        }
        let sigma = sigma.flatten().filter(|sigma| as_f32(*sigma).is_finite() && !sigma_too_large).unwrap_or(f64::NAN);
        Ok(Row { value, sigma, weight: weight.flatten().unwrap_or(1.0) })
    }
}

struct Row {
    value: f64,
    sigma: f64,
    weight: f64,
}

/// Why a row is dropped that passes all conditions.
enum Reason {
    Fill,
    NotFinite,
    OutOfRange,
    SigmaNotPositive,
    WeightNotPositive,
}

/// What is sifted, and by which rules.
pub(crate) struct Sieve<'a> {
    pub(crate) job: &'a Job,
    pub(crate) track: &'a Track,
    pub(crate) clock: &'a Clock<'a>,
}

/// The rows of a track in one cell that count, window by window, and what became of the others.
#[derive(Default)]
pub(crate) struct Sifted {
    /// Slot of the cell.
    pub(crate) cell: u32,
    pub(crate) tally: Tally,
    pub(crate) windows: Vec<InWindow>,
    /// The rows that count, where they are asked for in place of statistics.
    pub(crate) points: PointBatch,
    /// Where and when the rows that count were taken, in their order, where the job asks.
    pub(crate) sightings: Vec<Sighting>,
}

/// The rows of one window.
#[derive(Default)]
pub(crate) struct InWindow {
    pub(crate) window: u32,
    /// The window's part of the tally: rows in the parent, dropped and used.
    pub(crate) counts: RowCounts,
    pub(crate) batch: Batch,
}

/// One row that counts.
pub(crate) struct Sighting {
    pub(crate) child: u32,
    pub(crate) window: u32,
    pub(crate) cycle: Option<u32>,
    /// Place of the row: longitude and latitude, degrees.
    pub(crate) place: [f64; 2],
    /// Seconds since 1970-01-01.
    pub(crate) seconds: f64,
    pub(crate) value: f64,
}

impl Sieve<'_> {
    /// Keeps the rows that count, in row order, and counts the others by their reason. The first reason that applies is the one
    /// recorded: outside of the region, outside of all windows, no parent, direction, conditions in their order, fill, not
    /// finite, out of range, sigma or weight not positive. Where rows have numbers of several repeat cycles, each of them is a
    /// row. The answer has a part for each cell that has rows.
    pub(crate) fn keep(&self, selected: &Selected, gathered: &Gathered) -> Vec<Sifted> {
        let mut sifted: Vec<Sifted> = Vec::new();
        for cycle in self.track.cycles() {
            let columns = Columns::of(self.job.product(), (self.track, cycle), gathered);
            self.keep_cycle(cycle, &columns, selected, &mut sifted);
        }
        for Sifted { tally, windows, .. } in &mut sifted {
            windows.iter().for_each(|InWindow { counts, .. }| tally.counts.add(counts));
        }
        sifted
    }

    fn keep_cycle(&self, cycle: Option<u32>, columns: &Columns<'_>, selected: &Selected, all: &mut Vec<Sifted>) {
        let northwards = self.job.product().direction.map(|direction| Some(direction == Heading::Ascending));
        let cycle = cycle.or(self.clock.occasion.cycle);
        let by_rows = self.clock.is_by_rows();
        let needs_time = by_rows && self.job.spec().change.is_some();
        // All rows of a granule are in one window, unless each has a time of its own.
        let of_granule = if by_rows { None } else { self.clock.window(cycle, None) };
        let mut at = 0;
        for (row, (&cell, &child)) in selected.cell.iter().zip(&selected.child).enumerate() {
            if all.get(at).is_none_or(|sifted| sifted.cell != cell) {
                at = self.place_of(cell, all);
            }
            let Some(sifted) = all.get_mut(at) else { continue };
            if selected.inside.get(row) == Some(&false) {
                let counts = &mut sifted.tally.counts;
                counts.in_parent += 1;
                counts.outside_area += 1;
                continue;
            }
            let seconds = self.clock.seconds(columns.seconds(row));
            let window = if by_rows { self.clock.window(cycle, seconds) } else { of_granule };
            let slot = window.map(|window| sifted.window(window, columns));
            let Some(held) = slot.and_then(|slot| sifted.windows.get_mut(slot)) else {
                let counts = &mut sifted.tally.counts;
                counts.in_parent += 1;
                // A row whose time is missing is in no window either.
                *(if by_rows && seconds.is_none() { &mut counts.fill } else { &mut counts.outside_windows }) += 1;
                continue;
            };
            let counts = &mut held.counts;
            counts.in_parent += 1;
            // Its repeat cycle may give the window, but a trend needs the time.
            if needs_time && !seconds.is_some_and(f64::is_finite) {
                counts.fill += 1;
                continue;
            }
            if selected.parents.get(row) == Some(&NO_PARENT) {
                counts.unlinked += 1;
                continue;
            }
            if northwards.is_some_and(|wanted| selected.northwards.get(row).copied().flatten() != wanted) {
                sifted.tally.turned += 1;
                counts.quality += 1;
                continue;
            }
            if let Some(condition) = columns.failed(row) {
                sifted.tally.failed.get_mut(condition).into_iter().for_each(|count| *count += 1);
                counts.quality += 1;
                continue;
            }
            let count = match columns.row(row) {
                Ok(_) if POINTS && self.job.product().points.is_some() => {
                    let [longitude, latitude] = selected.places.get(row).copied().unwrap_or([f64::NAN; 2]);
                    let points = &mut sifted.points;
                    points.child.push(child);
                    points.row.push(selected.rows.get(row).copied().unwrap_or_default());
                    points.longitude.push(longitude);
                    points.latitude.push(latitude);
                    columns.push(points, row);
                    &mut held.counts.used
                }
                Ok(Row { value, sigma, weight }) => {
                    let kept = &mut held.batch;
                    kept.child.push(child);
                    kept.value.push(value);
                    kept.sigma.iter_mut().for_each(|sigmas| sigmas.push(sigma));
                    kept.weight.iter_mut().for_each(|weights| weights.push(weight));
                    if let Some(place) = selected.places.get(row) {
                        let (window, seconds) = (held.window, seconds.unwrap_or(f64::NAN));
                        sifted.sightings.push(Sighting { child, window, cycle, place: *place, seconds, value });
                    }
                    &mut counts.used
                }
                Err(Reason::Fill) => &mut counts.fill,
                Err(Reason::NotFinite) => &mut counts.not_finite,
                Err(Reason::OutOfRange) => &mut counts.out_of_range,
                Err(Reason::SigmaNotPositive) => &mut counts.sigma_not_positive,
                Err(Reason::WeightNotPositive) => &mut counts.weight_not_positive,
            };
            *count += 1;
        }
    }

    /// The place of a cell in the list of those that have rows; it is added where it has none yet.
    fn place_of(&self, cell: u32, all: &mut Vec<Sifted>) -> usize {
        if let Some(at) = all.iter().rposition(|sifted| sifted.cell == cell) {
            return at;
        }
        let failed = vec![0; self.job.product().keep.len()];
        let columns = self.job.product().points.as_ref().map_or(0, |points| points.columns.len());
        let tally = Tally { failed, ..Tally::default() };
        all.push(Sifted { cell, tally, points: PointBatch::new(columns), ..Sifted::default() });
        all.len() - 1
    }
}

impl Sifted {
    /// The place of a window in the list of those that have rows; it is added where it has none yet.
    fn window(&mut self, window: u32, columns: &Columns<'_>) -> usize {
        // Rows of one window mostly follow each other.
        if let Some(at) = self.windows.iter().rposition(|held| held.window == window) {
            return at;
        }
        let sigma = columns.uncertainty.map(|_| Floats::default());
        let batch = Batch { sigma, weight: columns.weight.map(|_| Floats::default()), ..Batch::default() };
        self.windows.push(InWindow { window, batch, ..InWindow::default() });
        self.windows.len() - 1
    }
}

/// Statistics are stored as `f32`: what cannot be one is no number of theirs.
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is meant")]
const fn as_f32(value: f64) -> f32 {
    value as f32
}
