//! Fixtures that h5py made: every chunk index, user block, odd sizes of addresses, links of both kinds.
use crate::support::{Local, fixture, hex};
use byte_ranges::Lookup;
use hdf5_pure::{ChunkIndex, DataLayout, ErrorClass, Group, LinkTarget, Object, Selection};
use serde_json::Value;

fn list(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect()
}

#[test]
fn every_slab_of_every_index_is_what_h5py_reads() {
    let expected: Value = serde_json::from_slice(&fixture("expected.json")).unwrap();
    let mut slabs = 0;
    for (name, cases) in expected.as_object().unwrap() {
        for case in cases.as_array().unwrap() {
            // A new reader for each slab, so that no slab profits of what another one needed.
            let mut local = Local::new(fixture(name));
            let dataset = local.dataset(case["path"].as_str().unwrap());
            let selection = Selection { start: list(&case["start"]), count: list(&case["count"]) };
            let raw = local.read(&dataset, &selection).unwrap();
            assert_eq!(hex(&raw), case["sha256"].as_str().unwrap(), "{name}: {case}");
            slabs += 1;
        }
    }
    assert!(slabs > 100, "{slabs} slabs");
}

#[test]
fn the_fixtures_hold_every_index() {
    let index = |name: &str, path: &str| match Local::new(fixture(name)).dataset(path).layout.clone() {
        DataLayout::Chunked(chunked) => chunked.index,
        other => panic!("{other:?}"),
    };
    assert_eq!(index("fixed_array.h5", "/paged"), ChunkIndex::FixedArray);
    assert_eq!(index("extensible_array.h5", "/far"), ChunkIndex::ExtensibleArray);
    assert_eq!(index("btree2.h5", "/holes"), ChunkIndex::BTree2);
    assert_eq!(index("btree1.h5", "/filtered"), ChunkIndex::BTree1);
    assert_eq!(index("other_indexes.h5", "/implicit"), ChunkIndex::Implicit);
    assert_eq!(index("other_indexes.h5", "/single"), ChunkIndex::Single { filtered: None });
    assert!(matches!(index("other_indexes.h5", "/single_filtered"), ChunkIndex::Single { filtered: Some(_) }));
}

#[test]
fn only_chunks_of_the_selection_are_mapped_and_only_their_nodes_read() {
    let mut local = Local::new(fixture("btree1.h5"));
    let dataset = local.dataset("/plain");
    let all = Selection::all(&dataset);
    let some = Selection { start: vec![40, 10], count: vec![3, 5] };
    let few = local.ask(|file| file.chunk_maps(&[(&dataset, &some)])).unwrap().pop().unwrap().unwrap();
    let after_few = local.file.arrived().held();
    let many = local.ask(|file| file.chunk_maps(&[(&dataset, &all)])).unwrap().pop().unwrap().unwrap();
    assert_eq!(many.chunks.len(), 23 * 17);
    let inside = |origin: &[u64]| (40..43).contains(&origin[0]) && origin[1] + 3 > 10 && origin[1] < 15;
    let wanted: Vec<_> = many.chunks.iter().filter(|c| inside(&c.origin)).cloned().collect();
    assert_eq!(few.chunks, wanted);
    assert!(after_few + 10_000 < local.file.arrived().held(), "{after_few} bytes were enough for few");
}

#[test]
fn a_chunk_map_survives_json() {
    let mut local = Local::new(fixture("btree2.h5"));
    let dataset = local.dataset("/filtered");
    let all = Selection::all(&dataset);
    let map = local.ask(|file| file.chunk_maps(&[(&dataset, &all)])).unwrap().pop().unwrap().unwrap();
    let text = serde_json::to_string(&map).unwrap();
    assert_eq!(serde_json::from_str::<hdf5_pure::ChunkMap>(&text).unwrap(), map);
}

