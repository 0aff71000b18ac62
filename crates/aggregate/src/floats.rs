use std::collections::TryReserveError;

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
    pub(crate) fn make_room(&mut self, more: &Self) -> Result<(), TryReserveError> {
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
        let (singles, doubles): (&[f32], &[f64]) = match self {
            Self::F32(held) => (held, &[]),
            Self::F64(held) => (&[], held),
        };
        singles.iter().copied().map(f64::from).chain(doubles.iter().copied())
    }

    /// Puts the numbers of the given rows, each below the length, in the place of what `into` holds.
    pub(crate) fn gather(&self, rows: &[u32], into: &mut Vec<f64>) {
        into.clear();
        match self {
            Self::F32(held) => into.extend(rows.iter().map(|&row| f64::from(held[row as usize]))),
            Self::F64(held) => into.extend(rows.iter().map(|&row| held[row as usize])),
        }
    }

    /// Appends NaN up to a length; room has been made.
    pub(crate) fn pad(&mut self, len: usize) {
        match self {
            Self::F32(held) => held.resize(len.max(held.len()), f32::NAN),
            Self::F64(held) => held.resize(len.max(held.len()), f64::NAN),
        }
    }
}

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
