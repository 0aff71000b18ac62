use std::collections::TryReserveError;
use std::ops::Range;

/// The numbers of a column of rows: `f32` while each of them is one exactly, else `f64`.
#[derive(Debug, Clone, PartialEq)]
pub enum Floats {
    /// Numbers that `f32` holds exactly.
    F32(Vec<f32>),
    /// Any numbers.
    F64(Vec<f64>),
}

impl Default for Floats {
    fn default() -> Self {
        Self::new()
    }
}

impl Floats {
    /// No numbers.
    #[must_use]
    pub const fn new() -> Self {
        Self::F32(Vec::new())
    }

    /// How many numbers there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::F32(held) => held.len(),
            Self::F64(held) => held.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a number. The first one that is not exactly an `f32` makes all of them `f64`; NaN is an `f32`.
    #[inline]
    pub fn push(&mut self, number: f64) {
        match self {
            Self::F32(held) => match exact(number) {
                Some(single) => held.push(single),
                None => self.push_wide(number),
            },
            Self::F64(held) => held.push(number),
        }
    }

    #[cold]
    fn push_wide(&mut self, number: f64) {
        let mut wide = Vec::with_capacity(self.len() + 1);
        wide.extend(self.iter());
        wide.push(number);
        *self = Self::F64(wide);
    }

    /// Appends the numbers of another column: `f64` if either is.
    ///
    /// # Errors
    /// [`TryReserveError`] when the allocator refuses; nothing is appended then.
    pub fn extend(&mut self, more: &Self) -> Result<(), TryReserveError> {
        self.make_room(more)?;
        match (self, more) {
            (Self::F32(held), Self::F32(more)) => held.extend_from_slice(more),
            (Self::F64(held), more) => held.extend(more.iter()),
            // `make_room` left `f32` only where there is nothing to append.
            (Self::F32(_), Self::F64(_)) => {}
        }
        Ok(())
    }

    /// Takes the type that all numbers of another column fit, and makes room for them.
    fn make_room(&mut self, more: &Self) -> Result<(), TryReserveError> {
        match (&mut *self, more) {
            (Self::F32(held), Self::F64(more)) if !more.is_empty() => {
                let mut wide = Vec::new();
                wide.try_reserve(held.capacity().max(held.len().saturating_add(more.len())))?;
                wide.extend(held.iter().copied().map(f64::from));
                *self = Self::F64(wide);
                Ok(())
            }
            _ => self.reserve(more.len()),
        }
    }

    /// Makes room for `more` numbers of the type held.
    ///
    /// # Errors
    /// [`TryReserveError`] when the allocator refuses.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        match self {
            Self::F32(held) => held.try_reserve(more),
            Self::F64(held) => held.try_reserve(more),
        }
    }

    /// The number at an index; NaN beyond the last.
    #[must_use]
    pub fn get(&self, index: usize) -> f64 {
        match self {
            Self::F32(held) => held.get(index).map_or(f64::NAN, |&number| f64::from(number)),
            Self::F64(held) => held.get(index).copied().unwrap_or(f64::NAN),
        }
    }

    /// All numbers in order.
    pub fn iter(&self) -> impl Iterator<Item = f64> {
        self.all().iter()
    }

    /// Some of the numbers; none where the range is not within the length.
    pub(crate) fn part(&self, range: Range<usize>) -> Numbers<'_> {
        match self {
            Self::F32(held) => Numbers::F32(held.get(range).unwrap_or_default()),
            Self::F64(held) => Numbers::F64(held.get(range).unwrap_or_default()),
        }
    }

    /// All of the numbers.
    pub(crate) fn all(&self) -> Numbers<'_> {
        self.part(0..self.len())
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::F32(held) => held.capacity().saturating_mul(size_of::<f32>()),
            Self::F64(held) => held.capacity().saturating_mul(size_of::<f64>()),
        };
        bytes as u64
    }

    /// Zeros in the place of what is held.
    ///
    /// # Errors
    /// [`TryReserveError`] when the allocator refuses.
    pub(crate) fn zero(&mut self, len: usize) -> Result<(), TryReserveError> {
        match self {
            Self::F32(held) => zero(held, len),
            Self::F64(held) => zero(held, len),
        }
    }
}

