//! Walks over cells: all of an order, those above a cell, those inside it.

use crate::{Cell, Error, Order};
use std::ops::Range;

impl Order {
    /// All cells of this order, in nested order; [`Order::cells`] says how many they are.
    pub fn all_cells(self) -> impl DoubleEndedIterator<Item = Cell> + Clone {
        each(self, 0..self.cells())
    }
}

impl Cell {
    /// The cells that contain this one, from its parent to its base cell; none for a base cell.
    ///
    /// ```
    /// let cell: morton::Cell = "-6134".parse()?;
    /// let above: Vec<String> = cell.ancestors().map(|cell| cell.to_string()).collect();
    /// assert_eq!(above, ["-613", "-61", "-6"]);
    /// # Ok::<(), morton::Error>(())
    /// ```
    pub fn ancestors(self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (0..self.order().get()).rev().filter_map(move |order| self.parent(Order::new(order).ok()?).ok())
    }

    /// The cells of a finer (or the same) order inside this one, in nested order. [`Cell::children`] has their numbers.
    ///
    /// # Errors
    /// [`Error::Relation`] if `order` is coarser.
    pub fn descendants(self, order: Order) -> Result<impl DoubleEndedIterator<Item = Self> + Clone, Error> {
        Ok(each(order, self.children(order)?))
    }
}

/// Numbers that exist, as cells.
fn each(order: Order, nested: Range<u64>) -> impl DoubleEndedIterator<Item = Cell> + Clone {
    nested.filter_map(move |nested| Cell::new(order, nested).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_meet_every_cell_once() {
        let order = |order| Order::new(order).unwrap();
        let all: Vec<Cell> = order(3).all_cells().collect();
        assert_eq!(all.len() as u64, order(3).cells());
        let again: Vec<Cell> = order(1).all_cells().flat_map(|cell| cell.descendants(order(3)).unwrap()).collect();
        assert_eq!(all, again);
        for cell in &all {
            let above: Vec<Cell> = cell.ancestors().collect();
            assert_eq!(above.iter().map(|cell| cell.order().get()).collect::<Vec<_>>(), [2, 1, 0]);
            assert!(above.iter().all(|above| above.contains(*cell)));
        }
        assert!(all[0].descendants(order(2)).is_err());
        assert_eq!(all[0].descendants(order(3)).unwrap().collect::<Vec<_>>(), all[..1]);
    }
}
