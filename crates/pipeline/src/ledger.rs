//! The ledger: what was read, used, dropped and why, and what failed. No loss without a record.
use crate::{FailureClass, LinkFaults};
use serde::{Deserialize, Serialize};

/// Everything that happened to the granules of one job.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Ledger {
    /// Sums over all granules.
    pub totals: Totals,
    /// Rows that failed each condition of the product, as the first one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Children that are as ones without rows, because they have fewer than the product asks for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sparse_cells: u64,
    /// One entry a granule, in the canonical order in which they were folded.
    pub granules: Vec<GranuleEntry>,
    /// What a person should know although nothing failed.
    pub warnings: Vec<String>,
}

/// Sums over granules.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Totals {
    /// Granules given, duplicates not counted.
    pub granules: u64,
    /// Granules that could not be read or were not tried after a failure.
    pub granules_failed: u64,
    /// Tracks present.
    pub tracks: u64,
    /// Tracks of the product that granules do not have.
    #[serde(default)]
    pub tracks_absent: u64,
    /// Rows, used and dropped.
    #[serde(flatten)]
    pub rows: RowCounts,
    /// Range requests.
    pub requests: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Sum of the granules' sizes in bytes, as far as known.
    pub granule_bytes: u64,
}

/// One granule.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct GranuleEntry {
    /// Its identity: the file name.
    pub granule: String,
    /// Where it was read.
    pub location: String,
    /// Size in bytes, once known.
    pub size: Option<u64>,
    /// One entry a track that is present, in the product's order.
    pub tracks: Vec<TrackEntry>,
    /// Tracks of the product that the granule does not have, or without the group of its columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    /// Tracks that the granule has and the job leaves out, by their beams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Range requests.
    pub requests: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Time from opening to the last row, milliseconds; 0 where the caller has no clock.
    pub milliseconds: u64,
    /// Not read, because it is in none of the job's windows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside_windows: bool,
    /// How its coordinates were read; nothing where it was not read at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    /// What became of its index, where one was given: `used`, or why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The error that stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// How the coordinates of a granule were read; as text `planned`, `indexed`, or `exhaustive: ` and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Reading {
    /// Where rows of the parent can lie, by a certificate (design note 0006).
    Planned,
    /// Where the granule's index has rows of the parent.
    Indexed,
    /// All of them, for a reason.
    Exhaustive(String),
}

impl From<Reading> for String {
    fn from(reading: Reading) -> Self {
        match reading {
            Reading::Planned => "planned".into(),
            Reading::Indexed => "indexed".into(),
            Reading::Exhaustive(why) => format!("exhaustive: {why}"),
        }
    }
}

impl From<String> for Reading {
    fn from(text: String) -> Self {
        match text.as_str() {
            "planned" => Self::Planned,
            "indexed" => Self::Indexed,
            other => Self::Exhaustive(other.strip_prefix("exhaustive: ").unwrap_or(other).into()),
        }
    }
}

impl std::fmt::Display for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from(self.clone()))
    }
}

/// One track of one granule.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct TrackEntry {
    /// Group name of the track.
    pub track: String,
    /// Rows, used and dropped.
    #[serde(flatten)]
    pub rows: RowCounts,
    /// Rows that failed each condition of the product, as the first one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Of columns with alternatives, the one that the granule has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<String>,
    /// Optional columns that the granule lacks: what they are for was not tested, or not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_tested: Vec<String>,
    /// What is wrong with the link of its rows to their parents; absent where it is sound, or there is none.
    #[serde(default, skip_serializing_if = "LinkFaults::is_sound")]
    pub link: LinkFaults,
}

/// Rows that failed a condition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Condition {
    /// The condition, as `--keep` writes it, or a direction.
    pub condition: String,
    /// Rows.
    pub rows: u64,
}

