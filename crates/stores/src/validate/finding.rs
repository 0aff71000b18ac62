//! What is wrong with a store.
use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Values or their meaning are wrong, or a reader fails.
    Error,
    /// Worth knowing; nothing that was looked at is wrong.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of fault, one word for scripts: `chunk-missing`.
    pub code: &'static str,
    /// The object, or the array or group.
    pub key: String,
    /// In words.
    pub what: String,
}

/// Findings so far.
#[derive(Default, Debug)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    pub(crate) fn error(&mut self, code: &'static str, key: impl Into<String>, what: impl Into<String>) {
        self.0.push(Finding { severity: Severity::Error, code, key: key.into(), what: what.into() });
    }

    pub(crate) fn warning(&mut self, code: &'static str, key: impl Into<String>, what: impl Into<String>) {
        self.0.push(Finding { severity: Severity::Warning, code, key: key.into(), what: what.into() });
    }

    pub(crate) fn errors(&self) -> usize {
        self.0.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    pub(crate) fn warnings(&self) -> usize {
        self.0.len() - self.errors()
    }
}
