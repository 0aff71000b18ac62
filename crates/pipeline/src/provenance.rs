//! Provenance as stores hold it: what was read and how, enough to compute a store again and get the same bytes. Nothing in
//! it depends on where or when.
use crate::product::of_any_version;
use crate::used::used;
use crate::{
    CellResult, ChangeSpec, GranuleUsed, Job, KeptProvenance, Layout, Product, RowsUsed, TimeAxis, WindowUsed,
};
use serde::{Deserialize, Serialize};

/// The version of the format that is written. Version 1, which had one kind of product, is not named in a store.
const VERSION: u32 = 2;

/// Provenance of one cell: of its store, or of its part of a store of the sphere or of a region.
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
    /// The windows of time, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeAxis>,
    /// How height change is estimated, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeSpec>,
    /// The children that are kept, where there is a region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptProvenance>,
    /// Rows of all granules.
    pub rows: RowsUsed,
    /// Granules in canonical order; where there is a time axis, those of each window are in `windows`.
    pub granules: Vec<GranuleUsed>,
    /// What was used in each window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<WindowUsed>,
    /// What the cell ids were computed from; the store's writer adds it.
    #[serde(default, skip_serializing)]
    pub latitude_convention: Option<String>,
}

/// Provenance that all cells of a store of the sphere, or of a region, share. The engine's version is not: cells may come from different ones.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SharedProvenance {
    /// As in [`Provenance`].
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub version: u32,
    /// [`Layout::Sphere`] or [`Layout::Region`].
    pub layout: Layout,
    /// The children of a region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptProvenance>,
    /// What is read and reduced.
    #[serde(deserialize_with = "of_any_version")]
    pub product: Product,
    /// Order of the parent cells.
    pub parent_order: u8,
    /// Order of the children.
    pub child_order: u8,
    /// The windows of time, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeAxis>,
    /// How height change is estimated, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeSpec>,
    /// Group that holds the provenance of each cell.
    pub cells: String,
}

/// Provenance of one window of a cell in a store of the sphere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WindowProvenance {
    /// As in [`Provenance`].
    pub version: u32,
    /// Name and version of the program.
    pub engine: String,
    /// What was used.
    #[serde(flatten)]
    pub used: WindowUsed,
}

/// Provenance of the arrays over all windows of a cell in a store of the sphere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangeProvenance {
    /// As in [`Provenance`].
    pub version: u32,
    /// Name and version of the program.
    pub engine: String,
    /// Names of the windows that were there.
    pub windows: Vec<String>,
}

/// What is known of a cell in a store of the sphere with a time axis, whichever windows it has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TimedProvenance {
    /// As in [`Provenance`].
    pub version: u32,
    /// Decimal id of the parent cell.
    pub parent_morton: Option<i64>,
    /// Order of the parent cell.
    pub parent_order: u8,
}

impl Provenance {
    pub(crate) fn of(result: &CellResult) -> Self {
        let (job, ledger) = (&result.job, &result.ledger);
        Self {
            version: VERSION,
            engine: engine(),
            product: job.product().deciding(),
            parent_morton: job.parent().decimal().ok(),
            parent_order: job.parent().order().get(),
            child_order: job.child_order().get(),
            partial: result.is_partial(),
            time: job.spec().time.clone(),
            change: job.spec().change,
            kept: job.spec().area.as_ref().map(|area| area.kept.clone()),
            rows: ledger.totals.rows.into(),
            granules: if job.spec().time.is_some() { Vec::new() } else { used(ledger, job.product()) },
            windows: result.windows.clone(),
            latitude_convention: None,
        }
    }

    /// All granules; one with rows in several windows comes for each.
    pub fn granules(&self) -> impl Iterator<Item = &GranuleUsed> {
        self.granules.iter().chain(self.windows.iter().flat_map(|window| &window.granules))
    }
}

impl SharedProvenance {
    pub(crate) fn of(job: &Job) -> Self {
        Self {
            version: VERSION,
            layout: Layout::Sphere,
            kept: job.spec().area.as_ref().map(|area| area.kept.clone()),
            product: job.product().deciding(),
            parent_order: job.parent().order().get(),
            child_order: job.child_order().get(),
            time: job.spec().time.clone(),
            change: job.spec().change,
            cells: dggs_zarr::CELLS.to_owned(),
        }
    }
}

impl ChangeProvenance {
    pub(crate) fn of(windows: Vec<String>) -> Self {
        Self { version: VERSION, engine: engine(), windows }
    }
}

impl WindowProvenance {
    pub(crate) fn of(used: &WindowUsed) -> Self {
        Self { version: VERSION, engine: engine(), used: used.clone() }
    }
}

impl TimedProvenance {
    pub(crate) fn of(job: &Job) -> Self {
        Self { version: VERSION, parent_morton: job.parent().decimal().ok(), parent_order: job.parent().order().get() }
    }
}

fn engine() -> String {
    format!("icestream {}", env!("CARGO_PKG_VERSION"))
}

const fn first() -> u32 {
    1
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
