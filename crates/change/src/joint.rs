//! Joint moments, joined in a fixed order.

/// Count, means and sums of products of deviations of (u, v, t, h): two coordinates on a plane (m), time (years), height (m).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Joint {
    pub(crate) count: f64,
    pub(crate) mean: [f64; 4],
    pub(crate) scatter: Scatter,
}

/// Upper triangle by rows: uu uv ut uh, vv vt vh, tt th, hh.
pub(crate) type Scatter = [f64; 10];

impl Joint {
    pub(crate) fn join(&mut self, other: &Self) {
        join((&mut self.count, &mut self.mean, &mut self.scatter), (other.count, &other.mean, &other.scatter));
    }

    pub(crate) fn of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut whole = Self::default();
        parts.into_iter().for_each(|part| whole.join(&part));
        whole
    }
}

/// Joins the moments of one set of rows (count, means, upper triangle of the centred products) to those of another.
pub(crate) fn join(into: (&mut f64, &mut [f64], &mut [f64]), from: (f64, &[f64], &[f64])) {
    let (count, mean, scatter) = into;
    let (other_count, other_mean, other_scatter) = from;
    if other_count == 0.0 {
        return;
    }
    if *count == 0.0 {
        *count = other_count;
        mean.iter_mut().zip(other_mean).for_each(|(a, b)| *a = *b);
        scatter.iter_mut().zip(other_scatter).for_each(|(a, b)| *a = *b);
        return;
    }
    let total = *count + other_count;
    let share = other_count / total;
    let weight = *count * share;
    let mut cells = scatter.iter_mut().zip(other_scatter);
    for (i, (a, b)) in mean.iter().zip(other_mean).enumerate() {
        let scaled = (b - a) * weight;
        for ((c, d), (sum, other)) in mean.iter().zip(other_mean).skip(i).zip(cells.by_ref()) {
            *sum = *sum + other + scaled * (d - c);
        }
    }
    mean.iter_mut().zip(other_mean).for_each(|(a, b)| *a += (b - *a) * share);
    *count = total;
}

/// A sum of squares that rounding may have made negative. Unlike `f64::max`, it keeps NaN and has one sign of zero.
pub(crate) fn squares(sum: f64) -> f64 {
    if sum < 0.0 { 0.0 } else { sum }
}

/// For each part the joint moments of all other parts of its slot; `slot` is below `slots`. Parts are joined from both ends,
/// so that nothing is subtracted and a part that outweighs all others leaves the rest intact.
pub(crate) fn without_each(parts: &[(usize, Joint)], slots: usize) -> Vec<Joint> {
    let mut running = vec![Joint::default(); slots];
    let mut rests = Vec::with_capacity(parts.len());
    for (slot, part) in parts {
        if let Some(before) = running.get_mut(*slot) {
            rests.push(*before);
            before.join(part);
        }
    }
    running.fill(Joint::default());
    for ((slot, part), rest) in parts.iter().zip(&mut rests).rev() {
        if let Some(after) = running.get_mut(*slot) {
            rest.join(after);
            after.join(part);
        }
    }
    rests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(u: f64, h: f64) -> Joint {
        Joint { count: 1.0, mean: [u, 1.0, 0.0, h], scatter: [0.0; 10] }
    }

    #[test]
    fn rows_join_to_their_moments() {
        let whole = Joint::of([row(0.0, 1.0), row(2.0, 2.0), row(4.0, 9.0)]);
        assert_eq!((whole.count, whole.mean), (3.0, [2.0, 1.0, 0.0, 4.0]));
        assert_eq!(whole.scatter, [8.0, 0.0, 0.0, 16.0, 0.0, 0.0, 0.0, 0.0, 0.0, 38.0]);
    }

    #[test]
    fn what_remains_without_a_part_is_joined_within_its_slot() {
        let parts = [(0, row(0.0, 1.0)), (1, row(5.0, 5.0)), (0, row(2.0, 2.0)), (0, row(1e9, -1e9))];
        let rests = without_each(&parts, 2);
        assert_eq!(rests.iter().map(|rest| rest.count).collect::<Vec<_>>(), [2.0, 0.0, 2.0, 2.0]);
        let last = rests.last().unwrap();
        assert_eq!((last.mean[0], last.scatter[0], last.scatter[3], last.scatter[9]), (1.0, 2.0, 1.0, 0.5));
    }
}
