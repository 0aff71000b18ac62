//! Every object of a store, against what the recipe asks for.
use super::finding::Findings;
use super::metadata::{self, Documents};
use super::{recipe, values};
use crate::own::{cell_of_mark, whole_cells, window_of_mark};
use crate::{Error, OWN, Objects as _, Place, Recipe};
use bytes::Bytes;
use dggs_zarr::{CELLS, Column, GroupMeta, Level, Node, PutStep, RECORDS, Region, Sphere};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use morton::{Cell, Order};
use pipeline::{Layout, Overviews};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use storage::Clients;

/// Objects read at the same time.
const READS_IN_FLIGHT: usize = 32;

/// A store under examination.
pub(crate) struct Checker {
    pub(crate) place: Place,
    pub(crate) shown: String,
    /// Every key of the store.
    pub(crate) keys: BTreeSet<String>,
    /// Keys that belong there.
    pub(super) known: BTreeSet<String>,
    pub(super) documents: Documents,
    pub(crate) recipe: Option<Recipe>,
    /// The parent cells that are there.
    pub(crate) parents: Vec<Cell>,
    overviews: Option<Overviews>,
    /// What the store of a region is.
    pub(super) region: Option<Region>,
    pub(crate) findings: Findings,
}

impl Checker {
    /// Lists the store and reads its metadata.
    pub(crate) async fn open(root: &str, clients: &Clients) -> Result<Self, Error> {
        let place = Place::new(root, clients.clone())?;
        let keys: BTreeSet<String> =
            place.list("").await?.into_iter().map(|key| key.trim_start_matches('/').to_owned()).collect();
        if keys.is_empty() {
            return Err(Error::Nothing(root.to_owned()));
        }
        let mut findings = Findings::default();
        let mut documents = Documents::new();
        let wanted =
            |key: &str| key.ends_with("zarr.json") && cell_of_mark(key).is_none() && window_of_mark(key).is_none();
        let read = |key: String| async { Ok::<_, Error>((place.get(&key).await?.unwrap_or_default(), key)) };
        let reads = keys.iter().filter(|key| wanted(key)).cloned().map(read);
        let read: Vec<(Bytes, String)> = stream::iter(reads).buffered(READS_IN_FLIGHT).try_collect().await?;
        for (bytes, key) in read {
            if dggs_zarr::is_removed(&bytes) && key != "zarr.json" {
                findings.warning("leftover", key, "what was here could not be deleted; readers do not see it");
                continue;
            }
            match serde_json::from_slice(&bytes) {
                Ok(document) => drop(documents.insert(key.clone(), document)),
                Err(error) => findings.error("json", key, format!("not JSON: {error}")),
            }
        }
        let whole = unfinished(&mut documents, &mut findings);
        let recipe = if whole { recipe::find(&place, &documents, &mut findings).await } else { None };
        let shown = root.to_owned();
        let (known, parents, overviews, region) = (BTreeSet::new(), Vec::new(), None, None);
        let mut checker = Self { place, shown, keys, known, documents, recipe, parents, overviews, region, findings };
        checker.parents = checker.find_parents().await?;
        Ok(checker)
    }

    async fn find_parents(&self) -> Result<Vec<Cell>, Error> {
        match &self.recipe {
            None => Ok(Vec::new()),
            Some(Recipe { parent: Some(parent), .. }) => Ok(vec![*parent]),
            Some(recipe) => whole_cells(&self.place, &self.keys, recipe.parent_order).await,
        }
    }

    pub(super) fn recipe(&self) -> Result<&Recipe, Error> {
        self.recipe.as_ref().ok_or_else(|| Error::Recipe("no recipe".into()))
    }

    fn unreadable(&self, why: impl Display) -> Error {
        Error::unreadable(&storage::redacted(&self.shown), why)
    }

    pub(super) fn sphere(&self) -> Result<Sphere, Error> {
        self.recipe()?.sphere().map_err(|why| self.unreadable(why))
    }

