//! The loop between a file and a source.
use crate::support::{Local, fixture, hex};
use byte_ranges::{ByteRange, Cost, Fetched, MemorySource, Source, SourceError, SourceErrorKind, Stamp};
use bytes::Bytes;
use futures_util::FutureExt;
use hdf5_pure::{AsyncFile, Chunk, ChunkMap, Error, Hyperslab, Selection};

#[test]
fn a_file_reads_the_same_at_any_cost() {
    let costs = [
        Cost::EXACT,
        Cost { gap: 64, max_request: 100, in_flight: 1, ahead: 0, head: 1, tail: 0 },
        Cost { gap: 4096, max_request: 5000, in_flight: 3, ahead: 1024, head: 2048, tail: 600 },
        Cost { gap: 0, max_request: u64::MAX, in_flight: 0, ahead: 512, head: 1 << 20, tail: 1 << 20 },
    ];
    let mut hashes = Vec::new();
    for cost in costs {
        let read = async {
            let file = AsyncFile::open(MemorySource::with_cost(fixture("btree1.h5"), cost)).await.unwrap();
            let dataset = file.dataset("/filtered").await.unwrap();
            let part = Hyperslab::rows(&dataset, 150..4150);
            let raw = file.read_raw(&[(&*dataset, &part)]).await.unwrap().remove(0).unwrap();
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
        let file = AsyncFile::open(source).await.unwrap();
        file.query(hdf5_pure::Metadata::tree).await.unwrap();
        file.query(hdf5_pure::Metadata::tree).await.unwrap();
        file.source().asked()
    };
    let mut asked = read.now_or_never().unwrap();
    asked.sort_unstable();
    assert!(asked.len() > 5);
    assert!(asked.windows(2).all(|pair| pair[0].end() <= pair[1].start()), "{asked:?}");
}

#[test]
fn many_datasets_are_read_in_one_go() {
    let read = async {
        let file = AsyncFile::open(MemorySource::new(fixture("btree1.h5"))).await.unwrap();
        let [one, other] = [file.dataset("/plain").await.unwrap(), file.dataset("/filtered").await.unwrap()];
        let windows =
            [Hyperslab::rows(&one, 1..3), Hyperslab::rows(&other, 100..400), Hyperslab::rows(&one, 0..u64::MAX)];
        let wants = [(&*one, &windows[0]), (&*one, &windows[2]), (&*other, &windows[1])];
        let together = file.read_many(&wants).await.unwrap();
        assert!(matches!(together[1], Err(Error::Usage(_))), "a window outside of a dataset fails alone");
        for (at, (dataset, window)) in [(0, wants[0]), (2, wants[2])] {
            let alone = file.read_many(&[(dataset, window)]).await.unwrap().remove(0).unwrap();
            assert!(alone.len() == window.elements().unwrap() && !alone.is_empty());
            assert_eq!(together[at].as_ref().unwrap(), &alone);
        }
    };
    read.now_or_never().unwrap();
}

#[test]
fn a_chunk_map_that_was_kept_reads_the_same() {
    let mut local = Local::new(fixture("btree1.h5"));
    let dataset = local.dataset("/filtered");
    let window = Selection::rows(&dataset, 150, 4000);
    let map = local.ask(|file| file.chunk_maps(&[(&dataset, &window)])).unwrap().remove(0).unwrap();
    let kept = serde_json::to_string(&map).unwrap();
    let again: ChunkMap = serde_json::from_str(&kept).unwrap();
    assert_eq!(again, map);
    assert!(map.chunks.len() > 1 && kept.contains("filter_mask"));
    let bytes = local.bytes.clone();
    let fetch = |chunk: &Chunk| Ok(bytes.slice(chunk.address as usize..(chunk.address + chunk.size) as usize));
    assert_eq!(dataset.assemble(&window, &again, fetch).unwrap(), local.read(&dataset, &window).unwrap());
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

    fn stamp(&self) -> Option<Stamp> {
        None
    }
}

#[test]
fn answers_that_bring_nothing_are_an_error_not_a_loop() {
    for fails in [false, true] {
        let read = async {
            let file = AsyncFile::open(Faulty { bytes: fixture("btree1.h5"), fails }).await.unwrap();
            file.query(hdf5_pure::Metadata::tree).await.map(|_| ())
        };
        match read.now_or_never().unwrap() {
            Err(Error::Source(error)) if fails => assert_eq!(error.kind, SourceErrorKind::Changed),
            Err(Error::Source(error)) => assert_eq!(error.kind, SourceErrorKind::BadAnswer),
            other => panic!("{other:?}"),
        }
    }
}
