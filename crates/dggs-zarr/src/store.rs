//! Layout `cell`: one self-contained store of one parent cell.

use morton::{Latitude, Order};
use serde_json::Value;

use crate::convention::{CELL_IDS, MORTON, cell_ids_attributes, morton_attributes};
use crate::{
    ArrayMeta, Attributes, ChunkEncoder, Column, Coordinate, DataType, Error, FillValue, GroupMeta, Node, PutStep,
    StoreObject, TemplateVariable, chunk_key, group_attributes,
};

/// One data variable of a level.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Name of the array.
    pub name: String,
    /// One value a cell. Empty cells hold 0 (counts) or NaN.
    pub values: Column,
    /// CF attributes; the caller's.
    pub attributes: Attributes,
}

/// One order of a store: a group named by the order.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// HEALPix order of the cells.
    pub order: Order,
    /// Nested ids, strictly ascending.
    pub cell_ids: Vec<u64>,
    /// The same cells as decimal ids.
    pub morton: Vec<i64>,
    /// Data, each as long as `cell_ids`.
    pub variables: Vec<Variable>,
}

/// All levels of one parent cell.
#[derive(Debug, Clone, PartialEq)]
pub struct CellStore {
    /// What the ids were computed from.
    pub latitude: Latitude,
    /// The levels, finest first.
    pub levels: Vec<Level>,
    /// What was read and how, enough to compute the store again: a JSON object (or null), written under the key
    /// `icestream` of every level. Nothing in it may come from a clock, a path, a host or a retry.
    pub provenance: Value,
}

impl CellStore {
    /// Every object of the store, in write order: chunks, array metadata, group metadata, root metadata. Whoever
    /// writes them in this order shows a reader either nothing or the whole store.
    ///
    /// All chunks are there, also those that hold fill values only (see [`ChunkEncoder::encode`]).
    ///
    /// # Errors
    /// Any [`Error`]: lengths that differ, ids or orders out of range, bad names, bad provenance.
    pub fn encode(&self) -> Result<Vec<StoreObject>, Error> {
        if self.levels.is_empty() {
            return Err(Error::Empty { what: "store".to_owned() });
        }
        let mut encoder = ChunkEncoder::new();
        let mut objects = Vec::new();
        let mut root = GroupMeta::default();
        for (at, level) in self.levels.iter().enumerate() {
            if self.levels.iter().take(at).any(|other| other.order == level.order) {
                return Err(Error::Order { order: level.order, reason: "occurs twice" });
            }
            let group = level.encode(self.latitude, &self.provenance, &mut encoder, &mut objects)?;
            root.members.push((level.order.to_string(), Node::Group(group)));
        }
        objects.append(&mut root.objects()?);
        Ok(objects)
    }
}

impl Level {
    /// Appends the chunks of this level to `objects` and returns its metadata.
    fn encode(
        &self,
        latitude: Latitude,
        provenance: &Value,
        encoder: &mut ChunkEncoder,
        objects: &mut Vec<StoreObject>,
    ) -> Result<GroupMeta, Error> {
        self.check_ids()?;
        let variables: Vec<TemplateVariable> = self.variables.iter().map(Variable::template).collect();
        let group = cell_group(self.order, self.cell_ids.len() as u64, &variables, latitude, provenance)?;
        let (ids, morton) = (Column::U64(self.cell_ids.clone()), Column::I64(self.morton.clone()));
        let values = [&ids, &morton].into_iter().chain(self.variables.iter().map(|variable| &variable.values));
        for ((name, node), values) in group.members.iter().zip(values) {
            let Node::Array(meta) = node else { continue };
            append_chunks(&format!("{}/{name}", self.order), values, meta, encoder, objects)?;
        }
        Ok(group)
    }

    fn check_ids(&self) -> Result<(), Error> {
        let order = self.order;
        if self.cell_ids.is_empty() {
            return Err(Error::Empty { what: format!("order {order}") });
        }
        let end = order.cells();
        let mut next = 0;
        for (row, id) in self.cell_ids.iter().copied().enumerate() {
            let reason = if id >= end {
                "is no cell of that order"
            } else if id < next {
                "does not ascend"
            } else {
                next = id + 1;
                continue;
            };
            return Err(Error::CellId { order, id, row, reason });
        }
        Ok(())
    }
}

impl Variable {
    fn template(&self) -> TemplateVariable {
        let (name, attributes) = (self.name.clone(), self.attributes.clone());
        TemplateVariable { name, data_type: self.values.data_type(), attributes }
    }
}

/// Metadata of one level of a store of one cell, `rows` cells of `order`: what a writer makes and a checker expects.
///
/// # Errors
/// [`Error::Provenance`] unless `provenance` is an object (or null) that does not contradict `latitude`.
pub fn cell_group(
    order: Order,
    rows: u64,
    variables: &[TemplateVariable],
    latitude: Latitude,
    provenance: &Value,
) -> Result<GroupMeta, Error> {
    let mut ids = ArrayMeta::new(rows, DataType::U64, cell_ids_attributes(order, latitude));
    ids.fill_value = FillValue::NO_CELL;
    let mut morton = ArrayMeta::new(rows, DataType::I64, morton_attributes());
    morton.fill_value = FillValue::NO_DECIMAL;
    let mut members = vec![(CELL_IDS.to_owned(), Node::Array(ids)), (MORTON.to_owned(), Node::Array(morton))];
    members.extend(variables.iter().map(|variable| {
        let meta = ArrayMeta::new(rows, variable.data_type, variable.attributes.clone());
        (variable.name.clone(), Node::Array(meta))
    }));
    let attributes = group_attributes(order, latitude, Coordinate::CellIds, provenance)?;
    Ok(GroupMeta { attributes, members })
}

/// Appends every chunk of the array at `path`.
fn append_chunks(
    path: &str,
    values: &Column,
    meta: &ArrayMeta,
    encoder: &mut ChunkEncoder,
    objects: &mut Vec<StoreObject>,
) -> Result<(), Error> {
    let length = || Error::Length { array: path.to_owned(), expected: meta.shape, found: values.len() as u64 };
    if values.len() as u64 != meta.shape {
        return Err(length());
    }
    let step = usize::try_from(meta.chunk_shape).map_err(|_| length())?;
    for (index, start) in (0..).zip((0..values.len()).step_by(step)) {
        let rows = start..values.len().min(start + step);
        let bytes = encoder.encode(values, rows, meta)?;
        objects.push(StoreObject { key: chunk_key(path, index), bytes, step: PutStep::Chunk });
    }
    Ok(())
}
