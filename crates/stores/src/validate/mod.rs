//! Whether a store is what it should be, and if not, everything that is wrong with it.
//!
//! The store says what it was made from. From that the engine makes every metadata document again, and compares; decodes
//! every chunk; and looks for values that contradict each other or the provenance. A deep validation computes all again.
mod arrays;
mod deep;
mod finding;
mod metadata;
mod objects;
mod provenance;
mod recipe;
mod records;
mod region;
mod values;
mod windows;

pub use finding::{Finding, Severity};

use crate::Error;
use finding::Findings;
use objects::Checker;
use pipeline::{CellResult, Job, Layout};
use serde::Serialize;
use storage::{Clients, Location};

/// What was examined of a store, and what is wrong with it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Validation {
    /// The store as the caller named it.
    pub zarr_path: String,
    /// There are no errors; there may be warnings.
    pub valid: bool,
    /// `cell`, `sphere` or `region`; `None` where that cannot be found out.
    pub layout: Option<&'static str>,
    /// Orders of the groups, finest first.
    pub orders: Vec<u8>,
    /// Parent cells.
    pub cells: usize,
    /// Objects below the store's root.
    pub objects: usize,
    /// Cells that were computed again.
    pub recomputed: usize,
    /// Findings that are errors.
    pub errors: usize,
    /// The others.
    pub warnings: usize,
    /// Everything that is wrong, errors first, each once.
    pub findings: Vec<Finding>,
}

/// Examines a store of either layout. With `granules` (files, folders, globs, URLs) `compute` computes every cell again from
/// those that the store names, and every byte is compared.
///
/// # Errors
/// [`Error::Nothing`] where there is no object, [`Error::Source`] where the place or a granule cannot be listed or read.
/// What is wrong with the store is no error.
pub async fn validate(
    root: &str,
    granules: Option<&[String]>,
    compute: impl AsyncFn(&Job, &[Location]) -> Result<CellResult, pipeline::Error>,
    clients: &Clients,
) -> Result<Validation, Error> {
    let mut checker = Checker::open(root, clients).await?;
    if checker.recipe.is_some() {
        checker.metadata().await?;
        checker.cells().await?;
        checker.overviews().await?;
        checker.leftovers();
    }
    let recomputed = match granules {
        Some(granules) => deep::check(&mut checker, granules, compute, clients).await?,
        None => 0,
    };
    let Findings(mut findings) = std::mem::take(&mut checker.findings);
    findings.sort();
    findings.dedup();
    let findings = Findings(findings);
    let recipe = checker.recipe.as_ref();
    let orders = recipe.iter().flat_map(|recipe| recipe.orders.iter().chain(&recipe.above));
    Ok(Validation {
        zarr_path: root.to_owned(),
        valid: findings.errors() == 0,
        layout: recipe.map(|recipe| match recipe.layout {
            Layout::Cell => "cell",
            Layout::Sphere => "sphere",
            Layout::Region => "region",
        }),
        orders: orders.map(|order| order.get()).collect(),
        cells: checker.parents.len(),
        objects: checker.keys.len(),
        recomputed,
        errors: findings.errors(),
        warnings: findings.warnings(),
        findings: findings.0,
    })
}
