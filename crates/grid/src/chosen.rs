//! The cells of a region.
use crate::Error;
use area::{Clip, Interest, digest};
use morton::{Cell, Latitude, Order};
use pipeline::{KeptArea, KeptProvenance, RowTest};
use std::ops::Range;
use std::sync::Arc;

/// The cells of a region: those that are computed, and their children that are kept.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Which children are kept, and which rows count.
    pub area: KeptArea,
    /// The parents of children that are kept, ascending.
    pub parents: Vec<Cell>,
}

impl Chosen {
    /// The cells of a region, for children and parents of these orders.
    ///
    /// # Errors
    /// [`Error::Area`] for a region with too many cells, [`Error::Nothing`] for one without.
    pub fn of(
        interest: &Interest,
        (child, parent): (Order, Order),
        latitude: Latitude,
        clip: Clip,
    ) -> Result<Self, Error> {
        let kept = interest.kept(child, parent, latitude, clip)?;
        let test = (clip == Clip::Rows).then(|| {
            let interest = interest.clone();
            RowTest(Arc::new(move |lon, lat| interest.contains(lon, lat)))
        });
        Self::of_ranges(&kept, (child, parent), &clip.to_string(), test)
    }

    /// All children of some parents.
    ///
    /// # Errors
    /// [`Error::Nothing`] without parents, [`Error::Usage`] for parents of several orders.
    pub fn of_parents(parents: &[Cell], child: Order) -> Result<Self, Error> {
        let order = parents.first().ok_or(Error::Nothing)?.order();
        let mut ranges = Vec::with_capacity(parents.len());
        for parent in parents {
            if parent.order() != order {
                return Err(Error::Usage("the cells are of several orders".to_owned()));
            }
            ranges.push(parent.children(child).map_err(|error| Error::Usage(error.to_string()))?);
        }
        ranges.sort_unstable_by_key(|range| range.start);
        ranges.dedup();
        Self::of_ranges(&ranges, (child, order), &Clip::None.to_string(), None)
    }

    fn of_ranges(
        kept: &[Range<u64>],
        (child, parent): (Order, Order),
        clip: &str,
        test: Option<RowTest>,
    ) -> Result<Self, Error> {
        let shift = 2 * u32::from(child.get().saturating_sub(parent.get()));
        let mut parents: Vec<Cell> = Vec::new();
        for range in kept.iter().filter(|range| !range.is_empty()) {
            for nested in range.start >> shift..=(range.end - 1) >> shift {
                let cell = Cell::new(parent, nested).map_err(|error| Error::Usage(error.to_string()))?;
                if parents.last() != Some(&cell) {
                    parents.push(cell);
                }
            }
        }
        if parents.is_empty() {
            return Err(Error::Nothing);
        }
        let cells = kept.iter().map(|range| range.end - range.start).sum();
        let said = KeptProvenance { clip: clip.to_owned(), cells, sha256: digest(kept) };
        let area = KeptArea::new(said, kept.iter().map(|range| [range.start, range.end]), test);
        Ok(Self { area, parents })
    }
}
