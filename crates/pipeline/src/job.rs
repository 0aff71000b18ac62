//! One job: one parent cell, one product, and how to go about it.
use crate::{Error, JobSpec, Product};
use morton::{Cell, Latitude, Order};
use serde::{Deserialize, Serialize};

/// Orders that a child may be finer than its parent; 4^10 children are about a million cells.
const MOST_LEVELS: u8 = 10;

/// What to compute for one parent cell: a [`JobSpec`] whose orders fit the cell.
#[derive(Clone, PartialEq, Debug)]
pub struct Job {
    parent: Cell,
    spec: JobSpec,
}

/// How to go about it. Nothing here changes a byte of the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tuning {
    /// Tracks read at the same time, over all granules.
    pub tracks_in_flight: usize,
    /// Read all coordinates, also where rows cannot lie in the cell.
    pub exhaustive: bool,
    /// Compute the job a second time, from all coordinates, and fail where the results differ.
    #[serde(default)]
    pub verify: bool,
    /// Bytes of fetched and decoded data held at the same time, over all granules.
    pub memory: u64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { tracks_in_flight: 48, exhaustive: false, verify: false, memory: 64 << 20 }
    }
}

impl Job {
    /// A job with the usual settings ([`JobSpec::new`]).
    ///
    /// # Errors
    /// [`Error::Config`] when `child_order` is coarser than the parent or more than ten orders finer.
    pub fn new(parent: Cell, child_order: Order) -> Result<Self, Error> {
        JobSpec::new(Vec::new(), child_order).job(parent)
    }

    /// The job of a spec with one cell.
    pub(crate) fn of(spec: JobSpec) -> Result<Self, Error> {
        let [parent] = *spec.cells else { return Err(Error::Config("a job has one cell".into())) };
        let (from, to) = (parent.order().get(), spec.child_order.get());
        if to < from || to - from > MOST_LEVELS {
            let most = from + MOST_LEVELS;
            return Err(Error::Config(format!(
                "child order {to} is not within {from}..={most} for a parent of order {from}"
            )));
        }
        Ok(Self { parent, spec })
    }

    /// What is asked for; its cell is the parent.
    #[must_use]
    pub const fn spec(&self) -> &JobSpec {
        &self.spec
    }

    /// What is read and reduced.
    #[must_use]
    pub const fn product(&self) -> &Product {
        &self.spec.product
    }

    /// Which latitude the cell ids are computed from.
    #[must_use]
    pub const fn latitude(&self) -> Latitude {
        self.spec.latitude
    }

    /// The parent cell.
    #[must_use]
    pub const fn parent(&self) -> Cell {
        self.parent
    }

    /// Order of the children.
    #[must_use]
    pub const fn child_order(&self) -> Order {
        self.spec.child_order
    }

    /// Number of children: 4^(child order - parent order).
    #[must_use]
    pub fn children(&self) -> u32 {
        1 << (2 * u32::from(self.spec.child_order.get() - self.parent.order().get()))
    }
}
