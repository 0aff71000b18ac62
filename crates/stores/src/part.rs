//! The part of a level that is read: windows, a cell, and what is marked as whole.
use crate::marks::Marks;
use crate::rows::Spans;
use crate::{ArrayInfo, Column, Error, LevelInfo, OWN, Window};
use dggs_zarr::CHANGE;
use morton::{Cell, Order};
use std::ops::Range;

/// What of a level is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pick<'a> {
    /// Names of windows; all if none is named.
    pub windows: &'a [String],
    /// One cell; all if not given.
    pub cell: Option<Cell>,
}

impl Pick<'_> {
    /// The parent of the cell that is wanted, where parents are of this order.
    pub(crate) fn cell_of(&self, parents: Option<Order>) -> Result<Option<Cell>, Error> {
        match (self.cell, parents) {
            (Some(cell), Some(order)) if order <= cell.order() => Ok(Some(cell.parent(order)?)),
            _ => Ok(None),
        }
    }
}

/// Windows and rows that are read of the arrays of a level.
pub(crate) struct Part<'a> {
    /// Places of the windows on the axis, ascending.
    steps: &'a [usize],
    /// Names of all windows.
    names: Vec<String>,
    /// Whether arrays were computed of all windows at once.
    has_change: bool,
    /// The marks, where each object of a row is a cell that has one.
    marks: Option<(&'a Marks, Order)>,
    rows: Option<Range<u64>>,
}

/// Whether an array of ours with a value in each window was computed of all windows at once: heights of the estimate of change.
fn is_together(path: &str) -> bool {
    ["_window", "_window_se"].iter().any(|end| path.ends_with(end))
}

impl<'a> Part<'a> {
    pub(crate) fn new(
        level: &LevelInfo,
        windows: &[Window],
        steps: &'a [usize],
        marks: Option<&'a Marks>,
        cell: Option<Cell>,
    ) -> Result<Self, Error> {
        let rows = match cell {
            Some(cell) => level.row_of(cell)?,
            None => None,
        };
        // Above the parents an object holds several cells.
        let parent = level.parent_order().filter(|&parent| parent <= level.order);
        let names = windows.iter().map(Window::name).collect();
        let has_change = level.attributes[OWN]["change"].is_object();
        Ok(Self { steps, names, has_change, marks: marks.zip(parent), rows })
    }

    /// Windows that an array has values of here; 1 for one that has one value a cell.
    pub(crate) fn values(&self, array: &ArrayInfo) -> u64 {
        if array.leading.is_some() { self.steps.len() as u64 } else { 1 }
    }

    /// The length of a column of an array for so many cells.
    pub(crate) fn rows(&self, array: &ArrayInfo, cells: usize) -> usize {
        if array.leading.is_some() { self.steps.len().saturating_mul(cells) } else { cells }
    }

    /// Whether an object of an array belongs to the part.
    pub(crate) fn wants(&self, array: &ArrayInfo, index: u64) -> bool {
        let along = index % array.objects_along().max(1);
        let first = along.saturating_mul(array.rows_per_object);
        let end = first.saturating_add(array.rows_per_object);
        if self.rows.as_ref().is_some_and(|rows| rows.start >= end || rows.end <= first) {
            return false;
        }
        let steps = array.steps_of(index);
        let mut windows = self.steps.iter().filter(|&&step| steps.contains(&(step as u64)));
        let is_timed = array.leading.is_some();
        if is_timed && windows.clone().next().is_none() {
            return false;
        }
        let Some((marks, order)) = self.marks else { return true };
        let Ok(cell) = Cell::new(order, along) else { return false };
        let whole = |name: &str| marks.has(cell, Some(name));
        match is_timed {
            true if self.has_change && is_together(&array.path) => whole(CHANGE),
            true => windows.any(|&step| self.names.get(step).is_some_and(|name| whole(name))),
            false if self.names.is_empty() => marks.has(cell, None),
            false => whole(CHANGE),
        }
    }

    /// Puts what was decoded of an array (its step and first row) into the array's column.
    pub(crate) fn put(
        &self,
        spans: &Spans,
        column: &mut Column,
        (array, step, first): (&ArrayInfo, u64, u64),
        values: &Column,
    ) {
        let place = match array.leading {
            Some(_) => self.steps.iter().position(|&own| own as u64 == step),
            None => Some(0),
        };
        if let Some(place) = place {
            spans.put(column, place * spans.len(), first, values);
        }
    }
}
