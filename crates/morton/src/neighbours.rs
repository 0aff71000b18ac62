//! Cells that touch a cell.
//!
//! A base cell is a square on its corner: x grows from the southern corner to the eastern one, y to the western one. Four base
//! cells lie around each pole, four on the equator between them, so that eight corners are shared by three base cells and not
//! by four: a cell there has no neighbour in one direction.

use crate::healpix::{join, split};
use crate::{Cell, Order};

/// Where a neighbour lies. North-east, south-east, south-west and north-west share an edge with the cell, the others a corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compass {
    /// Across the edge between the southern and the western corner.
    SouthWest,
    /// At the western corner.
    West,
    /// Across the edge between the western and the northern corner.
    NorthWest,
    /// At the northern corner.
    North,
    /// Across the edge between the northern and the eastern corner.
    NorthEast,
    /// At the eastern corner.
    East,
    /// Across the edge between the eastern and the southern corner.
    SouthEast,
    /// At the southern corner.
    South,
}

impl Compass {
    /// All of them, clockwise from the south-west.
    pub const ALL: [Self; 8] = [
        Self::SouthWest,
        Self::West,
        Self::NorthWest,
        Self::North,
        Self::NorthEast,
        Self::East,
        Self::SouthEast,
        Self::South,
    ];

    /// Steps in x and y.
    const fn steps(self) -> (Step, Step) {
        match self {
            Self::SouthWest => (Step::Back, Step::Stay),
            Self::West => (Step::Back, Step::On),
            Self::NorthWest => (Step::Stay, Step::On),
            Self::North => (Step::On, Step::On),
            Self::NorthEast => (Step::On, Step::Stay),
            Self::East => (Step::On, Step::Back),
            Self::SouthEast => (Step::Stay, Step::Back),
            Self::South => (Step::Back, Step::Back),
        }
    }
}

impl Cell {
    /// The neighbour in one direction; `None` at the eight corners where three base cells meet.
    ///
    /// ```
    /// use morton::{Cell, Compass, Order};
    ///
    /// let cell: Cell = "-6134114".parse()?;
    /// let east = cell.neighbour(Compass::East).unwrap();
    /// assert_eq!(east.neighbour(Compass::West), Some(cell));
    /// assert_eq!(cell.neighbours().count(), 8);
    /// let base = Cell::new(Order::new(0)?, 4)?;
    /// assert_eq!(base.neighbour(Compass::North), None);
    /// # Ok::<(), morton::Error>(())
    /// ```
    #[must_use]
    pub fn neighbour(self, to: Compass) -> Option<Self> {
        let order = self.order();
        let (base, x, y) = split(order, self.nested());
        let (base, x, y) = across(order, base, to.steps().0.from(x, order), to.steps().1.from(y, order))?;
        Self::new(order, join(order, base, x, y)).ok()
    }

    /// The neighbours, clockwise from the south-west: eight; seven at a corner where three base cells meet; six of a base cell.
    pub fn neighbours(self) -> impl Iterator<Item = Self> {
        Compass::ALL.into_iter().filter_map(move |to| self.neighbour(to))
    }
}

#[derive(Clone, Copy)]
enum Step {
    Back,
    Stay,
    On,
}

/// A coordinate after a step: in the same base cell, or the side that was crossed, with the coordinate in a base cell whose sides
/// have the same directions.
#[derive(Clone, Copy)]
enum Coordinate {
    Within(u64),
    Below(u64),
    Above(u64),
}

impl Step {
    const fn from(self, at: u64, order: Order) -> Coordinate {
        let last = order.side() - 1;
        match self {
            Self::Stay => Coordinate::Within(at),
            Self::Back if at == 0 => Coordinate::Below(last),
            Self::Back => Coordinate::Within(at - 1),
            Self::On if at == last => Coordinate::Above(0),
            Self::On => Coordinate::Within(at + 1),
        }
    }
}

/// Base cell, x and y beyond the sides of a base cell. Around a pole the directions of sides turn by a quarter from one base cell
/// to the next.
fn across(order: Order, base: u64, x: Coordinate, y: Coordinate) -> Option<(u64, u64, u64)> {
    use Coordinate::{Above, Below, Within};
    let (row, column, last) = (base / 4, base % 4, order.side() - 1);
    let [east, opposite, west] = [1, 2, 3].map(|turns| (column + turns) % 4);
    let (north, equator, south) = (|column| column, |column| 4 + column, |column| 8 + column);
    Some(match (row, x, y) {
        (_, Within(x), Within(y)) => (base, x, y),
        // Over an edge.
        (0, Above(_), Within(y)) => (north(east), y, last),
        (0, Within(x), Above(_)) => (north(west), last, x),
        (0, Below(x), Within(y)) => (equator(column), x, y),
        (0, Within(x), Below(y)) => (equator(east), x, y),
        (1, Above(x), Within(y)) => (north(column), x, y),
        (1, Within(x), Above(y)) => (north(west), x, y),
        (1, Below(x), Within(y)) => (south(west), x, y),
        (1, Within(x), Below(y)) => (south(column), x, y),
        (_, Above(x), Within(y)) => (equator(east), x, y),
        (_, Within(x), Above(y)) => (equator(column), x, y),
        (_, Within(x), Below(_)) => (south(east), 0, x),
        (_, Below(_), Within(y)) => (south(west), y, 0),
        // Over a corner of four base cells.
        (0, Above(_), Above(_)) => (north(opposite), last, last),
        (0, Below(x), Below(y)) => (south(column), x, y),
        (1, Above(x), Below(y)) => (equator(east), x, y),
        (1, Below(x), Above(y)) => (equator(west), x, y),
        (2, Above(x), Above(y)) => (north(column), x, y),
        (2, Below(_), Below(_)) => (south(opposite), 0, 0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LonLat;

    fn distance(a: LonLat, b: LonLat) -> f64 {
        let (a, b) = (a.unit_vector(), b.unit_vector());
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
    }

    #[test]
    fn neighbours_are_mutual_different_and_near() {
        for order in 0..=5 {
            let order = Order::new(order).unwrap();
            let (mut fewer, mut farthest) = (0, 0.0_f64);
            for nested in 0..order.cells() {
                let cell = Cell::new(order, nested).unwrap();
                let mut all: Vec<Cell> = cell.neighbours().collect();
                fewer += usize::from(all.len() == 7);
                for other in &all {
                    assert!(other.neighbours().any(|back| back == cell), "{cell} {other}");
                    farthest = farthest.max(distance(cell.centre(), other.centre()));
                }
                all.push(cell);
                let count = all.len();
                all.sort_unstable();
                all.dedup();
                assert_eq!(all.len(), count, "{cell}");
            }
            // Three cells at each of the eight corners; a base cell has two of these corners.
            assert_eq!(fewer, if order.get() == 0 { 0 } else { 24 });
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let side = 1.0 / order.side() as f64;
            assert!(farthest < 2.3 * side, "{order}: {farthest}");
        }
    }
}
