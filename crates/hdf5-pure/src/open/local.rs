//! Local files (the feature `local`): the one place of this crate that performs IO.
use super::at_hand::ReadAt;
use super::file::File;
use crate::Error;
use byte_ranges::{ByteRange, SourceError, SourceErrorKind};
use bytes::Bytes;
use std::io;
use std::path::Path;
use std::time::SystemTime;

impl File {
    /// Opens a local file. It must not change while it is read; where it did, reading returns an error.
    ///
    /// # Errors
    /// [`Error::Source`] when it cannot be opened, [`Error::NotHdf5`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::over(LocalFile::open(path.as_ref())?)
    }
}

struct LocalFile {
    file: std::fs::File,
    shown: String,
    opened: (u64, Option<SystemTime>),
}

impl LocalFile {
    fn open(path: &Path) -> Result<Self, SourceError> {
        let shown = path.display().to_string();
        let failed = |error: io::Error| failure(&shown, "cannot be opened", &error);
        // Looked at first: opening a pipe waits for a writer.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(SourceError::new(SourceErrorKind::Config, &shown, "this is no file: name a file in its place"));
        }
        let file = std::fs::File::open(path).map_err(failed)?;
        let opened = version(&file).map_err(failed)?;
        Ok(Self { file, shown, opened })
    }
}

impl ReadAt for LocalFile {
    fn read_at(&self, range: ByteRange) -> Result<Bytes, SourceError> {
        let failed = |error: io::Error| failure(&self.shown, "cannot be read", &error);
        let end = range.end().min(self.opened.0);
        let length = usize::try_from(end.saturating_sub(range.start())).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).map_err(|_| failed(io::ErrorKind::OutOfMemory.into()))?;
        bytes.resize(length, 0);
        let read = read_exact_at(&self.file, &mut bytes, range.start());
        // Only a look after the read proves that what was read is of the file that was opened.
        if version(&self.file).map_err(failed)? != self.opened {
            let message = "the file changed while it was read: open it again";
            return Err(SourceError::new(SourceErrorKind::Changed, &self.shown, message));
        }
        read.map_err(failed)?;
        Ok(bytes.into())
    }

    fn size(&self) -> u64 {
        self.opened.0
    }
}

fn version(file: &std::fs::File) -> io::Result<(u64, Option<SystemTime>)> {
    let metadata = file.metadata()?;
    Ok((metadata.len(), metadata.modified().ok()))
}

fn failure(shown: &str, what: &str, error: &io::Error) -> SourceError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => SourceErrorKind::NotFound,
        io::ErrorKind::PermissionDenied => SourceErrorKind::Denied,
        io::ErrorKind::UnexpectedEof => SourceErrorKind::Truncated,
        _ => SourceErrorKind::Other,
    };
    SourceError::new(kind, shown, format!("the file {what}: {error}"))
}

#[cfg(unix)]
fn read_exact_at(file: &std::fs::File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &std::fs::File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = bytes.split_at_mut(read).1;
        offset += read as u64;
    }
    Ok(())
}

/// Platforms without files, such as a browser.
#[cfg(not(any(unix, windows)))]
fn read_exact_at(_file: &std::fs::File, _bytes: &mut [u8], _offset: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorClass;

    #[test]
    fn a_file_that_changes_while_it_is_read_is_an_error() {
        let path = std::env::temp_dir().join(format!("hdf5-pure-changed-{}", std::process::id()));
        std::fs::write(&path, b"0123456789").unwrap();
        let file = LocalFile::open(&path).unwrap();
        let range = |start, end| ByteRange::new(start, end).unwrap();
        assert_eq!(file.read_at(range(3, 6)).unwrap(), b"345"[..]);
        assert_eq!(file.read_at(range(8, 100)).unwrap(), b"89"[..]);
        std::fs::write(&path, b"0123456789 and more").unwrap();
        let error = file.read_at(range(3, 6)).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(error.kind, SourceErrorKind::Changed);
        assert!(error.to_string().ends_with("open it again"), "{error}");
    }

    #[test]
    fn what_cannot_be_opened_is_told_in_words() {
        let folder = std::env::temp_dir();
        let error = File::open(&folder).unwrap_err();
        assert!(error.to_string().contains("name a file in its place") && error.class() == ErrorClass::Source);
        let error = File::open(folder.join("hdf5-pure-absent.h5")).unwrap_err().to_string();
        assert!(error.contains("the file cannot be opened"), "{error}");
    }
}
