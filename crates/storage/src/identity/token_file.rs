//! Small files: profiles, tokens, the cache of logins.
use super::settings::config;
use crate::Secret;
use byte_ranges::SourceError;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::Path;

/// Bytes of a token.
const MAX_TOKEN: u64 = 64 << 10;

/// A file of at most `limit` bytes; `None` where there is none, or the null device.
///
/// # Errors
/// Why it cannot be read, in words.
pub(super) fn read_limited(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, String> {
    let unreadable = |error: std::io::Error| format!("it cannot be read: {error}");
    match fs::metadata(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
        Ok(_) if path == Path::new("/dev/null") => return Ok(None),
        // It may have no end, or no writer.
        Ok(there) if !there.is_file() => return Err("it is no file, but a folder, a pipe or a device".to_owned()),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(format!("it has more than {limit} bytes: this is another kind of file"));
    }
    Ok(Some(bytes))
}

/// The token in a file that a setting names.
pub(super) fn read_token(path: &Path, setting: &str, at: &str) -> Result<Secret, SourceError> {
    let shown = path.display();
    let failed = |why: &str| config(at, format!("the token file {shown} of {setting}: {why}"));
    let bytes = read_limited(path, MAX_TOKEN).map_err(|why| failed(&why))?;
    let bytes = bytes.ok_or_else(|| failed("there is no such file: check the path, and that the volume is mounted"))?;
    let text = String::from_utf8(bytes).map_err(|_| failed("it is not text"))?;
    let token = text.trim();
    if token.is_empty() || token.contains(char::is_control) {
        return Err(failed("it holds no token on one line"));
    }
    Ok(Secret::new(token))
}
