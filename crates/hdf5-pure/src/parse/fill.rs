//! Fill Value messages, old and new (IV.A.2.e, IV.A.2.f).
use super::primitive::{Parsed, narrow, take, u8, u32, version};

/// What a fill value message says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum FillMessage {
    /// Zeros.
    Default,
    /// Undefined: unwritten data may read as anything.
    Undefined,
    /// This element was chosen, but is never written: unwritten data may read as anything.
    NeverWritten(Vec<u8>),
    /// This element.
    Value(Vec<u8>),
}

/// Fill value write time "never".
const NEVER: u8 = 1;

impl FillMessage {
    /// Parses a fill value message of version 1 to 3.
    pub(crate) fn parse(input: &[u8]) -> Parsed<'_, Self> {
        let (rest, version) = version(1..=3)(input)?;
        let (rest, write_time, undefined, stored) = if version == 3 {
            // Bits 2-3: write time; bit 4: undefined; bit 5: a value follows.
            let (rest, flags) = u8(rest)?;
            (rest, flags >> 2 & 0x03, flags & 0x10 != 0, flags & 0x20 != 0)
        } else {
            let (rest, _allocation) = u8(rest)?;
            let (rest, write_time) = u8(rest)?;
            let (rest, defined) = u8(rest)?;
            (rest, write_time, defined == 0, version == 1 || defined != 0)
        };
        let (rest, value) = if stored { Self::parse_old(rest)? } else { (rest, Self::Default) };
        let message = match value {
            _ if undefined => Self::Undefined,
            Self::Value(chosen) if write_time == NEVER => Self::NeverWritten(chosen),
            _ if write_time == NEVER => Self::Undefined,
            value => value,
        };
        Ok((rest, message))
    }

    /// Parses the old message: a size and that number of bytes. A negative size means no fill value.
    pub(crate) fn parse_old(input: &[u8]) -> Parsed<'_, Self> {
        let (rest, size) = u32(input)?;
        if size == 0 || size > i32::MAX as u32 {
            return Ok((rest, Self::Default));
        }
        let (rest, size) = narrow(rest, u64::from(size))?;
        let (rest, value) = take(size)(rest)?;
        Ok((rest, Self::Value(value.to_vec())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_fill_value_is_known_although_it_is_never_written() {
        // Version 3, allocation late; write time in bits 2-3: 0 on allocation, 1 never; bit 5: a value follows.
        let message = |flags: u8| [&[3, flags, 4, 0, 0, 0][..], &[1, 2, 3, 4]].concat();
        let parsed = |flags| FillMessage::parse(&message(flags)).unwrap().1;
        assert_eq!(parsed(0x22), FillMessage::Value(vec![1, 2, 3, 4]));
        assert_eq!(parsed(0x26), FillMessage::NeverWritten(vec![1, 2, 3, 4]));
        assert_eq!(FillMessage::parse(&[3, 0x06]).unwrap().1, FillMessage::Undefined);
        assert_eq!(FillMessage::parse(&[3, 0x12]).unwrap().1, FillMessage::Undefined);
        assert_eq!(FillMessage::parse(&[3, 0x02]).unwrap().1, FillMessage::Default);
    }
}
