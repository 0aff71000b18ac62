//! Chunk indexes with one bit flipped: an error, or the same values. Files of `fixtures/make_damage.py`.
use crate::support::{Local, fixture};
use hdf5_pure::{Dataset, Error, Object, Selection};
use std::ops::Range;

/// The end of the last chunk is not always where the key behind it says.
#[test]
fn the_last_chunk_alone_is_read() {
    let bytes = fixture("btree1.h5");
    let all = read(&bytes, "/filtered", &Selection { start: vec![0], count: vec![5000] }).unwrap();
    let last = read(&bytes, "/filtered", &Selection { start: vec![4900], count: vec![100] }).unwrap();
    assert_eq!(last, all[4900 * 8..]);
}

/// The values that `make_damage.py` writes, as stored.
fn values(dataset: &Dataset) -> Vec<u8> {
    let count = dataset.elements().unwrap() as i32;
    (0..count).flat_map(|i| (i * 7 % 251).to_le_bytes()).collect()
}

/// Selections, each for a reader of its own: the whole dataset, and each of its chunks. For datasets of one dimension, where
/// the bytes of a chunk are one range.
fn readings(dataset: &Dataset) -> Vec<(Selection, Range<usize>)> {
    let len = |rows: u64| (rows * dataset.elements().unwrap() / dataset.shape[0] * 4) as usize;
    let mut all = vec![(Selection::all(dataset), 0..len(dataset.shape[0]))];
    let step = dataset.chunk_shape()[0];
    for start in (0..dataset.shape[0]).step_by(step as usize) {
        let rows = step.min(dataset.shape[0] - start);
        all.push((Selection::rows(dataset, start, rows), len(start)..len(start + rows)));
    }
    all
}

fn read(bytes: &[u8], path: &str, selection: &Selection) -> Result<Vec<u8>, Error> {
    let mut local = Local::new(bytes.to_vec());
    local.file.insert(0, &local.bytes);
    match local.find(path)? {
        Some(Object::Dataset(dataset)) => local.read(&dataset, selection),
        other => panic!("{path}: {other:?}"),
    }
}

/// Flips every bit of `places`; answers how many of them were errors of the whole dataset.
fn flip_all(name: &str, path: &str, places: &[Range<usize>], harmless: impl Fn(usize) -> bool) -> usize {
    let mut bytes = fixture(name).to_vec();
    let dataset = Local::new(bytes.clone()).dataset(path);
    let (expected, readings) = (values(&dataset), readings(&dataset));
    for (selection, range) in &readings {
        assert_eq!(read(&bytes, path, selection).unwrap(), expected[range.clone()], "{path} before any damage");
    }
    let mut errors = 0;
    for place in places.iter().cloned().flatten().filter(|&at| !harmless(at)) {
        for bit in 0..8 {
            bytes[place] ^= 1 << bit;
            for (i, (selection, range)) in readings.iter().enumerate() {
                match read(&bytes, path, selection) {
                    Ok(raw) => assert!(
                        raw == expected[range.clone()],
                        "{path}: bit {bit} at {place} in {places:?}, reading {i}"
                    ),
                    Err(_) => errors += usize::from(i == 0),
                }
            }
            bytes[place] ^= 1 << bit;
        }
    }
    errors
}

fn word(bytes: &[u8], at: usize) -> usize {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize
}

/// A version 1 B-tree over chunks: the ranges of its nodes, and those of the chunk addresses in them.
fn nodes(bytes: &[u8], root: usize, rank: usize) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    assert_eq!(bytes[root..root + 5], *b"TREE\x01");
    let key = 16 + 8 * rank;
    let count = usize::from(bytes[root + 6]);
    let children: Vec<usize> = (0..count).map(|i| root + 24 + i * (key + 8) + key).collect();
    let own = root..root + 24 + count * (key + 8) + key;
    let mut all = (Vec::from([own]), Vec::new());
    for child in children {
        if bytes[root + 5] == 0 {
            all.1.push(child..child + 8);
        } else {
            let below = nodes(bytes, word(bytes, child), rank);
            all.0.extend(below.0);
            all.1.extend(below.1);
        }
    }
    all
}

#[test]
fn no_flipped_bit_of_a_chunk_tree_changes_values() {
    let bytes = fixture("damage.h5");
    for (path, errors) in [("/line", 900), ("/decimal", 900), ("/one", 300), ("/grid", 2500), ("/checked", 6000)] {
        let dataset = Local::new(bytes.clone()).dataset(path);
        let (nodes, _) = nodes(&bytes, dataset.index_offset().unwrap() as usize, dataset.shape.len());
        let found = flip_all("damage.h5", path, &nodes, |_| false);
        println!("{path}: {} nodes, {found} errors", nodes.len());
        assert!(found >= errors, "{path}: {found} errors");
    }
}

