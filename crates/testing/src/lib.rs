//! What the tests of several crates need. A development dependency: no shipped program contains it.
#![forbid(unsafe_code)]
pub mod cmr;
pub mod server;

use std::path::{Path, PathBuf};

/// A file or folder of the shared data, or `None` after printing that `test` skips what needs it.
///
/// The data are in `../shared`, outside of the project, and are not part of it. The environment variable `SHARED` names
/// another folder, relative to the root of the project; `SHARED=none` hides the data.
#[must_use]
pub fn shared(path: &str, test: &str) -> Option<PathBuf> {
    let found = find(std::env::var_os("SHARED").map(PathBuf::from).as_deref(), path);
    if found.is_none() {
        println!("skipped: no shared data ({test})");
    }
    found
}

fn find(folder: Option<&Path>, path: &str) -> Option<PathBuf> {
    let folder = folder.unwrap_or(Path::new("../shared"));
    let hidden = folder == Path::new("none");
    let found = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(folder).join(path);
    (!hidden && found.exists()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_moves_or_hides_the_folder() {
        assert!(find(Some(Path::new("crates")), "testing/Cargo.toml").is_some());
        assert!(find(Some(Path::new(env!("CARGO_MANIFEST_DIR"))), "Cargo.toml").is_some());
        assert_eq!(find(Some(Path::new("crates")), "absent"), None);
        assert_eq!(find(Some(Path::new("none")), "data"), None);
    }
}