/// Rows, used and dropped. `in_parent` = `used` + the drops other than `bad_coordinate`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct RowCounts {
    /// Rows that the track has.
    pub rows: u64,
    /// Rows whose coordinates were read; no other can lie in the parent (design note 0006).
    pub rows_read: u64,
    /// Dropped: latitude or longitude is fill, NaN, infinite, out of range or in a chunk that was never written. Of rows that
    /// were read, and of all that were never written.
    pub bad_coordinate: u64,
    /// Rows inside the parent cell.
    pub in_parent: u64,
    /// Dropped: in none of the job's windows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub outside_windows: u64,
    /// Dropped: outside of the region.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub outside_area: u64,
    /// Dropped: no parent has the row, or several have, and the job takes numbers of parents.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unlinked: u64,
    /// Dropped: a condition did not pass.
    pub quality: u64,
    /// Dropped: value or sigma is a fill value: of the `_FillValue` or `missing_value` attribute, or the dataset's own.
    pub fill: u64,
    /// Dropped: value or sigma is NaN or infinite, or was never written.
    pub not_finite: u64,
    /// Dropped: value or sigma is beyond the limit of absurd values, of heights 1e5 m.
    #[serde(default)]
    pub out_of_range: u64,
    /// Dropped: sigma is zero or negative, and the weight needs it.
    pub sigma_not_positive: u64,
    /// Dropped: the weight is zero or negative.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub weight_not_positive: u64,
    /// Rows that count.
    pub used: u64,
}

/// Why a granule stopped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// Class of the error.
    pub class: FailureClass,
    /// Track and dataset, where the error belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The cause, in words.
    pub message: String,
}

impl RowCounts {
    /// Rows that were dropped, by reason in words.
    #[must_use]
    pub const fn dropped(&self) -> [(&'static str, u64); 10] {
        [
            ("outside of the region", self.outside_area),
            ("outside of all windows", self.outside_windows),
            ("without one parent", self.unlinked),
            ("quality", self.quality),
            ("fill", self.fill),
            ("not finite", self.not_finite),
            ("out of range", self.out_of_range),
            ("sigma not positive", self.sigma_not_positive),
            ("weight not positive", self.weight_not_positive),
            ("bad coordinate", self.bad_coordinate),
        ]
    }

    /// Adds another count.
    pub const fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.rows_read += other.rows_read;
        self.bad_coordinate += other.bad_coordinate;
        self.in_parent += other.in_parent;
        self.outside_area += other.outside_area;
        self.outside_windows += other.outside_windows;
        self.unlinked += other.unlinked;
        self.quality += other.quality;
        self.fill += other.fill;
        self.not_finite += other.not_finite;
        self.out_of_range += other.out_of_range;
        self.sigma_not_positive += other.sigma_not_positive;
        self.weight_not_positive += other.weight_not_positive;
        self.used += other.used;
    }
}

impl Ledger {
    /// A ledger of these entries, sums included.
    #[must_use]
    pub fn new(granules: Vec<GranuleEntry>, warnings: Vec<String>) -> Self {
        let mut totals = Totals::default();
        let mut conditions: Vec<Condition> = Vec::new();
        for entry in &granules {
            totals.granules += 1;
            totals.granules_failed += u64::from(entry.error.is_some());
            totals.tracks += entry.tracks.len() as u64;
            totals.tracks_absent += entry.absent.len() as u64;
            totals.requests += entry.requests;
            totals.bytes += entry.bytes;
            totals.granule_bytes += entry.size.unwrap_or(0);
            for track in &entry.tracks {
                totals.rows.add(&track.rows);
                for failed in &track.conditions {
                    match conditions.iter_mut().find(|held| held.condition == failed.condition) {
                        Some(held) => held.rows += failed.rows,
                        None => conditions.push(failed.clone()),
                    }
                }
            }
        }
        Self { totals, conditions, sparse_cells: 0, granules, warnings }
    }

    /// Entries of granules that failed.
    pub fn failed(&self) -> impl Iterator<Item = &GranuleEntry> {
        self.granules.iter().filter(|entry| entry.error.is_some())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}