/// Zeros in the place of what is held.
///
/// # Errors
/// [`TryReserveError`] when the allocator refuses.
pub(crate) fn zero<T: Clone + Default>(held: &mut Vec<T>, len: usize) -> Result<(), TryReserveError> {
    held.clear();
    if held.capacity() < len {
        // Not both at once.
        *held = Vec::new();
    }
    held.try_reserve_exact(len)?;
    held.resize(len, T::default());
    Ok(())
}

/// Numbers of a column: one after the other, or every first or second one of pairs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Numbers<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    First(&'a [[f32; 2]]),
    Second(&'a [[f32; 2]]),
}

impl<'a> Numbers<'a> {
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::F32(held) => held.len(),
            Self::F64(held) => held.len(),
            Self::First(held) | Self::Second(held) => held.len(),
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = f64> + use<'a> {
        let (mut singles, mut doubles, mut pairs): (&[f32], &[f64], &[[f32; 2]]) = (&[], &[], &[]);
        match self {
            Self::F32(held) => singles = held,
            Self::F64(held) => doubles = held,
            Self::First(held) | Self::Second(held) => pairs = held,
        }
        let second = matches!(self, Self::Second(_));
        let pairs = pairs.iter().map(move |&[a, b]| f64::from(if second { b } else { a }));
        singles.iter().copied().map(f64::from).chain(doubles.iter().copied()).chain(pairs)
    }
}

/// The expression with an iterator over the numbers in their type.
macro_rules! with {
    ($numbers:expr, $each:ident => $body:expr) => {
        match $numbers {
            $crate::floats::Numbers::F32(held) => {
                let $each = held.iter().copied();
                $body
            }
            $crate::floats::Numbers::F64(held) => {
                let $each = held.iter().copied();
                $body
            }
            $crate::floats::Numbers::First(held) => {
                let $each = held.iter().map(|pair| pair[0]);
                $body
            }
            $crate::floats::Numbers::Second(held) => {
                let $each = held.iter().map(|pair| pair[1]);
                $body
            }
        }
    };
}
pub(crate) use with;

/// The number as an `f32`, if it is one.
#[expect(clippy::cast_possible_truncation, reason = "compared with what it was")]
#[inline]
fn exact(number: f64) -> Option<f32> {
    let single = number as f32;
    (f64::from(single) == number || number.is_nan()).then_some(single)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_f32_while_each_is_one() {
        let mut held = Floats::new();
        for number in [0.5, f64::NAN, f64::INFINITY, -0.0, f64::from(f32::from_bits(1)), f64::from(f32::MAX)] {
            held.push(number);
        }
        assert!(matches!(held, Floats::F32(_)) && held.get(3).is_sign_negative());
        for wide in [0.1, 1e-50, 1e300, 16_777_217.0] {
            let mut held = held.clone();
            held.push(wide);
            held.push(2.0);
            let Floats::F64(numbers) = &held else { panic!("{wide} is no f32") };
            assert_eq!((numbers.len(), numbers[0], numbers[6], numbers[7]), (8, 0.5, wide, 2.0));
            assert!(held.iter().nth(1).unwrap().is_nan() && held.get(8).is_nan());
        }
    }

    #[test]
    fn columns_are_joined_in_the_wider_type() {
        let (narrow, wide) = (Floats::F32(vec![1.5, 2.5]), Floats::F64(vec![0.1]));
        let join = |parts: &[&Floats]| {
            let mut all = Floats::default();
            parts.iter().for_each(|part| all.extend(part).unwrap());
            all
        };
        assert_eq!(join(&[&narrow, &narrow]), Floats::F32(vec![1.5, 2.5, 1.5, 2.5]));
        assert_eq!(join(&[&narrow, &wide]), Floats::F64(vec![1.5, 2.5, 0.1]));
        assert_eq!(join(&[&wide, &narrow]), Floats::F64(vec![0.1, 1.5, 2.5]));
        assert_eq!(join(&[&narrow, &Floats::F64(Vec::new())]), narrow);
        assert!(join(&[]).is_empty());
    }

    #[test]
    fn room_that_cannot_be_had_is_refused() {
        assert!(Floats::new().reserve(usize::MAX).is_err());
    }
}
