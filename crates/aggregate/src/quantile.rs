use crate::Permille;

/// Order statistics that quantiles lie between, counted from 0: ascending, each once. Of at least one row.
pub(crate) fn ranks(permilles: &[Permille], rows: u64, ranks: &mut Vec<u64>) {
    ranks.clear();
    for &permille in permilles {
        let (below, fraction) = position(permille, rows);
        ranks.push(below);
        // On an order statistic the next one does not matter.
        if fraction > 0.0 {
            ranks.push(below + 1);
        }
    }
    ranks.sort_unstable();
    ranks.dedup();
}

/// Type 7: the position is `q (n - 1)`, between the order statistics on either side of it: these are in `values`, beside
/// their `ranks`.
pub(crate) fn quantile(permille: Permille, rows: u64, ranks: &[u64], values: &[f64]) -> f64 {
    let (below, fraction) = position(permille, rows);
    let at = |rank| ranks.binary_search(&rank).ok().and_then(|at| values.get(at).copied());
    let low = at(below).unwrap_or(f64::NAN);
    let above = if fraction > 0.0 { at(below + 1) } else { None };
    lerp(low, above.unwrap_or(low), fraction)
}

/// The order statistic below the quantile, and how far it is from there to the next.
fn position(permille: Permille, rows: u64) -> (u64, f64) {
    let position = permille.probability() * count(rows.saturating_sub(1));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= position < 2^31")]
    let below = position.floor() as u64;
    (below, position - position.floor())
}

/// Linear interpolation as NumPy rounds it: from the nearer end.
fn lerp(a: f64, b: f64, t: f64) -> f64 {
    let step = b - a;
    if t >= 0.5 { b - step * (1.0 - t) } else { a + step * t }
}

/// The distance of a value from the median.
pub(crate) fn deviation(value: f64, median: f64) -> f64 {
    (value - median).abs()
}

/// A number of rows as a float: exact, since there are fewer than 2^31 in a cell.
#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
pub(crate) const fn count(rows: u64) -> f64 {
    rows as f64
}

/// Puts the order statistics of the ascending `ranks` into `found`, beside them, and the keys in another order. `before` is the
/// rank of the least key. A rank that is not among the keys is left out.
pub(crate) fn select<K: Ord + Copy>(
    keys: &mut [K],
    before: u64,
    ranks: &[u64],
    found: &mut [f64],
    number: impl Fn(K) -> f64 + Copy,
) {
    // The middle one first: those below it are then looked for on one side only, and those above on the other.
    let middle = ranks.len() / 2;
    let (Some(&rank), Some(place)) = (ranks.get(middle), found.get_mut(middle)) else { return };
    let index = rank.checked_sub(before).and_then(|index| usize::try_from(index).ok());
    let Some(index) = index.filter(|&index| index < keys.len()) else { return };
    let (below, key, above) = keys.select_nth_unstable(index);
    *place = number(*key);
    if let (Some(ranks), Some(found)) = (ranks.get(..middle), found.get_mut(..middle)) {
        select(below, before, ranks, found, number);
    }
    if let (Some(ranks), Some(found)) = (ranks.get(middle + 1..), found.get_mut(middle + 1..)) {
        select(above, rank + 1, ranks, found, number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_order_statistics_beside_them() {
        let permilles = [0, 10, 250, 255, 500, 750, 990, 999, 1000].map(|permille| Permille::new(permille).unwrap());
        let mut keys: Vec<i32> = (0..101).map(|i| i * 37 % 101).collect();
        let (mut order, mut found) = (Vec::new(), [0.0; 11]);
        ranks(&permilles, 101, &mut order);
        assert_eq!(order, [0, 1, 25, 26, 50, 75, 99, 100]);
        select(&mut keys, 0, &order, &mut found, f64::from);
        for permille in permilles {
            let expected = f64::from(permille.get()) / 10.0;
            assert_eq!(quantile(permille, 101, &order, &found), expected);
        }
    }

    #[test]
    fn ranks_that_are_not_there_are_left_out() {
        let mut found = [-1.0; 3];
        select(&mut [7, 5], 10, &[9, 10, 12], &mut found, f64::from);
        assert_eq!(found, [-1.0, 5.0, -1.0]);
    }
}
