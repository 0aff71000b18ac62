//! A ragged table: records of what was seen in cells, each with as many numbers as the others.
use crate::chunk::append_chunks;
use crate::{
    ArrayMeta, Attributes, ChunkEncoder, Column, DataType, Error, GroupMeta, KeptCells, MAX_CHUNK, Node, PutStep,
    Steps, StoreObject,
};
use serde_json::json;

/// Names of the arrays of a table of records.
const CHILD: &str = "child";
const OVERPASS: &str = "overpass";
const WINDOW: &str = "window";
const MOMENTS: &str = "moments";
/// The dimensions.
const RECORD: &str = "records";
const NUMBER: &str = "numbers";

/// A table of records, in ascending order of child and overpass.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordTable {
    /// Nested id of the cell of each record, of the finest order of the store.
    pub child: Vec<u64>,
    /// Number of the overpass of each record.
    pub overpass: Vec<i64>,
    /// Place of the window of each record on the time axis; 0 where there is none.
    pub window: Vec<i32>,
    /// The numbers of each record, one record after the other.
    pub moments: Vec<f64>,
    /// How many numbers a record has.
    pub width: u64,
    /// What the numbers are.
    pub words: String,
}

impl RecordTable {
    /// Its arrays: name, metadata, values.
    fn arrays(&self) -> Vec<(&'static str, ArrayMeta, Column)> {
        let records = self.child.len() as u64;
        let along = |data_type, words: &str| {
            let mut meta = ArrayMeta::new(records, data_type, attributes(words));
            meta.dimension_name = RECORD.to_owned();
            meta
        };
        let mut moments = ArrayMeta::new(self.width, DataType::F64, attributes(&self.words));
        moments.dimension_name = NUMBER.to_owned();
        moments.steps = Some(Steps { name: RECORD, length: records, chunk: records.clamp(1, MAX_CHUNK) });
        vec![
            (CHILD, along(DataType::U64, "HEALPix cell of the finest order, nested"), Column::U64(self.child.clone())),
            (OVERPASS, along(DataType::I64, "number of the overpass"), Column::I64(self.overpass.clone())),
            (WINDOW, along(DataType::I32, "place of the window on the time axis"), Column::I32(self.window.clone())),
            (MOMENTS, moments, Column::F64(self.moments.clone())),
        ]
    }

    /// The records of some cells of the finest order.
    #[must_use]
    pub fn kept(&self, cells: &KeptCells) -> Self {
        let width = usize::try_from(self.width).unwrap_or(usize::MAX).max(1);
        let mut kept = Self { width: self.width, words: self.words.clone(), ..Self::default() };
        let rows = self.child.iter().zip(&self.overpass).zip(&self.window).zip(self.moments.chunks(width));
        for (((child, overpass), window), numbers) in rows.filter(|(((child, _), _), _)| cells.has(**child)) {
            kept.child.push(*child);
            kept.overpass.push(*overpass);
            kept.window.push(*window);
            kept.moments.extend(numbers);
        }
        kept
    }

    /// Metadata of the group of the table.
    pub(crate) fn group(&self) -> GroupMeta {
        let member = |(name, meta, _): (&str, ArrayMeta, Column)| (name.to_owned(), Node::Array(meta));
        GroupMeta { attributes: Attributes::new(), members: self.arrays().into_iter().map(member).collect() }
    }

    /// Appends the chunks, where the group of the table is at `path`.
    pub(crate) fn chunks(
        &self,
        path: &str,
        encoder: &mut ChunkEncoder,
        objects: &mut Vec<StoreObject>,
    ) -> Result<(), Error> {
        for (name, meta, values) in self.arrays() {
            append_chunks(&format!("{path}/{name}"), &values, &meta, encoder, objects)?;
        }
        Ok(())
    }

    /// Chunks and metadata of the arrays, where the group of the table is at `path`.
    ///
    /// # Errors
    /// [`Error::Length`] for a table whose columns have other lengths.
    pub fn objects(&self, path: &str) -> Result<Vec<StoreObject>, Error> {
        let mut objects = Vec::new();
        self.chunks(path, &mut ChunkEncoder::new(), &mut objects)?;
        for (name, meta, _) in self.arrays() {
            let key = format!("{path}/{name}/zarr.json");
            objects.push(StoreObject { key, bytes: meta.document()?, step: PutStep::Array });
        }
        Ok(objects)
    }

    /// Keys of the chunks of a table of `records` rows of `width` numbers, whose group is at `path`.
    #[must_use]
    pub fn keys(records: u64, width: u64, path: &str) -> Vec<String> {
        let key = |(name, meta, _): (&str, ArrayMeta, Column)| {
            (0..meta.chunks()).map(|index| meta.key(&format!("{path}/{name}"), index)).collect::<Vec<_>>()
        };
        Self::of_shape(records, width).arrays().into_iter().flat_map(key).collect()
    }

    fn of_shape(records: u64, width: u64) -> Self {
        Self { child: vec![0; usize::try_from(records).unwrap_or(0)], width, ..Self::default() }
    }

    /// The table of `records` rows of `width` numbers whose group is at `path`, from its objects.
    ///
    /// # Errors
    /// [`Error::Object`] for an object that is missing, or that no writer of such a table makes.
    pub fn read(
        records: u64,
        width: u64,
        path: &str,
        object: impl Fn(&str) -> Option<bytes::Bytes>,
    ) -> Result<Self, Error> {
        let mut table = Self { width, ..Self::default() };
        for (name, meta, _) in Self::of_shape(records, width).arrays() {
            let mut all = meta.data_type.empty();
            for index in 0..meta.chunks() {
                let bytes = object(&meta.key(&format!("{path}/{name}"), index));
                all.append(&meta.decode(&bytes.ok_or(Error::Object("a chunk of records is missing"))?)?);
            }
            // Chunks are whole, the last one beyond the end too.
            let held = usize::try_from(meta.shape * meta.steps.map_or(1, |steps| steps.length)).unwrap_or(usize::MAX);
            match all {
                Column::U64(mut child) => {
                    child.truncate(held);
                    table.child = child;
                }
                Column::I64(mut overpass) => {
                    overpass.truncate(held);
                    table.overpass = overpass;
                }
                Column::I32(mut window) => {
                    window.truncate(held);
                    table.window = window;
                }
                Column::F64(mut moments) => {
                    moments.truncate(held);
                    table.moments = moments;
                }
                _ => {}
            }
        }
        Ok(table)
    }
}

fn attributes(words: &str) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert("long_name".to_owned(), json!(words));
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_table_comes_back_whatever_its_length() {
        for records in [0_u32, 1, 3, 70_000] {
            let child: Vec<u64> = (0..u64::from(records)).collect();
            let moments = (0..2 * records).map(f64::from).collect();
            let overpass = (0..i64::from(records)).rev().collect();
            let window = vec![2; records as usize];
            let table = RecordTable { child, overpass, window, moments, width: 2, words: "numbers".into() };
            let objects = table.objects("cells/1/22").unwrap();
            assert!(objects.is_sorted_by_key(|object| object.step));
            let held: BTreeMap<String, bytes::Bytes> =
                objects.into_iter().map(|object| (object.key, object.bytes)).collect();
            let back = RecordTable::read(records.into(), 2, "cells/1/22", |key| held.get(key).cloned()).unwrap();
            assert_eq!(RecordTable { words: "numbers".into(), ..back }, table);
            let broken = RecordTable::read(records.into(), 2, "cells/1/23", |key| held.get(key).cloned());
            assert_eq!(broken.is_err(), records > 0);
        }
    }
}
