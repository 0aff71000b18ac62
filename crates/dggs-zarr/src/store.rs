//! Layout `cell`: one self-contained store of one parent cell.

use morton::{Latitude, Order};
use serde_json::Value;

use crate::chunk::append_chunks;
use crate::convention::{CELL_IDS, MORTON, cell_ids_attributes, morton_attributes};
use crate::{
    ArrayMeta, Attributes, ChunkEncoder, Column, Coordinate, DataType, Error, FillValue, GroupMeta, Node, RecordTable,
    StoreObject, TemplateVariable, TimeCoordinate, group_attributes,
};

/// Name of the group of what was seen in the cells.
pub const RECORDS: &str = "moments";

/// One data variable of a level.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Name of the array.
    pub name: String,
    /// One value a cell, of a timed variable for one window after the other. Empty cells hold 0 (counts) or NaN.
    pub values: Column,
    /// Whether it has values for each window of the time axis.
    pub timed: bool,
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
    /// Data, each as long as `cell_ids`, or that times the windows.
    pub variables: Vec<Variable>,
}

/// All levels of one parent cell.
#[derive(Debug, Clone, PartialEq)]
pub struct CellStore {
    /// What the ids were computed from.
    pub latitude: Latitude,
    /// The levels, finest first.
    pub levels: Vec<Level>,
    /// The windows, where there is a time axis.
    pub time: Option<TimeCoordinate>,
    /// What was seen in the cells, where it is kept.
    pub records: Option<RecordTable>,
    /// What was read and how, enough to compute the store again: a JSON object (or null), written under the key
    /// `icestream` of every level. Nothing in it may come from a clock, a path, a host or a retry.
    pub provenance: Value,
}

impl CellStore {
    /// Every object of the store, in write order: chunks, array metadata, group metadata, root metadata. A writer that
    /// puts them in this order shows a reader either nothing or the whole store.
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
            let group = self.encode_level(level, &mut encoder, &mut objects)?;
            root.members.push((level.order.to_string(), Node::Group(group)));
        }
        if let Some(records) = &self.records {
            records.chunks(RECORDS, &mut encoder, &mut objects)?;
            root.members.push((RECORDS.to_owned(), Node::Group(records.group())));
        }
        objects.append(&mut root.objects()?);
        Ok(objects)
    }

    /// Appends the chunks of a level to `objects` and returns its metadata.
    fn encode_level(
        &self,
        level: &Level,
        encoder: &mut ChunkEncoder,
        objects: &mut Vec<StoreObject>,
    ) -> Result<GroupMeta, Error> {
        level.check_ids()?;
        let variables: Vec<TemplateVariable> = level.variables.iter().map(Variable::template).collect();
        let (rows, time) = (level.cell_ids.len() as u64, self.time.as_ref());
        let group = cell_group(level.order, rows, &variables, (self.latitude, &self.provenance), time)?;
        let (ids, morton) = (Column::U64(level.cell_ids.clone()), Column::I64(level.morton.clone()));
        let times: Vec<Column> =
            time.map_or(Ok(Vec::new()), TimeCoordinate::arrays)?.into_iter().map(|(.., held)| held).collect();
        let values = level.variables.iter().map(|variable| &variable.values);
        let values = [&ids, &morton].into_iter().chain(&times).chain(values);
        for ((name, node), values) in group.members.iter().zip(values) {
            let Node::Array(meta) = node else { continue };
            append_chunks(&format!("{}/{name}", level.order), values, meta, encoder, objects)?;
        }
        Ok(group)
    }
}

impl Level {
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
        // Of no concern here: all is written at once.
        let together = false;
        TemplateVariable { name, data_type: self.values.data_type(), attributes, timed: self.timed, together }
    }
}

/// Metadata of one level of a store of one cell, `rows` cells of `order`, with its windows where there are some: what a writer makes
/// and a checker expects.
///
/// # Errors
/// [`Error::Provenance`] unless `provenance` is an object (or null) that does not contradict `latitude`; [`Error::Time`].
pub fn cell_group(
    order: Order,
    rows: u64,
    variables: &[TemplateVariable],
    (latitude, provenance): (Latitude, &Value),
    time: Option<&TimeCoordinate>,
) -> Result<GroupMeta, Error> {
    let mut ids = ArrayMeta::new(rows, DataType::U64, cell_ids_attributes(order, latitude));
    ids.fill_value = FillValue::NO_CELL;
    let mut morton = ArrayMeta::new(rows, DataType::I64, morton_attributes());
    morton.fill_value = FillValue::NO_DECIMAL;
    let mut members = vec![(CELL_IDS.to_owned(), Node::Array(ids)), (MORTON.to_owned(), Node::Array(morton))];
    let mut attributes = group_attributes(order, latitude, Coordinate::CellIds, provenance)?;
    add_time(time, &mut members, &mut attributes)?;
    members.extend(variables.iter().map(|variable| {
        (variable.name.clone(), Node::Array(ArrayMeta::of(variable, rows, time.map(TimeCoordinate::len))))
    }));
    Ok(GroupMeta { attributes, members })
}

/// Adds the arrays of a time axis to a group.
pub(crate) fn add_time(
    time: Option<&TimeCoordinate>,
    members: &mut Vec<(String, Node)>,
    attributes: &mut Attributes,
) -> Result<(), Error> {
    let Some(time) = time else { return Ok(()) };
    attributes.insert("coordinates".to_owned(), time.auxiliary().into());
    members.extend(time.arrays()?.into_iter().map(|(name, meta, _)| (name, Node::Array(meta))));
    Ok(())
}
