//! Layouts of integers and floating-point numbers.

/// Order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
    /// Little-endian 16-bit words, most significant word first (floating-point only).
    Vax,
}

/// Fixed-point number (class 0): a two's complement or unsigned integer, possibly narrower than its storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FixedPoint {
    /// Bytes an element.
    pub size: u32,
    /// Byte order, never [`ByteOrder::Vax`] in a parsed message.
    pub order: ByteOrder,
    /// Two's complement if true.
    pub signed: bool,
    /// Bit position of the least significant bit.
    pub bit_offset: u16,
    /// Significant bits.
    pub precision: u16,
}

impl FixedPoint {
    /// True for the plain integers of 1, 2, 4 or 8 bytes that use all their bits.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        matches!(self.size, 1 | 2 | 4 | 8) && self.bit_offset == 0 && u32::from(self.precision) == 8 * self.size
    }

    /// Value of one element; `None` if it is not `size` bytes or wider than 128 bits.
    pub(crate) fn value(&self, element: &[u8]) -> Option<i128> {
        let word = load(element, self.order)?;
        let precision = u32::from(self.precision);
        if precision == 0 || precision > 127 || u32::from(self.bit_offset) + precision > 128 {
            return None;
        }
        let bits = (word >> self.bit_offset) & ((1_u128 << precision) - 1);
        // Move the sign bit to the top of the word and back: an arithmetic shift extends it.
        let spare = 128 - precision;
        let top = (bits << spare).cast_signed();
        Some(if self.signed { top >> spare } else { bits.cast_signed() })
    }
}

/// How the leading bit of a mantissa is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Normalisation {
    /// Not normalised: the leading bit is stored and may be zero (x87 extended).
    None,
    /// The leading bit is stored and always set.
    MsbSet,
    /// The leading bit is set but not stored (IEEE 754 interchange formats).
    Implied,
}

/// Floating-point number (class 1) by its bit fields; positions count from bit 0 of the element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FloatingPoint {
    /// Bytes an element.
    pub size: u32,
    /// Byte order.
    pub order: ByteOrder,
    /// Bit position of the least significant bit in use.
    pub bit_offset: u16,
    /// Bits in use.
    pub precision: u16,
    /// Position of the sign bit.
    pub sign_location: u8,
    /// Position of the exponent's least significant bit.
    pub exponent_location: u8,
    /// Bits of the exponent.
    pub exponent_size: u8,
    /// Subtracted from the stored exponent.
    pub exponent_bias: u32,
    /// Position of the mantissa's least significant bit.
    pub mantissa_location: u8,
    /// Bits of the mantissa.
    pub mantissa_size: u8,
    /// Where the leading bit of the mantissa is.
    pub normalisation: Normalisation,
}

impl FloatingPoint {
    /// The IEEE 754 interchange format of 2, 4 or 8 bytes.
    ///
    /// `None` for another size.
    #[must_use]
    pub fn ieee(size: u32, order: ByteOrder) -> Option<Self> {
        let (precision, exponent_size, mantissa_size) = match size {
            2 => (16_u8, 5_u8, 10_u8),
            4 => (32, 8, 23),
            8 => (64, 11, 52),
            _ => return None,
        };
        Some(Self {
            size,
            order,
            bit_offset: 0,
            precision: u16::from(precision),
            sign_location: precision - 1,
            exponent_location: mantissa_size,
            exponent_size,
            exponent_bias: (1 << (exponent_size - 1)) - 1,
            mantissa_location: 0,
            mantissa_size,
            normalisation: Normalisation::Implied,
        })
    }

    /// True for little- or big-endian IEEE 754 binary16, binary32 and binary64.
    #[must_use]
    pub fn is_ieee(&self) -> bool {
        self.order != ByteOrder::Vax && Self::ieee(self.size, self.order) == Some(*self)
    }
}

/// The bytes of one element as a number, `None` above 16 bytes or for VAX order.
pub(crate) fn load(element: &[u8], order: ByteOrder) -> Option<u128> {
    if element.len() > 16 {
        return None;
    }
    let push = |word: u128, byte: &u8| (word << 8) | u128::from(*byte);
    match order {
        ByteOrder::Little => Some(element.iter().rev().fold(0, push)),
        ByteOrder::Big => Some(element.iter().fold(0, push)),
        ByteOrder::Vax => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values that h5py 3.16 (HDF5 2.0) reads from the same bytes and layouts.
    #[test]
    fn narrow_integers_are_shifted_and_sign_extended() {
        let raw = [0x12, 0x34, 0xf5, 0x78, 0xff, 0xff, 0xff, 0xff, 0x80, 0x40, 0x20, 0x10, 0, 0, 0x20, 0];
        let read = |t: FixedPoint| -> Vec<i128> {
            raw.chunks_exact(t.size as usize).map(|e| t.value(e).expect("a value")).collect()
        };
        let t = FixedPoint { size: 4, order: ByteOrder::Little, signed: true, bit_offset: 5, precision: 17 };
        assert_eq!(read(t), [-22112, -1, -65020, -65536]);
        assert_eq!(read(FixedPoint { order: ByteOrder::Big, ..t }), [-22613, -1, 256, 256]);
        let t = FixedPoint { signed: false, bit_offset: 0, ..t };
        assert_eq!(read(t), [78866, 131_071, 16512, 0x20_0000 & 0x1ffff]);
        let t = FixedPoint { size: 2, order: ByteOrder::Little, signed: true, bit_offset: 4, precision: 12 };
        assert_eq!(read(t), [833, 1935, -1, -1, 1032, 258, 0, 2]);
    }

    #[test]
    fn ieee_layouts_know_themselves() {
        for size in [2, 4, 8] {
            let t = FloatingPoint::ieee(size, ByteOrder::Big).expect("a layout");
            assert!(t.is_ieee());
            assert!(!FloatingPoint { exponent_bias: t.exponent_bias + 1, ..t }.is_ieee());
        }
        assert_eq!(FloatingPoint::ieee(3, ByteOrder::Little), None);
    }
}
