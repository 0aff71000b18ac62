//! Finding the superblock (II.A).
use super::memo::{Format, Stop, Walk, Walked};
use crate::Error;
use crate::parse::{SIGNATURE, Superblock, SuperblockPrefix, cache_image, cached_structures, kind, run};
use bytes::Bytes;
use std::collections::BTreeMap;

const NAME: &str = "superblock";
/// Superblocks are not longer, in files with addresses of eight bytes.
const FIRST: u64 = 128;

impl Walk<'_> {
    /// What the superblock says. It is at offset 0 or behind a user block, at 512 bytes doubled any number of times.
    /// The offset where it is found is the base address, whatever its own field says.
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

    /// What every query does first: finds the superblock, and takes over the metadata cache image if the file has one. A
    /// superblock extension that cannot be read counts as none.
    pub(crate) fn open(&mut self) -> Walked<()> {
        let format = self.format()?;
        if self.memo.image.is_some() {
            return Ok(());
        }
        let image = match format.extension.map(|extension| self.image(extension)) {
            None | Some(Err(Stop::Failed(_))) => BTreeMap::new(),
            Some(found) => found?,
        };
        self.memo.image = Some(image);
        Ok(())
    }

    fn image(&mut self, extension: u64) -> Walked<BTreeMap<u64, Bytes>> {
        const NAME: &str = "metadata cache image";
        let format = self.format()?;
        let header = self.header(extension, |messages| messages.iter().any(|m| m.kind == kind::CACHE_IMAGE))?;
        let Some(message) = header.first(kind::CACHE_IMAGE) else {
            return Ok(BTreeMap::new());
        };
        let (address, len) = run(NAME, message.at, &message.body, cache_image(format.sizes))?;
        let bytes = self.bytes(NAME, address, len)?;
        let offset = self.offset(NAME, address)?;
        let structures = run(NAME, offset, &bytes, cached_structures(format.sizes))?;
        let at = |(address, image): (u64, Bytes)| Some((address.checked_add(format.base)?, image));
        Ok(structures.into_iter().filter_map(at).filter(|(_, image)| !image.is_empty()).collect())
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
        let guess = if offset == 0 { FIRST } else { SIGNATURE.len() as u64 };
        let total = |_: &[u8]| Ok(SIGNATURE.len() as u64);
        match self.growing_at(NAME, offset, (SIGNATURE.len() as u64, guess), total) {
            Ok(bytes) => Ok(bytes.get(..SIGNATURE.len()) == Some(&SIGNATURE)),
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