    /// Compares every document with the one that the engine writes.
    pub(crate) async fn metadata(&mut self) -> Result<(), Error> {
        let (recipe, mut sphere) = (self.recipe()?.clone(), self.sphere()?);
        let expected = match recipe.parent {
            Some(parent) => self.cell_documents(&recipe, parent, &sphere)?,
            None if recipe.layout == Layout::Region => {
                self.region = self.find_region(&recipe).await?;
                self.region.as_ref().map_or(Ok(Vec::new()), Region::template)
            }
            None => {
                self.compose(&recipe).await?;
                if let Some(overviews) = &self.overviews {
                    sphere.levels.extend(overviews.levels());
                }
                sphere.template()
            }
        };
        let expected = expected.map_err(|error| self.unreadable(error))?;
        let gone: Vec<String> = recipe.orders.iter().chain(&recipe.above).map(ToString::to_string).collect();
        let gone: Vec<&String> =
            gone.iter().filter(|order| !self.keys.iter().any(|key| key.starts_with(&format!("{order}/")))).collect();
        for order in &gone {
            self.findings.error(
                "group-missing",
                order.as_str(),
                "the whole group is missing, though the root names it",
            );
        }
        for object in expected.iter().filter(|object| object.step != PutStep::Chunk) {
            self.known.insert(object.key.clone());
            if gone.iter().any(|order| object.key.starts_with(&format!("{order}/"))) {
                continue;
            }
            let wanted: Value = serde_json::from_slice(&object.bytes).unwrap_or_default();
            match self.documents.get(&object.key) {
                Some(found) => metadata::check(&object.key, &wanted, found, &mut self.findings),
                None if self.keys.contains(&object.key) => {} // Reported already: no JSON.
                None => self.findings.error("metadata-missing", &object.key, "the document is missing"),
            }
            let inline = wanted["consolidated_metadata"]["metadata"].as_object();
            if let (Some(inline), Some(prefix)) = (inline, object.key.strip_suffix("zarr.json")) {
                let mut members: Vec<String> = inline.keys().cloned().collect();
                // Records of moments are checked by themselves.
                let records = |key: &&String| prefix.is_empty() && key.starts_with(RECORDS) && recipe.parent.is_some();
                let records = self.documents.keys().filter(records).filter_map(|key| key.strip_suffix("/zarr.json"));
                members.extend(records.map(str::to_owned));
                metadata::check_consolidated(prefix, &self.documents, &members, &mut self.findings);
            }
        }
        Ok(())
    }

