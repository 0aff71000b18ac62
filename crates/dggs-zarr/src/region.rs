//! Layout `region`: one store of the children in a region and no others, which a single writer fills parent by parent.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use morton::{Cell, Latitude, Order};
use serde_json::Value;

use crate::chunk::append_chunks;
use crate::convention::{CELL_IDS, cell_ids_attributes};
use crate::sphere::{CELLS, mark, plain_group};
use crate::store::add_time;
use crate::{
    ArrayMeta, Attributes, ChunkEncoder, Column, Coordinate, DataType, Error, FillValue, GroupMeta, KeptCells, Level,
    Node, PutStep, RecordTable, StoreObject, TemplateVariable, TimeCoordinate, group_attributes, mark_key,
};

/// The count of a row that no job has computed.
const NOT_COMPUTED: i64 = -1;

/// What the store of a region is, but for its values: orders, cells, variables, and what is computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// What the ids are computed from.
    pub latitude: Latitude,
    /// Order of the parent cells.
    pub parent_order: Order,
    /// The levels, finest first, none coarser than the parents.
    pub levels: Vec<RegionLevel>,
    /// The windows, where there is a time axis.
    pub time: Option<TimeCoordinate>,
    /// Name of the array that counts: -1 in a row that no job has computed.
    pub count: String,
}

/// One order of the store of a region.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionLevel {
    /// Its cells, which have the order.
    pub cells: KeptCells,
    /// The arrays.
    pub variables: Vec<TemplateVariable>,
    /// A JSON object (or null) for the group's key `icestream`.
    pub provenance: Value,
}

/// What is computed of one parent cell.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionCell {
    /// The parent.
    pub parent: Cell,
    /// All children of the parent, level by level as in the template. Those that are not kept are left out.
    pub levels: Vec<Level>,
    /// What was read and how, as in layout `cell`.
    pub provenance: Value,
    /// What was seen in the cells, where it is kept.
    pub records: Option<RecordTable>,
}

/// Rows that are to be put into one object of an array.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionPatch {
    /// The key of the object.
    pub key: String,
    meta: ArrayMeta,
    /// First row within the object, and the values from there.
    parts: Vec<(usize, Column)>,
}

impl RegionPatch {
    /// The object with the rows, from the one that is there; where there is none, from one of fill values.
    ///
    /// # Errors
    /// [`Error::Object`] for bytes that are no object of the array, and whatever [`ChunkEncoder::encode_object`] finds.
    pub fn apply(&self, held: Option<&[u8]>, encoder: &mut ChunkEncoder) -> Result<Bytes, Error> {
        let mut values = match held {
            Some(held) => self.meta.decode(held)?,
            None => self.meta.fills()?,
        };
        for (row, part) in &self.parts {
            values.put(*row, part);
        }
        encoder.encode_object(&values, 0..values.len(), &self.meta)
    }
}

impl Region {
    /// Metadata of an array of a level, with chunks of [`MAX_CHUNK`](crate::MAX_CHUNK) cells, those of each window by themselves.
    #[must_use]
    pub fn array(&self, level: &RegionLevel, variable: &TemplateVariable) -> ArrayMeta {
        let mut meta = ArrayMeta::of(variable, level.cells.len(), self.time.as_ref().map(TimeCoordinate::len));
        if variable.name == self.count {
            meta.fill_value = FillValue::Signed(NOT_COMPUTED);
        }
        meta
    }

    /// The level of an order.
    #[must_use]
    pub fn level(&self, order: Order) -> Option<&RegionLevel> {
        self.levels.iter().find(|level| level.cells.order() == order)
    }