#[test]
fn links_of_both_kinds_lead_where_h5py_goes() {
    for name in ["links_new.h5", "links_old.h5"] {
        let mut local = Local::new(fixture(name));
        let paths =
            ["/data/values", "/soft", "/data/relative", "/many/through", "/data/self/self/values", "/./data//values/"];
        let found = local.ask(|file| file.find(&paths)).unwrap();
        for (path, object) in paths.iter().zip(found) {
            match object {
                Ok(Some(Object::Dataset(dataset))) => {
                    assert_eq!((dataset.path.as_str(), dataset.shape.as_slice()), (*path, &[10][..]));
                }
                other => panic!("{name}{path}: {other:?}"),
            }
        }
        for i in 0..3 {
            let path = format!("/busy/below {i}/deeper");
            // A reader that knows nothing else of the group.
            let found = Local::new(fixture(name)).find(&path);
            assert!(matches!(found, Ok(Some(Object::Group(_)))), "{name}{path}: {found:?}");
        }
        for path in ["/nothing", "/data/nothing", "/data/values/deeper", "/soft/deeper", "/many/group number 0300"] {
            assert!(local.find(path).unwrap().is_none(), "{name}{path}");
        }
        for path in ["/dangling", "/dangling/deeper"] {
            let nowhere = local.find(path).unwrap_err();
            let words = format!("the link dangling leads to /no/where, which does not exist (on the way to {path})");
            assert_eq!((nowhere.class(), nowhere.to_string()), (ErrorClass::Corrupt, words), "{name}");
        }
        assert_eq!(local.find("/round").unwrap_err().class(), ErrorClass::Limit);
        let outside = local.find("/elsewhere/below").unwrap_err();
        assert_eq!(outside.class(), ErrorClass::Unsupported);
        assert!(outside.to_string().contains("other.h5") && outside.to_string().contains("/there"), "{outside}");
        assert!(matches!(local.find("/many/group number 0123"), Ok(Some(Object::Group(Group { .. })))));
        assert!(matches!(local.find("/type"), Ok(Some(Object::Datatype(t))) if t.datatype.size() == 8));
        let Ok(Some(Object::Group(many))) = local.find("/many") else { panic!("no group") };
        let links = local.ask(|file| file.links(&many)).unwrap();
        assert_eq!(links.len(), 301);
        assert!(links.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert_eq!(links[300].target, LinkTarget::Soft("/soft".into()));
    }
}

#[test]
fn a_dense_link_takes_one_leaf_and_one_block() {
    let mut local = Local::new(fixture("links_new.h5"));
    local.find("/many/group number 0123").unwrap().unwrap();
    // Superblock, root header, group header, B-tree and heap headers, root node with root block, leaf, block, header.
    assert!(local.rounds <= 9, "{} rounds", local.rounds);
    assert!(local.file.arrived().held() < 9000, "{} bytes", local.file.arrived().held());
}

#[test]
fn attributes_compact_dense_and_huge() {
    for name in ["links_new.h5", "links_old.h5"] {
        let mut local = Local::new(fixture(name));
        let object = local.find("/typed").unwrap().unwrap();
        let all = local.ask(|file| file.attributes(&object, None)).unwrap();
        assert_eq!(all.len(), if name == "links_new.h5" { 22 } else { 21 });
        for i in 0..20u16 {
            let attribute = all.iter().find(|a| a.name == format!("attribute {i}")).unwrap();
            let raw: Vec<u8> = (0..i).flat_map(u16::to_le_bytes).collect();
            assert_eq!((attribute.shape.as_slice(), &attribute.raw[..]), (&[u64::from(i)][..], &raw[..]));
        }
        let names = ["committed", "absent", "attribute 7"];
        let some = local.ask(|file| file.attributes(&object, Some(&names))).unwrap();
        assert_eq!(some.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["attribute 7", "committed"]);
        assert_eq!(some[1].raw, 4f64.to_le_bytes()[..]);
        if let Some(long) = all.iter().find(|a| a.name == "long") {
            let raw: Vec<u8> = (0..5000u16).flat_map(u16::to_le_bytes).collect();
            assert_eq!(long.raw, raw);
        }
    }
}

#[test]
fn text_of_variable_length_comes_from_the_global_heap() {
    let mut local = Local::new(fixture("strings.h5"));
    let dataset = local.dataset("/text");
    let raw = local.read(&dataset, &Selection::all(&dataset)).unwrap();
    let ids: Vec<hdf5_pure::HeapId> =
        raw.chunks(16).map(|e| hdf5_pure::datatype::HeapRef::parse(e).unwrap().into()).collect();
    let texts = local.ask(|file| file.resolve(&ids)).unwrap();
    let texts: Vec<_> = texts.into_iter().map(Result::unwrap).collect();
    assert_eq!(texts.len(), 120);
    for four in texts.chunks(4) {
        assert_eq!(four, ["", "one", "two words", "three \u{3c0}"].map(str::as_bytes));
    }
}

#[test]
fn released_bytes_are_not_needed_again() {
    let mut local = Local::new(fixture("btree1.h5"));
    let dataset = local.dataset("/filtered");
    let all = Selection::all(&dataset);
    let before = local.ask(|file| file.chunk_maps(&[(&dataset, &all)])).unwrap();
    local.file.release();
    assert_eq!(local.file.arrived().held(), 0);
    let rounds = local.rounds;
    let after = local.ask(|file| file.chunk_maps(&[(&dataset, &all)])).unwrap();
    assert_eq!(before, after);
    assert_eq!(rounds, local.rounds);
    let range = byte_ranges::ByteRange::at(0, 8).unwrap();
    assert!(matches!(local.file.arrived().get(range), Lookup::Missing(_)));
}

#[test]
fn attributes_that_were_changed_and_deleted_are_those_that_are_left() {
    let left: serde_json::Value = serde_json::from_slice(&fixture("attributes.json")).unwrap();
    for (group, held) in left.as_object().unwrap() {
        let mut local = Local::new(fixture("attributes.h5"));
        let object = local.find(&format!("/{group}")).unwrap().unwrap();
        let names: Vec<&str> = held.as_object().unwrap().keys().map(String::as_str).collect();
        let by_index = local.ask(|file| file.attributes(&object, None)).unwrap();
        let by_heap = local.ask(|file| file.attributes_in_heap(&object, &names)).unwrap();
        for found in [by_index, by_heap] {
            assert_eq!(found.len(), names.len(), "{group}");
            for attribute in found {
                let value: Vec<i16> = attribute.datatype.decode(&attribute.raw).unwrap();
                assert_eq!(serde_json::json!(value), held[&attribute.name], "{group} {}", attribute.name);
            }
        }
    }
}

#[test]
fn attributes_that_were_written_once_are_found_without_their_index() {
    let mut bytes = fixture("attributes.h5").to_vec();
    // Type 8: records of attributes by name.
    let is_node = |at: &usize| matches!(&bytes[*at..at + 4], b"BTLF" | b"BTIN") && bytes[at + 5] == 8;
    let nodes: Vec<usize> = (0..bytes.len() - 5).filter(is_node).collect();
    nodes.iter().for_each(|&at| bytes[at] = b'X');
    let mut local = Local::new(bytes);
    let object = local.find("/plain").unwrap().unwrap();
    let mut read = |names: &[&str]| local.ask(|file| file.attributes_in_heap(&object, names));
    let found = read(&["attribute 3", "attribute 11"]).unwrap();
    assert_eq!(found.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["attribute 11", "attribute 3"]);
    assert!(read(&["attribute 3", "absent"]).is_err(), "only the index knows what is absent");
}
