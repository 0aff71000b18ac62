//! How granules are read for many cells.
use jobs::Opener;
use pipeline::{Granule, Sidecar, Tuning};
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
        let opener = |location: Location| Opener::new(self.reading.clone(), location);
        let index = self
            .index
            .as_ref()
            .and_then(|folder| Location::parse(&Sidecar::place_in(folder, &location.name())).ok().map(opener));
        Granule { index, ..Granule::new(location.unsigned(), opener(location.clone())) }
    }
}
