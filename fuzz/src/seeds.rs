//! Inputs to begin with, made of the reader's own fixtures and, where it is, of the shared corpus.
use crate::bodies::filter_input;
use hdf5_pure::filters::Filter;
use std::path::{Path, PathBuf};

/// The root of the project, seen from a crate that includes this file.
const ROOT: &str = if cfg!(test) {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../..") // crates/hdf5-pure, its tests
} else {
    concat!(env!("CARGO_MANIFEST_DIR"), "/..")
};
/// Fixtures of the reader.
const OWN: &str = "crates/hdf5-pure/tests";

/// Whole files of at most `most` bytes, for `walk` and (behind a seed) `splits`.
pub fn files(most: usize) -> Vec<Vec<u8>> {
    let own = ["fixtures", "fixtures/seeds"].map(|folder| Path::new(ROOT).join(OWN).join(folder));
    // Files of other producers, and malformed ones.
    let others =
        ["files", "malformed"].map(|folder| testing::shared(&format!("data/hdf5/{folder}"), "seeds of the fuzzers"));
    let paths = own.into_iter().chain(others.into_iter().flatten()).flat_map(|folder| listed(&folder, "h5"));
    paths.filter_map(|path| std::fs::read(path).ok()).filter(|bytes| bytes.len() <= most).collect()
}

/// Stored chunks of one filter each, of at most `most` bytes, as inputs of `filter`.
pub fn chunks(most: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for path in listed(&Path::new(ROOT).join(OWN).join("filters"), "bin") {
        let bytes = std::fs::read(path).unwrap_or_default();
        all.extend(Cases(&bytes).inputs().unwrap_or_default());
    }
    all.retain(|input| input.len() <= most);
    all
}

/// Datatype messages of libhdf5, as inputs of `datatype`.
pub fn datatypes() -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(format!("{ROOT}/{OWN}/datatype/types.tsv")).unwrap_or_default();
    text.lines().filter_map(datatype_input).collect()
}

/// Message and raw elements are the second and third column.
fn datatype_input(line: &str) -> Option<Vec<u8>> {
    let mut columns = line.split('\t').skip(1).map(unhex);
    let (message, raw) = (columns.next()??, columns.next()??);
    let mut input = vec![u8::try_from(message.len()).ok()?];
    input.extend(message);
    input.extend(raw);
    Some(input)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()).collect()
}

fn listed(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == extension));
    paths.sort();
    paths
}

/// A fixture of `crates/hdf5-pure/tests/filters`; make_filters.py describes its form.
struct Cases<'a>(&'a [u8]);

impl Cases<'_> {
    fn inputs(&mut self) -> Option<Vec<Vec<u8>>> {
        let count = self.number(4)?;
        let mut inputs = Vec::new();
        for _ in 0..count {
            let name = self.number(2)?;
            self.bytes(name)?;
            let (element_size, _mask, filters) = (self.number(4)?, self.number(4)?, self.number(2)?);
            let filters = (0..filters).map(|_| self.filter()).collect::<Option<Vec<_>>>()?;
            let stored = self.number(4)?;
            let stored = self.bytes(stored)?.to_vec();
            self.bytes(12)?; // length and hash of the decoded bytes
            if let [filter] = filters.as_slice() {
                inputs.extend(filter_input(filter, element_size, &stored));
            }
        }
        Some(inputs)
    }

    fn filter(&mut self) -> Option<Filter> {
        let (id, flags, words) = (self.number(2)?, self.number(2)?, self.number(2)?);
        let client_data = (0..words).map(|_| u32::try_from(self.number(4)?).ok()).collect::<Option<_>>()?;
        Some(Filter { id: id as u16, name: None, flags: flags as u16, client_data })
    }

    fn number(&mut self, len: usize) -> Option<usize> {
        Some(self.bytes(len)?.iter().rev().fold(0, |n, &byte| n << 8 | usize::from(byte)))
    }

    fn bytes(&mut self, n: usize) -> Option<&[u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }
}
