//! From what a user typed to stores: a folder or a prefix of many, or a pattern.
use crate::{Error, Objects as _, Place};
use glob::{MatchOptions, Pattern};
use std::collections::BTreeSet;
use storage::Clients;

/// Documents that a store has at its root: Zarr's, and that of a hive.
const ROOTS: [&str; 2] = ["zarr.json", "morton_hive.json"];
/// Ending of the stores in a folder.
const ENDING: &str = ".zarr";
/// `*` stays within a component, as in a shell.
const SHELL: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// The stores that an input stands for, sorted: itself where it is a store or a table; else the stores (`.zarr`) right in a folder or a
/// prefix of a bucket, or those that a pattern (`*`, `?`, `[..]`) matches.
///
/// # Errors
/// [`Error::NoStores`] where there is none, [`Error::Source`] for a place that cannot be listed.
pub async fn expand_stores(input: &str, clients: &Clients) -> Result<Vec<String>, Error> {
    let is_pattern = input.contains(['*', '?', '[']);
    let is_table = !is_pattern && input.to_ascii_lowercase().ends_with(".csv");
    if input.starts_with("http://") || input.starts_with("https://") || is_table {
        return Ok(vec![input.to_owned()]);
    }
    let (root, pattern) = match input.find(['*', '?', '[']) {
        Some(at) => {
            let (fixed, _) = input.split_at(at);
            let cut = fixed.rfind('/').map_or(0, |slash| slash + 1);
            input.split_at(cut)
        }
        None => (input, ""),
    };
    let root = root.trim_end_matches('/');
    let place = Place::new(if root.is_empty() { "." } else { root }, clients.clone())?;
    if !is_pattern {
        for name in ROOTS {
            if place.get(name).await?.is_some() {
                return Ok(vec![input.to_owned()]);
            }
        }
    }
    let pattern = if is_pattern { pattern.trim_end_matches('/').to_owned() } else { format!("*{ENDING}") };
    let matcher = Pattern::new(&pattern).map_err(|error| Error::refused(input, error.to_string()))?;
    let found = if input.contains("://") { remote(&place, &matcher).await? } else { local(root, &pattern) };
    if found.is_empty() {
        return if is_pattern { Err(Error::NoStores(input.to_owned())) } else { Ok(vec![input.to_owned()]) };
    }
    let full = |name: String| if root.is_empty() { name } else { format!("{root}/{name}") };
    Ok(found.into_iter().map(full).collect())
}

/// Folders of this machine that match, relative to the root.
fn local(root: &str, pattern: &str) -> BTreeSet<String> {
    let whole = if root.is_empty() { pattern.to_owned() } else { format!("{}/{pattern}", Pattern::escape(root)) };
    let paths = glob::glob_with(&whole, SHELL).into_iter().flatten().flatten();
    let stores = paths.filter(|path| {
        let is_table = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        is_table || ROOTS.iter().any(|name| path.join(name).is_file())
    });
    let names = stores.map(|path| path.to_string_lossy().into_owned());
    let relative = |path: String| path.strip_prefix(&format!("{root}/")).map_or(path.clone(), str::to_owned);
    names.map(relative).collect()
}

/// Prefixes of a bucket that match.
async fn remote(place: &Place, matcher: &Pattern) -> Result<BTreeSet<String>, Error> {
    let keys = place.list("").await?;
    let roots = keys.iter().filter_map(|key| {
        let (folder, name) = key.rsplit_once('/')?;
        ROOTS.contains(&name).then_some(folder)
    });
    Ok(roots.filter(|folder| matcher.matches_with(folder, SHELL)).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use storage::Options;

    #[test]
    fn a_folder_and_a_pattern_stand_for_the_stores_in_them() {
        let root = std::env::temp_dir().join(format!("expand-{}", std::process::id()));
        for name in ["a.zarr", "b.zarr", "c.zarr/12", "other"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        for name in ["a.zarr", "b.zarr", "other"] {
            std::fs::write(root.join(name).join("zarr.json"), "{}").unwrap();
        }
        std::fs::write(root.join("t.csv"), "").unwrap();
        let clients = Clients::new(Options::default());
        let root = root.display().to_string();
        let expand = |input: String| {
            let found = expand_stores(&input, &clients).now_or_never().unwrap();
            found.map(|all| all.iter().map(|one| one.replace(&root, "R")).collect::<Vec<_>>())
        };
        assert_eq!(expand(root.clone()).unwrap(), ["R/a.zarr", "R/b.zarr"], "what is no store is none");
        assert_eq!(expand(format!("{root}/")).unwrap(), ["R/a.zarr", "R/b.zarr"]);
        assert_eq!(expand(format!("{root}/[ao]*")).unwrap(), ["R/a.zarr", "R/other"]);
        assert_eq!(expand(format!("{root}/*.csv")).unwrap(), ["R/t.csv"]);
        assert_eq!(expand(format!("{root}/a.zarr")).unwrap(), ["R/a.zarr"]);
        assert!(matches!(expand(format!("{root}/x*")), Err(Error::NoStores(_))));
        assert_eq!(expand(format!("{root}/gone")).unwrap(), ["R/gone"], "the reader says what is wrong");
        std::fs::remove_dir_all(root).unwrap();
    }
}
