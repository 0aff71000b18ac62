/// Row numbers ordered by cell; within a cell, in row order (a stable counting sort).
#[derive(Debug)]
pub(crate) struct Grouping {
    /// Cell `c` owns `rows[starts[c]..starts[c + 1]]`.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Grouping {
    /// Groups rows by `child >> bits`. Every such number must be below `cells`, and there must be fewer than 2^32 rows:
    /// the reducer has checked both.
    pub(crate) fn new(child: &[u32], bits: u32, cells: usize) -> Self {
        // One slot more than there are starts: `next[c + 1]` first counts cell c, then is where its next row goes,
        // and ends as the start of cell c + 1.
        let mut next = vec![0_u32; cells + 2];
        for &c in child {
            next[(c >> bits) as usize + 2] += 1;
        }
        for cell in 2..next.len() {
            next[cell] += next[cell - 1];
        }
        let mut rows = vec![0_u32; child.len()];
        for (row, &c) in (0_u32..).zip(child) {
            let slot = &mut next[(c >> bits) as usize + 1];
            rows[*slot as usize] = row;
            *slot += 1;
        }
        next.truncate(cells + 1);
        Self { starts: next, rows }
    }

    /// Every cell in order, with the numbers of its rows.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (usize, &[u32])> {
        let bounds = self.starts.windows(2).enumerate();
        bounds.map(|(cell, pair)| (cell, &self.rows[pair[0] as usize..pair[1] as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::Grouping;

    #[test]
    fn groups_are_stable_and_complete() {
        let grouping = Grouping::new(&[5, 0, 5, 7, 0, 5], 0, 8);
        let cells: Vec<Vec<u32>> = grouping.cells().map(|(_, rows)| rows.to_vec()).collect();
        let none = Vec::new;
        assert_eq!(cells, [vec![1, 4], none(), none(), none(), none(), vec![0, 2, 5], none(), vec![3]]);
        let coarse: Vec<(usize, Vec<u32>)> =
            Grouping::new(&[5, 0, 5, 7, 0, 5], 2, 2).cells().map(|(cell, rows)| (cell, rows.to_vec())).collect();
        assert_eq!(coarse, [(0, vec![1, 4]), (1, vec![0, 2, 3, 5])]);
    }

    #[test]
    fn no_rows_leave_every_cell_empty() {
        assert_eq!(Grouping::new(&[], 0, 3).cells().filter(|(_, rows)| rows.is_empty()).count(), 3);
    }
}