    /// The root with its levels, as [`GroupMeta`] writes it.
    ///
    /// # Errors
    /// [`Error::Order`] for an order that occurs twice or is coarser than the parents, [`Error::Provenance`], [`Error::Time`].
    pub fn root(&self) -> Result<GroupMeta, Error> {
        let mut root = GroupMeta::default();
        for (at, level) in self.levels.iter().enumerate() {
            let order = level.cells.order();
            if self.levels.iter().take(at).any(|other| other.cells.order() == order) {
                return Err(Error::Order { order, reason: "occurs twice" });
            }
            if order < self.parent_order {
                return Err(Error::Order { order, reason: "is coarser than the parents" });
            }
            let mut attributes = group_attributes(order, self.latitude, Coordinate::CellIds, &level.provenance)?;
            let mut members = vec![(CELL_IDS.to_owned(), Node::Array(self.ids(level)))];
            add_time(self.time.as_ref(), &mut members, &mut attributes)?;
            let member = |variable| Node::Array(self.array(level, variable));
            members.extend(level.variables.iter().map(|variable| (variable.name.clone(), member(variable))));
            root.members.push((order.to_string(), Node::Group(GroupMeta { attributes, members })));
        }
        Ok(root)
    }

    /// Metadata of the ids of a level.
    fn ids(&self, level: &RegionLevel) -> ArrayMeta {
        let attributes = cell_ids_attributes(level.cells.order(), self.latitude);
        ArrayMeta { fill_value: FillValue::NO_CELL, ..ArrayMeta::new(level.cells.len(), DataType::U64, attributes) }
    }

    /// Every object but those of the parents, in write order: ids and times, arrays, groups, and last the root. A reader that
    /// finds the root finds all cells, and values in the rows of those parents that are there.
    ///
    /// # Errors
    /// As [`Region::root`] and [`GroupMeta::objects`].
    pub fn template(&self) -> Result<Vec<StoreObject>, Error> {
        let (mut objects, mut encoder) = (Vec::new(), ChunkEncoder::new());
        for level in &self.levels {
            let (order, meta) = (level.cells.order(), self.ids(level));
            let ids = Column::U64(level.cells.ids().collect());
            append_chunks(&format!("{order}/{CELL_IDS}"), &ids, &meta, &mut encoder, &mut objects)?;
            for (name, meta, values) in self.time.as_ref().map_or(Ok(Vec::new()), TimeCoordinate::arrays)? {
                append_chunks(&format!("{order}/{name}"), &values, &meta, &mut encoder, &mut objects)?;
            }
        }
        objects.extend(self.root()?.objects()?);
        let at = objects.len().saturating_sub(1 + self.levels.len());
        let bytes = plain_group(&Attributes::new())?;
        objects.insert(at, StoreObject { key: format!("{CELLS}/zarr.json"), bytes, step: PutStep::Group });
        Ok(objects)
    }

    /// What parents put into the objects of all arrays: one patch an object, however many parents it has rows of.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::Name`] and [`Error::Length`] where a cell and the template differ.
    pub fn patches(&self, cells: &[RegionCell]) -> Result<Vec<RegionPatch>, Error> {
        let mut patches: BTreeMap<String, RegionPatch> = BTreeMap::new();
        for cell in cells {
            let order = cell.parent.order();
            if order != self.parent_order {
                return Err(Error::Order { order, reason: "is not that of the parents" });
            }
            for level in &self.levels {
                let order = level.cells.order();
                let missing = || Error::Order { order, reason: "is in the template only" };
                let held = cell.levels.iter().find(|held| held.order == order).ok_or_else(missing)?;
                self.patch(cell.parent, level, held, &mut patches)?;
            }
        }
        Ok(patches.into_values().collect())
    }

