//! The report as a journal: a line of JSON for what has begun and what has ended, each whole or absent.
//!
//! Whatever ends the process, the lines before that moment remain; a last one that was cut off does not count. When a run
//! ends by itself the file is written anew: a line for each cell that has ended.
use super::error::RunError;
use super::report::CellReport;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// A line.
#[derive(Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
enum Line {
    /// The first one: whose report this is.
    Run { out: String, layout: String, engine: String },
    /// A cell is about to be run.
    Begun { cell: i64 },
    /// A cell has ended.
    Ended(Box<CellReport>),
}

/// What a report says.
#[derive(Default)]
pub(super) struct Past {
    /// The last end of every cell.
    pub(super) ended: BTreeMap<i64, CellReport>,
    /// Cells that were begun after their last end.
    pub(super) begun: BTreeSet<i64>,
    out: Option<(String, String)>,
    /// Bytes of whole lines.
    whole: u64,
}

/// The report of this run, open and locked.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    head: Line,
    ended: BTreeMap<i64, CellReport>,
}

/// Reads a report; `None` when there is none.
pub(super) fn read(path: &Path) -> Result<Option<Past>, RunError> {
    let text = match storage::read_file(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(RunError::file(path, error)),
    };
    let mut past = Past::default();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let whole = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok());
        match whole {
            Some(Line::Run { out, layout, .. }) => past.out = Some((out, layout)),
            Some(Line::Begun { cell }) => _ = past.begun.insert(cell),
            Some(Line::Ended(ended)) => {
                past.begun.remove(&ended.cell);
                past.ended.insert(ended.cell, *ended);
            }
            None => break,
        }
        past.whole += line.len() as u64;
    }
    if past.out.is_none() && !text.is_empty() {
        return Err(RunError::NotAReport(path.to_owned()));
    }
    Ok(Some(past))
}

impl Journal {
    /// Opens the report of a run to `out`, or begins it. What a killed process left of a line is cut off.
    pub(super) fn open(path: &Path, out: &str, layout: String) -> Result<Self, RunError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| RunError::file(folder, error))?;
        }
        let file =
            OpenOptions::new().append(true).create(true).open(path).map_err(|error| RunError::file(path, error))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(RunError::ReportInUse(path.to_owned()));
            }
            // A file system without locks must do without.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        let past = read(path)?.unwrap_or_default();
        if let Some((out, layout)) = past.out.filter(|noted| *noted != (out.to_owned(), layout.clone())) {
            return Err(RunError::OtherReport { path: path.to_owned(), out, layout });
        }
        file.set_len(past.whole).map_err(|error| RunError::file(path, error))?;
        let engine = format!("icestream {}", env!("CARGO_PKG_VERSION"));
        let head = Line::Run { out: out.to_owned(), layout, engine };
        let mut journal = Self { path: path.to_owned(), file, head, ended: past.ended };
        if past.whole == 0 {
            let line = text(&journal.head)?;
            journal.add(&line)?;
        }
        Ok(journal)
    }

    /// Notes that a cell is about to be run: what is found in its place later is ours.
    pub(super) fn begun(&mut self, cell: i64) -> Result<(), RunError> {
        self.add(&text(&Line::Begun { cell })?)
    }

    /// Notes how a cell ended.
    pub(super) fn ended(&mut self, ended: &CellReport) -> Result<(), RunError> {
        self.ended.insert(ended.cell, ended.clone());
        self.add(&text(&Line::Ended(Box::new(ended.clone())))?)
    }

    /// Writes the report anew, a line for each cell that has ended; cells under way that were dropped keep their line.
    pub(super) fn finish(self) -> Result<(), RunError> {
        let begun = read(&self.path)?.unwrap_or_default().begun;
        let mut beside = self.path.clone().into_os_string();
        beside.push(".part");
        let beside = PathBuf::from(beside);
        let mut all = text(&self.head)?;
        for cell in begun {
            all += &text(&Line::Begun { cell })?;
        }
        for ended in self.ended.values() {
            all += &text(&Line::Ended(Box::new(ended.clone())))?;
        }
        let mut file = File::create(&beside).map_err(|error| RunError::file(&beside, error))?;
        file.write_all(all.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| RunError::file(&beside, error))?;
        std::fs::rename(&beside, &self.path).map_err(|error| RunError::file(&self.path, error))
    }

    /// One write a line.
    fn add(&mut self, line: &str) -> Result<(), RunError> {
        self.file.write_all(line.as_bytes()).map_err(|error| RunError::file(&self.path, error))
    }
}

fn text(line: &Line) -> Result<String, RunError> {
    let mut text = serde_json::to_string(line).map_err(|error| RunError::Internal(error.to_string()))?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fan_out::attempt::{AttemptClass, AttemptFailure};
    use crate::fan_out::work::CellWork;

    fn ended(name: i64, good: bool) -> CellReport {
        let cell = morton::Cell::from_decimal(name).unwrap();
        let work = CellWork {
            cell,
            name,
            granules: vec!["a".into()],
            only: Vec::new(),
            key: "k".into(),
            known: false,
            again: false,
        };
        let outcome =
            if good { Ok(Box::default()) } else { Err(AttemptFailure::new(AttemptClass::Permanent, "X", "why")) };
        CellReport::new(&work, outcome)
    }

    /// Cut at every byte: what was whole before the cut counts, and the next run appends to it.
    #[test]
    fn a_report_that_was_cut_anywhere_is_read_and_continued() {
        let folder = std::env::temp_dir().join(format!("icestream-journal-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("r.jsonl");
        let mut journal = Journal::open(&path, "out", "cell".into()).unwrap();
        journal.begun(1).unwrap();
        journal.begun(2).unwrap();
        journal.ended(&ended(1, true)).unwrap();
        journal.ended(&ended(2, false)).unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        let head = whole.iter().position(|&byte| byte == b'\n').unwrap();
        for length in head + 1..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let lines = whole[..length].iter().filter(|&&byte| byte == b'\n').count();
            let past = read(&path).unwrap().unwrap();
            assert_eq!((past.ended.len(), past.begun.len()), [(0, 0), (0, 1), (0, 2), (1, 1), (2, 0)][lines - 1]);
            let mut journal = Journal::open(&path, "out", "cell".into()).unwrap();
            journal.ended(&ended(3, true)).unwrap();
            drop(journal);
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text.lines().count(), lines + 1);
            assert!(text.lines().all(|line| serde_json::from_str::<Line>(line).is_ok()), "{text}");
        }
        std::fs::write(&path, &whole).unwrap();
        assert!(Journal::open(&path, "elsewhere", "cell".into()).is_err());
        let journal = Journal::open(&path, "out", "cell".into()).unwrap();
        assert!(Journal::open(&path, "out", "cell".into()).is_err(), "locked");
        journal.finish().unwrap();
        let past = read(&path).unwrap().unwrap();
        assert_eq!((past.ended[&1].is_good(), past.ended[&2].error.as_deref()), (true, Some("why")));
        std::fs::write(&path, "no report\n").unwrap();
        assert!(read(&path).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
