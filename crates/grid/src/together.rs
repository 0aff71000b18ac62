//! How granules are read for many cells.
use jobs::Opener;
use pipeline::{Granule, Tuning};
use storage::{Clients, Location};

/// How granules are read for many cells. Nothing here changes a byte of the result.
#[derive(Clone)]
pub struct Together {
    /// For reading granules.
    pub reading: Clients,
    /// Folder or prefix of their indexes, if there is one.
    pub index: Option<String>,
    /// How to go about it; its memory holds rows until they are put aside.
    pub tuning: Tuning,
    /// Cells that are read for together, at the most.
    pub cells: usize,
}

impl Together {
    pub(crate) fn granule(&self, location: &Location) -> Granule<Opener> {
        jobs::granule(location, self.index.as_deref(), &self.reading)
    }
}