    /// Adds the kept rows of one level of a parent.
    fn patch(
        &self,
        parent: Cell,
        level: &RegionLevel,
        held: &Level,
        patches: &mut BTreeMap<String, RegionPatch>,
    ) -> Result<(), Error> {
        let order = level.cells.order();
        let children = parent.children(order)?;
        let size = |rows: u64| usize::try_from(rows).map_err(|_| Error::Empty { what: "memory".to_owned() });
        let (cells, first) = (children.end - children.start, level.cells.rows_of(children.clone()).start);
        let kept: Vec<usize> =
            level.cells.ids_of(children.clone()).map(|id| size(id - children.start)).collect::<Result<_, _>>()?;
        for variable in &level.variables {
            let missing = || Error::Name { name: variable.name.clone(), reason: "is in the template only" };
            let found = held.variables.iter().find(|own| own.name == variable.name).ok_or_else(missing)?;
            let meta = self.array(level, variable);
            let path = format!("{order}/{}", variable.name);
            let steps = meta.steps.map_or(1, |steps| steps.length);
            let due = cells.saturating_mul(steps);
            if found.values.len() as u64 != due || found.values.data_type() != meta.data_type {
                return Err(Error::Length { array: path, expected: due, found: found.values.len() as u64 });
            }
            for step in 0..steps {
                for (object, row, part) in pieces(first, kept.len(), meta.chunk_shape) {
                    let rows: Vec<usize> = kept.get(part).unwrap_or_default().to_vec();
                    let start = size(step * cells)?;
                    let rows: Vec<usize> = rows.into_iter().map(|row| start + row).collect();
                    let index = step.saturating_mul(meta.chunks_along()).saturating_add(object);
                    let key = meta.key(&path, index);
                    let empty = || RegionPatch { key: key.clone(), meta: meta.clone(), parts: Vec::new() };
                    let patch = patches.entry(key.clone()).or_insert_with(empty);
                    patch.parts.push((size(row)?, found.values.select(&rows)));
                }
            }
        }
        Ok(())
    }

    /// What a parent adds beside its rows: what was seen in its kept children, and last its mark.
    ///
    /// # Errors
    /// [`Error::Cell`] for a cell without a decimal id, [`Error::Provenance`].
    pub fn mark(&self, cell: &RegionCell) -> Result<Vec<StoreObject>, Error> {
        let key = mark_key(cell.parent)?;
        let mut objects = Vec::new();
        if let (Some(records), Some(finest)) = (&cell.records, self.levels.first()) {
            objects.extend(records.kept(&finest.cells).objects(key.trim_end_matches("/zarr.json"))?);
        }
        objects.push(StoreObject { key, bytes: mark(self.latitude, &cell.provenance)?, step: PutStep::Marker });
        Ok(objects)
    }
}

