//! A growing output with a hard bound, and the back-reference copy that all LZ77 codecs share.

use super::Fault;

/// Decoded bytes so far; never grows beyond its limit.
pub(crate) struct Output {
    bytes: Vec<u8>,
    limit: usize,
}

impl Output {
    /// Starts empty; `guess` only sizes the first allocation.
    pub(crate) fn new(limit: usize, guess: usize) -> Self {
        Self { bytes: Vec::with_capacity(guess.min(limit)), limit }
    }

    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What was written from position `start` on.
    pub(crate) fn since(&self, start: usize) -> &[u8] {
        self.bytes.get(start..).unwrap_or_default()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn room_for(&self, n: usize) -> Result<(), Fault> {
        if n > self.limit - self.bytes.len() { Err(Fault::TooLarge) } else { Ok(()) }
    }

    pub(crate) fn extend(&mut self, data: &[u8]) -> Result<(), Fault> {
        self.room_for(data.len())?;
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    pub(crate) fn fill(&mut self, byte: u8, n: usize) -> Result<(), Fault> {
        self.room_for(n)?;
        self.bytes.resize(self.bytes.len() + n, byte);
        Ok(())
    }

    /// Appends `len` bytes that begin `distance` before the end; the ranges may overlap (a repeating pattern).
    pub(crate) fn copy_back(&mut self, distance: usize, len: usize) -> Result<(), Fault> {
        self.room_for(len)?;
        let start = self.bytes.len().checked_sub(distance).filter(|_| distance > 0);
        let start = start.ok_or(Fault::corrupt("a back-reference points before the output"))?;
        // An overlapping copy repeats what it has just written: whole periods double up.
        let mut left = len;
        while left > 0 {
            let step = left.min(self.bytes.len() - start);
            self.bytes.extend_from_within(start..start + step);
            left -= step;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_back_with_and_without_overlap() {
        let mut out = Output::new(20, 0);
        out.extend(b"abc").unwrap();
        out.copy_back(3, 8).unwrap();
        out.copy_back(1, 2).unwrap();
        out.copy_back(13, 3).unwrap();
        assert_eq!(out.into_bytes(), b"abcabcabcabbbabc");
    }

    #[test]
    fn refuses_bad_distances_and_overflow() {
        let mut out = Output::new(4, 100);
        out.fill(7, 3).unwrap();
        assert!(matches!(out.copy_back(4, 1), Err(Fault::Corrupt(_))));
        assert!(matches!(out.copy_back(0, 1), Err(Fault::Corrupt(_))));
        assert_eq!(out.copy_back(1, 2), Err(Fault::TooLarge));
        assert_eq!(out.extend(&[1, 2]), Err(Fault::TooLarge));
        assert_eq!(out.len(), 3);
    }
}
