//! What stores lack, what is wrong with them, and what they claim.
use super::*;

#[test]
fn what_a_store_lacks_is_said() {
    let error = table(&fixture("lacking.zarr"), "lacking.zarr", &[]).unwrap_err().to_string();
    assert!(
        error.contains("9/zarr.json") && error.contains("no `indexing_scheme` (nested, ring or zuniq): add"),
        "{error}"
    );
    let whole = fixture("defaults.zarr");
    let mut objects = whole.clone();
    objects.retain(|key, _| !key.starts_with("9/cell_ids/"));
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("the array of ids `cell_ids` is missing"), "{error}");
    let mut objects = whole.clone();
    edit(&mut objects, "9/zarr.json", |group| group["attributes"] = json!({"title": "heights"}));
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("no group has the attribute `dggs`"), "{error}");
    let mut objects = whole.clone();
    objects.insert("zarr.json".into(), whole["9/count/zarr.json"].clone());
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("name the group"), "{error}");
    let mut objects = whole;
    edit(&mut objects, "9/zarr.json", |group| group["attributes"]["dggs"]["refinement_level"] = json!(6));
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("row 0 is no cell of order 6"), "{error}");
}

#[test]
fn a_cell_in_two_rows_is_an_error() {
    let mut objects = fixture("lacking.zarr");
    edit(&mut objects, "9/zarr.json", |group| group["attributes"]["dggs"]["indexing_scheme"] = json!("nested"));
    edit(&mut objects, "9/cell_ids/zarr.json", |ids| {
        ids["codecs"] = json!([{"name": "bytes", "configuration": {"endian": "big"}}]);
    });
    objects.insert("9/cell_ids/c/0".into(), [7_u64; 64].map(u64::to_be_bytes).concat().into());
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("is there twice"), "{error}");
}

#[test]
fn hostile_metadata_is_an_error_and_allocates_nothing() {
    let whole = fixture("sharded.zarr");
    let sharding = "/codecs/0/configuration";
    for (pointer, value) in [
        ("/shape", json!([u64::MAX])),
        ("/shape", json!([1_u64 << 36])),
        ("/shape", json!([-1])),
        ("/chunk_grid/configuration/chunk_shape", json!([0])),
        ("/chunk_grid/configuration/chunk_shape", json!([u64::MAX])),
        ("/chunk_grid/configuration/chunk_shape", json!([1_u64 << 40])),
        (&format!("{sharding}/chunk_shape"), json!([0])),
        (&format!("{sharding}/chunk_shape"), json!([3])),
        (&format!("{sharding}/index_codecs"), json!([])),
        (&format!("{sharding}/index_codecs"), json!([{"name": "bytes"}, {"name": "gzip"}])),
        (&format!("{sharding}/codecs"), json!([{"name": "transpose", "configuration": {"order": [7, 7]}}])),
        (
            &format!("{sharding}/codecs"),
            json!([{"name": "transpose", "configuration": {"order": [3]}}, {"name": "bytes"}]),
        ),
        ("/codecs", json!([{"name": "vlen-bytes"}])),
        ("/codecs", json!(7)),
        ("/codecs", json!([{"name": "crc32c"}])),
        ("/data_type", json!({"name": "numpy.datetime64", "configuration": {"unit": "s", "scale_factor": 0}})),
        ("/data_type", json!("string")),
        ("/fill_value", json!("many")),
        ("/chunk_key_encoding", json!({"name": "hilbert"})),
        ("/zarr_format", json!(2)),
        ("/zarr_format", json!("3")),
        ("/codecs", json!([{"name": "zstd"}, {"name": "bytes", "configuration": {"endian": "little"}}])),
    ] {
        let mut objects = whole.clone();
        edit(&mut objects, "9/count/zarr.json", |array| *array.pointer_mut(pointer).unwrap() = value.clone());
        assert!(table(&objects, "x.zarr", &["count"]).is_err(), "{pointer} {value}");
        assert!(table(&objects, "x.zarr", &["h_mean"]).is_ok(), "{pointer} {value}: another variable");
    }
}

#[test]
fn broken_chunks_are_errors() {
    for (store, key) in [
        ("defaults.zarr", "9/h_mean/c/0"),
        ("defaults.zarr", "9/cell_ids/c/0"),
        ("sharded.zarr", "9/h_mean/c/0"),
        ("sharded.zarr", "9/count/c/1"),
        ("mixed.zarr", "9/h_mean/c/0"),
        ("mixed.zarr", "9/h_max/0"),
        ("mixed.zarr", "9/h_min/c.0"),
    ] {
        let whole = fixture(store);
        for length in 0..whole[key].len() {
            let mut objects = whole.clone();
            objects.insert(key.to_owned(), whole[key].slice(..length));
            assert!(table(&objects, store, &[]).is_err(), "{store} {key} {length}");
        }
        // Any byte may be wrong: nothing panics.
        for at in 0..whole[key].len() {
            let mut bytes = whole[key].to_vec();
            bytes[at] ^= 1 << (at % 8);
            let mut objects = whole.clone();
            objects.insert(key.to_owned(), bytes.into());
            let _ = table(&objects, store, &[]);
        }
    }
}

