//! Layout `sphere`: one store of many parent cells, each written by the process that computed it.

use bytes::Bytes;
use morton::{Cell, Latitude, Order};
use serde_json::{Value, json};

use crate::chunk::append_chunks;
use crate::convention::OWN_KEY;
use crate::store::add_time;
use crate::{
    ArrayMeta, Attributes, ChunkEncoder, Coordinate, Error, GroupMeta, Level, MAX_CHUNK, Node, PutStep, RecordTable,
    StoreObject, TemplateVariable, TimeCoordinate, group_attributes, object::canonical_json,
};

/// Group that holds one group of attributes for each parent cell that was written: its provenance.
pub const CELLS: &str = "cells";

/// In place of a window's name: what is of all windows.
pub const CHANGE: &str = "change";

/// Key of the provenance of a parent cell, which is named by its decimal id: the last object that a writer puts, so that a
/// cell whose mark is there is whole.
///
/// # Errors
/// [`Error::Cell`] for a cell without a decimal id (above order 18).
pub fn mark_key(parent: Cell) -> Result<String, Error> {
    Ok(format!("{CELLS}/{}/zarr.json", parent.decimal()?))
}

/// Key of the provenance of one window of a parent cell, in a store with a time axis: the last object of that window.
///
/// # Errors
/// [`Error::Cell`] for a cell without a decimal id (above order 18).
pub fn window_key(parent: Cell, window: &str) -> Result<String, Error> {
    Ok(format!("{CELLS}/{}/{window}/zarr.json", parent.decimal()?))
}

/// What all writers of a store share: orders, variables, and what was computed. It depends on no cell, so every writer
/// makes the same bytes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sphere {
    /// What the ids are computed from.
    pub latitude: Latitude,
    /// Order of the parent cells.
    pub parent_order: Order,
    /// The levels, finest first. A level of the parents' order or finer holds one object a parent in each array; a
    /// coarser one is the business of a single writer.
    pub levels: Vec<SphereLevel>,
    /// The windows, where there is a time axis.
    pub time: Option<TimeCoordinate>,
}

/// One order of the template.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereLevel {
    /// HEALPix order.
    pub order: Order,
    /// The arrays.
    pub variables: Vec<TemplateVariable>,
    /// A JSON object (or null) for the group's key `icestream`: nothing that differs between cells.
    pub provenance: Value,
}

/// What one writer adds: the values of one parent cell.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereCell {
    /// The parent: its nested id is the index of its objects, its decimal id the name of its mark.
    pub parent: Cell,
    /// All children of the parent, level by level as in the template.
    pub levels: Vec<Level>,
    /// What was read and how, as in layout `cell`.
    pub provenance: Value,
    /// What was seen in the cells, where it is kept and there is no time axis.
    pub records: Option<RecordTable>,
    /// The windows that timed variables have values of, in the order of these; empty where there is no time axis.
    pub windows: Vec<CellWindow>,
    /// What is known of the variables that are of all windows, where there is a time axis and they were computed.
    pub change: Option<Value>,
}

/// One window of a parent cell, with a mark of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct CellWindow {
    /// Its place on the time axis.
    pub step: u64,
    /// Name of its mark.
    pub name: String,
    /// What was read for it.
    pub provenance: Value,
    /// What was seen in the cells, where it is kept.
    pub records: Option<RecordTable>,
}

impl Sphere {
    /// Metadata of an array of a level: 12 * 4^order rows; an object holds the children of one parent, as a shard where
    /// they are more than [`MAX_CHUNK`]. Levels above the parents have plain chunks.
    #[must_use]
    pub fn array(&self, order: Order, variable: &TemplateVariable) -> ArrayMeta {
        let mut meta = ArrayMeta::of(variable, order.cells(), self.time.as_ref().map(TimeCoordinate::len));
        if let Some(finer) = order.get().checked_sub(self.parent_order.get()) {
            let children = 1u64.checked_shl(2 * u32::from(finer)).unwrap_or(u64::MAX);
            meta.chunk_shape = children.min(MAX_CHUNK);
            meta.shard_shape = (children > MAX_CHUNK).then_some(children);
        }
        meta
    }

