//! Dataspace message (IV.A.2.b).
use super::primitive::{Parsed, Sizes, bad, length, repeat, skip, u8, version};
use crate::object::Space;

/// Dimensions of a dataset or an attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Dataspace {
    pub(crate) space: Space,
    pub(crate) shape: Vec<u64>,
    /// `None`: unlimited.
    pub(crate) max_shape: Vec<Option<u64>>,
}

/// Most dimensions a dataspace can have in the library that defines the format.
const MAX_RANK: u8 = 32;

impl Dataspace {
    /// Parses a dataspace message of version 1 or 2.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, version) = version(1..=2)(input)?;
            let (rest, rank) = u8(rest)?;
            let (rest, flags) = u8(rest)?;
            let (rest, kind) = if version == 1 { (skip(rest, 5)?.0, u8::from(rank > 0)) } else { u8(rest)? };
            let space = match kind {
                0 => Space::Scalar,
                1 => Space::Simple,
                2 => Space::Null,
                other => return bad(rest, format!("type {other} is not known")),
            };
            if rank > MAX_RANK || (rank > 0 && space != Space::Simple) {
                return bad(rest, format!("{rank} dimensions"));
            }
            let (rest, shape) = repeat(usize::from(rank), length(sizes))(rest)?;
            let (rest, max_shape) = if flags & 0x01 != 0 {
                repeat(usize::from(rank), max_dim(sizes))(rest)?
            } else {
                (rest, shape.iter().copied().map(Some).collect())
            };
            if space == Space::Null {
                return Ok((rest, Self { space, shape: vec![0], max_shape: vec![Some(0)] }));
            }
            Ok((rest, Self { space, shape, max_shape }))
        }
    }

    /// Number of elements; `None` when it does not fit in 64 bits.
    pub(crate) fn elements(&self) -> Option<u64> {
        self.shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d))
    }
}

/// A maximum dimension: all bits set is unlimited.
fn max_dim(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Option<u64>> {
    super::primitive::address(Sizes { offset: sizes.length, length: sizes.length })
}
