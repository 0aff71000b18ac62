//! Pages of a search on disk, so that an interrupted one continues where it stopped.
use crate::Error;
use crate::umm::Entry;
use byte_ranges::SourceErrorKind;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// A page as it is kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct SavedPage {
    /// `CMR-Search-After` for the next page; none after the last.
    pub(crate) token: Option<String>,
    pub(crate) hits: u64,
    pub(crate) entries: Vec<Entry>,
}

/// A file that keeps the pages of one search: a line with the query, then a line for each page. A line that a
/// killed process left unfinished does not count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resume {
    path: PathBuf,
}

impl Resume {
    /// The file; it need not exist.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file beside the output of a search: its name with `.search`.
    #[must_use]
    pub fn beside(out: &Path) -> Self {
        let mut path = out.as_os_str().to_owned();
        path.push(".search");
        Self::at(path)
    }

    /// The pages of an interrupted search with the same query. One with another query is thrown away.
    pub(crate) fn open(&self, query: &str) -> Result<Vec<SavedPage>, Error> {
        let mut text = Vec::new();
        match File::open(&self.path).and_then(|mut file| file.read_to_end(&mut text)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.failed(&error)),
            _ => {}
        }
        let header = serde_json::json!({ "query": query }).to_string();
        let mut lines = text.split_inclusive(|&byte| byte == b'\n').filter_map(|line| line.strip_suffix(b"\n"));
        let mut pages: Vec<SavedPage> = Vec::new();
        let mut kept = 0;
        if lines.next() == Some(header.as_bytes()) {
            kept = header.len() + 1;
            for line in lines {
                let Ok(page) = serde_json::from_slice(line) else { break };
                pages.push(page);
                kept += line.len() + 1;
            }
        }
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&self.path);
        file.and_then(|file| file.set_len(kept as u64)).map_err(|error| self.failed(&error))?;
        if kept == 0 {
            self.add(header.as_bytes())?;
        }
        Ok(pages)
    }

    pub(crate) fn append(&self, page: &SavedPage) -> Result<(), Error> {
        let line = serde_json::to_vec(page).map_err(|error| Error::format("a page of the search", error))?;
        self.add(&line)
    }

    pub(crate) fn remove(&self) -> Result<(), Error> {
        std::fs::remove_file(&self.path).map_err(|error| self.failed(&error))
    }

    fn add(&self, line: &[u8]) -> Result<(), Error> {
        let file = OpenOptions::new().append(true).open(&self.path);
        file.and_then(|mut file| {
            file.write_all(line)?;
            file.write_all(b"\n")
        })
        .map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Error {
        let message = format!("the pages of the search cannot be kept here: {error}");
        Error::source(SourceErrorKind::Other, self.path.display().to_string(), message)
    }
}

impl fmt::Display for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}
