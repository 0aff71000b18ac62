//! Files that the user names, other than granules: catalogs, events, lists, reports, tables.
use std::io::{Error, ErrorKind};
use std::path::Path;

/// The byte order mark.
const MARK: char = '\u{feff}';

/// All of a file. Pipes and devices are refused before they are opened: they may have no end, or no writer.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is no file, but a folder, a pipe or a device"));
    }
    std::fs::read(path)
}

/// The text of a file, without the mark that some editors begin it with.
pub(crate) fn text(path: &Path) -> Result<String, Error> {
    let text = String::from_utf8(bytes(path)?);
    let text = text.map_err(|_| Error::new(ErrorKind::InvalidData, "it is no text in UTF-8"))?;
    Ok(text.trim_start_matches(MARK).to_owned())
}

/// The entries of a list: a line each, without empty lines, comments and the mark of [`text`].
pub(crate) fn entries(list: &str) -> impl Iterator<Item = String> {
    let lines = list.trim_start_matches(MARK).lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}
