use crate::{Error, Floats, Rows};

/// One batch of rows, owned: columns of one length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Index of the child within the parent.
    pub child: Vec<u32>,
    /// Value, in its own unit.
    pub value: Floats,
    /// Sigma of the value (same unit), where there are sigmas.
    pub sigma: Option<Floats>,
    /// Weight, where there are weights.
    pub weight: Option<Floats>,
}

impl Batch {
    /// The rows.
    ///
    /// # Errors
    /// [`Error::UnequalColumns`] when the lengths of the columns differ.
    pub fn rows(&self) -> Result<Rows<'_>, Error> {
        Rows::new(&self.child, &self.value, self.sigma.as_ref(), self.weight.as_ref())
    }

    /// Bytes on the heap, with the room that the columns keep for more.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let others = [Some(&self.value), self.sigma.as_ref(), self.weight.as_ref()];
        let child = self.child.capacity().saturating_mul(size_of::<u32>()) as u64;
        others.into_iter().flatten().fold(child, |sum, column| sum.saturating_add(column.bytes()))
    }
}

/// Rows in canonical order (granule, track, row), which can be gone through any number of times: from memory, or from a file.
pub trait Batches {
    /// Hands every batch over, in order: the same rows each time. How they are split into batches has no influence.
    ///
    /// # Errors
    /// What `take` returns, at once; [`Error::Unreadable`] where the rows cannot be had again.
    fn each(&self, take: &mut dyn FnMut(Rows<'_>) -> Result<(), Error>) -> Result<(), Error>;
}

impl Batches for [Batch] {
    fn each(&self, take: &mut dyn FnMut(Rows<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.iter().try_for_each(|batch| take(batch.rows()?))
    }
}

impl Batches for Vec<Batch> {
    fn each(&self, take: &mut dyn FnMut(Rows<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.as_slice().each(take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_knows_its_rows_and_bytes() {
        let mut batch = Batch { child: vec![0, 1], value: Floats::F64(vec![1.0, 2.0]), ..Batch::default() };
        assert_eq!((batch.rows().unwrap().len(), batch.bytes()), (2, 24));
        batch.sigma = Some(Floats::F32(vec![1.0]));
        assert_eq!(batch.bytes(), 28);
        assert!(matches!(batch.rows(), Err(Error::UnequalColumns { column: "sigmas", .. })));
        let mut taken = 0;
        let both = [Batch::default(), batch];
        let wrong = both.each(&mut |rows| {
            taken += 1;
            assert!(rows.is_empty());
            Ok(())
        });
        assert!(wrong.is_err() && taken == 1);
    }
}
