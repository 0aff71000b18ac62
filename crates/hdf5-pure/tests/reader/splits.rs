//! Answers may not depend on how the bytes arrive.
use crate::support::fixture;
use byte_ranges::{ByteRange, Step};
use bytes::Bytes;
use hdf5_pure::{Attribute, ChunkMap, Error, Limits, Metadata, Object, Selection};
use proptest::prelude::*;

/// Brings a random part of each need, in random pieces.
struct Stingy {
    file: Metadata,
    bytes: Bytes,
    state: u64,
    delivered: Vec<bool>,
}

impl Stingy {
    fn new(bytes: Bytes, seed: u64) -> Self {
        let mut file = Metadata::new(Limits::default());
        file.set_file_size(bytes.len() as u64);
        let delivered = vec![false; bytes.len()];
        Self { file, bytes, state: seed | 1, delivered }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % below.max(1)
    }

    fn ask<T>(&mut self, mut query: impl FnMut(&mut Metadata) -> Result<Step<T>, Error>) -> Result<T, Error> {
        loop {
            let needed = match query(&mut self.file)? {
                Step::Done(value) => return Ok(value),
                Step::Need(needed) => needed,
            };
            assert!(!needed.is_empty());
            assert!(needed.windows(2).all(|pair| pair[0].end() < pair[1].start()), "sorted and disjoint");
            for range in &needed {
                assert!(range.end() <= self.bytes.len() as u64, "{range} lies past the end");
                let again = (range.start()..range.end()).any(|at| self.delivered[at as usize]);
                assert!(!again, "{range} asks for bytes that are here");
            }
            self.deliver(&needed);
        }
    }

    fn deliver(&mut self, needed: &[ByteRange]) {
        let certain = self.random(needed.len() as u64) as usize;
        for (i, range) in needed.iter().enumerate() {
            if i != certain && self.random(3) == 0 {
                continue;
            }
            let start = range.start() + if self.random(2) == 0 { self.random(range.len()) } else { 0 };
            let most = (range.end() - start).min(if self.random(2) == 0 { 40 } else { u64::MAX });
            let end = start + 1 + self.random(most);
            let end = end.min(range.end());
            self.file.insert(start, &self.bytes.slice(start as usize..end as usize));
            self.delivered[start as usize..end as usize].fill(true);
        }
    }
}

/// Everything that queries answer of a file.
#[derive(Debug)]
struct Answers {
    tree: Vec<(String, Result<Object, Error>)>,
    maps: Vec<Result<ChunkMap, Error>>,
    attributes: Vec<Attribute>,
}

fn answers(mut ask: Stingy) -> Result<Answers, Error> {
    let tree = ask.ask(Metadata::tree)?;
    let datasets: Vec<_> = tree
        .iter()
        .filter_map(|(_, object)| match object {
            Ok(Object::Dataset(dataset)) => Some(dataset.clone()),
            _ => None,
        })
        .collect();
    let selections: Vec<_> = datasets.iter().map(|d| Selection::all(d)).collect();
    let wants: Vec<_> = datasets.iter().map(|d| &**d).zip(&selections).collect();
    let maps = ask.ask(|file| file.chunk_maps(&wants))?;
    let mut attributes = Vec::new();
    for (_, object) in &tree {
        if let Ok(object) = object {
            attributes.extend(ask.ask(|file| file.attributes(object, None))?);
        }
    }
    Ok(Answers { tree, maps, attributes })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_split_gives_the_same_answers(seed in any::<u64>(), which in 0usize..6) {
        let name = ["links_new.h5", "links_old.h5", "extensible_array.h5", "btree2.h5", "btree1.h5", "other_indexes.h5"][which];
        let bytes = fixture(name);
        let mut whole = Stingy::new(bytes.clone(), 1);
        whole.file.insert(0, &bytes);
        let at_once = answers(whole).unwrap();
        let bit_by_bit = answers(Stingy::new(bytes, seed)).unwrap();
        prop_assert!(at_once.tree.len() > 2 && at_once.maps.len() + at_once.attributes.len() > 2);
        prop_assert_eq!(format!("{at_once:?}"), format!("{bit_by_bit:?}"));
    }
}
