//! Ring and zuniq numbers of cells, which stores of other projects use.
//!
//! Ring: cells are counted along circles of latitude, from the north pole southward, and eastward from longitude 0 on each
//! (Gorski et al. 2005, section 4.1). Zuniq: the nested number, a bit 1, and two zeros for each order below 29.

use crate::healpix::join;
use crate::{Error, Order};

/// The nested number of a cell in ring numbering.
pub(crate) fn nested_of_ring(order: Order, ring: u64) -> Result<u64, Error> {
    if ring >= order.cells() {
        return Err(Error::Nested { order: order.get(), nested: ring });
    }
    let side = order.side();
    let (circle, east) = centre(side, order.cells(), ring);
    // Which base cell: squares on their corners, `2 * side` wide and high; those of the middle row begin at longitude 0.
    let column = (east + side) / (2 * side);
    let aside = east.abs_diff(2 * side * column);
    let (row, column, middle) = if aside + circle.abs_diff(2 * side) < side {
        (1, column % 4, 2 * side * column)
    } else {
        let column = east / (2 * side);
        (u64::from(circle > 2 * side) * 2, column, 2 * side * column + side)
    };
    // x + y falls by one with every circle, x - y grows by one with every half cell eastward.
    let sum = 2 * side - 1 - (circle - row * side);
    let x = (sum + east).saturating_sub(middle) / 2;
    let y = sum - x;
    Ok(join(order, 4 * row + column, x, y))
}

/// Where the centre of a cell lies in the HEALPix plane: its circle of latitude, from 1 at the north pole, and half cells of
/// the equator east of longitude 0.
fn centre(side: u64, cells: u64, ring: u64) -> (u64, u64) {
    let cap = 2 * side * (side - 1);
    if ring < cap {
        // Above circle n lie 2n(n - 1) cells, n on each quarter of it, around the quarter's middle.
        let circle = (1 + 2 * ring).isqrt().div_ceil(2);
        let along = ring - 2 * circle * (circle - 1);
        (circle, 2 * side * (along / circle) + side + 2 * (along % circle) + 1 - circle)
    } else if ring < cells - cap {
        let (circle, along) = ((ring - cap) / (4 * side) + side, (ring - cap) % (4 * side));
        (circle, 2 * along + u64::from((circle - side).is_multiple_of(2)))
    } else {
        let (circle, east) = centre(side, cells, cells - 1 - ring);
        (4 * side - circle, 8 * side - east)
    }
}

/// The order and nested number of a zuniq word.
pub(crate) fn nested_of_zuniq(word: u64) -> Result<(Order, u64), Error> {
    let refuse = |why| Error::Packed { word, why };
    let zeros = word.trailing_zeros();
    if word == 0 || !zeros.is_multiple_of(2) {
        return Err(refuse("no zuniq word: its lowest bit is in an odd place"));
    }
    let order = u8::try_from(zeros / 2).ok().and_then(|up| Order::MAX.get().checked_sub(up));
    let order = Order::new(order.ok_or_else(|| refuse("no zuniq word: it has no order"))?)?;
    Ok((order, word >> zeros >> 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// healpy 1.20: `healpy.ring2nest(2**order, ring)`.
    #[test]
    fn ring_numbers_are_those_of_healpy() {
        let nested = |order, ring| nested_of_ring(Order::new(order).unwrap(), ring).unwrap();
        assert_eq!((0..12).map(|ring| nested(0, ring)).collect::<Vec<_>>(), (0..12).collect::<Vec<_>>());
        let all = (0..48).map(|ring| nested(1, ring)).collect::<Vec<_>>();
        assert_eq!(all, RING_1);
        for (order, ring, expected) in CELLS {
            assert_eq!(nested(order, ring), expected, "order {order}, ring {ring}");
        }
        assert!(nested_of_ring(Order::new(1).unwrap(), 48).is_err());
    }

    #[test]
    fn every_nested_number_has_one_ring_number() {
        let order = Order::new(5).unwrap();
        let mut all: Vec<u64> = (0..order.cells()).map(|ring| nested_of_ring(order, ring).unwrap()).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..order.cells()));
    }

    #[test]
    fn zuniq_words_hold_their_order() {
        for (order, nested) in [(0, 11), (12, 200_000_000), (29, 12 * (1 << 58) - 1)] {
            let order = Order::new(order).unwrap();
            let word = (2 * nested + 1) << (58 - order.bits());
            assert_eq!(nested_of_zuniq(word), Ok((order, nested)));
        }
        assert!(nested_of_zuniq(0).is_err() && nested_of_zuniq(2).is_err() && nested_of_zuniq(1 << 60).is_err());
    }

    const RING_1: [u64; 48] = [
        3, 7, 11, 15, 2, 1, 6, 5, 10, 9, 14, 13, 19, 0, 23, 4, 27, 8, 31, 12, 17, 22, 21, 26, 25, 30, 29, 18, 16, 35,
        20, 39, 24, 43, 28, 47, 34, 33, 38, 37, 42, 41, 46, 45, 32, 36, 40, 44,
    ];

    const CELLS: [(u8, u64, u64); 50] = [
        (3, 0, 63),
        (3, 3, 255),
        (3, 4, 62),
        (3, 255, 441),
        (3, 384, 410),
        (3, 763, 705),
        (3, 767, 704),
        (3, 363, 471),
        (3, 393, 473),
        (3, 579, 690),
        (8, 0, 65_535),
        (8, 3, 262_143),
        (8, 4, 65_534),
        (8, 262_143, 451_925),
        (8, 393_216, 420_522),
        (8, 786_427, 720_897),
        (8, 786_431, 720_896),
        (8, 747_475, 728_117),
        (8, 27_409, 191_556),
        (8, 113_371, 171_185),
        (12, 0, 16_777_215),
        (12, 3, 67_108_863),
        (12, 4, 16_777_214),
        (12, 67_108_863, 115_692_885),
        (12, 100_663_296, 107_653_802),
        (12, 201_326_587, 184_549_377),
        (12, 201_326_591, 184_549_376),
        (12, 165_680_445, 194_712_921),
        (12, 190_988_360, 186_400_350),
        (12, 50_176_351, 83_205_159),
        (20, 0, 1_099_511_627_775),
        (20, 3, 4_398_046_511_103),
        (20, 4, 1_099_511_627_774),
        (20, 4_398_046_511_103, 7_582_048_933_205),
        (20, 6_597_069_766_656, 7_055_199_611_562),
        (20, 13_194_139_533_307, 12_094_627_905_537),
        (20, 13_194_139_533_311, 12_094_627_905_536),
        (20, 5_585_428_235_885, 1_140_369_508_398),
        (20, 10_920_823_514_951, 11_367_885_796_183),
        (20, 5_399_030_502_165, 8_494_682_535_348),
        (29, 0, 288_230_376_151_711_743),
        (29, 3, 1_152_921_504_606_846_975),
        (29, 4, 288_230_376_151_711_742),
        (29, 1_152_921_504_606_846_975, 1_987_588_635_546_178_901),
        (29, 1_729_382_256_910_270_464, 1_849_478_246_973_483_690),
        (29, 3_458_764_513_820_540_923, 3_170_534_137_668_829_185),
        (29, 3_458_764_513_820_540_927, 3_170_534_137_668_829_184),
        (29, 1_900_915_143_943_347_943, 1_799_410_407_489_988_244),
        (29, 95_320_482_917_486_706, 556_363_106_878_305_704),
        (29, 2_606_224_400_983_021_929, 2_511_095_996_677_498_018),
    ];
}
