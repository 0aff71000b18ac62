/// A number of a column, and an integer that stands for its place in the total order of IEEE 754 (-0.0 before 0.0, NaN outermost).
pub(crate) trait Real: Copy {
    /// As wide as the number.
    type Key: Copy + Ord;
    /// Every `f32` is an `f64`.
    fn float(self) -> f64;
    /// Ascends with the number.
    fn key(self) -> Self::Key;
    /// The number of a key.
    fn of(key: Self::Key) -> Self;
}

impl Real for f32 {
    type Key = i32;

    #[inline]
    fn float(self) -> f64 {
        f64::from(self)
    }

    #[inline]
    fn key(self) -> i32 {
        flip32(self.to_bits().cast_signed())
    }

    #[inline]
    fn of(key: i32) -> Self {
        Self::from_bits(flip32(key).cast_unsigned())
    }
}

impl Real for f64 {
    type Key = i64;

    #[inline]
    fn float(self) -> f64 {
        self
    }

    #[inline]
    fn key(self) -> i64 {
        flip64(self.to_bits().cast_signed())
    }

    #[inline]
    fn of(key: i64) -> Self {
        Self::from_bits(flip64(key).cast_unsigned())
    }
}

/// The magnitude of a negative number counts down: its bits are turned over, which a second call undoes.
#[inline]
const fn flip32(bits: i32) -> i32 {
    bits ^ ((bits >> 31).cast_unsigned() >> 1).cast_signed()
}

#[inline]
const fn flip64(bits: i64) -> i64 {
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::Real;

    #[test]
    fn keys_ascend_in_total_order_and_lead_back() {
        let ascending = [f64::NEG_INFINITY, -1e300, -2.0, -1e-320, -0.0, 0.0, 1e-320, 0.1, 2.0, f64::INFINITY];
        let keys = ascending.map(Real::key);
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert!(ascending.iter().all(|v| f64::of(v.key()).to_bits() == v.to_bits()));
        assert!(f64::NAN.key() > keys[9] && (-f64::NAN).key() < keys[0]);
        let ascending = [-f32::NAN, f32::MIN, -1.0, -0.0, 0.0, f32::MIN_POSITIVE, 1.0, f32::MAX, f32::NAN];
        assert!(ascending.map(Real::key).is_sorted_by(|a, b| a < b));
        assert!(ascending.iter().all(|v| f32::of(v.key()).to_bits() == v.to_bits()));
    }
}
