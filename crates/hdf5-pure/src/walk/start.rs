//! Finding the superblock (II.A).
use super::memo::{Format, Stop, Walk, Walked};
use crate::Error;
use crate::parse::{SIGNATURE, Superblock, SuperblockPrefix, run};

const NAME: &str = "superblock";

impl Walk<'_> {
    /// What the superblock says. It stands at 0 or behind a user block, at 512 bytes doubled any number of times; where it
    /// is found is the base address, whatever it says itself.
    pub(crate) fn format(&mut self) -> Walked<Format> {
        if let Some(known) = &self.memo.format {
            return known.clone().map_err(Stop::Failed);
        }
        let found = match self.search() {
            Err(Stop::Missing) => return Err(Stop::Missing),
            Err(Stop::Failed(error)) => Err(error),
            Ok(format) => Ok(format),
        };
        self.memo.format = Some(found.clone());
        found.map_err(Stop::Failed)
    }

    fn search(&mut self) -> Walked<Format> {
        if self.signature_at(0)? {
            return self.superblock(0);
        }
        let end = self.file_size().unwrap_or(u64::MAX);
        let places: Vec<u64> = (9..63).map(|bit| 1u64 << bit).take_while(|&at| at < end).collect();
        let found = self.all(&places, |walk, &at| walk.signature_at(at))?;
        match places.into_iter().zip(found).find(|(_, found)| *found) {
            Some((at, _)) => self.superblock(at),
            None => Err(Error::NotHdf5.into()),
        }
    }

    fn signature_at(&mut self, offset: u64) -> Walked<bool> {
        match self.absolute(NAME, offset, SIGNATURE.len() as u64) {
            Ok(bytes) => Ok(*bytes == SIGNATURE),
            Err(Stop::Failed(Error::PastEnd { .. })) => Ok(false),
            Err(stop) => Err(stop),
        }
    }

    fn superblock(&mut self, offset: u64) -> Walked<Format> {
        let prefix = self.absolute(NAME, offset, SuperblockPrefix::LEN)?;
        let prefix = run(NAME, offset, &prefix, SuperblockPrefix::parse)?;
        let whole = self.absolute(NAME, offset, prefix.len())?;
        let superblock = run(NAME, offset, &whole, Superblock::parse)?;
        Ok(Format::new(offset, superblock))
    }
}