/// A store of order `order` with these arrays of its one group `0`, without chunks.
fn bare(order: u8, arrays: &[(&str, Value)]) -> Objects {
    let dggs = json!({"name": "healpix", "refinement_level": order, "indexing_scheme": "nested", "coordinate": "id"});
    let group = |attributes: Value| json!({"zarr_format": 3, "node_type": "group", "attributes": attributes});
    let mut objects = Objects::new();
    objects.insert("zarr.json".into(), serde_json::to_vec(&group(json!({}))).unwrap().into());
    objects.insert("0/zarr.json".into(), serde_json::to_vec(&group(json!({"dggs": dggs}))).unwrap().into());
    for (name, array) in arrays {
        objects.insert(format!("0/{name}/zarr.json"), serde_json::to_vec(array).unwrap().into());
    }
    objects
}

/// An array of uncompressed chunks.
fn plain(data_type: &str, rows: u64, chunk: u64, fill: &Value, attributes: &Value) -> Value {
    json!({
        "zarr_format": 3, "node_type": "array", "shape": [rows], "data_type": data_type, "fill_value": fill,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [chunk]}},
        "chunk_key_encoding": {"name": "default"}, "attributes": attributes,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    })
}

fn words(ids: &[u64]) -> Bytes {
    ids.iter().flat_map(|id| id.to_le_bytes()).collect()
}

#[test]
fn a_missing_chunk_of_ids_holds_the_fill_value() {
    let ids = |rows, chunk, fill: u64| plain("uint64", rows, chunk, &json!(fill), &json!({}));
    let values = |rows, chunk| plain("int16", rows, chunk, &json!(5), &json!({}));
    let read = |objects: &Objects| table(objects, "x.zarr", &[]);
    let of_one = read(&bare(0, &[("id", ids(1, 1, 0)), ("v", values(1, 1))])).unwrap();
    assert_eq!((of_one.ids.clone(), numbers(&of_one, "v")), (vec![0], vec![5.0]));
    // One row between others.
    let mut objects = bare(1, &[("id", ids(3, 1, 7)), ("v", values(3, 1))]);
    objects.insert("0/id/c/0".into(), words(&[3]));
    objects.insert("0/id/c/2".into(), words(&[9]));
    assert_eq!(read(&objects).unwrap().ids, [3, 7, 9]);
    objects.insert("0/id/c/2".into(), words(&[7]));
    let error = read(&objects).unwrap_err().to_string();
    assert!(error.contains("0/id") && error.contains("is there twice"), "{error}");
    // Several rows, all of one cell: at the end, in the middle, at the beginning, and everywhere.
    for held in [&[0_u64][..], &[0, 2], &[2], &[]] {
        let mut objects = bare(1, &[("id", ids(6, 2, 7)), ("v", values(6, 2))]);
        for &chunk in held {
            objects.insert(format!("0/id/c/{chunk}"), words(&[chunk * 2, chunk * 2 + 1]));
        }
        let error = read(&objects).unwrap_err().to_string();
        assert!(error.contains("0/id: the chunks of the rows") && error.contains("copy the store"), "{error}");
    }
    // A fill value that is no cell: rows without a cell.
    let mut objects = bare(1, &[("id", ids(6, 2, u64::MAX)), ("v", values(6, 2))]);
    let error = read(&objects).unwrap_err().to_string();
    assert!(error.contains("0/id") && error.contains("none of its chunks"), "{error}");
    objects.insert("0/id/c/1".into(), words(&[2, 3]));
    assert_eq!(read(&objects).unwrap().ids, [2, 3]);
}

#[test]
fn a_missing_chunk_of_ids_in_a_shard_holds_the_fill_value() {
    let mut ids = plain("uint64", 4, 4, &json!(7), &json!({}));
    let bytes = ids["codecs"].clone();
    ids["codecs"] = json!([{"name": "sharding_indexed", "configuration":
        {"chunk_shape": [1], "codecs": bytes, "index_codecs": bytes, "index_location": "start"}}]);
    let mut objects = bare(1, &[("id", ids), ("v", plain("int16", 4, 4, &json!(5), &json!({})))]);
    let none = u64::MAX;
    objects.insert("0/id/c/0".into(), words(&[64, 8, none, none, 72, 8, 80, 8, 1, 2, 3]));
    assert_eq!(table(&objects, "x.zarr", &[]).unwrap().ids, [1, 2, 3, 7]);
    objects.insert("0/id/c/0".into(), words(&[64, 8, none, none, none, none, 72, 8, 1, 3]));
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("rows 1 to 2 are missing"), "{error}");
}

