//! Files that the user names, other than granules: catalogs, events, lists, reports, tables.
use crate::exit::{BAD_INPUT, Failure};
use footprint::Area;
use std::path::Path;

/// The byte order mark.
const MARK: char = '\u{feff}';

/// The entries of a list: a line each, without empty lines, comments and the mark that some editors begin it with.
pub(crate) fn entries(list: &str) -> impl Iterator<Item = String> {
    let lines = list.trim_start_matches(MARK).lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    storage::read_text(path).map_err(|error| Failure::new(BAD_INPUT, error))
}

/// The entries of a list on standard input.
pub(crate) fn stdin_entries() -> Result<Vec<String>, Failure> {
    let list = std::io::read_to_string(std::io::stdin());
    let list = list.map_err(|error| Failure::new(BAD_INPUT, format!("standard input: {error}")))?;
    Ok(entries(&list).collect())
}

/// The cells of a list, or of a file that holds one.
pub(crate) fn cells(list: &str) -> Result<Area, Failure> {
    let path = Path::new(list);
    Ok(if path.is_file() { Area::parse_cells(&read(path)?)? } else { Area::parse_cells(list)? })
}