    /// Documents of a store of one cell. The provenance is the finest group's: it is checked by itself.
    fn cell_documents(
        &self,
        recipe: &Recipe,
        parent: Cell,
        sphere: &Sphere,
    ) -> Result<Result<Vec<dggs_zarr::StoreObject>, dggs_zarr::Error>, Error> {
        let finest = recipe.orders.first().map(ToString::to_string).unwrap_or_default();
        let mut own = self.documents.get(&format!("{finest}/zarr.json")).map(|group| group["attributes"][OWN].clone());
        own = own.filter(Value::is_object);
        let mut root = GroupMeta::default();
        for level in &sphere.levels {
            let rows = 1u64 << (2 * u32::from(level.order.get().saturating_sub(parent.order().get())));
            let own = own.clone().unwrap_or_default();
            let words = (recipe.latitude, &own);
            match dggs_zarr::cell_group(level.order, rows, &level.variables, words, sphere.time.as_ref()) {
                Ok(group) => root.members.push((level.order.to_string(), Node::Group(group))),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(root.objects())
    }

    /// Composes the levels above the parents again, where there are any.
    async fn compose(&mut self, recipe: &Recipe) -> Result<(), Error> {
        let (Some(&coarsest), Some(&first)) = (recipe.above.last(), self.parents.first()) else { return Ok(()) };
        let job = recipe.job(first).map_err(Error::Recipe)?;
        let mut overviews = Overviews::new(&job, coarsest).map_err(Error::Compose)?;
        let sphere = self.sphere()?;
        for parent in self.parents.clone() {
            // What is wrong here is reported when the cells are checked.
            let known = std::mem::take(&mut self.findings);
            let made = self.made(recipe, parent, &Value::Null).await?;
            for window in Self::windows_of(recipe, &made) {
                let level = self.level(parent, job.child_order(), &sphere, window).await?;
                let _ = overviews.add(parent, window.unwrap_or_default(), &level);
            }
            if overviews.wants_records() {
                let tables = self.tables(recipe, parent, &made).await?;
                let _ = overviews.add_records(parent, &tables);
            }
            self.findings = known;
        }
        self.overviews = Some(overviews);
        Ok(())
    }

    /// Checks the values and the provenance of every cell.
    pub(crate) async fn cells(&mut self) -> Result<(), Error> {
        let (recipe, sphere) = (self.recipe()?.clone(), self.sphere()?);
        self.times(&recipe, &sphere).await?;
        if let Some(region) = self.region.clone() {
            return self.region_cells(&recipe, &region).await;
        }
        for parent in self.parents.clone() {
            let (key, own) = self.provenance(&recipe, parent).await?;
            let made = self.made(&recipe, parent, &own).await?;
            let used = self.check_provenance(&recipe, parent, (&key, &own), &made);
            self.records(&recipe, parent, &made, &used).await?;
            let groups: Vec<Order> = recipe.orders.iter().copied().filter(|order| self.has_group(*order)).collect();
            if recipe.time.is_some() {
                for &order in &groups {
                    let level = self.fixed(parent, order, &sphere, &made).await?;
                    values::check_change(&level, &mut self.findings);
                }
            }
            for (window, used) in Self::windows_of(&recipe, &made).into_iter().zip(used) {
                let before = self.findings.0.len();
                let mut finest: Option<Level> = None;
                for &order in &groups {
                    let level = self.level(parent, order, &sphere, window).await?;
                    values::check(&level, &recipe.product, &mut self.findings);
                    if recipe.time.is_none() {
                        values::check_change(&level, &mut self.findings);
                    }
                    match &finest {
                        Some(finest) => values::check_levels(finest, &level, &recipe.product, &mut self.findings),
                        None => self.check_total(&level, &recipe, used),
                    }
                    finest = finest.or(Some(level));
                }
                self.name_window(&recipe, window, before);
            }
        }
        Ok(())
    }

    fn has_group(&self, order: Order) -> bool {
        let group = format!("{order}/");
        self.keys.iter().any(|key| key.starts_with(&group))
    }

    pub(super) async fn provenance(&mut self, recipe: &Recipe, parent: Cell) -> Result<(String, Value), Error> {
        if recipe.parent.is_some() {
            let key = format!("{}/zarr.json", recipe.orders.first().map(ToString::to_string).unwrap_or_default());
            let own = self.documents.get(&key).map(|group| group["attributes"][OWN].clone());
            return Ok((key, own.unwrap_or_default()));
        }
        let key = pipeline::sphere_mark(parent).map_err(Error::Job)?;
        self.known.insert(key.clone());
        let bytes = self.place.get(&key).await?.unwrap_or_default();
        let document: Value = match serde_json::from_slice(&bytes) {
            Ok(document) => document,
            Err(error) => {
                self.findings.error("json", &key, format!("not JSON: {error}"));
                Value::Null
            }
        };
        let own = document["attributes"][OWN].clone();
        if own.is_object() && own["latitude_convention"] != recipe.latitude.to_string() {
            let what =
                format!("latitude_convention is {}, the store's is {}", own["latitude_convention"], recipe.latitude);
            self.findings.error("provenance", &key, what);
        }
        let has_product = recipe.time.is_none() || recipe.layout == Layout::Region;
        if has_product && own.is_object() && own["product"] != serde_json::to_value(&recipe.product).unwrap_or_default()
        {
            self.findings.error("provenance", &key, "the product is another one than the store's");
        }
        Ok((key, own))
    }

    pub(super) fn check_total(&mut self, level: &Level, recipe: &Recipe, used: Option<u64>) {
        let sum = values::total(level, &recipe.product);
        let counted = level.variables.iter().any(|variable| matches!(variable.values, Column::I32(_)));
        // Cells with fewer rows than are asked for have none.
        let least = if recipe.product.min_count > 1 { 0 } else { i64::MAX };
        let fits = |used: u64| i64::try_from(used).is_ok_and(|used| (used.min(least)..=used).contains(&sum));
        if counted && used.is_some_and(|used| !fits(used)) {
            let what = format!("the counts sum up to {sum}, the provenance says {} rows", used.unwrap_or_default());
            self.findings.error("rows", format!("{}/count", level.order), what);
        }
    }

    /// Reads many objects at the same time; `None` where there is none.
    pub(super) async fn fetch(&self, keys: Vec<String>) -> Result<BTreeMap<String, Option<Bytes>>, Error> {
        let read = |key: String| async move {
            let bytes = self.place.get(&key).await?;
            Ok::<_, Error>((key, bytes))
        };
        stream::iter(keys.into_iter().map(read)).buffer_unordered(READS_IN_FLIGHT).try_collect().await
    }

    /// Compares the levels above the parents with what the cells give.
    pub(crate) async fn overviews(&mut self) -> Result<(), Error> {
        let Some(overviews) = self.overviews.take() else { return Ok(()) };
        let (_, chunks) = overviews.finish().map_err(Error::Write)?;
        let fetched = self.fetch(chunks.iter().map(|chunk| chunk.key.clone()).collect()).await?;
        for chunk in chunks {
            self.known.insert(chunk.key.clone());
            let gone = chunk.key.split('/').next().map(|order| format!("{order}/"));
            if gone.is_some_and(|gone| !self.keys.iter().any(|key| key.starts_with(&gone))) {
                continue;
            }
            match fetched.get(&chunk.key).and_then(Option::as_ref) {
                None => {
                    self.findings.error("chunk-missing", chunk.key, "the chunk is missing: readers see fill values");
                }
                Some(bytes) if *bytes == chunk.bytes => {}
                Some(_) => {
                    let what = "not what the cells give: damaged, or cells came later; run `icestream overviews` again";
                    self.findings.error("overview", chunk.key, what);
                }
            }
        }
        Ok(())
    }

    /// Reports objects that do not belong to the store.
    pub(crate) fn leftovers(&mut self) {
        let mut unfinished: BTreeMap<(u64, Option<u64>), usize> = BTreeMap::new();
        let recipe = self.recipe.clone();
        let layout = recipe.as_ref().map(|recipe| recipe.layout);
        let (sphere, marked) = (layout == Some(Layout::Sphere), layout.is_some_and(|layout| layout != Layout::Cell));
        for key in self.keys.difference(&self.known) {
            let name = key.rsplit('/').next().unwrap_or_default();
            let parts: Vec<&str> = key.split('/').collect();
            let order = parts.first().and_then(|order| order.parse().ok()).and_then(|order| Order::new(order).ok());
            let of_cell = recipe.as_ref().is_some_and(|recipe| order.is_some_and(|order| order >= recipe.parent_order));
            match (parts.as_slice(), name.parse()) {
                _ if name.starts_with('.') && name.ends_with(".tmp") => {
                    self.findings.warning("leftover", key, "a writer was stopped here; the file may be deleted");
                }
                ([_, _, "c", _], Ok(index)) if sphere && of_cell => *unfinished.entry((index, None)).or_default() += 1,
                ([_, _, "c", step, _], Ok(index)) if sphere && of_cell => {
                    *unfinished.entry((index, step.parse().ok())).or_default() += 1;
                }
                ([CELLS, _, "zarr.json"], _) if marked && cell_of_mark(key).is_some() => {
                    let what =
                        "a tombstone: the cell is being replaced, its writer was stopped, or it has no data any more";
                    self.findings.warning("cell-tombstone", key, what);
                }
                ([CELLS, ..], _) if sphere && self.is_window(key) => {
                    let what =
                        "a tombstone: the window is being replaced, its writer was stopped, or it has no data any more";
                    self.findings.warning("cell-tombstone", key, what);
                }
                ([CELLS, ..], _) if marked => {
                    self.findings.error("unknown-object", key, "no provenance of a cell of this store");
                }
                _ => self.findings.error("unknown-object", key, "this object does not belong to the store"),
            }
        }
        for ((index, step), chunks) in unfinished {
            let parent = recipe.as_ref().and_then(|recipe| Cell::new(recipe.parent_order, index).ok());
            let mut named = parent.map_or_else(|| format!("index {index}"), |cell| cell.to_string());
            if let Some(window) = step.and_then(|step| recipe.as_ref()?.window_name(step)) {
                named = format!("{named} in {window}");
            }
            let what =
                format!("{chunks} chunks without provenance: a writer was stopped, or chunks are in a wrong place");
            self.findings.error("cell-unfinished", format!("cell {named}"), what);
        }
    }
}

/// Reports what a writer has begun and not ended; returns whether the root is whole.
fn unfinished(documents: &mut Documents, findings: &mut Findings) -> bool {
    let tombstone = |document: &Value| document["node_type"] == "tombstone";
    if documents.get("zarr.json").is_some_and(tombstone) {
        let what = "the store is not whole: a writer is at it, or was stopped; run its job again";
        findings.error("unfinished", "zarr.json", what);
        return false;
    }
    if let Some(root) = documents.get_mut("zarr.json").filter(|root| dggs_zarr::is_marked_root(root)) {
        let what = "the levels above the parents are not whole: `icestream overviews` is at them, or was stopped; run it again";
        findings.error("unfinished", "zarr.json", what);
        root["attributes"] = serde_json::json!({});
    }
    true
}
