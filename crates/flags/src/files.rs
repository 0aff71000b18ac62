//! Files that the user names, other than granules: catalogs, events, lists, reports, tables.
use crate::exit::{BAD_INPUT, CommandError};
use byte_ranges::Sink as _;
use bytes::Bytes;
use footprint::Area;
use std::path::Path;
use storage::{Clients, Location};

/// The byte order mark.
const MARK: char = '\u{feff}';

/// The entries of a list: a line each, without empty lines, comments and the mark that some editors begin it with.
pub fn entries(list: &str) -> impl Iterator<Item = String> {
    let lines = list.trim_start_matches(MARK).lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}

/// The text of a file.
pub fn read(path: &Path) -> Result<String, CommandError> {
    storage::read_text(path).map_err(|error| CommandError::new(BAD_INPUT, error))
}

/// The entries of a list on standard input.
pub fn stdin_entries() -> Result<Vec<String>, CommandError> {
    let list = std::io::read_to_string(std::io::stdin());
    let list = list.map_err(|error| CommandError::new(BAD_INPUT, format!("standard input: {error}")))?;
    Ok(entries(&list).collect())
}

/// The cells of a list, or of a file that holds one.
pub fn cells(list: &str) -> Result<Area, CommandError> {
    let path = Path::new(list);
    Ok(if path.is_file() { Area::parse_cells(&read(path)?)? } else { Area::parse_cells(list)? })
}

/// Writes a whole file, to a path or into a bucket.
///
/// # Errors
/// A place that cannot be written.
pub async fn write(place: &str, bytes: &[u8], clients: &Clients) -> Result<(), CommandError> {
    if !place.contains("://") {
        return Ok(storage::write_file(Path::new(place), bytes)?);
    }
    let (folder, name) = place.rsplit_once('/').ok_or_else(|| CommandError::usage(format!("{place}: name a file")))?;
    let sink = clients.sink(&Location::parse(folder)?)?;
    sink.put(name, Bytes::copy_from_slice(bytes)).await.map_err(|error| CommandError::from(error).at(place))
}
