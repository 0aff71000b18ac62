//! The store of a region: ids, the rows of each parent, and rows that no mark stands for.
use super::objects::Checker;
use super::values;
use crate::own::Made;
use crate::{Error, Objects as _, Recipe, region};
use dggs_zarr::{ArrayMeta, ChunkEncoder, Column, Level, Region, RegionLevel, TemplateVariable, Variable};
use morton::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The last chunk of each array and window that was decoded; `None` for one that is missing or damaged.
type Chunks = BTreeMap<String, (u64, Option<Column>)>;

impl Checker {
    /// What the store is, by its provenance and ids.
    pub(super) async fn find_region(&mut self, recipe: &Recipe) -> Result<Option<Region>, Error> {
        match region::stored(&self.place, recipe).await? {
            Ok(region) => Ok(Some(region)),
            Err(why) => {
                let finest = recipe.orders.first().map(ToString::to_string).unwrap_or_default();
                self.findings.error("ids", format!("{finest}/cell_ids"), why);
                Ok(None)
            }
        }
    }

    /// Checks ids, and the rows of every parent that has a mark.
    pub(super) async fn region_cells(&mut self, recipe: &Recipe, region: &Region) -> Result<(), Error> {
        self.region_ids(region).await?;
        let mut chunks = Chunks::new();
        for parent in self.parents.clone() {
            let (key, own) = self.provenance(recipe, parent).await?;
            let made = self.made(recipe, parent, &own).await?;
            let used = self.check_provenance(recipe, parent, (&key, &own), &made);
            self.records(recipe, parent, &made, &used).await?;
            let mut levels = Vec::new();
            for level in &region.levels {
                levels.push(self.rows(region, level, parent, &mut chunks).await?);
            }
            self.region_values(recipe, &levels, &made, &used);
        }
        self.unmarked(region).await
    }

