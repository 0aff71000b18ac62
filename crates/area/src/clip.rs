//! Which children are kept, and their hash.
use crate::Error;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;
use std::str::FromStr;

/// Which children of the parent cells of a region are kept, and which of their rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Clip {
    /// Those whose centre is inside.
    #[default]
    Centre,
    /// Those that touch the region, within a metre.
    Touch,
    /// All children of the parent cells that the region touches.
    None,
    /// Those that touch the region, but only with the rows that lie inside.
    Rows,
}

const NAMES: [(Clip, &str); 4] =
    [(Clip::Centre, "centre"), (Clip::Touch, "touch"), (Clip::None, "none"), (Clip::Rows, "rows")];

impl fmt::Display for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(NAMES.iter().find(|(clip, _)| clip == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Clip {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = NAMES.iter().find(|(_, name)| *name == text).map(|(clip, _)| *clip);
        found.ok_or_else(|| {
            Error::usage(format!("`{}` is no way to clip: centre, touch, none or rows", crate::error::short(text)))
        })
    }
}

/// SHA-256, in hexadecimal digits, of the ids in ranges, each as 8 bytes, little-endian.
#[must_use]
pub fn digest(kept: &[Range<u64>]) -> String {
    let mut hash = Sha256::new();
    let mut block = Vec::with_capacity(8 * 1024);
    for id in kept.iter().cloned().flatten() {
        block.extend_from_slice(&id.to_le_bytes());
        if block.len() == block.capacity() {
            hash.update(&block);
            block.clear();
        }
    }
    hash.update(&block);
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Sorted ids as ranges that do not meet.
#[must_use]
pub fn ranges_of(ids: &[u64]) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for &id in ids {
        match ranges.last_mut() {
            Some(last) if id < last.end => {}
            Some(last) if id == last.end => last.end = id.saturating_add(1),
            _ => ranges.push(id..id.saturating_add(1)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python: `hashlib.sha256(b"".join(struct.pack("<Q", i) for i in ids)).hexdigest()`.
    #[test]
    fn the_hash_is_that_of_the_ids_as_bytes() {
        assert_eq!(digest(&[3..6, 10..11]), "082ec5404ce85830fc87e133db1447249ca9faed9140a597613bc0972b2b02f0");
        assert_eq!(digest(&[]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let many = "a3d44437f284b46e5d827df6101e63efe16f752040ad67db809c061bc367bde5";
        assert_eq!(
            (digest(&ranges_of(&Vec::from_iter(0..5000))), digest(&[0..1, 1..5000])),
            (many.to_owned(), many.to_owned())
        );
    }

    #[test]
    fn ids_become_ranges_that_do_not_meet() {
        assert_eq!(ranges_of(&[3, 4, 4, 5, 10]), [3..6, 10..11]);
        assert!(ranges_of(&[]).is_empty());
    }

    #[test]
    fn ways_to_clip_are_read_as_they_are_written() {
        for (clip, name) in NAMES {
            assert_eq!((clip.to_string().as_str(), name.parse()), (name, Ok(clip)));
        }
        assert_eq!(Clip::default(), Clip::Centre);
        assert!("center".parse::<Clip>().unwrap_err().to_string().contains("centre, touch, none or rows"));
    }
}
