use crate::needs::Needs;
use crate::{Batches, Error, Floats, Rows};

/// Whether a column is there, and in which type all of its numbers fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Not there, or not looked at.
    Absent,
    F32,
    F64,
}

impl Kind {
    /// Bytes a row.
    pub(crate) const fn bytes(self) -> u64 {
        match self {
            Self::Absent => 0,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn of(column: Option<&Floats>) -> Self {
        match column {
            Some(Floats::F64(numbers)) if !numbers.is_empty() => Self::F64,
            Some(Floats::F32(numbers)) if !numbers.is_empty() => Self::F32,
            _ => Self::Absent,
        }
    }
}

/// What one pass over the rows learns of them.
#[derive(Debug)]
pub(crate) struct Survey {
    /// Rows of every cell.
    pub(crate) rows: Vec<u64>,
    pub(crate) value: Kind,
    pub(crate) sigma: Kind,
    pub(crate) weight: Kind,
}

impl Survey {
    /// Counts the rows of every cell `child >> bits`, and looks for the columns that are needed.
    ///
    /// # Errors
    /// [`Error::ChildOutOfRange`] for a row outside the parent, and what the source returns.
    pub(crate) fn of(source: &(impl Batches + ?Sized), children: u32, bits: u32, needs: &Needs) -> Result<Self, Error> {
        let cells = (children >> bits) as usize;
        let mut all = Self { rows: vec![0; cells], value: Kind::Absent, sigma: Kind::Absent, weight: Kind::Absent };
        source.each(&mut |rows| {
            all.count(rows, bits, children)?;
            let wanted = |wanted: bool, column| if wanted { Kind::of(column) } else { Kind::Absent };
            all.value = all.value.max(wanted(needs.values, Some(rows.value())));
            all.sigma = all.sigma.max(wanted(needs.sigmas(), rows.sigma()));
            all.weight = all.weight.max(wanted(needs.given(), rows.weight()));
            Ok(())
        })?;
        Ok(all)
    }

    fn count(&mut self, rows: Rows<'_>, bits: u32, children: u32) -> Result<(), Error> {
        let greatest = rows.child().iter().copied().max();
        if greatest.is_some_and(|child| child >= children)
            && let Some((row, &child)) = rows.child().iter().enumerate().find(|&(_, &child)| child >= children)
        {
            return Err(Error::ChildOutOfRange { row, child, children });
        }
        for (cell, run) in rows.runs(bits) {
            if let Some(rows) = self.rows.get_mut(cell) {
                *rows += run.len() as u64;
            }
        }
        Ok(())
    }
}