    /// Compares ids with those that the writer puts for the same cells.
    async fn region_ids(&mut self, region: &Region) -> Result<(), Error> {
        let template = region.template().map_err(|error| Error::Recipe(error.to_string()))?;
        for object in template.into_iter().filter(|object| object.key.contains("/cell_ids/c/")) {
            self.known.insert(object.key.clone());
            match self.place.get(&object.key).await? {
                None => self.findings.error("chunk-missing", object.key, "the chunk is missing: rows have no cell"),
                Some(found) if found != object.bytes => {
                    let what = "not the ids of the region's cells: values would be of other cells";
                    self.findings.error("ids", object.key, what);
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Checks the values of a parent as those of any other store. Its levels have all children: those that are not kept have no rows.
    fn region_values(&mut self, recipe: &Recipe, levels: &[Level], made: &Made, used: &[Option<u64>]) {
        let is_whole = recipe.kept.as_ref().is_some_and(|kept| kept.clip == "none");
        for (window, used) in Self::windows_of(recipe, made).into_iter().zip(used) {
            let before = self.findings.0.len();
            let mut finest: Option<Level> = None;
            for level in levels {
                let level = window.map_or_else(|| level.clone(), |step| in_window(level, step));
                values::check(&level, &recipe.product, &mut self.findings);
                match &finest {
                    Some(finest) => values::check_levels(finest, &level, &recipe.product, &mut self.findings),
                    None if is_whole => self.check_total(&level, recipe, *used),
                    None => {}
                }
                finest = finest.or(Some(level));
            }
            self.name_window(recipe, window, before);
        }
        for level in levels {
            let plain = level.variables.iter().filter(|variable| !variable.timed).cloned().collect();
            values::check_change(&Level { variables: plain, ..level.clone() }, &mut self.findings);
        }
    }

    /// The rows of a parent in one level, as all its children in all windows.
    async fn rows(
        &mut self,
        region: &Region,
        level: &RegionLevel,
        parent: Cell,
        chunks: &mut Chunks,
    ) -> Result<Level, Error> {
        let order = level.cells.order();
        let children = parent.children(order)?;
        let all: Vec<u64> = children.clone().collect();
        let mut variables = Vec::new();
        for variable in &level.variables {
            let meta = region.array(level, variable);
            let steps = meta.steps.map_or(1, |steps| steps.length);
            let size = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
            let mut values = variable.data_type.empty().missing(all.len().saturating_mul(size(steps)));
            // What cannot be read is reported, and left out.
            let mut whole = true;
            for step in 0..steps {
                for run in runs(level, &children, meta.chunk_shape) {
                    let (chunk, place) = (run.row / meta.chunk_shape, size(run.row % meta.chunk_shape));
                    let held = self.chunk(order.get(), (variable, &meta), (step, chunk), chunks).await?;
                    let Some(held) = held else {
                        whole = false;
                        continue;
                    };
                    let at = size(step).saturating_mul(all.len()).saturating_add(size(run.ids.start - children.start));
                    let rows: Vec<usize> = (place..place.saturating_add(size(run.ids.end - run.ids.start))).collect();
                    values.put(at, &held.select(&rows));
                }
            }
            let (name, attributes) = (variable.name.clone(), variable.attributes.clone());
            if whole {
                variables.push(Variable { name, values, timed: variable.timed, attributes });
            }
        }
        let morton = all.iter().filter_map(|&id| Cell::new(order, id).ok()?.decimal().ok()).collect();
        Ok(Level { order, cell_ids: all, morton, variables })
    }

    /// A chunk of an array, decoded; `None` and a finding where that cannot be.
    async fn chunk<'c>(
        &mut self,
        order: u8,
        (variable, meta): (&TemplateVariable, &ArrayMeta),
        (step, chunk): (u64, u64),
        chunks: &'c mut Chunks,
    ) -> Result<Option<&'c Column>, Error> {
        let path = format!("{order}/{}", variable.name);
        let place = format!("{path}/{step}");
        if chunks.get(&place).is_none_or(|(held, _)| *held != chunk) {
            let key = meta.key(&path, step.saturating_mul(meta.chunks_along()).saturating_add(chunk));
            let found = self.decoded(&key, meta).await?;
            chunks.insert(place.clone(), (chunk, found));
        }
        Ok(chunks.get(&place).and_then(|(_, held)| held.as_ref()))
    }

    /// Reads a chunk that must be there.
    async fn decoded(&mut self, key: &str, meta: &ArrayMeta) -> Result<Option<Column>, Error> {
        self.known.insert(key.to_owned());
        let Some(bytes) = self.place.get(key).await? else {
            self.findings.error("chunk-missing", key, "the chunk is missing: readers see fill values");
            return Ok(None);
        };
        match meta.decode(&bytes) {
            Ok(values) => {
                let again = ChunkEncoder::new().encode_object(&values, 0..values.len(), meta);
                if again.is_ok_and(|again| again != bytes) {
                    let what = "not the bytes that this engine writes for these values: another writer or version";
                    self.findings.warning("chunk-bytes", key, what);
                }
                Ok(Some(values))
            }
            Err(error) => {
                self.findings.error("chunk-damaged", key, error.to_string());
                Ok(None)
            }
        }
    }

    /// Reports rows with counts whose parents have no mark: readers of other projects see them.
    async fn unmarked(&mut self, region: &Region) -> Result<(), Error> {
        let mut unfinished = BTreeSet::new();
        for level in &region.levels {
            let order = level.cells.order();
            for variable in &level.variables {
                let (meta, path) = (region.array(level, variable), format!("{order}/{}", variable.name));
                let keys = (0..meta.chunks()).map(|index| (index, meta.key(&path, index)));
                let there: Vec<(u64, String)> = keys.filter(|(_, key)| self.keys.contains(key)).collect();
                for (index, key) in there {
                    let is_count = variable.name == region.count;
                    if self.known.contains(&key) && !is_count {
                        continue;
                    }
                    let Some(Column::I32(counts)) = self.decoded(&key, &meta).await?.filter(|_| is_count) else {
                        continue;
                    };
                    let first = index % meta.chunks_along().max(1) * meta.chunk_shape;
                    let ids = level.cells.ids().skip(usize::try_from(first).unwrap_or(usize::MAX));
                    for (_, id) in counts.iter().zip(ids).filter(|(count, _)| **count >= 0) {
                        unfinished.insert(Cell::new(order, id)?.parent(region.parent_order)?);
                    }
                }
            }
        }
        for cell in unfinished.into_iter().filter(|cell| !self.parents.contains(cell)) {
            let what = "rows without provenance: a writer is at the cell, or was stopped; the same job goes on with it";
            self.findings.warning("cell-unfinished", format!("cell {cell}"), what);
        }
        Ok(())
    }
}

/// Cells that follow each other, in rows of one chunk that do too.
struct Run {
    row: u64,
    ids: Range<u64>,
}

/// The kept cells among some, in runs.
fn runs(level: &RegionLevel, cells: &Range<u64>, chunk: u64) -> Vec<Run> {
    let first = level.cells.rows_of(cells.clone()).start;
    let mut runs: Vec<Run> = Vec::new();
    for (row, id) in (first..).zip(level.cells.ids_of(cells.clone())) {
        match runs.last_mut() {
            Some(last) if last.ids.end == id && row % chunk != 0 => last.ids.end += 1,
            _ => runs.push(Run { row, ids: id..id + 1 }),
        }
    }
    runs
}

/// What of a level has a value in each window, in one of them.
fn in_window(level: &Level, step: u64) -> Level {
    let cells = level.cell_ids.len();
    let first = usize::try_from(step).unwrap_or(usize::MAX).saturating_mul(cells);
    let rows: Vec<usize> = (first..first.saturating_add(cells)).collect();
    let timed = level.variables.iter().filter(|variable| variable.timed);
    let variables = timed.map(|variable| Variable { values: variable.values.select(&rows), ..variable.clone() });
    Level { variables: variables.collect(), ..level.clone() }
}
