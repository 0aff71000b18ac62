//! Every file of the corpus against what h5py says of it.
use crate::canonical::sha256;
use crate::support::{Local, shared};
use hdf5_pure::{DataLayout, Dataset, Error, ErrorClass, File, Hyperslab, Object, Selection, Space};
use serde_json::{Value, json};

#[derive(Default, Debug)]
struct Tally {
    files: usize,
    datasets: usize,
    /// Hash equal, of datasets and attributes.
    right: usize,
    /// Hash equal, of datasets.
    values: usize,
    attributes: usize,
    /// Expected to be readable, answered with an error.
    errors: Vec<String>,
    /// Answered otherwise than expected: none may be.
    wrong: Vec<String>,
}

#[test]
fn every_file_reads_as_h5py_reads_it() {
    let Some(corpus) = shared("data/hdf5", "every_file_reads_as_h5py_reads_it") else { return };
    let expected = std::fs::read_to_string(corpus.join("expected.jsonl")).unwrap();
    let mut tally = Tally::default();
    for line in expected.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let name = line["file"].as_str().unwrap();
        if name.starts_with("files/") {
            let bytes = std::fs::read(corpus.join(name)).unwrap();
            check_file(&mut tally, name, bytes, line["datasets"].as_array().unwrap());
        }
    }
    println!(
        "{} files, {} datasets, {} with right values, {} attributes, {} errors, {} wrong",
        tally.files,
        tally.datasets,
        tally.values,
        tally.attributes,
        tally.errors.len(),
        tally.wrong.len()
    );
    for line in
        tally.errors.iter().map(|e| format!("error: {e}")).chain(tally.wrong.iter().map(|e| format!("WRONG: {e}")))
    {
        println!("{line}");
    }
    assert!(tally.wrong.is_empty(), "{} answers are wrong", tally.wrong.len());
    // Virtual datasets, one codec, and files whose checksums are wrong.
    assert!(tally.errors.len() <= 18, "{} errors", tally.errors.len());
    assert!(tally.files == 458 && tally.values >= 3648 && tally.attributes > 4600, "{tally:?}");
}

fn check_file(tally: &mut Tally, name: &str, bytes: Vec<u8>, expected: &[Value]) {
    tally.files += 1;
    let mut local = Local::new(bytes);
    let found = match local.ask(hdf5_pure::Metadata::tree) {
        Ok(found) => found,
        Err(error) => {
            tally.errors.push(format!("{name}: {error}"));
            return;
        }
    };
    let mut datasets = Vec::new();
    for (path, object) in found {
        match object {
            Ok(Object::Dataset(dataset)) => datasets.push((path, Ok(dataset))),
            Err(error) => datasets.push((path, Err(error))),
            _ => {}
        }
    }
    for (path, object) in &datasets {
        if !expected.iter().any(|e| e["name"] == json!(path)) {
            match object {
                // Datatypes with more unused bits than h5py tolerates.
                Ok(_) if path == "/nbit" || path == "/unusual_datatype" => {}
                Ok(_) => tally.wrong.push(format!("{name}{path}: not expected")),
                Err(error) => tally.errors.push(format!("{name}{path}: {error} (not expected as a dataset)")),
            }
        }
    }
    for expected in expected {
        tally.datasets += 1;
        let path = expected["name"].as_str().unwrap();
        match datasets.iter().find(|(p, _)| p == path) {
            None => tally.wrong.push(format!("{name}{path}: not found")),
            Some((_, Err(error))) => tally.errors.push(format!("{name}{path}: {error}")),
            Some((_, Ok(dataset))) => check_dataset(tally, name, &mut local, dataset, expected),
        }
    }
}

