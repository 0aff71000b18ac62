//! Why a run cannot start, or go on.
use byte_ranges::SourceError;
use pipeline::FailureClass;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Cells that a message names.
const NAMED: usize = 3;

/// Why a run cannot start, or go on. Failures of single cells are in the report; [`RunError::class`] is the class for callers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A value that the caller chose makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The output is neither a folder nor a prefix in a bucket.
    #[error("{0}: the output is a folder, or s3://bucket/prefix")]
    Output(String),
    /// A function writes to S3 only.
    #[error("{0}: a function writes to s3://bucket/prefix")]
    OutputOfFunction(String),
    /// Cells are in the output that are not of this run.
    #[error("{0}")]
    Conflict(RunConflict),
    /// Only a function reads a stored secret.
    #[error("a reference to credentials is for a function: this machine does not read it")]
    ReferenceOnThisMachine,
    /// A function has no credentials for reading granules.
    #[error("a function needs credentials for reading granules")]
    NoReadingCredentials,
    /// The credentials for reading granules, which a function needs, are not found.
    #[error("a function needs credentials for reading granules: {0}")]
    ReadingCredentials(SourceError),
    /// Calls cannot be signed.
    #[error("no credentials to call the function with")]
    NoCallingCredentials,
    /// A report cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file, or its folder.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The report that names the cells is not there.
    #[error("{}: there is no such report", .0.display())]
    NoReport(PathBuf),
    /// A file is there that is no report.
    #[error("{}: this is not the report of a run", .0.display())]
    NotAReport(PathBuf),
    /// Another process has the report.
    #[error("{}: another run is writing this report", .0.display())]
    ReportInUse(PathBuf),
    /// The report is that of another output.
    #[error("{}: this is the report of a run to {out} (layout {layout})", path.display())]
    OtherReport {
        /// The report.
        path: PathBuf,
        /// Its output.
        out: String,
        /// The layout of that.
        layout: String,
    },
    /// The system gives no thread.
    #[error("no thread: {0}")]
    Thread(io::Error),
    /// A bug of ours.
    #[error("{0}")]
    Internal(String),
    /// A place did not answer, or refused.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The selected area makes no sense.
    #[error(transparent)]
    Area(#[from] footprint::Error),
    /// The Earthdata login failed.
    #[error(transparent)]
    Earthdata(#[from] earthdata::Error),
    /// A store in the output cannot be read.
    #[error(transparent)]
    Store(#[from] stores::Error),
    /// The output cannot be begun.
    #[error(transparent)]
    Job(#[from] crate::Error),
}

/// Cells that are in the output although the report does not know them, and that are not what the run would write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunConflict {
    /// The output.
    pub out: String,
    /// Their decimal ids.
    pub cells: BTreeSet<i64>,
}

impl RunError {
    pub(super) fn usage(error: impl fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    pub(super) fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }

    /// The class: that of the error below where there is one; `Denied` where credentials are missing, or a full or locked
    /// place refuses a file; `Corrupt` and `NotFound` for reports.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Usage(_)
            | Self::Output(_)
            | Self::OutputOfFunction(_)
            | Self::ReferenceOnThisMachine
            | Self::ReportInUse(_) => FailureClass::Config,
            Self::Conflict(_) => FailureClass::Exists,
            Self::OtherReport { .. } => FailureClass::Foreign,
            Self::NoReadingCredentials | Self::NoCallingCredentials => FailureClass::Denied,
            Self::NoReport(_) => FailureClass::NotFound,
            Self::NotAReport(_) => FailureClass::Corrupt,
            Self::File { error, .. } => match error.kind() {
                ErrorKind::StorageFull
                | ErrorKind::QuotaExceeded
                | ErrorKind::ReadOnlyFilesystem
                | ErrorKind::PermissionDenied => FailureClass::Denied,
                _ => FailureClass::Other,
            },
            Self::Thread(_) | Self::Internal(_) => FailureClass::Other,
            Self::Source(error) | Self::ReadingCredentials(error) => error.kind.into(),
            Self::Area(footprint::Error::Usage(_)) => FailureClass::Config,
            Self::Area(_) => FailureClass::Corrupt,
            Self::Earthdata(error) => error.class(),
            Self::Store(stores::Error::Source(error)) => error.kind.into(),
            Self::Store(_) => FailureClass::Corrupt,
            Self::Job(error) => error.class,
        }
    }
}

impl fmt::Display for RunConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first: Vec<String> = self.cells.iter().take(NAMED).map(ToString::to_string).collect();
        let (out, count, first) = (&self.out, self.cells.len(), first.join(", "));
        let more = if count > NAMED { ", ..." } else { "" };
        write!(
            f,
            "{out}: {count} cells are there that the report does not know, made from other granules or otherwise ({first}{more})"
        )
    }
}
