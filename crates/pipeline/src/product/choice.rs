//! Which tracks and rows of a product count, by what the satellite did.
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which tracks count.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub enum Beams {
    /// All.
    #[default]
    All,
    /// Those of strong beams; of GEDI those of full power.
    Strong,
    /// Those of weak beams; of GEDI the coverage beams.
    Weak,
    /// These.
    Named(Vec<String>),
}

/// Beams as a description writes them.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "\"strong\", \"weak\", \"all\" or a list of tracks")]
enum Written {
    One(String),
    Many(Vec<String>),
}

impl Beams {
    pub(crate) const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}

impl From<Beams> for Written {
    fn from(beams: Beams) -> Self {
        match beams {
            Beams::All => Self::One("all".into()),
            Beams::Strong => Self::One("strong".into()),
            Beams::Weak => Self::One("weak".into()),
            Beams::Named(names) => Self::Many(names),
        }
    }
}

impl TryFrom<Written> for Beams {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::One(text) => text.parse(),
            Written::Many(names) => Ok(Self::Named(names)),
        }
    }
}

/// `all`, `strong`, `weak`, or names of tracks separated by commas.
impl FromStr for Beams {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "all" => Self::All,
            "strong" => Self::Strong,
            "weak" => Self::Weak,
            "" => return Err("is empty: write strong, weak or names of tracks".into()),
            names => Self::Named(names.split(',').map(|name| name.trim().to_owned()).collect()),
        })
    }
}

/// Which way the satellite flew.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heading {
    /// Northwards.
    Ascending,
    /// Southwards.
    Descending,
}

impl FromStr for Heading {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ascending" => Ok(Self::Ascending),
            "descending" => Ok(Self::Descending),
            _ => Err(format!("{text:?} is no direction: write ascending or descending")),
        }
    }
}

impl fmt::Display for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
        })
    }
}
