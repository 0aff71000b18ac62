//! Prints what a file holds, as one JSON object a line: `dump FILE` the SHA-256 of the values of every dataset and attribute,
//! `dump FILE PARTS` those of parts of datasets, read in one plan. PARTS is a file with a line for each part: the path of the
//! dataset, then start:count:stride of each dimension, with tabs between them. `tests/python/check_reader.py` compares both with
//! what h5py reads.
#![expect(clippy::unwrap_used, reason = "shared with tests, which fail by panicking")]
use hdf5_pure::{File, Hyperslab, Object, Values};
use serde_json::{Value, json};
use std::error::Error;

#[path = "../tests/reader/canonical.rs"]
mod canonical;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [file] => everything(&File::open(file)?),
        [file, parts] => some(&File::open(file)?, &std::fs::read_to_string(parts)?),
        _ => Err("usage: dump FILE [PARTS]".into()),
    }
}

fn everything(file: &File) -> Result<(), Box<dyn Error>> {
    for (path, object) in file.tree()? {
        let mut line = match object {
            Ok(Object::Dataset(dataset)) => {
                let read = file.read_many(&[(&dataset, &Hyperslab::all(&dataset))])?.remove(0);
                shown(read)
            }
            Ok(_) => json!({}),
            Err(error) => json!({ "error": error.to_string() }),
        };
        let attributes = match file.attributes(&path) {
            Ok(all) => all.into_iter().map(|(name, values)| (name, shown(values))).collect(),
            Err(error) => json!({ "error": error.to_string() }),
        };
        line["path"] = json!(path);
        line["attributes"] = attributes;
        println!("{line}");
    }
    Ok(())
}

fn some(file: &File, parts: &str) -> Result<(), Box<dyn Error>> {
    let (mut datasets, mut slabs) = (Vec::new(), Vec::new());
    for line in parts.lines() {
        let mut words = line.split('\t');
        let dataset = file.dataset(words.next().unwrap_or_default())?;
        let mut slab = Hyperslab { start: Vec::new(), count: Vec::new(), stride: Vec::new() };
        for word in words {
            let numbers = word.split(':').map(str::parse).collect::<Result<Vec<u64>, _>>()?;
            let [start, count, stride] = numbers.try_into().map_err(|_| "a part is start:count:stride")?;
            slab.start.push(start);
            slab.count.push(count);
            slab.stride.push(stride);
        }
        datasets.push(dataset);
        slabs.push(slab);
    }
    let wants: Vec<_> = datasets.iter().map(|dataset| &**dataset).zip(&slabs).collect();
    for read in file.read_many(&wants)? {
        println!("{}", shown(read));
    }
    Ok(())
}

fn shown(read: Result<Values, hdf5_pure::Error>) -> Value {
    match read {
        Ok(values) => json!({ "shape": values.shape, "sha256": canonical::sha256(&values) }),
        Err(error) => json!({ "class": error.class().to_string(), "error": error.to_string() }),
    }
}
