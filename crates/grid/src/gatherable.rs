//! Granules, and the cells that each is read for.
use crate::Error;
use morton::Cell;
use std::collections::{BTreeMap, BTreeSet};
use storage::Location;

/// Granules, and the cells that each is read for.
#[derive(Clone, Debug)]
pub struct Gatherable {
    /// All of them.
    pub granules: Vec<Location>,
    /// The numbers of each cell's granules, where a catalog or a search says so. `None`: each is read for whichever cells it has
    /// rows in.
    pub of_cells: Option<BTreeMap<Cell, Vec<usize>>>,
}

impl Gatherable {
    /// Granules of which nothing is known.
    #[must_use]
    pub const fn of_places(granules: Vec<Location>) -> Self {
        Self { granules, of_cells: None }
    }

    /// Those of a catalog for some cells.
    ///
    /// # Errors
    /// [`Error::Source`] for a link that makes no sense.
    pub fn of_catalog(catalog: &BTreeMap<Cell, Vec<String>>, cells: &[Cell]) -> Result<Self, Error> {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let mut granules = Vec::new();
        let mut of_cells = BTreeMap::new();
        for cell in cells {
            let mut own = Vec::new();
            for link in catalog.get(cell).into_iter().flatten() {
                let number = match numbers.get(link.as_str()) {
                    Some(number) => *number,
                    None => {
                        granules.push(Location::parse(link)?);
                        numbers.insert(link, granules.len() - 1);
                        granules.len() - 1
                    }
                };
                own.push(number);
            }
            of_cells.insert(*cell, own);
        }
        Ok(Self { granules, of_cells: Some(of_cells) })
    }

    /// The numbers of a cell's granules; `None` for whichever have rows in it.
    pub(crate) fn of(&self, cell: Cell) -> Option<Vec<usize>> {
        self.of_cells.as_ref().map(|cells| cells.get(&cell).cloned().unwrap_or_default())
    }

    /// The granules that some cells may need, and the numbers of each cell's among these.
    pub(crate) fn part(&self, cells: &[Cell]) -> (Vec<&Location>, Vec<Option<Vec<usize>>>) {
        if self.of_cells.is_none() {
            return (self.granules.iter().collect(), cells.iter().map(|_| None).collect());
        }
        let own: Vec<Vec<usize>> = cells.iter().map(|cell| self.of(*cell).unwrap_or_default()).collect();
        let needed: BTreeSet<usize> = own.iter().flatten().copied().collect();
        let places: BTreeMap<usize, usize> = needed.iter().copied().zip(0..).collect();
        let renumbered = |numbers: Vec<usize>| Some(numbers.iter().filter_map(|at| places.get(at).copied()).collect());
        let granules = needed.iter().filter_map(|at| self.granules.get(*at)).collect();
        (granules, own.into_iter().map(renumbered).collect())
    }
}
