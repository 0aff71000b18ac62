//! Odometers over boxes of chunk coordinates.

/// Contiguous data are read in slabs of about this size.
const SLAB: u64 = 256 << 10;

/// The chunk coordinates (multiples of `chunk_shape`) whose chunks meet the box `start`, `count`: first and one past the
/// last in each dimension. `chunk_shape` holds no zero.
pub(crate) fn touched(start: &[u64], count: &[u64], chunk_shape: &[u64]) -> Vec<(u64, u64)> {
    start
        .iter()
        .zip(count)
        .zip(chunk_shape)
        .map(|((&start, &count), &chunk)| {
            let chunk = chunk.max(1);
            if count == 0 { (0, 0) } else { (start / chunk, (start.saturating_add(count) - 1) / chunk + 1) }
        })
        .collect()
}

/// Number of points of a box, `None` when it does not fit in 64 bits.
pub(crate) fn points(bounds: &[(u64, u64)]) -> Option<u64> {
    bounds.iter().try_fold(1u64, |n, (lo, hi)| n.checked_mul(hi.saturating_sub(*lo)))
}

/// Whether a point lies in a box.
pub(crate) fn is_inside(point: &[u64], bounds: &[(u64, u64)]) -> bool {
    point.iter().zip(bounds).all(|(at, (lo, hi))| lo <= at && at < hi)
}

/// Dimensions for people: `90 x 50`.
pub(crate) fn dims(shape: &[u64]) -> String {
    shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ")
}

/// Calls `visit` with every point of a box, last dimension fastest, until it fails.
pub(crate) fn for_each<E>(bounds: &[(u64, u64)], mut visit: impl FnMut(&[u64]) -> Result<(), E>) -> Result<(), E> {
    if bounds.iter().any(|(lo, hi)| lo >= hi) {
        return Ok(());
    }
    let mut at: Vec<u64> = bounds.iter().map(|(lo, _)| *lo).collect();
    loop {
        visit(&at)?;
        let mut turned = true;
        for (index, (lo, hi)) in at.iter_mut().zip(bounds).rev() {
            *index += 1;
            if *index < *hi {
                turned = false;
                break;
            }
            *index = *lo;
        }
        if turned {
            return Ok(());
        }
    }
}

/// Shape of the slabs in which contiguous data of this shape are read: whole trailing dimensions, as many indices of the
/// one before as fit, one of all others, so that each slab is one range of bytes. No dimension is 0.
pub(crate) fn slab_shape(shape: &[u64], element_size: u64) -> Vec<u64> {
    let mut slab = vec![1; shape.len()];
    let mut bytes = element_size.max(1);
    for (len, &dim) in slab.iter_mut().zip(shape).rev() {
        *len = dim.min((SLAB / bytes).max(1)).max(1);
        bytes = bytes.saturating_mul(*len);
        if *len < dim {
            break;
        }
    }
    slab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_walked_last_dimension_first() {
        let mut seen = Vec::new();
        for_each::<()>(&touched(&[3, 0], &[4, 5], &[2, 4]), |at| {
            seen.push(at.to_vec());
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [[1, 0], [1, 1], [2, 0], [2, 1], [3, 0], [3, 1]]);
    }

    #[test]
    fn no_dimension_is_one_point_and_an_empty_one_is_none() {
        let count = |bounds: &[(u64, u64)]| {
            let mut n = 0u64;
            for_each::<()>(bounds, |_| {
                n += 1;
                Ok(())
            })
            .unwrap();
            assert_eq!(points(bounds), Some(n));
            n
        };
        assert_eq!(count(&[]), 1);
        assert_eq!(count(&[(0, 3), (0, 0)]), 0);
    }
}