    /// The root with its levels, as [`GroupMeta`] writes it.
    ///
    /// # Errors
    /// [`Error::Order`] for an order that occurs twice, [`Error::Provenance`].
    pub fn root(&self) -> Result<GroupMeta, Error> {
        let mut root = GroupMeta::default();
        for (at, level) in self.levels.iter().enumerate() {
            let order = level.order;
            if self.levels.iter().take(at).any(|other| other.order == order) {
                return Err(Error::Order { order, reason: "occurs twice" });
            }
            let mut attributes = group_attributes(order, self.latitude, Coordinate::FullDomain, &level.provenance)?;
            let mut members = Vec::new();
            add_time(self.time.as_ref(), &mut members, &mut attributes)?;
            let member = |variable| Node::Array(self.array(order, variable));
            members.extend(level.variables.iter().map(|variable| (variable.name.clone(), member(variable))));
            root.members.push((order.to_string(), Node::Group(GroupMeta { attributes, members })));
        }
        Ok(root)
    }

    /// Every object of the template in write order: arrays, the group of the cells' provenance, levels, and last the
    /// root. That group is not in the consolidated metadata, because its members come one by one.
    ///
    /// # Errors
    /// As [`Sphere::root`] and [`GroupMeta::objects`].
    pub fn template(&self) -> Result<Vec<StoreObject>, Error> {
        let mut objects = self.times()?;
        objects.extend(self.root()?.objects()?);
        let at = objects.len().saturating_sub(1 + self.levels.len());
        let bytes = plain_group(&Attributes::new())?;
        let cells = StoreObject { key: format!("{CELLS}/zarr.json"), bytes, step: PutStep::Group };
        objects.insert(at, cells);
        Ok(objects)
    }

    /// The chunks of the time axis: those of every level, which each has its own.
    fn times(&self) -> Result<Vec<StoreObject>, Error> {
        let mut objects = Vec::new();
        let Some(time) = &self.time else { return Ok(objects) };
        let mut encoder = ChunkEncoder::new();
        for level in &self.levels {
            for (name, meta, values) in time.arrays()? {
                append_chunks(&format!("{}/{name}", level.order), &values, &meta, &mut encoder, &mut objects)?;
            }
        }
        Ok(objects)
    }

    /// What one cell adds, in parts that are each whole with their last object, a mark: where there is a time axis, a part for each
    /// window, and one for what is of all windows; else one part.
    ///
    /// # Errors
    /// [`Error::Order`] and [`Error::Name`] where cell and template differ, [`Error::CellId`] where the ids are not the
    /// children of the parent, and whatever [`ChunkEncoder::encode`] finds.
    pub fn cell(&self, cell: &SphereCell) -> Result<Vec<Vec<StoreObject>>, Error> {
        let order = cell.parent.order();
        if order != self.parent_order {
            return Err(Error::Order { order, reason: "is not that of the parents" });
        }
        let mut encoder = ChunkEncoder::new();
        let whole = StoreObject {
            key: mark_key(cell.parent)?,
            bytes: mark(self.latitude, &cell.provenance)?,
            step: PutStep::Marker,
        };
        if self.time.is_none() {
            let mut objects = self.chunks(cell, None, &mut encoder)?;
            if let Some(records) = &cell.records {
                objects.extend(records.objects(whole.key.trim_end_matches("/zarr.json"))?);
            }
            objects.push(whole);
            return Ok(vec![objects]);
        }
        let mut parts = Vec::new();
        // The part of the last window comes last: a reader that finds its mark finds all parts.
        if let Some(change) = &cell.change {
            let mut objects = self.chunks(cell, None, &mut encoder)?;
            let bytes = mark(self.latitude, change)?;
            objects.push(StoreObject { key: window_key(cell.parent, CHANGE)?, bytes, step: PutStep::Marker });
            parts.push(objects);
        }
        for (at, window) in cell.windows.iter().enumerate() {
            let mut objects = self.chunks(cell, Some((at, window)), &mut encoder)?;
            if let Some(records) = &window.records {
                let group = window_key(cell.parent, &window.name)?;
                let path = group.trim_end_matches("/zarr.json");
                objects.extend(records.objects(path)?);
            }
            // The group above the windows has the same bytes from every writer.
            objects.push(StoreObject { step: PutStep::Group, ..whole.clone() });
            let bytes = mark(self.latitude, &window.provenance)?;
            objects.push(StoreObject { key: window_key(cell.parent, &window.name)?, bytes, step: PutStep::Marker });
            parts.push(objects);
        }
        Ok(parts)
    }

