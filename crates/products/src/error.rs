//! What is wrong with a description.
use std::fmt;

/// What is wrong with a description, where, and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// Name of the file, or of the product that was asked for.
    pub place: String,
    /// Line, from 1; `None` where it is not about one.
    pub line: Option<usize>,
    /// Path of the key, such as `keep[0].at_least`; empty where it is not about one.
    pub key: String,
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub next: String,
}

impl Error {
    /// What is wrong and where, without what to do: `mine.toml:12: output.unit: is no key of a description`.
    #[must_use]
    pub fn problem(&self) -> String {
        let Self { place, line, key, why, .. } = self;
        let line = line.map_or_else(String::new, |line| format!(":{line}"));
        let key = if key.is_empty() { String::new() } else { format!(": {key}") };
        format!("{place}{line}{key}: {why}")
    }
}

/// `mine.toml:12: output.unit: is no key of a description: did you mean units?`
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem())?;
        if self.next.is_empty() { Ok(()) } else { write!(f, ": {}", self.next) }
    }
}

impl std::error::Error for Error {}
