//! Every object of a store, against what the recipe asks for.
use super::finding::Findings;
use super::metadata::{self, Documents};
use super::{provenance, recipe, values};
use crate::own::{cell_of_mark, whole_cells};
use crate::{Error, OWN, Objects as _, Place, Recipe};
use bytes::Bytes;
use dggs_zarr::{ArrayMeta, CELLS, ChunkEncoder, Column, GroupMeta, Level, Node, Sphere, Variable, chunk_key};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use morton::{Cell, Latitude, Order};
use pipeline::Overviews;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::Range;
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
    known: BTreeSet<String>,
    documents: Documents,
    pub(crate) recipe: Option<Recipe>,
    /// The parent cells that are there.
    pub(crate) parents: Vec<Cell>,
    overviews: Option<Overviews>,
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
        let wanted = |key: &str| key.ends_with("zarr.json") && cell_of_mark(key).is_none();
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
        let (known, parents, overviews) = (BTreeSet::new(), Vec::new(), None);
        let mut checker = Self { place, shown, keys, known, documents, recipe, parents, overviews, findings };
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

    fn recipe(&self) -> Result<&Recipe, Error> {
        self.recipe.as_ref().ok_or_else(|| Error::Recipe("no recipe".into()))
    }

    fn unreadable(&self, why: impl Display) -> Error {
        Error::unreadable(&storage::redacted(&self.shown), why)
    }

    fn sphere(&self) -> Result<Sphere, Error> {
        self.recipe()?.sphere().map_err(|why| self.unreadable(why))
    }

    /// Compares every document with the one that the engine writes.
    pub(crate) async fn metadata(&mut self) -> Result<(), Error> {
        let (recipe, mut sphere) = (self.recipe()?.clone(), self.sphere()?);
        let expected = match recipe.parent {
            Some(parent) => self.cell_documents(&recipe, parent, &sphere)?,
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
        for object in &expected {
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
                let members: Vec<String> = inline.keys().cloned().collect();
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
            match dggs_zarr::cell_group(level.order, rows, &level.variables, recipe.latitude, &own) {
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
            let level = self.level(parent, job.child_order(), &sphere).await?;
            self.findings = known;
            let _ = overviews.add(parent, &level);
        }
        self.overviews = Some(overviews);
        Ok(())
    }

    /// Checks the values and the provenance of every cell.
    pub(crate) async fn cells(&mut self) -> Result<(), Error> {
        let (recipe, sphere) = (self.recipe()?.clone(), self.sphere()?);
        for parent in self.parents.clone() {
            let (key, own) = self.provenance(&recipe, parent).await?;
            let used = provenance::check(&own, &recipe.product, &key, parent, &mut self.findings);
            let mut finest: Option<Level> = None;
            for &order in &recipe.orders {
                let gone = format!("{order}/");
                if !self.keys.iter().any(|key| key.starts_with(&gone)) {
                    continue;
                }
                let level = self.level(parent, order, &sphere).await?;
                values::check(&level, &recipe.product, &mut self.findings);
                match &finest {
                    Some(finest) => values::check_levels(finest, &level, &recipe.product, &mut self.findings),
                    None => self.check_total(&level, &recipe, used),
                }
                finest = finest.or(Some(level));
            }
        }
        Ok(())
    }

    async fn provenance(&mut self, recipe: &Recipe, parent: Cell) -> Result<(String, Value), Error> {
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
        if own.is_object() && own["product"] != serde_json::to_value(&recipe.product).unwrap_or_default() {
            self.findings.error("provenance", &key, "the product is another one than the store's");
        }
        Ok((key, own))
    }

    fn check_total(&mut self, level: &Level, recipe: &Recipe, used: Option<u64>) {
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

    /// Reads one level of one parent, and checks its ids; what cannot be read is left out and reported.
    async fn level(&mut self, parent: Cell, order: Order, sphere: &Sphere) -> Result<Level, Error> {
        let whole = self.recipe()?.parent.is_some();
        let ids: Vec<u64> = parent.children(order)?.collect();
        let morton = ids.iter().filter_map(|&id| Cell::new(order, id).ok()?.decimal().ok()).collect::<Vec<i64>>();
        let mut level = Level { order, cell_ids: ids, morton, variables: Vec::new() };
        let arrays = arrays(sphere, order, whole.then_some(level.cell_ids.len() as u64));
        let objects = |meta: &ArrayMeta| if whole { 0..meta.chunks() } else { parent.nested()..parent.nested() + 1 };
        let keys = arrays
            .iter()
            .flat_map(|(name, meta)| objects(meta).map(move |index| chunk_key(&format!("{order}/{name}"), index)));
        let fetched = self.fetch(keys.collect()).await?;
        for (name, meta) in arrays {
            let path = format!("{order}/{name}");
            let Some(values) = self.array(&path, &meta, objects(&meta), &fetched) else { continue };
            match values {
                Column::U64(_) | Column::I64(_) => self.check_ids(&path, &values, &level),
                _ => level.variables.push(Variable { name, values, attributes: meta.attributes }),
            }
        }
        Ok(level)
    }

    /// Reads many objects at the same time; `None` where there is none.
    async fn fetch(&self, keys: Vec<String>) -> Result<BTreeMap<String, Option<Bytes>>, Error> {
        let read = |key: String| async move {
            let bytes = self.place.get(&key).await?;
            Ok::<_, Error>((key, bytes))
        };
        stream::iter(keys.into_iter().map(read)).buffer_unordered(READS_IN_FLIGHT).try_collect().await
    }

    /// Checks an array of ids of a store of one cell.
    fn check_ids(&mut self, path: &str, found: &Column, level: &Level) {
        match found {
            Column::U64(ids) => self.check_nested(path, ids, &level.cell_ids),
            Column::I64(ids) if *ids != level.morton => {
                let count = ids.iter().zip(&level.morton).filter(|(found, due)| found != due).count();
                self.findings.error("morton", path, format!("{count} decimal ids are not those of the cells"));
            }
            _ => {}
        }
    }

    fn check_nested(&mut self, path: &str, ids: &[u64], due: &[u64]) {
        let wrong: Vec<(u64, u64)> = ids.iter().copied().zip(due.iter().copied()).filter(|(a, b)| a != b).collect();
        let Some((found, wanted)) = wrong.first() else { return };
        let count = wrong.len();
        let what =
            format!("{count} ids are not the children of the parent in order; the first is {found}, must be {wanted}");
        self.findings.error("ids", path, what);
        // The declared fill, and the one that arrays without a word on it have.
        let fill = wrong.iter().filter(|(found, _)| *found == 1 << 63 || *found == 0).count();
        if fill > 0 {
            self.findings.error(
                "fill-as-id",
                path,
                format!("{fill} ids are fill values, which readers take for cells"),
            );
        }
    }

    /// The values of an array, where all its objects can be read.
    fn array(
        &mut self,
        path: &str,
        meta: &ArrayMeta,
        objects: Range<u64>,
        fetched: &BTreeMap<String, Option<Bytes>>,
    ) -> Option<Column> {
        let mut all: Option<Column> = None;
        let mut whole = true;
        for index in objects {
            let key = chunk_key(path, index);
            self.known.insert(key.clone());
            let Some(Some(bytes)) = fetched.get(&key) else {
                self.findings.error("chunk-missing", &key, "the chunk is missing: readers see fill values");
                whole = false;
                continue;
            };
            match meta.decode(bytes) {
                Ok(values) => {
                    self.same_bytes(&key, &values, meta, bytes);
                    match &mut all {
                        Some(all) => all.append(&values),
                        None => all = Some(values),
                    }
                }
                Err(error) => {
                    self.findings.error("chunk-damaged", &key, error.to_string());
                    whole = false;
                }
            }
        }
        all.filter(|_| whole)
    }

    /// The same values have the same bytes, wherever they were written.
    fn same_bytes(&mut self, key: &str, values: &Column, meta: &ArrayMeta, bytes: &Bytes) {
        let again = ChunkEncoder::new().encode_object(values, 0..values.len(), meta);
        if again.is_ok_and(|again| again != bytes) {
            let what = "not the bytes that this engine writes for these values: another writer or version";
            self.findings.warning("chunk-bytes", key, what);
        }
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
        let mut unfinished: BTreeMap<u64, usize> = BTreeMap::new();
        let recipe = self.recipe.clone();
        let sphere = recipe.as_ref().is_some_and(|recipe| recipe.parent.is_none());
        for key in self.keys.difference(&self.known) {
            let name = key.rsplit('/').next().unwrap_or_default();
            let parts: Vec<&str> = key.split('/').collect();
            let order = parts.first().and_then(|order| order.parse().ok()).and_then(|order| Order::new(order).ok());
            let of_cell = recipe.as_ref().is_some_and(|recipe| order.is_some_and(|order| order >= recipe.parent_order));
            match (parts.as_slice(), name.parse()) {
                _ if name.starts_with('.') && name.ends_with(".tmp") => {
                    self.findings.warning("leftover", key, "a writer was stopped here; the file may be deleted");
                }
                ([_, _, "c", _], Ok(index)) if sphere && of_cell => *unfinished.entry(index).or_default() += 1,
                ([CELLS, _, "zarr.json"], _) if sphere && cell_of_mark(key).is_some() => {
                    let what =
                        "a tombstone: the cell is being replaced, its writer was stopped, or it has no data any more";
                    self.findings.warning("cell-tombstone", key, what);
                }
                ([CELLS, ..], _) if sphere => {
                    self.findings.error("unknown-object", key, "no provenance of a cell of this store");
                }
                _ => self.findings.error("unknown-object", key, "this object does not belong to the store"),
            }
        }
        for (index, chunks) in unfinished {
            let parent = recipe.as_ref().and_then(|recipe| Cell::new(recipe.parent_order, index).ok());
            let named = parent.map_or_else(|| format!("index {index}"), |cell| cell.to_string());
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

/// Names and metadata of the arrays of a level; `rows` of a store of one cell, which has arrays of ids too.
fn arrays(sphere: &Sphere, order: Order, rows: Option<u64>) -> Vec<(String, ArrayMeta)> {
    let template = sphere.levels.iter().find(|level| level.order == order);
    let variables = template.map(|level| level.variables.as_slice()).unwrap_or_default();
    let Some(rows) = rows else {
        return variables.iter().map(|variable| (variable.name.clone(), sphere.array(order, variable))).collect();
    };
    let group = dggs_zarr::cell_group(order, rows, variables, Latitude::default(), &Value::Null);
    let members = group.map(|group| group.members).unwrap_or_default().into_iter();
    let array = |(name, node)| match node {
        Node::Array(meta) => Some((name, meta)),
        Node::Group(_) => None,
    };
    members.filter_map(array).collect()
}
