use crate::{Error, Floats};
use std::iter;
use std::ops::Range;

/// A batch of rows as parallel columns of one length.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    child: &'a [u32],
    value: &'a Floats,
    sigma: Option<&'a Floats>,
    weight: Option<&'a Floats>,
}

impl<'a> Rows<'a> {
    /// Takes the columns: index of the child within the parent, value, sigma of the value (same unit) and weight, where
    /// there are these.
    ///
    /// # Errors
    /// [`Error::UnequalColumns`] when the lengths differ.
    pub fn new(
        child: &'a [u32],
        value: &'a Floats,
        sigma: Option<&'a Floats>,
        weight: Option<&'a Floats>,
    ) -> Result<Self, Error> {
        for (column, numbers) in [("values", Some(value)), ("sigmas", sigma), ("weights", weight)] {
            let rows = numbers.map_or(child.len(), Floats::len);
            if rows != child.len() {
                return Err(Error::UnequalColumns { child: child.len(), column, rows });
            }
        }
        Ok(Self { child, value, sigma, weight })
    }

    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.child.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.child.is_empty()
    }

    /// Child index of each row.
    #[must_use]
    pub const fn child(&self) -> &'a [u32] {
        self.child
    }

    /// Rows after one another of the same cell `child >> bits`: the cell, and which rows they are.
    pub(crate) fn runs(&self, bits: u32) -> impl Iterator<Item = (usize, Range<usize>)> + use<'a> {
        let mut from = 0;
        let mut rest = self.child;
        iter::from_fn(move || {
            let (first, others) = rest.split_first()?;
            let same = others.iter().position(|child| child >> bits != first >> bits).unwrap_or(others.len());
            rest = others.get(same..).unwrap_or_default();
            let run = from..from + 1 + same;
            from = run.end;
            Some(((first >> bits) as usize, run))
        })
    }

    /// Value of each row.
    #[must_use]
    pub const fn value(&self) -> &'a Floats {
        self.value
    }

    /// Sigma of each row, where there are sigmas.
    #[must_use]
    pub const fn sigma(&self) -> Option<&'a Floats> {
        self.sigma
    }

    /// Weight of each row, where there are weights.
    #[must_use]
    pub const fn weight(&self) -> Option<&'a Floats> {
        self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_all_rows() {
        let value = Floats::F32(vec![1.0; 6]);
        let runs = |child: &[u32], bits| -> Vec<(usize, Range<usize>)> {
            Rows::new(child, &value, None, None).unwrap().runs(bits).collect()
        };
        assert_eq!(runs(&[5, 4, 4, 9, 9, 9], 0), [(5, 0..1), (4, 1..3), (9, 3..6)]);
        assert_eq!(runs(&[5, 4, 4, 9, 9, 9], 2), [(1, 0..3), (2, 3..6)]);
        assert!(Rows::new(&[], &Floats::new(), None, None).unwrap().runs(0).next().is_none());
    }

    #[test]
    fn columns_of_unequal_length_are_named() {
        let (two, one) = (Floats::F32(vec![1.0; 2]), Floats::F64(vec![1.0]));
        assert!(Rows::new(&[0, 1], &two, Some(&two), None).is_ok());
        let wrong = [
            (Rows::new(&[0], &two, None, None), 1, "values", 2),
            (Rows::new(&[0, 1], &two, Some(&one), None), 2, "sigmas", 1),
            (Rows::new(&[0, 1], &two, Some(&two), Some(&one)), 2, "weights", 1),
        ];
        for (found, child, column, rows) in wrong {
            assert_eq!(found.unwrap_err(), Error::UnequalColumns { child, column, rows });
        }
    }
}