    /// The chunks of one window of a cell, or of what is of all windows.
    fn chunks(
        &self,
        cell: &SphereCell,
        window: Option<(usize, &CellWindow)>,
        encoder: &mut ChunkEncoder,
    ) -> Result<Vec<StoreObject>, Error> {
        let mut objects = Vec::new();
        for level in &cell.levels {
            let unknown = || Error::Order { order: level.order, reason: "is not in the template" };
            let template = self.levels.iter().find(|held| held.order == level.order).ok_or_else(unknown)?;
            self.check_ids(cell.parent, level)?;
            let is_here = |variable: &&TemplateVariable| (variable.timed && !variable.together) == window.is_some();
            for wanted in template.variables.iter().filter(is_here) {
                let missing = || Error::Name { name: wanted.name.clone(), reason: "is in the template only" };
                let values = level.variables.iter().find(|held| held.name == wanted.name).ok_or_else(missing)?;
                let meta = self.array(level.order, wanted);
                let rows = level.cell_ids.len();
                let path = format!("{}/{}", level.order, wanted.name);
                // The windows that the values are of, and those of them that are wanted.
                let held = match (wanted.timed, wanted.together) {
                    (false, _) => vec![0],
                    (true, false) => cell.windows.iter().map(|window| window.step).collect(),
                    (true, true) => (0..meta.steps.map_or(1, |steps| steps.length)).collect(),
                };
                let (found, due) = (values.values.len(), rows * held.len());
                if found != due {
                    return Err(Error::Length { array: path, expected: due as u64, found: found as u64 });
                }
                for (at, step) in
                    held.into_iter().enumerate().filter(|(at, _)| window.is_none_or(|(own, _)| own == *at))
                {
                    let bytes = encoder.encode_object(&values.values, at * rows..(at + 1) * rows, &meta)?;
                    let index = step.saturating_mul(meta.chunks_along()).saturating_add(cell.parent.nested());
                    objects.push(StoreObject { key: meta.key(&path, index), bytes, step: PutStep::Chunk });
                }
            }
        }
        Ok(objects)
    }

    /// A full domain has no array of ids: position is all there is, so the values must be those of all children in order.
    fn check_ids(&self, parent: Cell, level: &Level) -> Result<(), Error> {
        let order = level.order;
        let coarse = || Error::Order { order, reason: "is coarser than the parent" };
        let bits = 2 * u32::from(order.get().checked_sub(self.parent_order.get()).ok_or_else(coarse)?);
        let children = 1u64.checked_shl(bits).unwrap_or(u64::MAX);
        let found = level.cell_ids.len() as u64;
        if found != children {
            return Err(Error::Length { array: format!("order {order}"), expected: children, found });
        }
        let first = parent.nested() << bits;
        let wrong = |&(row, &id): &(usize, &u64)| id != first + row as u64;
        match level.cell_ids.iter().enumerate().find(wrong) {
            Some((row, &id)) => Err(Error::CellId { order, id, row, reason: "is not the child due there" }),
            None => Ok(()),
        }
    }
}

/// The provenance of one cell as the document of a group.
pub(crate) fn mark(latitude: Latitude, provenance: &Value) -> Result<Bytes, Error> {
    let mut attributes = Attributes::new();
    attributes.insert(OWN_KEY.to_owned(), crate::convention::own(latitude, provenance)?);
    plain_group(&attributes)
}

/// A group without consolidated metadata.
pub(crate) fn plain_group(attributes: &Attributes) -> Result<Bytes, Error> {
    canonical_json(json!({"zarr_format": 3, "node_type": "group", "attributes": attributes}))
}
