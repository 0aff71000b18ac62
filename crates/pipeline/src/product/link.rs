//! How rows hang on rows of another kind: photons on their segments.
use super::ProductError;
use super::column::ColumnSpec;
use serde::{Deserialize, Serialize};

/// Parents of a product's rows: each parent has rows that follow each other, its children. All paths are inside the track.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentLink {
    /// The number of each parent's first child; below `base` or fill where it has none.
    pub begin: ColumnSpec,
    /// How many children each parent has.
    pub count: ColumnSpec,
    /// The number of the first child of all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub base: u64,
    /// Latitude of each parent that has children, geodetic degrees; without it reading cannot be planned by parents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<ColumnSpec>,
    /// Longitude of each, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<ColumnSpec>,
    /// Kilometres that children lie from their parent's place at most. Every child that is read is held against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Groups of the track whose columns have a row for each parent. A column of the product whose path begins with one of
    /// them is a parent's: its number holds for all children.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// Most kilometres of a margin: farther from its parent's place, a child has none.
const MAX_MARGIN: f64 = 100.0;

impl ParentLink {
    /// Whether a column's path is one of parents.
    #[must_use]
    pub fn is_of_parents(&self, path: &str) -> bool {
        let inside = |group: &String| path.strip_prefix(group.as_str()).is_some_and(|rest| rest.starts_with('/'));
        self.groups.iter().any(inside)
    }

    /// The columns of the parents' places, and the margin.
    pub(crate) fn places(&self) -> Option<(&ColumnSpec, &ColumnSpec, f64)> {
        Some((self.latitude.as_ref()?, self.longitude.as_ref()?, self.margin?))
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = &ColumnSpec> {
        [Some(&self.begin), Some(&self.count), self.latitude.as_ref(), self.longitude.as_ref()].into_iter().flatten()
    }

    pub(super) fn check(&self) -> Result<(), ProductError> {
        let wrong = |key: &str, why: &str| Err(ProductError { key: format!("link.{key}"), why: why.into() });
        let places = [self.latitude.is_some(), self.longitude.is_some(), self.margin.is_some()];
        if places.contains(&true) && places.contains(&false) {
            return wrong("margin", "goes with latitude and longitude: write all three, or none");
        }
        if self.margin.is_some_and(|margin| !(margin > 0.0 && margin <= MAX_MARGIN)) {
            return wrong("margin", "is not above 0 and at most 100: write kilometres");
        }
        if self.begin.is_same_place(&self.count) {
            return wrong("count", "is the same column as begin: write its own path");
        }
        if self.columns().any(|column| column.optional) {
            return wrong("begin", "is optional: a link needs all of its columns");
        }
        if self.groups.iter().any(|group| group.is_empty() || group.starts_with('/') || group.ends_with('/')) {
            return wrong("groups", "has an empty name or a slash at an end: write geolocation");
        }
        Ok(())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(base: &u64) -> bool {
    *base == 0
}
