//! Tiles of a band, and its overviews.

use miniz_oxide::deflate::compress_to_vec_zlib;
use stores::Column;

use crate::grid::NONE;

/// Level of deflate.
const LEVEL: u8 = 6;
/// Tiles by which it is decided whether prediction helps.
const TRIED: usize = 8;

/// The pixels of one level of a band: the row of the table that each shows.
pub(crate) struct Level {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rows: Vec<u32>,
}

/// A band: its values, and how they are written.
#[derive(Clone, Copy)]
pub(crate) struct Band<'a> {
    pub(crate) column: &'a Column,
    /// Whether zero is no data where overviews choose: of counts.
    pub(crate) is_count: bool,
    /// As `f64`, not `f32`.
    pub(crate) is_wide: bool,
    pub(crate) is_predicted: bool,
    /// Pixels along a side of a tile.
    pub(crate) side: u32,
}

impl Level {
    /// Half as wide and high: a pixel repeats the first of its four pixels that has data in the band, by row from the upper left, so
    /// that narrow tracks stay visible and no value is made up.
    pub(crate) fn halved(&self, band: Band<'_>) -> Self {
        let [width, height] = [self.width.div_ceil(2), self.height.div_ceil(2)];
        let (mut rows, across) = (Vec::with_capacity(width as usize * height as usize), self.width as usize);
        for down in 0..height as usize {
            let upper = self.rows.chunks(across).nth(2 * down).unwrap_or_default();
            let lower = self.rows.chunks(across).nth(2 * down + 1).unwrap_or_default();
            for at in (0..across).step_by(2) {
                let four = [upper.get(at), upper.get(at + 1), lower.get(at), lower.get(at + 1)];
                let mut four = four.into_iter().flatten().copied().filter(|&row| row != NONE);
                let first = four.clone().next().unwrap_or(NONE);
                rows.push(four.find(|&row| band.has_data(row)).unwrap_or(first));
            }
        }
        Self { width, height, rows }
    }

    /// How many tiles there are across and down.
    pub(crate) fn tiles(&self, side: u32) -> [u32; 2] {
        [self.width.div_ceil(side), self.height.div_ceil(side)]
    }

    /// The tiles of a band, row by row, compressed.
    pub(crate) fn packed(&self, band: Band<'_>) -> Vec<Vec<u8>> {
        self.places(band.side).map(|place| band.pack(&self.raw(place, band))).collect()
    }

    fn places(&self, side: u32) -> impl Iterator<Item = [u32; 2]> {
        let [across, down] = self.tiles(side);
        (0..down).flat_map(move |y| (0..across).map(move |x| [x, y]))
    }

    /// The values of a tile, little-endian; no data beyond the border.
    fn raw(&self, [x, y]: [u32; 2], band: Band<'_>) -> Vec<u8> {
        let (side, across) = (band.side as usize, self.width as usize);
        let mut out = Vec::with_capacity(side * side * band.bytes());
        for down in 0..side {
            let start = (y as usize * side + down) * across + x as usize * side;
            let end = (start + side).min((y as usize * side + down + 1) * across);
            let line = self.rows.get(start..end).unwrap_or_default();
            for at in 0..side {
                band.write(line.get(at).copied().unwrap_or(NONE), &mut out);
            }
        }
        out
    }

    /// Bytes of the first tiles of a band with data, with prediction and without.
    pub(crate) fn tried(&self, band: Band<'_>) -> [usize; 2] {
        let raws = self.places(band.side).map(|place| self.raw(place, band));
        let empty = band.no_data();
        let telling = raws.filter(|raw| raw.chunks(band.bytes()).any(|value| value != empty)).take(TRIED);
        let size = |raw: &[u8], is_predicted| Band { is_predicted, ..band }.pack(raw).len();
        telling.fold([0; 2], |sum, raw| [sum[0] + size(&raw, true), sum[1] + size(&raw, false)])
    }
}

impl Band<'_> {
    pub(crate) fn bytes(self) -> usize {
        if self.is_wide { 8 } else { 4 }
    }

    fn has_data(self, row: u32) -> bool {
        let value = self.column.number(row as usize);
        if self.is_count { value != 0.0 } else { !value.is_nan() }
    }

    fn no_data(self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(NONE, &mut out);
        out
    }

    fn write(self, row: u32, out: &mut Vec<u8>) {
        let value = if row == NONE { f64::NAN } else { self.column.number(row as usize) };
        if self.is_wide {
            out.extend(value.to_le_bytes());
            return;
        }
        #[expect(clippy::cast_possible_truncation, reason = "f32 in the table, or whole and exact in f32")]
        out.extend((value as f32).to_le_bytes());
    }

    fn pack(self, raw: &[u8]) -> Vec<u8> {
        if self.is_predicted {
            compress_to_vec_zlib(&predicted(raw, self.side as usize, self.bytes()), LEVEL)
        } else {
            compress_to_vec_zlib(raw, LEVEL)
        }
    }
}

/// The predictor of floats (TIFF technical note 3): of each line the first bytes of all values, most significant first, then the second
/// ones, and so on; of these bytes the differences.
fn predicted(raw: &[u8], side: usize, bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    for line in raw.chunks(side * bytes) {
        let mut last = 0_u8;
        for place in (0..bytes).rev() {
            for byte in line.iter().skip(place).step_by(bytes) {
                out.push(byte.wrapping_sub(last));
                last = *byte;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(column: &Column) -> Band<'_> {
        Band { column, is_count: column.is_integer(), is_wide: false, is_predicted: false, side: 2 }
    }

    #[test]
    fn an_overview_keeps_what_has_data() {
        let heights = Column::F32(vec![f32::NAN, 5.0, 6.0]);
        let rows = vec![0, NONE, 0, 1, 2, NONE, NONE, NONE, 1];
        let level = Level { width: 3, height: 3, rows };
        let half = level.halved(band(&heights));
        assert_eq!((half.width, half.height), (2, 2));
        assert_eq!(half.rows, [1, 0, NONE, 1]);
        let counts = Column::I32(vec![0, 3, 4]);
        assert_eq!(level.halved(band(&counts)).rows, [1, 0, NONE, 1]);
        assert_eq!(half.halved(band(&heights)).rows, [1]);
    }

    #[test]
    fn tiles_are_whole_and_lie_row_by_row() {
        let values = Column::F32(vec![1.0, 2.0, 3.0]);
        let level = Level { width: 3, height: 1, rows: vec![0, 1, 2] };
        assert_eq!(level.tiles(2), [2, 1]);
        let first = level.raw([0, 0], band(&values));
        let floats = |raw: &[u8]| -> Vec<f32> { raw.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect() };
        assert_eq!(floats(&first)[..2], [1.0, 2.0]);
        let second = floats(&level.raw([1, 0], band(&values)));
        assert!(second[0] == 3.0 && second[1..].iter().all(|value| value.is_nan()), "{second:?}");
    }

    /// By hand: 1.0 is 3F 80 00 00, 2.0 is 40 00 00 00.
    #[test]
    fn prediction_is_by_bytes_of_a_line() {
        let raw = [1.0_f32.to_le_bytes(), 2.0_f32.to_le_bytes()].concat();
        assert_eq!(predicted(&raw, 2, 4), [0x3F, 0x01, 0x40, 0x80, 0x00, 0x00, 0x00, 0x00]);
    }
}
