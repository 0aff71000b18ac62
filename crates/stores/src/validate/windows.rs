//! The time axis of a store: its coordinates, and the windows of each cell.
use super::finding::Finding;
use super::objects::Checker;
use super::provenance;
use crate::own::{Made, window_of_mark};
use crate::{Error, OWN, Objects as _, Recipe};
use dggs_zarr::{CHANGE, ChunkEncoder, Sphere};
use morton::{Cell, Order};
use pipeline::Layout;
use serde_json::Value;

impl Checker {
    /// Compares the coordinates of time with the windows that the provenance names.
    pub(super) async fn times(&mut self, recipe: &Recipe, sphere: &Sphere) -> Result<(), Error> {
        let Some(time) = &sphere.time else { return Ok(()) };
        let arrays = time.arrays().map_err(|error| Error::Recipe(error.to_string()))?;
        let orders: Vec<Order> = recipe.orders.iter().chain(&recipe.above).copied().collect();
        for order in orders {
            for (name, meta, values) in &arrays {
                for index in 0..meta.chunks() {
                    let key = meta.key(&format!("{order}/{name}"), index);
                    self.known.insert(key.clone());
                    let size =
                        usize::try_from(meta.chunk_shape.saturating_mul(meta.steps.map_or(1, |steps| steps.chunk)));
                    let size = size.unwrap_or(usize::MAX);
                    let first = usize::try_from(index).unwrap_or(usize::MAX).saturating_mul(size);
                    let rows = first..first.saturating_add(size).min(values.len());
                    let due = ChunkEncoder::new().encode_object(values, rows, meta);
                    let due = due.map_err(|error| Error::Recipe(error.to_string()))?;
                    match self.place.get(&key).await? {
                        None => self.findings.error("chunk-missing", key, "the chunk is missing: readers see no times"),
                        Some(found) if found != due => {
                            let what = "not the windows that the provenance names: values would be of other times";
                            self.findings.error("time-axis", key, what);
                        }
                        Some(_) => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// The windows of a cell that were made; `own` is what a store of one cell says. Marks of the sphere are read, and known.
    pub(super) async fn made(&mut self, recipe: &Recipe, parent: Cell, own: &Value) -> Result<Made, Error> {
        let Some(axis) = &recipe.time else { return Ok(Made::default()) };
        if recipe.layout != Layout::Sphere {
            return Ok(Made::of_cell(axis, own));
        }
        let mut made = Made::default();
        let names = axis.windows().iter().map(pipeline::TimeWindow::name).chain([CHANGE.to_owned()]);
        for (step, name) in (0..).zip(names) {
            let key = dggs_zarr::window_key(parent, &name).map_err(|error| Error::Recipe(error.to_string()))?;
            let document = if self.keys.contains(&key) { self.place.get(&key).await? } else { None };
            let Some(document) = document.filter(|document| !dggs_zarr::is_tombstone(document)) else { continue };
            self.known.insert(key.clone());
            let own = match serde_json::from_slice::<Value>(&document) {
                Ok(mut document) => document["attributes"][OWN].take(),
                Err(error) => {
                    self.findings.error("json", &key, format!("not JSON: {error}"));
                    Value::Null
                }
            };
            if own["latitude_convention"] != recipe.latitude.to_string() {
                let (found, due) = (&own["latitude_convention"], recipe.latitude);
                self.findings.error(
                    "provenance",
                    &key,
                    format!("latitude_convention is {found}, the store's is {due}"),
                );
            }
            if name == CHANGE { made.change = Some(own) } else { made.windows.push((step, own)) }
        }
        Ok(made)
    }

    /// Checks what is said of the making of a cell; returns the rows used in each window that was made, or all.
    pub(super) fn check_provenance(
        &mut self,
        recipe: &Recipe,
        parent: Cell,
        (key, own): (&str, &Value),
        made: &Made,
    ) -> Vec<Option<u64>> {
        if recipe.time.is_none() {
            return vec![provenance::check(own, &recipe.product, key, parent, &mut self.findings)];
        }
        let is_cell = recipe.layout != Layout::Sphere;
        let mut used = Vec::new();
        for (step, part) in &made.windows {
            let name = recipe.window_name(*step).unwrap_or_default();
            let key = if is_cell { key.to_owned() } else { dggs_zarr::window_key(parent, &name).unwrap_or_default() };
            let engine = if is_cell { own } else { part };
            used.push(provenance::check_window(
                part,
                (&engine["engine"], &name),
                &recipe.product,
                &key,
                &mut self.findings,
            ));
        }
        let older = made.change.as_ref().map_or(0, |change| {
            let said: Vec<&str> =
                change["windows"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let is_said = |step: u64| recipe.window_name(step).is_some_and(|name| said.contains(&name.as_str()));
            made.windows.iter().filter(|(step, _)| !is_said(*step)).count()
        });
        if older > 0 && !is_cell {
            let key = dggs_zarr::window_key(parent, CHANGE).unwrap_or_default();
            let what = format!(
                "change is older than {older} of {} windows: `icestream change` computes it again",
                made.windows.len()
            );
            self.findings.warning("change-older", key, what);
        }
        provenance::check_cell(own, key, parent, is_cell.then_some(&used[..]), &mut self.findings);
        let parts = own["windows"].as_array().map_or(0, Vec::len);
        if is_cell && parts != made.windows.len() {
            let what = format!("{parts} windows have provenance, but {} of them are on the axis", made.windows.len());
            self.findings.error("provenance", key, what);
        }
        used
    }

    /// Windows that have values; `None` alone where there is no time axis.
    pub(super) fn windows_of(recipe: &Recipe, made: &Made) -> Vec<Option<u64>> {
        match recipe.time {
            Some(_) => made.windows.iter().map(|(step, _)| Some(*step)).collect(),
            None => vec![None],
        }
    }

    /// Says of the findings since some number which window they are of.
    pub(super) fn name_window(&mut self, recipe: &Recipe, window: Option<u64>, since: usize) {
        let Some(name) = window.and_then(|window| recipe.window_name(window)) else { return };
        let is_of_chunk = |finding: &Finding| finding.key.contains("/c/");
        for finding in self.findings.0.iter_mut().skip(since).filter(|finding| !is_of_chunk(finding)) {
            finding.what = format!("in {name}: {}", finding.what);
        }
    }

    /// Whether a key is that of a window on the axis of a cell that is there.
    pub(super) fn is_window(&self, key: &str) -> bool {
        let Some((cell, name)) = window_of_mark(key) else { return false };
        let axis = self.recipe.as_ref().and_then(|recipe| recipe.time.as_ref());
        let on_axis = axis.is_some_and(|axis| axis.windows().iter().any(|window| window.name() == name));
        self.parents.contains(&cell) && (on_axis || name == CHANGE)
    }
}
