//! What was used of granules, as provenance has it.
use crate::clock::Clock;
use crate::granule::TrackRows;
use crate::{GranuleEntry, Job, Ledger, Product, RowCounts, TimeWindow};
use serde::{Deserialize, Serialize};

/// What was used in one window of time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WindowUsed {
    /// The window.
    pub window: TimeWindow,
    /// Granules are missing from the values, as was allowed.
    pub partial: bool,
    /// Rows of its granules that are in it.
    pub rows: RowsUsed,
    /// Its granules in canonical order, each with its rows in the window.
    pub granules: Vec<GranuleUsed>,
}

/// One granule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GranuleUsed {
    /// It was read.
    Read {
        /// Its name as the mission writes it.
        name: String,
        /// Size in bytes.
        size: Option<u64>,
        /// Tracks that it has.
        tracks: usize,
        /// Its rows.
        rows: RowsUsed,
    },
    /// It could not be read. Why is in the ledger alone: it depends on the day.
    Failed {
        /// Its name as the mission writes it.
        name: String,
        /// Always true.
        failed: bool,
    },
}

/// Rows in the parent, used and dropped. How many rows outside were examined depends on how the granules were read.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct RowsUsed {
    /// Rows in the parent cell.
    pub in_parent: u64,
    /// Dropped: outside of the region.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub outside_area: u64,
    /// Dropped: in none of the job's windows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub outside_windows: u64,
    /// Dropped: without one parent whose numbers the job takes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unlinked: u64,
    /// Dropped by a condition, or by the direction of flight.
    pub quality: u64,
    /// Dropped: the value is the fill value.
    pub fill: u64,
    /// Dropped: the value is not finite.
    pub not_finite: u64,
    /// Dropped: the value is none that the quantity can have. Stores of version 0.1 have no such row.
    #[serde(default)]
    pub out_of_range: u64,
    /// Dropped: the uncertainty is not above 0, and the weight needs it.
    pub sigma_not_positive: u64,
    /// Dropped: the weight is not above 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub weight_not_positive: u64,
    /// Used.
    pub used: u64,
}

impl RowsUsed {
    /// Adds the rows of another part of the same cell.
    pub fn add(&mut self, other: &Self) {
        self.in_parent = self.in_parent.saturating_add(other.in_parent);
        self.outside_windows = self.outside_windows.saturating_add(other.outside_windows);
        self.unlinked = self.unlinked.saturating_add(other.unlinked);
        self.quality = self.quality.saturating_add(other.quality);
        self.fill = self.fill.saturating_add(other.fill);
        self.not_finite = self.not_finite.saturating_add(other.not_finite);
        self.out_of_range = self.out_of_range.saturating_add(other.out_of_range);
        self.sigma_not_positive = self.sigma_not_positive.saturating_add(other.sigma_not_positive);
        self.weight_not_positive = self.weight_not_positive.saturating_add(other.weight_not_positive);
        self.used = self.used.saturating_add(other.used);
    }
}

/// All granules that were read, or could not be.
pub(crate) fn used(ledger: &Ledger, product: &Product) -> Vec<GranuleUsed> {
    let of = |entry: &GranuleEntry| {
        let mut rows = RowCounts::default();
        entry.tracks.iter().for_each(|track| rows.add(&track.rows));
        GranuleUsed::of(entry, product, rows)
    };
    ledger.granules.iter().map(of).collect()
}

impl WindowUsed {
    /// What was used in each window of a job's axis, if it has one.
    pub(crate) fn of_all(job: &Job, entries: &[GranuleEntry], rows: &[Vec<TrackRows>]) -> Vec<Self> {
        let of = |(at, window): (u32, TimeWindow)| {
            let mut all = RowCounts::default();
            let granules = entries.iter().zip(rows).filter_map(|(entry, tracks)| {
                let mut own: Option<RowCounts> = None;
                for (_, counts) in tracks.iter().flat_map(|track| &track.windows).filter(|(window, _)| *window == at) {
                    own.get_or_insert_default().add(counts);
                }
                if entry.error.is_some() {
                    // Where it would have had rows is known by its name, or not at all.
                    let clock = Clock::of(job, &entry.granule);
                    let may = clock.is_by_rows()
                        || clock.window(clock.occasion.cycle, None).is_none_or(|window| window == at);
                    return may.then(|| GranuleUsed::of(entry, job.product(), RowCounts::default()));
                }
                let own = own?;
                all.add(&own);
                Some(GranuleUsed::of(entry, job.product(), own))
            });
            let granules: Vec<GranuleUsed> = granules.collect();
            let partial = granules.iter().any(|granule| matches!(granule, GranuleUsed::Failed { .. }));
            Self { window, partial, rows: all.into(), granules }
        };
        job.steps().into_iter().map(of).collect()
    }
}

impl GranuleUsed {
    fn of(entry: &GranuleEntry, product: &Product, rows: RowCounts) -> Self {
        let name = product.mission_name(&entry.granule);
        if entry.error.is_some() {
            return Self::Failed { name, failed: true };
        }
        Self::Read { name, size: entry.size, tracks: entry.tracks.len(), rows: rows.into() }
    }

    /// Its name as the mission writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Read { name, .. } | Self::Failed { name, .. } => name,
        }
    }

    /// Its size in bytes, where it was read and the size is known.
    #[must_use]
    pub const fn size(&self) -> Option<u64> {
        match self {
            Self::Read { size, .. } => *size,
            Self::Failed { .. } => None,
        }
    }
}

impl From<RowCounts> for RowsUsed {
    fn from(rows: RowCounts) -> Self {
        let RowCounts { in_parent, quality, fill, not_finite, out_of_range, .. } = rows;
        let RowCounts {
            sigma_not_positive, weight_not_positive, outside_area, outside_windows, unlinked, used, ..
        } = rows;
        Self {
            in_parent,
            outside_area,
            outside_windows,
            unlinked,
            quality,
            fill,
            not_finite,
            out_of_range,
            sigma_not_positive,
            weight_not_positive,
            used,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}
