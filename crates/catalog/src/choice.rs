//! What a catalog shall hold.
use crate::{Grid, NameFilter};
use earthdata::LinkKind;
use pipeline::Product;
use serde_json::Value;

/// What a catalog shall hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Choice {
    /// Which cells.
    pub grid: Grid,
    /// Which granules, by their names.
    pub names: NameFilter,
    /// Which links go into the lists.
    pub links: LinkKind,
    /// What granules are of: their names, and where their coordinates are.
    pub product: Product,
    /// More of the metadata: the areas as the caller wrote them, the place of indexes.
    pub notes: Vec<(&'static str, Value)>,
}

/// The search whose granules go into a catalog.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchNotes {
    /// Release of the product; `None` for all.
    pub release: Option<String>,
    /// Concept id of the collection, where the search named one.
    pub collection: Option<String>,
    /// Added around every footprint, km.
    pub margin_km: f64,
}
