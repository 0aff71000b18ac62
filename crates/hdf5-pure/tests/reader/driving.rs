//! The loop between a file and a source.
use crate::support::{fixture, hex};
use byte_ranges::{ByteRange, Cost, Fetched, MemorySource, Source, SourceError, SourceErrorKind};
use bytes::Bytes;
use futures_util::FutureExt;
use hdf5_pure::{AsyncFile, Error, Selection};

#[test]
fn a_file_reads_the_same_at_any_cost() {
    let costs = [
        Cost::EXACT,
        Cost { gap: 64, max_request: 100, in_flight: 1, ahead: 0, head: 1 },
        Cost { gap: 4096, max_request: 5000, in_flight: 3, ahead: 1024, head: 2048 },
        Cost { gap: 0, max_request: u64::MAX, in_flight: 0, ahead: 512, head: 1 << 20 },
    ];
    let mut hashes = Vec::new();
    for cost in costs {
        let read = async {
            let mut file = AsyncFile::open(MemorySource::with_cost(fixture("btree1.h5"), cost)).await.unwrap();
            let dataset = file.dataset("/filtered").await.unwrap();
            let raw = file.read(&dataset, &Selection::rows(&dataset, 150, 4000)).await.unwrap();
            let asked = file.source().asked();
            assert_eq!(asked.len() as u64, file.stats().requests);
            assert!(asked.iter().skip(1).all(|range| range.len() <= cost.max_request), "{cost:?}: {asked:?}");
            raw
        };
        hashes.push(hex(&read.now_or_never().unwrap()));
    }
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn metadata_is_asked_for_once() {
    let read = async {
        let source = MemorySource::with_cost(fixture("links_new.h5"), Cost { ahead: 256, ..Cost::EXACT });
        let mut file = AsyncFile::open(source).await.unwrap();
        file.query(hdf5_pure::File::tree).await.unwrap();
        file.query(hdf5_pure::File::tree).await.unwrap();
        file.source().asked()
    };
    let mut asked = read.now_or_never().unwrap();
    asked.sort_unstable();
    assert!(asked.len() > 5);
    assert!(asked.windows(2).all(|pair| pair[0].end() <= pair[1].start()), "{asked:?}");
}

/// A source that answers with too few bytes behind the head of a file, or not at all.
struct Faulty {
    bytes: Bytes,
    fails: bool,
}

impl Source for Faulty {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        let file_size = self.bytes.len() as u64;
        let end = range.end().min(file_size).min(600);
        let start = range.start().min(end);
        if self.fails && range.end() > 600 {
            return Err(SourceError::new(SourceErrorKind::Changed, "here", "another file"));
        }
        Ok(Fetched { bytes: self.bytes.slice(start as usize..end as usize), file_size })
    }

    fn cost(&self) -> Cost {
        Cost::EXACT
    }
}

#[test]
fn answers_that_bring_nothing_are_an_error_not_a_loop() {
    for fails in [false, true] {
        let read = async {
            let mut file = AsyncFile::open(Faulty { bytes: fixture("btree1.h5"), fails }).await.unwrap();
            file.query(hdf5_pure::File::tree).await.map(|_| ())
        };
        match read.now_or_never().unwrap() {
            Err(Error::Source(error)) if fails => assert_eq!(error.kind, SourceErrorKind::Changed),
            Err(Error::Source(error)) => assert_eq!(error.kind, SourceErrorKind::BadAnswer),
            other => panic!("{other:?}"),
        }
    }
}
