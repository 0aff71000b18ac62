//! The profiles of the two files of AWS, `config` and `credentials`.
use super::ini::{self, Section};
use super::settings::{Settings, config};
use super::token_file::read_limited;
use crate::Secret;
use byte_ranges::SourceError;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Bytes of a file of profiles.
const MAX_FILE: u64 = 4 << 20;
/// Profiles that a message lists.
const MAX_LISTED: usize = 20;

/// What both files say.
#[derive(Default)]
pub(super) struct Profiles {
    profiles: BTreeMap<String, Section>,
    sessions: BTreeMap<String, Section>,
    /// The files, and whether each exists.
    files: Vec<(PathBuf, bool)>,
}

/// One profile, or one `sso-session`.
pub(super) struct Profile<'a> {
    pub(super) name: &'a str,
    section: &'a Section,
}

impl Profiles {
    /// Reads what there is of the files that `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` name, else of
    /// `~/.aws/config` and `~/.aws/credentials`. For a value in both, the latter counts.
    pub(super) fn read(settings: &Settings) -> Result<Self, SourceError> {
        let mut all = Self::default();
        if let Some(path) = settings.aws_file("AWS_CONFIG_FILE", "config") {
            let mut sections = all.file(path)?;
            // `[profile default]` counts more than `[default]`.
            all.profiles.extend(sections.remove("default").map(|section| ("default".to_owned(), section)));
            for (name, section) in sections {
                if let Some(name) = name.strip_prefix("profile ") {
                    all.profiles.insert(name.to_owned(), section);
                } else if let Some(name) = name.strip_prefix("sso-session ") {
                    all.sessions.insert(name.to_owned(), section);
                }
            }
        }
        if let Some(path) = settings.aws_file("AWS_SHARED_CREDENTIALS_FILE", "credentials") {
            for (name, section) in all.file(path)? {
                all.profiles.entry(name).or_default().extend(section);
            }
        }
        Ok(all)
    }

    fn file(&mut self, path: PathBuf) -> Result<BTreeMap<String, Section>, SourceError> {
        let at = path.display().to_string();
        let bytes = read_limited(&path, MAX_FILE).map_err(|why| config(&at, why))?;
        self.files.push((path, bytes.is_some()));
        let next = "repair the file, or name another with AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE";
        ini::parse(&bytes.unwrap_or_default()).map_err(|why| config(&at, format!("{why}: {next}")))
    }

    pub(super) fn get(&self, name: &str) -> Option<Profile<'_>> {
        self.profiles.get_key_value(name).map(|(name, section)| Profile { name, section })
    }

    pub(super) fn session(&self, name: &str) -> Option<Profile<'_>> {
        self.sessions.get_key_value(name).map(|(name, section)| Profile { name, section })
    }

    /// That a profile does not exist, and which do.
    pub(super) fn no_such(&self, name: &str) -> String {
        let mut names: Vec<String> = self.profiles.keys().take(MAX_LISTED).map(|name| format!("`{name}`")).collect();
        if self.profiles.len() > MAX_LISTED {
            names.push(format!("{} more", self.profiles.len() - MAX_LISTED));
        }
        let there = match names.is_empty() {
            true => "there are no profiles: `aws configure` makes one".to_owned(),
            false => format!("there are {}", names.join(", ")),
        };
        format!("there is no profile `{name}` in {}; {there}", self.places())
    }

    /// The files in words.
    pub(super) fn places(&self) -> String {
        let shown = |(path, exists): &(PathBuf, bool)| match exists {
            true => path.display().to_string(),
            false => format!("{} (no such file)", path.display()),
        };
        match self.files.is_empty() {
            true => "no file (there is no home folder)".to_owned(),
            false => self.files.iter().map(shown).collect::<Vec<_>>().join(" and "),
        }
    }
}

impl<'a> Profile<'a> {
    /// A value; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.secret(name).map(Secret::expose)
    }

    /// The same, still hidden.
    pub(super) fn secret(&self, name: &str) -> Option<&'a Secret> {
        self.section.get(name).filter(|value| !value.expose().is_empty())
    }

    /// A value as a path.
    pub(super) fn path(&self, name: &str, settings: &Settings) -> Option<PathBuf> {
        self.get(name).map(|path| settings.at_home(path))
    }

    /// The names of its values.
    pub(super) fn names(&self) -> Vec<&'a str> {
        self.section.keys().map(String::as_str).collect()
    }
}
