//! Layout `sphere`: one store of many parent cells, each written by whoever computed it.

use bytes::Bytes;
use morton::{Cell, Latitude, Order};
use serde_json::{Value, json};

use crate::convention::OWN_KEY;
use crate::{
    ArrayMeta, Attributes, ChunkEncoder, Coordinate, Error, GroupMeta, Level, MAX_CHUNK, Node, PutStep, StoreObject,
    TemplateVariable, chunk_key, group_attributes, object::canonical_json,
};

/// Group that holds one group of attributes for each parent cell that was written: its provenance.
pub const CELLS: &str = "cells";

/// Key of the provenance of a parent cell, which is named by its decimal id: the last object that a writer puts, so that a
/// cell whose mark is there is whole.
///
/// # Errors
/// [`Error::Cell`] for a cell without a decimal id (above order 18).
pub fn mark_key(parent: Cell) -> Result<String, Error> {
    Ok(format!("{CELLS}/{}/zarr.json", parent.decimal()?))
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
}

impl Sphere {
    /// Metadata of an array of a level: 12 * 4^order rows; an object holds the children of one parent, as a shard where
    /// they are more than [`MAX_CHUNK`]. Levels above the parents have plain chunks.
    #[must_use]
    pub fn array(&self, order: Order, variable: &TemplateVariable) -> ArrayMeta {
        let mut meta = ArrayMeta::new(order.cells(), variable.data_type, variable.attributes.clone());
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
            let attributes = group_attributes(order, self.latitude, Coordinate::FullDomain, &level.provenance)?;
            let member = |variable| Node::Array(self.array(order, variable));
            let members = level.variables.iter().map(|variable| (variable.name.clone(), member(variable))).collect();
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
        let mut objects = self.root()?.objects()?;
        let at = objects.len().saturating_sub(1 + self.levels.len());
        let bytes = plain_group(&Attributes::new())?;
        let cells = StoreObject { key: format!("{CELLS}/zarr.json"), bytes, step: PutStep::Group };
        objects.insert(at, cells);
        Ok(objects)
    }

    /// Every object of one cell in write order: its chunks, and last its mark.
    ///
    /// # Errors
    /// [`Error::Order`] and [`Error::Name`] where cell and template differ, [`Error::CellId`] where the ids are not the
    /// children of the parent, and whatever [`ChunkEncoder::encode`] finds.
    pub fn cell(&self, cell: &SphereCell) -> Result<Vec<StoreObject>, Error> {
        let order = cell.parent.order();
        if order != self.parent_order {
            return Err(Error::Order { order, reason: "is not that of the parents" });
        }
        let mut encoder = ChunkEncoder::new();
        let mut objects = Vec::new();
        for level in &cell.levels {
            let unknown = || Error::Order { order: level.order, reason: "is not in the template" };
            let template = self.levels.iter().find(|held| held.order == level.order).ok_or_else(unknown)?;
            self.check_ids(cell.parent, level)?;
            for wanted in &template.variables {
                let missing = || Error::Name { name: wanted.name.clone(), reason: "is in the template only" };
                let values = level.variables.iter().find(|held| held.name == wanted.name).ok_or_else(missing)?;
                let bytes =
                    encoder.encode_object(&values.values, 0..values.values.len(), &self.array(level.order, wanted))?;
                objects.push(StoreObject {
                    key: chunk_key(&format!("{}/{}", level.order, wanted.name), cell.parent.nested()),
                    bytes,
                    step: PutStep::Chunk,
                });
            }
        }
        let bytes = mark(self.latitude, &cell.provenance)?;
        objects.push(StoreObject { key: mark_key(cell.parent)?, bytes, step: PutStep::Marker });
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
fn mark(latitude: Latitude, provenance: &Value) -> Result<Bytes, Error> {
    let mut attributes = Attributes::new();
    attributes.insert(OWN_KEY.to_owned(), crate::convention::own(latitude, provenance)?);
    plain_group(&attributes)
}

/// A group without consolidated metadata.
fn plain_group(attributes: &Attributes) -> Result<Bytes, Error> {
    canonical_json(json!({"zarr_format": 3, "node_type": "group", "attributes": attributes}))
}
