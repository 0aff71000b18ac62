//! Records: the moments of an overpass in a cell and a window.

use crate::Moments;

/// Rows of one overpass in one cell and one window of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverpassMoments {
    /// Number of the overpass: all beams and granules of one pass of the satellite.
    pub overpass: i64,
    /// Index of the window of time that holds the rows. Rows in none have an index that is not below the number of windows.
    pub window: u32,
    /// Of the rows.
    pub moments: Moments,
}

impl OverpassMoments {
    fn key(&self) -> (i64, u32) {
        (self.overpass, self.window)
    }
}

/// The records of a cell from those of finer cells within it: ascending by (overpass, window), records of the same overpass and
/// window joined in the order of the children. Children in nested order, so that the bits are always the same.
#[must_use]
pub fn compose(children: &[&[OverpassMoments]]) -> Vec<OverpassMoments> {
    let mut records = children.concat();
    records.sort_by_key(OverpassMoments::key); // stable: children keep their order
    records.dedup_by(|next, kept| {
        let same = next.key() == kept.key();
        if same {
            kept.moments.join(&next.moments);
        }
        same
    });
    records
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MomentSums;

    fn record(overpass: i64, window: u32, heights: &[f64]) -> OverpassMoments {
        let mut sums = MomentSums::default();
        heights.iter().for_each(|h| sums.add([*h, 1.0, 2.0], 0.25, h * h));
        OverpassMoments { overpass, window, moments: sums.finish() }
    }

    #[test]
    fn children_compose_in_their_order() {
        let (a, b) = ([record(-3, 0, &[1.0]), record(7, 1, &[0.1, 0.2])], [record(7, 0, &[9.0]), record(7, 1, &[0.3])]);
        let c = [record(7, 1, &[0.7, 1e-9])];
        let cell = compose(&[&a, &b, &[], &c]);
        assert_eq!(cell.iter().map(OverpassMoments::key).collect::<Vec<_>>(), [(-3, 0), (7, 0), (7, 1)]);
        let mut joined = a[1].moments;
        joined.join(&b[1].moments);
        joined.join(&c[0].moments);
        assert_eq!(cell[2].moments, joined);
        assert_eq!(joined.count(), 5);
    }
}
