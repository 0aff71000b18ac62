//! Reading files at hand, without a runtime.
use byte_ranges::Step;
use bytes::Bytes;
use hdf5_pure::datatype::{Canonical, Datatype};
use hdf5_pure::{Dataset, Error, HeapId, Limits, Metadata, Object, Selection};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
pub(crate) use testing::shared;

/// A file whose bytes are all at hand, but given only as they are asked for.
pub(crate) struct Local {
    pub(crate) file: Metadata,
    pub(crate) bytes: Bytes,
    pub(crate) rounds: usize,
}

impl Local {
    pub(crate) fn new(bytes: impl Into<Bytes>) -> Self {
        Self::with_limits(bytes, Limits::default())
    }

    pub(crate) fn with_limits(bytes: impl Into<Bytes>, limits: Limits) -> Self {
        let bytes = bytes.into();
        let mut file = Metadata::new(limits);
        file.set_file_size(bytes.len() as u64);
        Self { file, bytes, rounds: 0 }
    }

    pub(crate) fn ask<T>(
        &mut self,
        mut query: impl FnMut(&mut Metadata) -> Result<Step<T>, Error>,
    ) -> Result<T, Error> {
        loop {
            match query(&mut self.file)? {
                Step::Done(value) => return Ok(value),
                Step::Need(ranges) => {
                    assert!(!ranges.is_empty(), "an empty need");
                    self.rounds += 1;
                    for range in ranges {
                        let slice = self.bytes.slice(range.start() as usize..range.end() as usize);
                        self.file.insert(range.start(), &slice);
                    }
                }
            }
        }
    }

    pub(crate) fn find(&mut self, path: &str) -> Result<Option<Object>, Error> {
        self.ask(|file| file.find(&[path]))?.pop().unwrap()
    }

    pub(crate) fn dataset(&mut self, path: &str) -> Arc<Dataset> {
        match self.find(path) {
            Ok(Some(Object::Dataset(dataset))) => dataset,
            other => panic!("{path}: {other:?}"),
        }
    }

    pub(crate) fn read(&mut self, dataset: &Dataset, selection: &Selection) -> Result<Vec<u8>, Error> {
        dataset.blank(selection)?;
        let map = self.ask(|file| file.chunk_maps(&[(dataset, selection)]))?.pop().unwrap()?;
        let bytes = self.bytes.clone();
        dataset.assemble(selection, &map, |chunk| {
            let range = chunk.range();
            let file_size = bytes.len() as u64;
            if range.end() > file_size {
                return Err(Error::PastEnd { structure: "chunk", range, file_size });
            }
            Ok(bytes.slice(range.start() as usize..range.end() as usize))
        })
    }

    /// Canonical kind and hash of raw elements.
    pub(crate) fn hash(&mut self, datatype: &Datatype, raw: &[u8], scalar: bool) -> Result<(String, String), Error> {
        let canonical = Canonical::new(datatype, scalar)?;
        let mut hash = Sha256::new();
        canonical.write(
            raw,
            &mut |at| self.ask(|file| file.resolve(&[HeapId::from(at)]))?.pop().unwrap(),
            &mut |bytes| hash.update(bytes),
        )?;
        let hex = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        Ok((canonical.kind().as_str().to_owned(), hex))
    }
}

/// A file that `fixtures/make_fixtures.py` made.
pub(crate) fn fixture(name: &str) -> Bytes {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")).join(name);
    std::fs::read(path).unwrap().into()
}

/// SHA-256 in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
