//! Keys of objects.
use byte_ranges::{SourceError, SourceErrorKind};

/// Keys are relative, `/`-separated, and stay below the store.
pub(crate) fn check_key(key: &str, shown: &str) -> Result<(), SourceError> {
    let bad = |part: &str| matches!(part, "" | "." | "..") || part.contains(['\\', '\0', ':']);
    if !key.split('/').any(bad) {
        return Ok(());
    }
    let message = format!("`{key}` is not a key: write components separated by single slashes, without `..`");
    Err(SourceError::new(SourceErrorKind::Config, shown, message))
}
