//! A temporary file for rows that memory has no room for.
use pipeline::Scratch;
use std::cell::{Cell, OnceCell};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

/// A file without a name in the folder for temporary files (`TMPDIR`): made when the first rows are put, and gone with the
/// process, however that ends.
#[derive(Debug, Default)]
pub struct TemporaryFile {
    file: OnceCell<File>,
    end: Cell<u64>,
}

impl TemporaryFile {
    fn file(&self) -> std::io::Result<&File> {
        match self.file.get() {
            Some(file) => Ok(file),
            None => {
                let made = tempfile::tempfile()?;
                Ok(self.file.get_or_init(|| made))
            }
        }
    }
}

fn told(error: &std::io::Error) -> String {
    format!("temporary folder {}: {error}", std::env::temp_dir().display())
}

impl Scratch for TemporaryFile {
    fn put(&self, bytes: &[u8]) -> Result<u64, String> {
        let at = self.end.get();
        let put = |mut file: &File| {
            file.seek(SeekFrom::Start(at))?;
            file.write_all(bytes)
        };
        self.file().and_then(put).map_err(|error| told(&error))?;
        self.end.set(at + bytes.len() as u64);
        Ok(at)
    }

    fn get(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        let get = |mut file: &File| {
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(into)
        };
        self.file().and_then(get).map_err(|error| told(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_comes_back_in_any_order() {
        let file = TemporaryFile::default();
        let places: Vec<u64> = [&b"first"[..], b"", b"second"].iter().map(|bytes| file.put(bytes).unwrap()).collect();
        assert_eq!(places, [0, 5, 5]);
        let (mut second, mut first) = ([0; 6], [0; 5]);
        file.get(5, &mut second).unwrap();
        file.get(0, &mut first).unwrap();
        assert_eq!((&first, &second), (b"first", b"second"));
        assert!(file.get(6, &mut second).unwrap_err().contains("temporary folder"));
    }
}
