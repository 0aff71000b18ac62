//! Descriptions of products: those that are built in, and files of a user's own.
//!
//! A product is a file, never code: another one is another file in `built-in`, and its name in the list below.
#![forbid(unsafe_code)]
mod advice;
mod error;
mod nearest;
mod read;
mod tree;

pub use error::Error;
use pipeline::{GranuleName, Product};
pub use read::parse;
use std::sync::OnceLock;

/// Names and texts of the files with these names.
macro_rules! files {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../built-in/", $name, ".toml")))),*] };
}

/// The product of jobs, stores and catalogs that name none.
pub const USUAL: &str = "ATL06";

/// The built-in descriptions; of those that fit one granule, the one without a suffix first.
const BUILT_IN: &[(&str, &str)] =
    files!["ATL03", "ATL06", "ATL08", "ATL08-canopy", "ATL10", "ATL11", "ATL13", "GEDI02_A", "GEDI02_B", "GEDI04_A"];

/// Those that were asked for, each read once.
static READ: [OnceLock<Result<Product, Error>>; BUILT_IN.len()] = [const { OnceLock::new() }; BUILT_IN.len()];

/// A description of the list. The tests show that all are sound, so this reader names no lines.
fn read(at: usize) -> Option<Result<Product, Error>> {
    let (name, text) = BUILT_IN.get(at)?;
    let quick = || toml::from_str(text).or_else(|_| parse(text, &format!("built-in/{name}.toml")));
    READ.get(at).map(|held| held.get_or_init(quick).clone())
}

/// Names of the built-in products, and the text of the file of each.
pub fn list() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.iter().copied()
}

/// Text of the file of a built-in product, upper and lower case alike.
///
/// # Errors
/// [`Error`] names the nearest one and all there are.
pub fn text(name: &str) -> Result<&'static str, Error> {
    find(name).map(|(_, text)| text)
}

/// A built-in product, upper and lower case alike.
///
/// # Errors
/// [`Error`] names the nearest one and all there are.
pub fn built_in(name: &str) -> Result<Product, Error> {
    let at = list().position(|(known, _)| known.eq_ignore_ascii_case(name));
    at.and_then(read).unwrap_or_else(|| Err(none(name)))
}

/// Names of the built-in products whose granules call themselves so, the one without a suffix first.
#[must_use]
pub fn fitting(short_name: &str) -> Vec<&'static str> {
    let fits = |name: &str| built_in(name).is_ok_and(|product| product.short_names.iter().any(|own| own == short_name));
    let mut names: Vec<&str> = list().map(|(name, _)| name).filter(|name| fits(name)).collect();
    names.sort_by_key(|name| name.contains('-'));
    names
}

/// What the name of a file says, by the patterns of the built-in products.
#[must_use]
pub fn granule_name(file: &str) -> Option<GranuleName> {
    (0..BUILT_IN.len()).find_map(|at| read(at)?.ok()?.named(file))
}

/// Line and key of the column in the text of a description that a message about a granule is of: `8: value`.
#[must_use]
pub fn concerned(text: &str, message: &str) -> Option<String> {
    let mut table = "";
    for (line, written) in (1..).zip(text.lines()) {
        if let Some(header) = written.strip_prefix('[') {
            table = header.trim_end_matches(']').trim_start_matches('[');
        }
        let Some((key, value)) = written.split_once('=') else { continue };
        let paths = value.split('"').skip(1).step_by(2).map(|path| path.split('[').next().unwrap_or(path));
        let mut named = paths.filter(|path| !path.is_empty());
        if named.any(|path| message.contains(&format!("/{path}: "))) {
            let dot = if table.is_empty() { "" } else { "." };
            return Some(format!("{line}: {table}{dot}{}", key.trim()));
        }
    }
    None
}

fn find(name: &str) -> Result<(&'static str, &'static str), Error> {
    list().find(|(known, _)| known.eq_ignore_ascii_case(name)).ok_or_else(|| none(name))
}

fn none(name: &str) -> Error {
    let names: Vec<&str> = list().map(|(name, _)| name).collect();
    let near = fitting(name).first().copied().or_else(|| nearest::nearest(name, &names));
    let near = near.map_or_else(String::new, |near| format!("did you mean {near}? "));
    let why = "is no built-in product".to_owned();
    let next = format!("{near}write one of {}, or a file", names.join(", "));
    Error { place: name.to_owned(), line: None, key: String::new(), why, next }
}

#[cfg(test)]
mod tests;
