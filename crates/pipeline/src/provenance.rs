//! Provenance as stores hold it: what was read and how, enough to compute a store again and get the same bytes. Nothing in
//! it depends on where or when.
use crate::product::of_any_version;
use crate::{CellResult, GranuleEntry, Job, Layout, Product, RowCounts};
use serde::{Deserialize, Serialize};

/// The version of the format that is written. Version 1, which had one kind of product, is not named in a store.
const VERSION: u32 = 2;

/// Provenance of one cell: of its store, or of its part of a store of the sphere.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of this format; a reader takes those up to its own.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub version: u32,
    /// Name and version of the program.
    pub engine: String,
    /// What was read and reduced.
    #[serde(deserialize_with = "of_any_version")]
    pub product: Product,
    /// Decimal id of the parent cell; `None` above order 18.
    pub parent_morton: Option<i64>,
    /// Order of the parent cell.
    pub parent_order: u8,
    /// Order of the children.
    pub child_order: u8,
    /// Granules are missing from the values, as was allowed.
    pub partial: bool,
    /// Rows of all granules.
    pub rows: RowsUsed,
    /// Granules in canonical order.
    pub granules: Vec<GranuleUsed>,
    /// What the cell ids were computed from; the store's writer adds it.
    #[serde(default, skip_serializing)]
    pub latitude_convention: Option<String>,
}

/// Provenance that all cells of a store of the sphere share. The engine's version is not: cells may come from different ones.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SharedProvenance {
    /// As in [`Provenance`].
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub version: u32,
    /// [`Layout::Sphere`].
    pub layout: Layout,
    /// What is read and reduced.
    #[serde(deserialize_with = "of_any_version")]
    pub product: Product,
    /// Order of the parent cells.
    pub parent_order: u8,
    /// Order of the children.
    pub child_order: u8,
    /// Group that holds the provenance of each cell.
    pub cells: String,
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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RowsUsed {
    /// Rows in the parent cell.
    pub in_parent: u64,
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

impl Provenance {
    pub(crate) fn of(result: &CellResult) -> Self {
        let (job, ledger) = (&result.job, &result.ledger);
        Self {
            version: VERSION,
            engine: format!("icestream {}", env!("CARGO_PKG_VERSION")),
            product: job.product().deciding(),
            parent_morton: job.parent().decimal().ok(),
            parent_order: job.parent().order().get(),
            child_order: job.child_order().get(),
            partial: result.is_partial(),
            rows: ledger.totals.rows.into(),
            granules: ledger.granules.iter().map(|entry| GranuleUsed::of(entry, job.product())).collect(),
            latitude_convention: None,
        }
    }
}

impl SharedProvenance {
    pub(crate) fn of(job: &Job) -> Self {
        Self {
            version: VERSION,
            layout: Layout::Sphere,
            product: job.product().deciding(),
            parent_order: job.parent().order().get(),
            child_order: job.child_order().get(),
            cells: dggs_zarr::CELLS.to_owned(),
        }
    }
}

impl GranuleUsed {
    fn of(entry: &GranuleEntry, product: &Product) -> Self {
        let name = product.mission_name(&entry.granule);
        if entry.error.is_some() {
            return Self::Failed { name, failed: true };
        }
        let mut rows = RowCounts::default();
        entry.tracks.iter().for_each(|track| rows.add(&track.rows));
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
        let RowCounts { sigma_not_positive, weight_not_positive, unlinked, used, .. } = rows;
        Self {
            in_parent,
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

const fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_first(version: &u32) -> bool {
    *version == first()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::tests::atl06;
    use serde_json::json;

    #[test]
    fn provenance_is_read_as_it_was_written_and_old_stores_too() {
        let rows =
            json!({"in_parent": 5, "quality": 1, "fill": 0, "not_finite": 0, "sigma_not_positive": 0, "used": 4});
        let mut own = json!({
            "engine": "icestream 0.1.0", "product": atl06().deciding(), "parent_morton": -6_134_114, "parent_order": 6,
            "child_order": 12, "partial": true, "rows": rows, "latitude_convention": "spherical",
            "granules": [{"name": "a.h5", "size": 7, "tracks": 6, "rows": rows}, {"name": "b.h5", "failed": true}],
        });
        let read: Provenance = serde_json::from_value(own.clone()).unwrap();
        assert_eq!((read.version, read.rows.out_of_range, read.granules[1].name()), (1, 0, "b.h5"));
        let object = own.as_object_mut().unwrap();
        object.remove("latitude_convention");
        object["rows"]["out_of_range"] = 0.into();
        object["granules"][0]["rows"]["out_of_range"] = 0.into();
        assert_eq!(serde_json::to_value(&read).unwrap(), own, "version 1 is not named");
        let later = Provenance { version: VERSION, ..read };
        assert_eq!(serde_json::to_value(&later).unwrap()["version"], 2);
        own["granules"][0]["rows"] = "many".into();
        assert!(serde_json::from_value::<Provenance>(own).is_err());
    }
}
