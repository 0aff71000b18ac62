//! What the caller gives: the environment, a profile, and how servers are asked.
use crate::region::{DEFAULT_REGION, is_region};
use crate::{Options, S3Options};
use byte_ranges::{SourceError, SourceErrorKind};
use std::fmt;
use std::path::PathBuf;

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The environment and the options of a search.
pub(super) struct Settings {
    lookup: Box<Lookup>,
    /// The profile that was asked for beside the environment.
    pub(super) asked_profile: Option<String>,
    /// Region that was chosen beside the profile.
    region: Option<String>,
    /// An S3-compatible store was named.
    pub(super) has_endpoint: bool,
    /// Trust and patience.
    pub(super) options: Options,
}

impl Settings {
    pub(super) fn new(
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        profile: Option<String>,
        options: &Options,
    ) -> Self {
        Self {
            lookup: Box::new(lookup),
            asked_profile: profile,
            region: options.s3.region.clone(),
            has_endpoint: options.s3.endpoint_url.is_some(),
            options: Options { s3: S3Options::default(), bearer: None, password: None, ..options.clone() },
        }
    }

    /// A variable of the environment; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// Whether a variable says yes.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// The profile, and whether a flag or `AWS_PROFILE` names it (else it is `default`).
    pub(super) fn profile(&self) -> (String, bool) {
        let named = self.asked_profile.clone();
        let named = named.or_else(|| self.get("AWS_PROFILE")).or_else(|| self.get("AWS_DEFAULT_PROFILE"));
        named.map_or_else(|| ("default".to_owned(), false), |name| (name, true))
    }

    /// The region for a server of AWS: chosen, of the environment, or `of_profile`.
    ///
    /// # Errors
    /// [`SourceErrorKind::Config`] for a text that is no region: it becomes part of a host.
    pub(super) fn region(&self, of_profile: Option<&str>, at: &str) -> Result<String, SourceError> {
        let found = self.region.clone().or_else(|| self.get("AWS_REGION")).or_else(|| self.get("AWS_DEFAULT_REGION"));
        let found = found.or_else(|| of_profile.map(str::to_owned)).unwrap_or_else(|| DEFAULT_REGION.to_owned());
        checked_region(found, at)
    }

    /// A file that a variable names, or one below the folder `.aws` at home.
    pub(super) fn aws_file(&self, variable: &str, usual: &str) -> Option<PathBuf> {
        self.get(variable).map(|path| self.at_home(&path)).or_else(|| self.in_aws(usual))
    }

    /// A path below the folder `.aws` at home.
    pub(super) fn in_aws(&self, path: &str) -> Option<PathBuf> {
        Some(self.home()?.join(".aws").join(path))
    }

    /// A path, in which `~/` stands for the home folder.
    pub(super) fn at_home(&self, path: &str) -> PathBuf {
        let below = path.strip_prefix("~/").and_then(|rest| Some(self.home()?.join(rest)));
        below.unwrap_or_else(|| PathBuf::from(path))
    }

    fn home(&self) -> Option<PathBuf> {
        self.get("HOME").or_else(|| self.get("USERPROFILE")).map(PathBuf::from)
    }
}

/// A region that may become part of a host.
pub(super) fn checked_region(region: String, at: &str) -> Result<String, SourceError> {
    if is_region(&region) {
        return Ok(region);
    }
    Err(config(at, format!("`{region}` is no region: write one like us-west-2")))
}

/// What an error is about.
pub(super) fn of_profile(name: &str) -> String {
    format!("S3 credentials of profile `{name}`")
}

/// Something in the configuration is wrong.
pub(super) fn config(at: &str, message: impl Into<String>) -> SourceError {
    SourceError::new(SourceErrorKind::Config, at, message)
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("profile", &self.asked_profile).field("region", &self.region).finish()
    }
}
