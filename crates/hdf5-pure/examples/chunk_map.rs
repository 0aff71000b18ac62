//! Where the chunks of datasets lie, as references that fsspec and VirtualiZarr understand: `chunk_map FILE [NAME]` prints
//! JSON, one entry a chunk, with NAME (a path or URL, the file's own unless given) in it. Whoever has that map reads chunks
//! without the file's metadata.
//!
//!     cargo run -p hdf5-pure --example chunk_map -- crates/hdf5-pure/tests/fixtures/btree1.h5 s3://bucket/btree1.h5
use hdf5_pure::{Dataset, Error, File, Object};
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let map = match arguments.as_slice() {
        [file] => run(file, file)?,
        [file, name] => run(file, name)?,
        _ => return Err("usage: chunk_map FILE [NAME]".into()),
    };
    println!("{map:#}");
    Ok(())
}

/// The references of all datasets: `"group/dataset/0.3": [name, offset, bytes]`.
pub(crate) fn run(path: &str, name: &str) -> Result<Value, Error> {
    let file = File::open(path)?;
    let mut references = Map::new();
    for (path, object) in file.tree()? {
        let Ok(Object::Dataset(dataset)) = object else { continue };
        for (key, offset, bytes) in chunks(&file, &dataset)? {
            references.insert(format!("{}/{key}", path.trim_start_matches('/')), json!([name, offset, bytes]));
        }
    }
    Ok(json!({ "version": 1, "refs": references }))
}

/// Key in Zarr's numbering, place and size of each chunk. What was never written has none, and reads as the fill value.
fn chunks(file: &File, dataset: &Dataset) -> Result<Vec<(String, u64, u64)>, Error> {
    let map = file.chunk_map(dataset)?;
    let key = |origin: &[u64]| {
        let numbers: Vec<String> =
            origin.iter().zip(&map.chunk_shape).map(|(at, len)| (at / (*len).max(1)).to_string()).collect();
        if numbers.is_empty() { "0".into() } else { numbers.join(".") }
    };
    Ok(map.chunks.iter().map(|chunk| (key(&chunk.origin), chunk.address, chunk.size)).collect())
}
