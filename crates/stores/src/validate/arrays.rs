//! The arrays of a level: their chunks, values and ids.
use super::objects::Checker;
use crate::Error;
use crate::own::Made;
use bytes::Bytes;
use dggs_zarr::{ArrayMeta, ChunkEncoder, Column, DataType, Level, Node, Sphere, TimeCoordinate, Variable};
use morton::{Cell, Latitude, Order};
use serde_json::Value;
use std::collections::BTreeMap;

/// The coordinates of time.
const TIMES: [&str; 3] = ["time", "time_bounds", "cycle"];

impl Checker {
    /// Reads one level of one parent in a window, or where there is no time axis, and checks its ids; what cannot be read is left
    /// out and reported.
    pub(super) async fn level(
        &mut self,
        parent: Cell,
        order: Order,
        sphere: &Sphere,
        window: Option<u64>,
    ) -> Result<Level, Error> {
        let wanted = |meta: &ArrayMeta, together: bool| meta.steps.is_some() == window.is_some() && !together;
        let step = window.unwrap_or_default();
        self.arrays(parent, order, sphere, wanted, &[(step, true)]).await
    }

    /// Reads of a level with a time axis what is of all windows.
    pub(super) async fn fixed(
        &mut self,
        parent: Cell,
        order: Order,
        sphere: &Sphere,
        made: &Made,
    ) -> Result<Level, Error> {
        let is_id = |meta: &ArrayMeta| matches!(meta.data_type, DataType::U64 | DataType::I64);
        let is_of_change = |meta: &ArrayMeta, together: bool| meta.steps.is_none() || together;
        let wanted = |meta: &ArrayMeta, together: bool| {
            is_id(meta) && meta.steps.is_none() || made.change.is_some() && is_of_change(meta, together)
        };
        // Windows that came later have no chunks until change is computed again.
        let names = made.change.as_ref().and_then(|change| change["windows"].as_array());
        let recipe = self.recipe()?;
        let is_due = |step: u64| {
            names.is_none_or(|names| recipe.window_name(step).is_some_and(|name| names.contains(&name.into())))
        };
        let steps = sphere.time.as_ref().map_or(1, TimeCoordinate::len);
        let steps: Vec<(u64, bool)> = (0..steps).map(|step| (step, is_due(step))).collect();
        self.arrays(parent, order, sphere, wanted, &steps).await
    }

    /// Reads arrays of a level in some windows, each with whether it must be there.
    async fn arrays(
        &mut self,
        parent: Cell,
        order: Order,
        sphere: &Sphere,
        wanted: impl Fn(&ArrayMeta, bool) -> bool,
        steps: &[(u64, bool)],
    ) -> Result<Level, Error> {
        let whole = self.recipe()?.parent.is_some();
        let ids: Vec<u64> = parent.children(order)?.collect();
        let morton = ids.iter().filter_map(|&id| Cell::new(order, id).ok()?.decimal().ok()).collect::<Vec<i64>>();
        let mut level = Level { order, cell_ids: ids, morton, variables: Vec::new() };
        let arrays = arrays(sphere, order, whole.then_some(level.cell_ids.len() as u64));
        let variables = sphere.levels.iter().find(|level| level.order == order).map(|level| level.variables.as_slice());
        let together = |name: &str| variables.unwrap_or_default().iter().any(|held| held.name == name && held.together);
        let arrays: Vec<(String, ArrayMeta)> =
            arrays.into_iter().filter(|(name, meta)| wanted(meta, together(name))).collect();
        let objects = |name: &str, meta: &ArrayMeta| -> Vec<u64> {
            let along = meta.chunks_along();
            let own = if whole { 0..along } else { parent.nested()..parent.nested() + 1 };
            let steps = if meta.steps.is_some() { steps } else { &[(0, true)] };
            let of_step = |&(step, is_due): &(u64, bool)| own.clone().map(move |at| (step * along + at, is_due));
            let is_there = |index: u64| self.keys.contains(&meta.key(&format!("{order}/{name}"), index));
            let due = steps.iter().flat_map(of_step).filter(|(index, is_due)| *is_due || is_there(*index));
            due.map(|(index, _)| index).collect()
        };
        let arrays: Vec<(String, ArrayMeta, Vec<u64>)> = arrays
            .into_iter()
            .map(|(name, meta)| {
                let objects = objects(&name, &meta);
                (name, meta, objects)
            })
            .collect();
        let keys = arrays.iter().flat_map(|(name, meta, objects)| {
            objects.iter().map(move |&index| meta.key(&format!("{order}/{name}"), index))
        });
        let fetched = self.fetch(keys.collect()).await?;
        for (name, meta, objects) in arrays {
            let path = format!("{order}/{name}");
            let Some(values) = self.array(&path, &meta, objects, &fetched) else { continue };
            match values {
                Column::U64(_) | Column::I64(_) => self.check_ids(&path, &values, &level),
                _ => level.variables.push(Variable {
                    name,
                    values,
                    attributes: meta.attributes,
                    timed: meta.steps.is_some(),
                }),
            }
        }
        Ok(level)
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
        objects: Vec<u64>,
        fetched: &BTreeMap<String, Option<Bytes>>,
    ) -> Option<Column> {
        let mut all: Option<Column> = None;
        let mut whole = true;
        for index in objects {
            let key = meta.key(path, index);
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
}

/// Names and metadata of the arrays of a level; `rows` of a store of one cell, which has arrays of ids too.
fn arrays(sphere: &Sphere, order: Order, rows: Option<u64>) -> Vec<(String, ArrayMeta)> {
    let template = sphere.levels.iter().find(|level| level.order == order);
    let variables = template.map(|level| level.variables.as_slice()).unwrap_or_default();
    // The coordinates of time are checked by themselves.
    let is_time = |name: &str| sphere.time.is_some() && TIMES.contains(&name);
    let Some(rows) = rows else {
        return variables.iter().map(|variable| (variable.name.clone(), sphere.array(order, variable))).collect();
    };
    let group =
        dggs_zarr::cell_group(order, rows, variables, (Latitude::default(), &Value::Null), sphere.time.as_ref());
    let members = group.map(|group| group.members).unwrap_or_default().into_iter();
    let array = |(name, node): (String, Node)| match node {
        Node::Array(meta) if !is_time(&name) => Some((name, meta)),
        _ => None,
    };
    members.filter_map(array).collect()
}