fn check_dataset(tally: &mut Tally, name: &str, local: &mut Local, dataset: &Dataset, expected: &Value) {
    let label = format!("{name}{}", dataset.path);
    for (key, is) in described(dataset) {
        let should = expected.get(key).cloned().unwrap_or(Value::Null);
        if is != should && !(key == "shape" && matches!(dataset.layout, DataLayout::Virtual)) {
            tally.wrong.push(format!("{label}: {key} is {is}, should be {should}"));
        }
    }
    check_attributes(tally, &label, local, dataset, &expected["attrs"]);
    let (Some(hash), None) = (expected.get("sha256"), expected.get("undefined_fill")) else { return };
    let raw = local.read(dataset, &Selection::all(dataset));
    let opened = opened_hash(local.bytes.clone(), dataset);
    let hashed = raw.and_then(|raw| local.hash(&dataset.datatype, &raw, dataset.space == Space::Scalar));
    match (&hashed, opened) {
        (Ok((_, one)), Ok(other)) if HASHED.contains(&expected["kind"].as_str().unwrap_or_default()) => {
            assert_eq!(*one, other, "{label}: through the face for programs");
        }
        (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
        (one, other) => panic!("{label}: {one:?}, {other:?} through the face for programs"),
    }
    let before = tally.right;
    compare(tally, &label, hashed, &expected["kind"], hash);
    tally.values += tally.right - before;
}

/// The hash of the values as a program reads them.
fn opened_hash(bytes: bytes::Bytes, dataset: &Dataset) -> Result<String, Error> {
    let file = File::from_bytes(bytes)?;
    let values = file.read_many(&[(dataset, &Hyperslab::all(dataset))])?.remove(0)?;
    Ok(sha256(&values))
}

/// Kinds of values that the expectations hash by value; references and records with them they do not.
const HASHED: [&str; 5] = ["numeric", "compound", "fixed_string", "vlen_string", "vlen_seq"];

fn compare(tally: &mut Tally, label: &str, is: Result<(String, String), Error>, kind: &Value, hash: &Value) {
    if !HASHED.contains(&kind.as_str().unwrap_or_default()) {
        if let Err(error) = is {
            tally.errors.push(format!("{label} ({kind}): {error}"));
        }
        return;
    }
    match is {
        // h5py reads a scalar of variable-length text as fixed text; the bytes hashed are the same.
        Ok((is_kind, is_hash)) if json!(is_hash) == *hash && (json!(is_kind) == *kind || is_kind == "vlen_string") => {
            tally.right += 1;
        }
        Ok((is_kind, _)) => tally.wrong.push(format!("{label}: values ({is_kind}, should be {kind})")),
        Err(error) => {
            assert_ne!(error.class(), ErrorClass::Usage, "{label}: {error}");
            tally.errors.push(format!("{label}: {error}"));
        }
    }
}

fn check_attributes(tally: &mut Tally, label: &str, local: &mut Local, dataset: &Dataset, expected: &Value) {
    let Some(expected) = expected.as_object() else { return };
    let object = Object::Dataset(dataset.clone().into());
    let found = match local.ask(|file| file.attributes(&object, None)) {
        Ok(found) => found,
        Err(error) => return tally.errors.push(format!("{label}: attributes: {error}")),
    };
    let names: Vec<&str> = found.iter().map(|a| a.name.as_str()).collect();
    for (name, expected) in expected {
        let Some(attribute) = found.iter().find(|a| a.name == *name) else {
            tally.wrong.push(format!("{label}: attribute {name} is not among {names:?}"));
            continue;
        };
        let one = local.ask(|file| file.attributes(&object, Some(&[name]))).unwrap();
        assert_eq!(one.len(), 1, "{label}: attribute {name} by name");
        assert_eq!(one[0].raw, attribute.raw);
        tally.attributes += 1;
        let shape = if attribute.space == Space::Null { Value::Null } else { json!(attribute.shape) };
        // What h5py could not read comes without a shape.
        if expected.get("err").is_none() && shape != expected["shape"] {
            tally.wrong.push(format!("{label}: attribute {name} has the shape {shape}"));
        }
        if let Some(hash) = expected.get("sha256") {
            let is = local.hash(&attribute.datatype, &attribute.raw, attribute.space == Space::Scalar);
            compare(tally, &format!("{label}@{name}"), is, &expected["kind"], hash);
        }
    }
}

/// What a dataset is, in the words of the expectations.
fn described(dataset: &Dataset) -> Vec<(&'static str, Value)> {
    let null = dataset.space == Space::Null;
    let layout = match dataset.layout {
        DataLayout::Compact { .. } => "compact",
        DataLayout::Contiguous { .. } => "contiguous",
        DataLayout::Chunked(_) => "chunked",
        DataLayout::External => "external",
        DataLayout::Virtual => "virtual",
    };
    let chunks = match &dataset.layout {
        DataLayout::Chunked(chunked) => json!(chunked.chunk_shape),
        _ => Value::Null,
    };
    let filters: Vec<Value> = dataset.filters.iter().map(|f| json!([f.id, f.flags, f.client_data])).collect();
    let mut all = vec![
        ("shape", if null { Value::Null } else { json!(dataset.shape) }),
        ("layout", json!(layout)),
        ("chunks", chunks),
        ("filters", json!(filters)),
    ];
    if dataset.space == Space::Simple {
        all.push(("maxshape", json!(dataset.max_shape)));
    }
    all
}
