//! Where and when the rows of a track that count were taken, pass by pass of the satellite.
use crate::Day;
use crate::filter::Sighting;
use crate::time::{Occasion, SECONDS};
use change::{MomentSums, OverpassMoments, on_ellipsoid};
use morton::LonLat;
use std::collections::BTreeMap;

/// Days of a year, as change counts time.
const YEAR: f64 = 365.25;

/// The rows of one track, by child, window and repeat cycle.
#[derive(Default)]
pub(crate) struct Passes {
    sums: Vec<MomentSums>,
    at: BTreeMap<Key, usize>,
    /// The one that had the last row: rows of a child mostly follow each other.
    last: Option<(Key, usize)>,
}

/// Child, window and repeat cycle.
type Key = (u32, u32, Option<u32>);

/// What is known of one pass over one child in one window.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Pass {
    pub(crate) child: u32,
    pub(crate) record: OverpassMoments,
}

impl Passes {
    /// Adds rows, in their order.
    pub(crate) fn extend(&mut self, rows: Vec<Sighting>, epoch: Day) {
        for row in rows {
            let [longitude, latitude] = row.place;
            // A row that counts has a place.
            let Ok(place) = LonLat::degrees(longitude, latitude) else { continue };
            let years = (row.seconds - epoch.seconds()) / (YEAR * SECONDS);
            let at = self.slot((row.child, row.window, row.cycle));
            if let Some(sums) = self.sums.get_mut(at) {
                sums.add(on_ellipsoid(place), years, row.value);
            }
        }
    }

    fn slot(&mut self, key: Key) -> usize {
        if let Some((_, at)) = self.last.filter(|(last, _)| *last == key) {
            return at;
        }
        let at = *self.at.entry(key).or_insert(self.sums.len());
        if at == self.sums.len() {
            self.sums.push(MomentSums::default());
        }
        self.last = Some((key, at));
        at
    }

    /// The passes of a granule of that occasion, by child; none where its pass is not known.
    pub(crate) fn of(&self, occasion: Occasion) -> Vec<Pass> {
        let pass = |(&(child, window, cycle), &at): (&Key, &usize)| {
            let overpass = cycle.map_or(occasion, |cycle| occasion.in_cycle(cycle)).overpass()?;
            let moments = self.sums.get(at)?.finish();
            Some(Pass { child, record: OverpassMoments { overpass, window, moments } })
        };
        self.at.iter().filter_map(pass).collect()
    }
}

/// All passes, which come granule by granule in canonical order and track by track: by child, overpass and window, each once.
pub(crate) fn joined(mut all: Vec<Pass>) -> Vec<Pass> {
    let key = |pass: &Pass| (pass.child, pass.record.overpass, pass.record.window);
    all.sort_by_key(key); // stable: the order of joining is that of granules and tracks
    all.dedup_by(|next, kept| {
        let same = key(next) == key(kept);
        if same {
            kept.record.moments.join(&next.record.moments);
        }
        same
    });
    all
}