/// Cuts rows from `first` at the ends of chunks: the chunk, the first row within it, and which of the rows it takes.
fn pieces(first: u64, rows: usize, chunk: u64) -> Vec<(u64, u64, Range<usize>)> {
    let (mut pieces, mut done, chunk) = (Vec::new(), 0_usize, chunk.max(1));
    while done < rows {
        let row = first + done as u64;
        let room = usize::try_from(chunk - row % chunk).unwrap_or(usize::MAX);
        let end = rows.min(done.saturating_add(room));
        pieces.push((row / chunk, row % chunk, done..end));
        done = end;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MAX_CHUNK, Variable};

    fn order(order: u8) -> Order {
        Order::new(order).unwrap()
    }

    /// Two parents of order 6 with 65,536 children each: 40,000 rows of the first, with a gap, and all of the second.
    fn region() -> Region {
        let kept = KeptCells::new(order(14), [100..20_100, 30_000..50_000, 65_536..131_072]).unwrap();
        let variable = |name: &str, data_type| TemplateVariable {
            name: name.into(),
            data_type,
            attributes: Attributes::new(),
            timed: true,
            together: false,
        };
        let variables = vec![variable("n", DataType::I32), variable("h", DataType::F32)];
        let level = |cells: KeptCells| RegionLevel { cells, variables: variables.clone(), provenance: Value::Null };
        let coarse = kept.parents(order(6)).unwrap();
        let time = TimeCoordinate { bounds: vec![[0, 31], [31, 59]], cycles: None };
        let (latitude, parent_order, count) = (Latitude::Spherical, order(6), "n".to_owned());
        Region { latitude, parent_order, levels: vec![level(kept), level(coarse)], time: Some(time), count }
    }

    /// A parent whose values say which cell and window they are of.
    fn cell(id: u64) -> RegionCell {
        let parent = Cell::new(order(6), id).unwrap();
        let level = |order: Order| {
            let cell_ids: Vec<u64> = parent.children(order).unwrap().collect();
            let values = |window: u64| cell_ids.iter().map(move |id| i32::try_from(id * 2 + window).unwrap());
            let counts: Vec<i32> = values(0).chain(values(1)).collect();
            let heights = Column::F32(counts.iter().map(|&count| count as f32 / 4.0).collect());
            let variable =
                |name: &str, values| Variable { name: name.into(), values, timed: true, attributes: Attributes::new() };
            let variables = vec![variable("h", heights), variable("n", Column::I32(counts))];
            Level { order, cell_ids, morton: Vec::new(), variables }
        };
        let levels = vec![level(order(14)), level(order(6))];
        RegionCell { parent, levels, provenance: Value::Null, records: None }
    }

    type Objects = BTreeMap<String, Bytes>;

    fn put(region: &Region, objects: &mut Objects, cells: &[RegionCell]) -> usize {
        let patches = region.patches(cells).unwrap();
        for patch in &patches {
            let new = patch.apply(objects.get(&patch.key).map(AsRef::as_ref), &mut ChunkEncoder::new()).unwrap();
            objects.insert(patch.key.clone(), new);
        }
        patches.len()
    }

    fn counts(region: &Region, objects: &Objects, key: &str) -> Vec<i32> {
        let level = &region.levels[0];
        let Column::I32(counts) = region.array(level, &level.variables[0]).decode(&objects[key]).unwrap() else {
            panic!()
        };
        counts
    }

    #[test]
    fn rows_of_parents_meet_in_chunks_whatever_their_order() {
        let (region, [a, b]) = (region(), [cell(0), cell(1)]);
        let (mut once, mut one, mut other) = (Objects::new(), Objects::new(), Objects::new());
        // Two chunks and the level above, of two arrays and two windows; each is put once.
        assert_eq!(put(&region, &mut once, &[b.clone(), a.clone()]), (2 + 1) * 2 * 2);
        put(&region, &mut one, std::slice::from_ref(&a));
        let first = counts(&region, &one, "14/n/c/1/0");
        assert_eq!((first[0], first[20_000], first[39_999]), (201, 60_001, 99_999));
        assert!(first[40_000..].iter().all(|count| *count == -1), "the other parent is not computed");
        assert!(!one.contains_key("14/n/c/1/1"));
        put(&region, &mut one, std::slice::from_ref(&b));
        for cell in [b, a] {
            put(&region, &mut other, &[cell]);
        }
        assert!(once == one && once == other);
        let (rows, last) = (counts(&region, &once, "14/n/c/0/1"), usize::try_from(105_536 - MAX_CHUNK).unwrap());
        assert_eq!((rows[0], rows[last - 1], rows[last]), (2 * 91_072, 2 * 131_071, -1));
    }

    #[test]
    fn the_template_has_ids_of_all_rows_and_the_root_last() {
        let objects = region().template().unwrap();
        assert!(objects.is_sorted_by_key(|object| object.step));
        assert_eq!(objects.last().unwrap().key, "zarr.json");
        let chunks: Vec<&str> =
            objects.iter().map(|object| object.key.as_str()).filter(|key| key.contains("/c/")).collect();
        let ids = ["14/cell_ids/c/0", "14/cell_ids/c/1", "14/time/c/0", "14/time_bounds/c/0/0", "6/cell_ids/c/0"];
        assert_eq!(chunks[..5], ids);
        let array = objects.iter().find(|object| object.key == "14/n/zarr.json").unwrap();
        let array: Value = serde_json::from_slice(&array.bytes).unwrap();
        assert_eq!((&array["fill_value"], &array["shape"]), (&(-1).into(), &serde_json::json!([2, 105_536])));
    }

    #[test]
    fn cells_of_another_store_are_errors() {
        let region = region();
        let mut other = cell(1);
        other.levels.pop();
        assert!(region.patches(&[other]).is_err(), "a level is missing");
        let mut other = cell(1);
        other.levels[0].variables[0].values = Column::F32(vec![0.0; 65_536]);
        assert!(region.patches(&[other]).is_err(), "a window is missing");
        let mut other = cell(1);
        other.levels[0].variables.remove(1);
        assert!(region.patches(&[other]).is_err(), "an array is missing");
        let other = RegionCell { parent: Cell::new(order(5), 0).unwrap(), ..cell(0) };
        assert!(region.patches(&[other]).is_err(), "another order");
        let patch = region.patches(&[cell(0)]).unwrap().remove(0);
        assert!(patch.apply(Some(b"damaged"), &mut ChunkEncoder::new()).is_err());
    }
}
