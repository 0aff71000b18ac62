use crate::figures::Figures;
use crate::floats::with;
use crate::moments::{Moments, Part};
use crate::needs::Needs;
use crate::quantile::{count, deviation, quantile, ranks};
use crate::real::Real;
use crate::selection::Selection;
use crate::{Batches, Error, Permille};

/// A cell with more rows than memory holds: each figure that needs them goes through them again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream<'a, B: ?Sized> {
    pub(crate) source: &'a B,
    pub(crate) bits: u32,
    /// `child >> bits` of its rows.
    pub(crate) cell: usize,
    /// How many they are: at least one.
    pub(crate) rows: u64,
    /// Bytes for rows.
    pub(crate) memory: u64,
}

impl<B: Batches + ?Sized> Stream<'_, B> {
    /// What the rows amount to: to the bit what they would if they were all held.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when a pass has other rows than the one before, [`Error::OutOfMemory`] when the allocator refuses,
    /// and what the source returns.
    pub(crate) fn figures(&self, needs: &Needs) -> Result<Figures, Error> {
        let rows = count(self.rows);
        let mut figures = Figures { rows: self.rows, ..Figures::default() };
        // The extremes bound where quantiles are looked for.
        let extremes = needs.extremes || !needs.quantiles.is_empty();
        let needs = &Needs { extremes, ..needs.clone() };
        let mut moments = Moments::default();
        self.pass(&mut |part| moments.take(part, needs))?;
        moments.centre(rows);
        let mut order = Vec::new();
        ranks(&needs.quantiles, self.rows, &mut order);
        let mut selection = Selection::new(order, self.rows, moments.extremes(), self.memory)?;
        // The deviations from the mean share the pass that narrows quantiles down first.
        if needs.spread {
            self.pass(&mut |part| {
                moments.take_deviations(part.value);
                narrow(&mut selection, part, |value| value);
            })?;
            moments.settle(rows);
            selection.end_pass()?;
        }
        (figures.ranks, figures.ordered) = self.select(selection, |value| value)?;
        if needs.deviation {
            let median = figures.quantile(Permille::Q50);
            figures.deviation = self.deviation(median, moments.extremes())?;
        }
        figures.moments = moments;
        Ok(figures)
    }

    /// The median of the distances from the median.
    fn deviation(&self, median: f64, extremes: [f64; 2]) -> Result<f64, Error> {
        let mut order = Vec::new();
        ranks(&[Permille::Q50], self.rows, &mut order);
        let [low, high] = extremes.map(|value| deviation(value, median));
        // No value is further away than the extremes, where distances are numbers.
        let furthest = if low.is_nan() || high.is_nan() { f64::NAN } else { low.max(high) };
        let selection = Selection::new(order, self.rows, [0.0, furthest], self.memory)?;
        let (order, found) = self.select(selection, |value| deviation(value, median))?;
        Ok(quantile(Permille::Q50, self.rows, &order, &found))
    }

    fn select(
        &self,
        mut selection: Selection,
        number: impl Fn(f64) -> f64 + Copy,
    ) -> Result<(Vec<u64>, Vec<f64>), Error> {
        while !selection.is_done() {
            self.pass(&mut |part| narrow(&mut selection, part, number))?;
            selection.end_pass()?;
        }
        Ok(selection.into_found())
    }

    /// Goes through the rows of the cell, in runs that follow one another.
    fn pass(&self, take: &mut dyn FnMut(Part<'_>)) -> Result<(), Error> {
        let mut passed = 0_u64;
        self.source.each(&mut |rows| {
            for (_, run) in rows.runs(self.bits).filter(|&(cell, _)| cell == self.cell) {
                passed = passed.saturating_add(run.len() as u64);
                take(Part::of(rows, run));
            }
            Ok(())
        })?;
        if passed == self.rows { Ok(()) } else { Err(Error::changed()) }
    }
}

fn narrow(selection: &mut Selection, part: Part<'_>, number: impl Fn(f64) -> f64) {
    if !selection.is_done() {
        with!(part.value, values => selection.take(values.map(|value| number(value.float()))));
    }
}
