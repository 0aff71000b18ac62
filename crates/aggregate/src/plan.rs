use std::ops::Range;

/// Cells that are finished in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Their rows fit in memory.
    Held(Range<usize>),
    /// Those of this one do not.
    Alone(usize),
}

/// Bytes that rows take while cells are finished.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// A row of any of the cells.
    pub(crate) row: u64,
    /// A row of the largest of them, on top of that.
    pub(crate) largest: u64,
}

/// Cuts all cells, in order, into pieces that take no more than `memory` bytes. `rows` says how many each cell has. Cells
/// without rows at either end of a piece are left out.
pub(crate) fn pieces(rows: &[u64], cost: Cost, memory: u64) -> Vec<Piece> {
    let fits = |all: u64, largest: u64| {
        all.saturating_mul(cost.row).saturating_add(largest.saturating_mul(cost.largest)) <= memory
    };
    let mut pieces = Vec::new();
    // The cells, all their rows, and those of the largest.
    let mut open: Option<(Range<usize>, u64, u64)> = None;
    for (cell, &more) in rows.iter().enumerate().filter(|&(_, &rows)| rows > 0) {
        let alone = (cell..cell + 1, more, more);
        open = match open.take() {
            Some((cells, all, largest)) if fits(all.saturating_add(more), largest.max(more)) => {
                Some((cells.start..cell + 1, all.saturating_add(more), largest.max(more)))
            }
            closed => {
                pieces.extend(closed.map(|(cells, ..)| Piece::Held(cells)));
                if fits(more, more) {
                    Some(alone)
                } else {
                    pieces.push(Piece::Alone(cell));
                    None
                }
            }
        };
    }
    pieces.extend(open.map(|(cells, ..)| Piece::Held(cells)));
    pieces
}

#[cfg(test)]
mod tests {
    use super::Piece::{Alone, Held};
    use super::{Cost, pieces};

    #[test]
    fn pieces_fit_and_cover_all_rows() {
        let cost = Cost { row: 8, largest: 4 };
        let rows = [0, 3, 0, 2, 5, 1, 0];
        let cut = |memory| pieces(&rows, cost, memory);
        assert_eq!(cut(u64::MAX), [Held(1..6)]);
        assert_eq!(cut(11 * 8 + 5 * 4), [Held(1..6)]);
        assert_eq!(cut(11 * 8 + 5 * 4 - 1), [Held(1..5), Held(5..6)]);
        assert_eq!(cut(52), [Held(1..4), Alone(4), Held(5..6)]);
        assert_eq!(cut(0), [Alone(1), Alone(3), Alone(4), Alone(5)]);
        assert_eq!(pieces(&[0; 4], cost, 0), []);
        assert_eq!(pieces(&[u64::MAX; 2], cost, u64::MAX), [Held(0..2)], "no bound");
    }
}
