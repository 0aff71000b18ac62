//! Broken files: an answer or an error, in bounded time and memory; never a panic.
use crate::support::{Local, fixture, shared};
use hdf5_pure::{ErrorClass, Limits, Metadata, Object, Selection};
use proptest::prelude::*;

/// Bounds that keep a test short.
fn small() -> Limits {
    Limits {
        chunk_bytes: 4 << 20,
        metadata_bytes: 16 << 20,
        chunks: 20_000,
        selection_bytes: 8 << 20,
        links: 20_000,
        ..Limits::default()
    }
}

/// Asks everything of a file; answers how much it answered.
pub(crate) fn exhaust(bytes: Vec<u8>) -> (usize, usize) {
    crate::bodies::open(&bytes);
    let mut local = Local::with_limits(bytes, small());
    let (mut answers, mut errors) = (0, 0);
    let Ok(tree) = local.ask(Metadata::tree) else { return (0, 1) };
    for (_, object) in tree {
        let Ok(object) = object else {
            errors += 1;
            continue;
        };
        match local.ask(|file| file.attributes(&object, None)) {
            Ok(attributes) => {
                answers += 1;
                for a in attributes {
                    let _ = local.hash(&a.datatype, &a.raw, false);
                }
            }
            Err(_) => errors += 1,
        }
        if let Object::Dataset(dataset) = object {
            let raw = local.read(&dataset, &Selection::all(&dataset));
            match raw.and_then(|raw| local.hash(&dataset.datatype, &raw, false)) {
                Ok(_) => answers += 1,
                Err(_) => errors += 1,
            }
        }
    }
    assert!(local.rounds < 100_000);
    (answers, errors)
}

#[test]
fn the_malformed_corpus_neither_panics_nor_hangs() {
    let Some(corpus) = shared("data/hdf5/malformed", "the_malformed_corpus_neither_panics_nor_hangs") else { return };
    let (mut files, mut answers, mut errors) = (0, 0, 0);
    for entry in std::fs::read_dir(corpus).unwrap() {
        let (a, e) = exhaust(std::fs::read(entry.unwrap().path()).unwrap());
        files += 1;
        answers += a;
        errors += e;
    }
    println!("{files} files, {answers} answers, {errors} errors");
    assert!(files > 300 && errors > 300);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn flipped_bytes_neither_panic_nor_hang(
        which in 0usize..9, flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>())
    ) {
        let name = ["links_new.h5", "links_old.h5", "extensible_array.h5", "btree1.h5", "other_indexes.h5", "sizes_4_4.h5",
            "sizes_2_2.h5", "strings.h5", "fixed_array.h5"][which];
        let mut bytes = fixture(name).to_vec();
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        for (at, value) in flips {
            // Metadata sits at the front in most of them.
            let len = if value % 2 == 0 { bytes.len().min(4096) } else { bytes.len() };
            if len > 0 {
                let at = at.index(len);
                bytes[at] = value;
            }
        }
        exhaust(bytes);
    }
}

/// Where `needle` first occurs in `bytes`.
fn position(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}

/// The old-style file of the fixtures with one change.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Local {
    let mut bytes = fixture("btree1.h5").to_vec();
    change(&mut bytes);
    Local::with_limits(bytes, small())
}

#[test]
fn a_tree_node_that_is_its_own_child_is_corrupt() {
    let mut local = changed(|bytes| {
        // The inner node over chunks: level 1; its first child address follows the prefix and the first key.
        let node = position(bytes, b"TREE\x01\x01");
        let child = node + 24 + 8 + 8 * 3;
        bytes[child..child + 8].copy_from_slice(&(node as u64).to_le_bytes());
    });
    let dataset = local.dataset("/plain");
    let error = local.read(&dataset, &Selection::all(&dataset)).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Corrupt, "{error}");
    assert!(error.to_string().contains("twice"), "{error}");
}

#[test]
fn a_continuation_that_leads_to_itself_is_corrupt() {
    let bytes = fixture("links_old.h5").to_vec();
    let mut local = Local::new(bytes.clone());
    let address = local.dataset("/data/values").address as usize;
    // Messages of the version 1 header: type, size, flags, reserved; a continuation holds an address and a length.
    let mut at = address + 16;
    while bytes[at..at + 2] != [0x10, 0] {
        at += 8 + usize::from(u16::from_le_bytes([bytes[at + 2], bytes[at + 3]]));
    }
    let mut broken = bytes;
    broken[at + 8..at + 16].copy_from_slice(&(address as u64).to_le_bytes());
    let mut local = Local::new(broken);
    let error = local.find("/data/values").unwrap_err();
    assert!(error.to_string().contains("cycle"), "{error}");
}

#[test]
fn one_broken_object_does_not_fail_the_others() {
    let mut local = Local::new(fixture("btree1.h5"));
    let address = local.dataset("/deep").address as usize;
    let mut local = changed(|bytes| bytes[address] = 99);
    let found = local.ask(|file| file.find(&["/deep", "/plain", "/filtered"])).unwrap();
    assert_eq!(found[0].as_ref().unwrap_err().class(), ErrorClass::Corrupt);
    assert!(matches!(found[1], Ok(Some(Object::Dataset(_)))) && matches!(found[2], Ok(Some(Object::Dataset(_)))));
    assert_eq!(local.ask(Metadata::tree).unwrap().len(), 4);
}

#[test]
fn a_truncated_file_says_what_is_past_its_end() {
    let mut local = changed(|bytes| bytes.truncate(3000));
    let error = local.ask(Metadata::tree).map(|tree| tree.into_iter().find_map(|(_, object)| object.err()));
    let error = match error {
        Err(error) => error,
        Ok(found) => found.unwrap(),
    };
    assert!(matches!(error, hdf5_pure::Error::PastEnd { file_size: 3000, .. }), "{error}");
}

#[test]
fn what_is_no_hdf5_is_told_apart() {
    for bytes in [vec![], vec![1; 7], vec![0; 5000], b"\x89HDF\r\n\x1a".to_vec()] {
        let error = Local::new(bytes).ask(Metadata::root).unwrap_err();
        assert_eq!(error, hdf5_pure::Error::NotHdf5);
    }
}

#[test]
fn the_limit_on_metadata_holds() {
    let limits = Limits { metadata_bytes: 2000, ..Limits::default() };
    let mut local = Local::with_limits(fixture("links_new.h5"), limits);
    let tree = local.ask(Metadata::tree);
    let failed = tree.map(|tree| tree.into_iter().filter_map(|(_, object)| object.err()).collect::<Vec<_>>());
    let error = failed.map_or_else(|error| error, |mut errors| errors.pop().unwrap());
    assert_eq!(error.class(), ErrorClass::Limit, "{error}");
}