#[test]
fn no_flipped_bit_of_a_deep_chunk_tree_changes_values() {
    let bytes = fixture("damage.h5");
    let dataset = Local::new(bytes.clone()).dataset("/deep");
    let (nodes, _) = nodes(&bytes, dataset.index_offset().unwrap() as usize, 1);
    assert!(nodes.len() > 5, "{} nodes", nodes.len());
    flip_all("damage.h5", "/deep", &nodes, |_| false);
}

/// Where chunks have no filters, nothing repeats or guards their addresses, nor the level of the root.
#[test]
fn no_flipped_bit_of_a_key_of_unfiltered_chunks_changes_values() {
    let bytes = fixture("damage.h5");
    let dataset = Local::new(bytes.clone()).dataset("/plain");
    let root = dataset.index_offset().unwrap() as usize;
    let (nodes, addresses) = nodes(&bytes, root, 1);
    let unguarded = |at: usize| at == root + 5 || addresses.iter().any(|address| address.contains(&at));
    flip_all("damage.h5", "/plain", &nodes, unguarded);
}

/// Bits of the keys of an old-style group's tree: a link is found, or there is an error; it is not just absent.
#[test]
fn no_flipped_bit_of_a_key_of_a_group_hides_a_link() {
    let mut bytes = fixture("damage.h5").to_vec();
    let names = ["/groups/00", "/groups/17", "/groups/39"];
    let find = |bytes: &[u8], name: &str| Local::new(bytes.to_vec()).find(name);
    let absent = "/groups/17a";
    assert!(names.iter().all(|name| matches!(find(&bytes, name), Ok(Some(Object::Group(_))))));
    let trees: Vec<usize> = (0..bytes.len() - 4).filter(|&at| bytes[at..at + 5] == *b"TREE\0").collect();
    assert!(trees.len() > 10, "{} nodes", trees.len());
    let (mut same, mut errors) = (0, 0);
    for tree in trees {
        for key in 0..=usize::from(bytes[tree + 6]) {
            for bit in 0..64 {
                let at = tree + 24 + 16 * key + bit / 8;
                bytes[at] ^= 1 << (bit % 8);
                for name in names {
                    match find(&bytes, name) {
                        Ok(Some(_)) => same += 1,
                        Ok(None) => panic!("{name} is gone with bit {bit} of key {key} of the node at {tree}"),
                        Err(_) => errors += 1,
                    }
                }
                assert!(!matches!(find(&bytes, absent), Ok(Some(_))));
                bytes[at] ^= 1 << (bit % 8);
            }
        }
    }
    assert!(same > 1000 && errors > 1000, "{same} the same, {errors} errors");
}

/// Where everything has checksums but the data: a bit of every third byte of the rest of the file.
#[test]
fn no_flipped_bit_of_a_newer_index_changes_values() {
    let mut bytes = fixture("damage_new.h5").to_vec();
    let mut local = Local::new(bytes.clone());
    let tree = local.ask(hdf5_pure::Metadata::tree).unwrap();
    let datasets: Vec<_> = tree.into_iter().filter_map(|(path, object)| Some((path, dataset(object)?))).collect();
    assert_eq!(datasets.len(), 7);
    let mut data = vec![false; bytes.len()];
    let mut expected = Vec::new();
    for (path, dataset) in &datasets {
        let all = Selection::all(dataset);
        let map = local.ask(|file| file.chunk_maps(&[(dataset, &all)])).unwrap().remove(0).unwrap();
        for chunk in &map.chunks {
            data[chunk.address as usize..(chunk.address + chunk.size) as usize].fill(true);
        }
        let raw = local.read(dataset, &all).unwrap();
        assert!(path.ends_with("paged") || raw == values(dataset), "{path}");
        expected.push((path, all, raw));
    }
    let mut errors = 0;
    for at in (0..bytes.len()).step_by(3).filter(|&at| !data[at]) {
        bytes[at] ^= 1 << (at % 8);
        for (path, all, raw) in &expected {
            match read(&bytes, path, all) {
                Ok(found) => assert!(found == *raw, "{path}: bit {} at {at}", at % 8),
                Err(_) => errors += 1,
            }
        }
        bytes[at] ^= 1 << (at % 8);
    }
    println!("{errors} errors");
    assert!(errors > 4000, "{errors} errors");
}

fn dataset(object: Result<Object, Error>) -> Option<std::sync::Arc<Dataset>> {
    match object {
        Ok(Object::Dataset(dataset)) => Some(dataset),
        _ => None,
    }
}
