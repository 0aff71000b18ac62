//! Bits of a byte stream, most significant first (n-bit, scale-offset, szip, bzip2).

use super::Fault;

/// Left-aligned 64-bit window over the stream.
pub(crate) struct BitReader<'a> {
    rest: &'a [u8],
    /// Bits to come, from the top; the low `64 - valid` bits are either zero or already those that follow.
    window: u64,
    valid: u32,
}

impl<'a> BitReader<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { rest: data, window: 0, valid: 0 }
    }

    /// The next `n` bits (at most 56) as a number.
    #[inline]
    pub(crate) fn bits(&mut self, n: u32) -> Result<u64, Fault> {
        if n == 0 {
            return Ok(0);
        }
        if self.valid < n {
            self.refill();
            if self.valid < n {
                return Err(Fault::truncated());
            }
        }
        let value = self.window >> (64 - n);
        self.window <<= n;
        self.valid -= n;
        Ok(value)
    }

    /// The next `n` bits (at most 64) as a number.
    #[inline]
    pub(crate) fn bits64(&mut self, n: u32) -> Result<u64, Fault> {
        if n <= 56 {
            return self.bits(n);
        }
        let high = self.bits(n - 32)?;
        Ok(high << 32 | self.bits(32)?)
    }

    /// The next `n` bits (at most 32) as a number.
    #[inline]
    pub(crate) fn bits32(&mut self, n: u32) -> Result<u32, Fault> {
        u32::try_from(self.bits(n)?).map_err(|_| Fault::corrupt("bit field too wide"))
    }

    /// One bit.
    #[inline]
    pub(crate) fn bit(&mut self) -> Result<bool, Fault> {
        Ok(self.bits(1)? == 1)
    }

    /// The number of zero bits before the next one bit, which is consumed too.
    #[inline]
    pub(crate) fn unary(&mut self) -> Result<u32, Fault> {
        let mut zeros = 0_u32;
        loop {
            let run = self.window.leading_zeros();
            if run < self.valid {
                self.window = self.window << run << 1;
                self.valid -= run + 1;
                return Ok(zeros + run);
            }
            zeros = zeros.checked_add(self.valid).ok_or(Fault::corrupt("endless run of zero bits"))?;
            self.window = self.window.checked_shl(self.valid).unwrap_or(0);
            self.valid = 0;
            self.refill();
            if self.valid == 0 {
                return Err(Fault::truncated());
            }
        }
    }

    #[inline]
    fn refill(&mut self) {
        if let Some(word) = self.rest.first_chunk::<8>() {
            let bytes = (64 - self.valid) / 8;
            // Bits beyond the whole bytes are set too; the next refill ors the same bits again.
            self.window |= u64::from_be_bytes(*word).checked_shr(self.valid).unwrap_or(0);
            self.valid += bytes * 8;
            self.rest = self.rest.get(bytes as usize..).unwrap_or_default();
        } else {
            while self.valid <= 56 {
                let Some((&byte, rest)) = self.rest.split_first() else { return };
                self.window |= u64::from(byte) << (56 - self.valid);
                self.valid += 8;
                self.rest = rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_across_refills() {
        let data: Vec<u8> = (0..40_u8).map(|i| i.wrapping_mul(37)).collect();
        let mut expect = data.iter().flat_map(|b| (0..8).rev().map(move |i| u64::from(b >> i & 1)));
        let mut bits = BitReader::new(&data);
        for n in [1, 7, 13, 56, 3, 31, 64, 5, 57, 8, 2] {
            let want = (0..n).fold(0, |v, _| v << 1 | expect.next().unwrap());
            assert_eq!(bits.bits64(n).unwrap(), want, "{n} bits");
        }
        assert_eq!(bits.bits64(64).unwrap(), (0..64).fold(0, |v, _| v << 1 | expect.next().unwrap()));
        assert!(bits.bits(10).is_err(), "only 9 bits are left");
        assert!(bits.bits(9).is_ok());
    }

    #[test]
    fn counts_zero_runs() {
        let mut bits = BitReader::new(&[0b0010_0000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0b0000_0101, 0]);
        assert_eq!(bits.unary().unwrap(), 2);
        assert_eq!(bits.unary().unwrap(), 5 + 72 + 5);
        assert_eq!(bits.unary().unwrap(), 1);
        assert!(bits.unary().is_err());
    }
}