#[test]
fn ids_that_claim_to_be_longer_than_their_chunks_are_an_error_soon() {
    let begun = std::time::Instant::now();
    for (rows, fill, says) in [
        (1_u64 << 28, u64::MAX, "--var"),
        (1 << 28, 0, "--var"),
        (1 << 26, 0, "rows 1 to 67108863 are missing"),
        (1 << 26, u64::MAX, "none of its chunks"),
    ] {
        let ids = plain("uint64", rows, 1, &json!(fill), &json!({}));
        let mut objects = bare(13, &[("id", ids), ("v", plain("int16", rows, 1, &json!(5), &json!({})))]);
        if fill == 0 {
            objects.insert("0/id/c/0".into(), words(&[3]));
        }
        let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

#[test]
fn a_table_that_does_not_fit_is_refused_before_it_is_decoded() {
    // Chunks of 2^26 rows each, which are no chunks: who decodes them fails in another way.
    let rows = 12_u64 << 26;
    let mut arrays = vec![];
    for name in ["a", "b", "c"] {
        arrays.push((name, plain("int8", rows, 1 << 26, &json!(0), &json!({}))));
    }
    let mut objects = bare(13, &arrays);
    edit(&mut objects, "0/zarr.json", |group| {
        group["attributes"]["dggs"].as_object_mut().unwrap().remove("coordinate");
    });
    for chunk in 0..12 {
        objects.insert(format!("0/a/c/{chunk}"), Bytes::from_static(b"bomb"));
    }
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("x.zarr: the table would take") && error.contains("--var"), "{error}");
    objects.retain(|key, _| !key.starts_with("0/a/c/") || key.ends_with("/7"));
    let error = table(&objects, "x.zarr", &["a"]).unwrap_err().to_string();
    assert!(error.starts_with("0/a/c/7: "), "{error}");
}

#[test]
fn children_in_more_chunks_than_there_are_are_not_asked_for_one_by_one() {
    let leaf = Cell::from_decimal(-6_134_114).unwrap();
    let rows = 1_u64 << 32;
    let mut objects = bare(22, &[("v", plain("int16", rows, 1, &json!(5), &json!({})))]);
    edit(&mut objects, "0/zarr.json", |group| group["attributes"]["dggs"]["name"] = json!("morton"));
    edit(&mut objects, "zarr.json", |root| root["attributes"]["morton_hive_commit"] = json!({"complete": true}));
    objects.insert("0/v/c/9".into(), Bytes::from_static(&[7, 0]));
    let table = table(&objects, "-6134114.zarr", &[]).unwrap();
    let first = leaf.children(table.order).unwrap().start;
    assert_eq!((table.ids.clone(), numbers(&table, "v")), (vec![first + 9], vec![7.0]));
}

#[test]
fn an_array_whose_packing_cannot_be_read_is_not_read() {
    let packed = json!({"scale_factor": "half"});
    // Ids are never packed.
    let mut objects = bare(
        1,
        &[
            ("id", plain("uint64", 2, 2, &json!(7), &packed)),
            ("v", plain("int16", 2, 2, &json!(5), &packed)),
            ("w", plain("int16", 2, 2, &json!(5), &json!({"scale_factor": [0.5], "_Unsigned": "true"}))),
        ],
    );
    objects.insert("0/id/c/0".into(), words(&[2, 3]));
    objects.insert("0/w/c/0".into(), Bytes::from_static(&[2, 0, 0xff, 0xff]));
    let all = table(&objects, "x.zarr", &[]).unwrap();
    assert_eq!((all.ids.clone(), all.columns.len(), numbers(&all, "w")), (vec![2, 3], 1, vec![1.0, 32767.5]));
    let error = table(&objects, "x.zarr", &["v"]).unwrap_err().to_string();
    assert!(error.contains("0/v: its attribute `scale_factor` is \"half\", which cannot be read"), "{error}");
}

#[test]
fn consolidated_metadata_names_nothing_outside_the_store() {
    let whole = fixture("defaults.zarr");
    for path in ["/tmp/x", "../x", "9/../../x", "9//x", "%2e%2e/x", "9\\..\\x"] {
        let mut objects = whole.clone();
        let array: Value = serde_json::from_slice(&whole["9/count/zarr.json"]).unwrap();
        edit(&mut objects, "zarr.json", |root| root["consolidated_metadata"]["metadata"] = json!({path: array}));
        let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
        assert!(error.contains(&format!("`{path}`")) && error.contains("not below the store"), "{error}");
    }
}

#[test]
fn two_groups_of_one_order_are_not_mixed_up() {
    let mut objects = fixture("defaults.zarr");
    let copy: Vec<_> =
        objects.iter().filter(|(key, _)| key.starts_with("9/")).map(|(k, b)| (k.clone(), b.clone())).collect();
    for (key, bytes) in copy {
        objects.insert(key.replacen("9/", "other/", 1), bytes);
    }
    edit(&mut objects, "zarr.json", |root| _ = root.as_object_mut().unwrap().remove("consolidated_metadata"));
    for order in [None, Some(9)] {
        let store = block_on(Store::open(&objects, "x.zarr")).unwrap();
        let error = block_on(store.table(order, &[])).unwrap_err().to_string();
        assert!(error.contains("`/9` and `/other` are all of order 9: name the folder"), "{error}");
    }
    // As the error says.
    let one = objects.iter().filter_map(|(key, bytes)| Some((key.strip_prefix("other/")?.to_owned(), bytes.clone())));
    assert_eq!(table(&one.collect(), "other", &["count"]).unwrap().ids, expected().ids);
}
