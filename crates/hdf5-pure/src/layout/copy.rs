//! Copies of boxes of elements between arrays in C order.
use super::grid;

/// A copy of a box of elements between two arrays in C order. The elements may lie a stride apart in the array that they come
/// from.
pub(crate) struct BoxCopy<'a> {
    /// Elements of the box in each dimension.
    pub(crate) count: &'a [u64],
    /// Shape of the array, and where the box begins in it.
    pub(crate) from: (&'a [u64], &'a [u64]),
    /// Distance of the elements in that array; 1 in each dimension where there is none.
    pub(crate) stride: Option<&'a [u64]>,
    pub(crate) to: (&'a [u64], &'a [u64]),
    /// Items of an element: its bytes, or how many numbers it has.
    pub(crate) element: u64,
    /// Items that the array misses at its beginning.
    pub(crate) skip: u64,
}

impl BoxCopy<'_> {
    /// Copies run by run; `None` when an array is too short.
    pub(crate) fn run<T: Copy>(&self, source: &[T], target: &mut [T]) -> Option<()> {
        let (outer, run) = self.runs()?;
        let run = usize::try_from(run).ok()?;
        // The last dimension that is stepped through has a loop of its own.
        let last = outer.checked_sub(1);
        let times = last.and_then(|dim| self.count.get(dim)).copied().unwrap_or(1);
        let steps = match last {
            Some(dim) => (self.step(dim, self.from.0, self.stride(dim))?, self.step(dim, self.to.0, 1)?),
            None => (0, 0),
        };
        let bounds: Vec<(u64, u64)> = self.count.iter().take(last.unwrap_or(0)).map(|&n| (0, n)).collect();
        grid::for_each(&bounds, |at| {
            let from = offset(at, self.from, self.stride, self.element).and_then(|from| from.checked_sub(self.skip));
            let to = offset(at, self.to, None, self.element);
            copy_runs((source, from, steps.0), (target, to, steps.1), (times, run)).ok_or(())
        })
        .ok()
    }

    fn stride(&self, dim: usize) -> u64 {
        self.stride.and_then(|stride| stride.get(dim)).copied().unwrap_or(1)
    }

    /// Items from one index of a dimension of an array to the one after next by `stride`.
    fn step(&self, dim: usize, shape: &[u64], stride: u64) -> Option<usize> {
        let below = shape.iter().skip(dim + 1).try_fold(self.element, |n, &len| n.checked_mul(len));
        usize::try_from(below?.checked_mul(stride)?).ok()
    }

    /// How many leading dimensions are stepped through, and how many items each step copies: trailing dimensions that are
    /// whole in both arrays are one run.
    fn runs(&self) -> Option<(usize, u64)> {
        let mut run = self.element;
        for dim in (0..self.count.len()).rev() {
            let count = *self.count.get(dim)?;
            if self.stride(dim) != 1 && count > 1 {
                return Some((dim + 1, run));
            }
            run = run.checked_mul(count)?;
            if self.from.0.get(dim) != Some(&count) || self.to.0.get(dim) != Some(&count) {
                return Some((dim, run));
            }
        }
        Some((0, run))
    }
}

/// Copies `times` runs of `len` items, each side `step` items further.
fn copy_runs<T: Copy>(
    (source, from, from_step): (&[T], Option<u64>, usize),
    (target, to, to_step): (&mut [T], Option<u64>, usize),
    (times, len): (u64, usize),
) -> Option<()> {
    let (mut from, mut to) = (usize::try_from(from?).ok()?, usize::try_from(to?).ok()?);
    for _ in 0..times {
        let run = source.get(from..from.checked_add(len)?)?;
        target.get_mut(to..to.checked_add(len)?)?.copy_from_slice(run);
        (from, to) = (from.checked_add(from_step)?, to.checked_add(to_step)?);
    }
    Some(())
}

/// Offset in items of the box's element `at` (leading coordinates; the others 0) in an array.
fn offset(at: &[u64], (shape, start): (&[u64], &[u64]), stride: Option<&[u64]>, element: u64) -> Option<u64> {
    let steps = at.iter().copied().chain(std::iter::repeat(0));
    let strides = stride.unwrap_or_default().iter().copied().chain(std::iter::repeat(1));
    let index =
        shape.iter().zip(start).zip(steps.zip(strides)).try_fold(0u64, |index, ((&dim, &start), (step, stride))| {
            index.checked_mul(dim)?.checked_add(start.checked_add(step.checked_mul(stride)?)?)
        });
    index?.checked_mul(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain<'a>(
        count: &'a [u64],
        from: (&'a [u64], &'a [u64]),
        to: (&'a [u64], &'a [u64]),
        element: u64,
    ) -> BoxCopy<'a> {
        BoxCopy { count, from, stride: None, to, element, skip: 0 }
    }

    #[test]
    fn a_box_moves_between_arrays_of_other_shapes() {
        // 4 x 5 source, values are their index; rows 1..3, columns 2..5 to the corner of a 2 x 4 target.
        let source: Vec<u8> = (0..20).collect();
        let mut target = vec![99u8; 8];
        plain(&[2, 3], (&[4, 5], &[1, 2]), (&[2, 4], &[0, 1]), 1).run(&source, &mut target).unwrap();
        assert_eq!(target, [99, 7, 8, 9, 99, 12, 13, 14]);
    }

    #[test]
    fn whole_rows_are_one_run_and_short_arrays_are_refused() {
        let copy = plain(&[2, 3], (&[4, 3], &[1, 0]), (&[2, 3], &[0, 0]), 2);
        assert_eq!(copy.runs(), Some((0, 12)));
        assert_eq!(copy.run(&[0; 24], &mut [0; 11]), None);
        assert_eq!(copy.run(&[0; 17], &mut [0; 12]), None);
    }

    #[test]
    fn strides_pick_elements_and_a_missing_beginning_is_counted() {
        // 4 x 6: rows 1 and 3, columns 0, 2 and 4.
        let source: Vec<u16> = (0..24).collect();
        let copy = BoxCopy { stride: Some(&[2, 2]), ..plain(&[2, 3], (&[4, 6], &[1, 0]), (&[2, 3], &[0, 0]), 1) };
        let mut target = [0u16; 6];
        copy.run(&source, &mut target).unwrap();
        assert_eq!(target, [6, 8, 10, 18, 20, 22]);
        target = [0; 6];
        BoxCopy { skip: 6, ..copy }.run(&source[6..], &mut target).unwrap();
        assert_eq!(target, [6, 8, 10, 18, 20, 22]);
        let copy = BoxCopy { stride: Some(&[3]), skip: 5, ..plain(&[2], (&[9], &[4]), (&[2], &[0]), 1) };
        assert_eq!(copy.run(&source, &mut target), None, "the beginning of the box is not there");
    }
}
