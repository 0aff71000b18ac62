//! Numbers in bytes, none of them believed.

/// Little-endian numbers at offsets; `None` beyond the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    pub(super) fn u16(self, at: usize) -> Option<usize> {
        self.array(at).map(u16::from_le_bytes).map(usize::from)
    }

    pub(super) fn u32(self, at: usize) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.array(at)?)).ok()
    }

    pub(super) fn u64(self, at: usize) -> Option<u64> {
        self.array(at).map(u64::from_le_bytes)
    }

    pub(super) fn f64(self, at: usize) -> Option<f64> {
        self.array(at).map(f64::from_le_bytes)
    }

    pub(super) fn slice(self, at: usize, length: usize) -> Option<&'a [u8]> {
        self.0.get(at..at.checked_add(length)?)
    }

    /// So many positions `[x, y]`, one each `stride` bytes.
    pub(super) fn positions(self, at: usize, count: usize, stride: usize) -> Option<Vec<[f64; 2]>> {
        let bytes = self.slice(at, count.checked_mul(stride)?)?;
        bytes.chunks_exact(stride).map(|one| Some([Self(one).f64(0)?, Self(one).f64(8)?])).collect()
    }
}
