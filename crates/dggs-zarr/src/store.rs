//! Layout `cell`: one self-contained store of one parent cell.

use serde_json::Value;

use crate::convention::{CELL_IDS, MORTON, cell_ids_attributes, morton_attributes};
use crate::{
    ArrayMeta, Attributes, ChunkEncoder, Coordinate, Error, FillValue, GroupMeta, LatitudeConvention, Node, Object,
    Values, chunk_key, group_attributes,
};

/// Highest HEALPix order of a 64-bit nested id.
const MAX_ORDER: u8 = 29;

/// One data variable of a level.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Name of the array.
    pub name: String,
    /// One value a cell. Empty cells hold 0 (counts) or NaN.
    pub values: Values,
    /// CF attributes; see [`crate::attributes`].
    pub attributes: Attributes,
}

/// One order of a store: a group named by the order.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// HEALPix order of the cells, 0..=29.
    pub order: u8,
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
    pub latitude: LatitudeConvention,
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
    pub fn encode(&self) -> Result<Vec<Object>, Error> {
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
        latitude: LatitudeConvention,
        provenance: &Value,
        encoder: &mut ChunkEncoder,
        objects: &mut Vec<Object>,
    ) -> Result<GroupMeta, Error> {
        self.check_ids()?;
        let mut members = Vec::with_capacity(self.variables.len() + 2);
        let mut add = |name: &str, values: &Values, attributes, fill: Option<FillValue>| {
            let path = format!("{}/{name}", self.order);
            let mut meta = ArrayMeta::new(self.cell_ids.len() as u64, values.data_type(), attributes);
            if let Some(fill) = fill {
                meta.fill_value = fill;
            }
            append_chunks(&path, values, &meta, encoder, objects)?;
            members.push((name.to_owned(), Node::Array(meta)));
            Ok::<(), Error>(())
        };
        let ids = Values::U64(self.cell_ids.clone());
        add(CELL_IDS, &ids, cell_ids_attributes(self.order, latitude), Some(FillValue::NO_CELL))?;
        add(MORTON, &Values::I64(self.morton.clone()), morton_attributes(), Some(FillValue::NO_DECIMAL))?;
        for variable in &self.variables {
            add(&variable.name, &variable.values, variable.attributes.clone(), None)?;
        }
        let attributes = group_attributes(self.order, latitude, Coordinate::CellIds, provenance)?;
        Ok(GroupMeta { attributes, members })
    }

    fn check_ids(&self) -> Result<(), Error> {
        let order = self.order;
        if order > MAX_ORDER {
            return Err(Error::Order { order, reason: "beyond 29" });
        }
        if self.cell_ids.is_empty() {
            return Err(Error::Empty { what: format!("order {order}") });
        }
        let end = 12u64 << (2 * order);
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

/// Appends every chunk of the array at `path`.
fn append_chunks(
    path: &str,
    values: &Values,
    meta: &ArrayMeta,
    encoder: &mut ChunkEncoder,
    objects: &mut Vec<Object>,
) -> Result<(), Error> {
    let length = || Error::Length { array: path.to_owned(), expected: meta.shape, found: values.len() as u64 };
    if values.len() as u64 != meta.shape {
        return Err(length());
    }
    let step = usize::try_from(meta.chunk_shape).map_err(|_| length())?;
    for (index, start) in (0..).zip((0..values.len()).step_by(step)) {
        let rows = start..values.len().min(start + step);
        objects.push(Object { key: chunk_key(path, index), bytes: encoder.encode(values, rows, meta)? });
    }
    Ok(())
}
