//! Files that once failed, against what h5py says of them (`../shared/data/cases/hdf5/manifest.jsonl`).
use crate::support::{Local, shared};
use hdf5_pure::{Error, ErrorClass, Object, Selection, Space};
use serde_json::Value;
use std::path::Path;

/// What is read of a dataset: the hash of its values.
fn hash(folder: &Path, file: &str, path: &str) -> Result<String, Error> {
    let mut local = Local::new(std::fs::read(folder.join(file)).unwrap());
    let Some(Object::Dataset(dataset)) = local.find(path)? else { panic!("{file}{path} is not there") };
    let raw = local.read(&dataset, &Selection::all(&dataset))?;
    Ok(local.hash(&dataset.datatype, &raw, dataset.space == Space::Scalar)?.1)
}

#[test]
fn every_case_reads_as_h5py_reads_it() {
    let Some(folder) = shared("data/cases/hdf5", "every_case_reads_as_h5py_reads_it") else { return };
    let manifest = std::fs::read_to_string(folder.join("manifest.jsonl")).unwrap();
    let mut read = 0;
    for line in manifest.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (Some(file), Some(datasets)) = (line["file"].as_str(), line["h5py_3.16"].as_object()) else { continue };
        for (path, expected) in datasets {
            let expected = expected.as_str().unwrap();
            let found = hash(&folder, file, path);
            println!("{file}{path}: {}", found.as_ref().map_or_else(ToString::to_string, Clone::clone));
            match found {
                Ok(found) if found == expected => read += 1,
                // PureHDF's files: h5py 3.15 reads them.
                Ok(_) if file.starts_with("c18") => {}
                Ok(found) => panic!("{file}{path}: {found}"),
                // Damage is an error here where libhdf5 fills in.
                Err(error) if expected.starts_with("error") || file.starts_with("c08") || file.starts_with("c32") => {
                    assert_eq!(error.class(), ErrorClass::Corrupt, "{file}{path}: {error}");
                }
                Err(error) => panic!("{file}{path}: {error}"),
            }
        }
    }
    assert!(read > 40, "{read} read");
}

#[test]
fn a_chunk_of_300_mib_is_read() {
    let Some(folder) = shared("data/cases/hdf5", "a_chunk_of_300_mib_is_read") else { return };
    let mut local = Local::new(std::fs::read(folder.join("c17_chunk300M.h5")).unwrap());
    let tree = local.ask(hdf5_pure::Metadata::tree).unwrap();
    let [(path, Ok(Object::Dataset(dataset)))] = tree.as_slice() else { panic!("{tree:?}") };
    assert_eq!(dataset.chunk_shape().iter().product::<u64>() * dataset.element_size(), 300 << 20);
    let found = hash(&folder, "c17_chunk300M.h5", path).unwrap();
    assert_eq!(found, "17a88af83717f68b8bd97873ffcf022c8aed703416fe9b08e0fa9e3287692bf0");
}
