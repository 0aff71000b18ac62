//! The login to Earthdata: a token, or a user and a password (docs/lambda.md, "Earthdata credentials").
use crate::{Error, netrc};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use byte_ranges::SourceErrorKind;
use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use storage::Secret;

/// Host whose entry in a netrc counts.
const NETRC_MACHINE: &str = "urs.earthdata.nasa.gov";

/// Base64 of tokens (RFC 7515, 2), whose last character may hold bits of no byte.
const TOKEN: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// What proves the identity of the user. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// A bearer token of Earthdata login; it lasts 60 days.
    Token(Secret),
    /// A user and a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// A proof and where it was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// The proof.
    pub proof: Proof,
    /// `EARTHDATA_TOKEN`, `EARTHDATA_USERNAME`, or the path of a netrc.
    pub found_in: String,
}

impl Login {
    /// The first of: `EARTHDATA_TOKEN`; `EARTHDATA_USERNAME` and `EARTHDATA_PASSWORD`; the entry of
    /// `urs.earthdata.nasa.gov` in the file that `NETRC` names, else in `.netrc` (`_netrc` on Windows) in the home folder.
    ///
    /// # Errors
    /// [`Error::Source`], `denied`, when there is none: it says what to set.
    pub fn from_env() -> Result<Self, Error> {
        Self::find(|name| std::env::var(name).ok())
    }

    /// The same from any lookup of names; empty values count as absent.
    ///
    /// # Errors
    /// As [`Login::from_env`]; also a netrc that is there and cannot be read.
    pub fn find(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        if let Some(token) = get("EARTHDATA_TOKEN") {
            return Ok(Self { proof: Proof::Token(token.trim().into()), found_in: "EARTHDATA_TOKEN".to_owned() });
        }
        if let (Some(user), Some(password)) = (get("EARTHDATA_USERNAME"), get("EARTHDATA_PASSWORD")) {
            let proof = Proof::Password { user, password: password.into() };
            return Ok(Self { proof, found_in: "EARTHDATA_USERNAME".to_owned() });
        }
        let home = || get("HOME").or_else(|| get("USERPROFILE")).map(PathBuf::from);
        let usual = || home().map(|home| home.join(if cfg!(windows) { "_netrc" } else { ".netrc" }));
        if let Some(path) = get("NETRC").map(PathBuf::from).or_else(usual) {
            let shown = path.display().to_string();
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    if let Some((user, password)) = netrc::find(&text, NETRC_MACHINE) {
                        let proof = Proof::Password { user, password: password.into() };
                        return Ok(Self { proof, found_in: shown });
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    let message = format!("the netrc cannot be read: {error}");
                    return Err(Error::source(SourceErrorKind::Denied, shown, message));
                }
            }
        }
        let message = "no login: set EARTHDATA_TOKEN, or EARTHDATA_USERNAME and EARTHDATA_PASSWORD, or add `machine urs.earthdata.nasa.gov login USER password PASSWORD` to ~/.netrc";
        Err(Error::source(SourceErrorKind::Denied, "Earthdata", message))
    }

    /// The user, if known: a token contains it in its claims.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        match &self.proof {
            Proof::Password { user, .. } => Some(user.clone()),
            Proof::Token(token) => claims(token)?.get("uid")?.as_str().map(str::to_owned),
        }
    }

    /// When the token expires, if it contains a time.
    #[must_use]
    pub fn token_ends(&self) -> Option<SystemTime> {
        let Proof::Token(token) = &self.proof else { return None };
        let seconds = claims(token)?.get("exp")?.as_u64()?;
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }
}

/// Claims of a JSON web token (RFC 7519), unverified: for showing only.
fn claims(token: &Secret) -> Option<Value> {
    let mut parts = token.expose().split('.');
    // The common alphabet and padding are read too.
    let payload = parts.nth(1)?.trim_end_matches('=').replace('+', "-").replace('/', "_");
    serde_json::from_slice(&TOKEN.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pairs: &[(&str, &str)]) -> Result<Login, Error> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Login::find(move |name| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn token_then_password_then_netrc() {
        let folder = std::env::temp_dir().join(format!("icestream-netrc-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let netrc = folder.join(if cfg!(windows) { "_netrc" } else { ".netrc" });
        std::fs::write(&netrc, "machine urs.earthdata.nasa.gov login three password hush").unwrap();
        let home = ("HOME", folder.to_str().unwrap());
        let named = [("EARTHDATA_USERNAME", "two"), ("EARTHDATA_PASSWORD", "hush"), home];
        let all = [&[("EARTHDATA_TOKEN", "hush")][..], &named].concat();
        assert_eq!(find(&all).unwrap().proof, Proof::Token("hush".into()));
        let user = |pairs: &[(&str, &str)]| find(pairs).unwrap().user().unwrap();
        assert_eq!(user(&named), "two");
        assert_eq!(user(&[("EARTHDATA_TOKEN", ""), ("EARTHDATA_USERNAME", "two"), home]), "three");
        assert_eq!(user(&[("NETRC", netrc.to_str().unwrap())]), "three");
        let none = find(&[("NETRC", "no-such-file"), home]).unwrap_err();
        assert_eq!(none.class(), pipeline::FailureClass::Denied);
        assert!(none.to_string().contains("EARTHDATA_TOKEN") && none.to_string().contains("netrc"));
        assert!(!format!("{:?}", find(&all).unwrap()).contains("hush"));
        assert!(!format!("{:?}", find(&named).unwrap()).contains("hush"));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_token_tells_its_user_and_its_end() {
        // `{"uid":"someone","exp":1798761599}`, `{"uid":"?>?>"}` in both alphabets, with padding and without, by coreutils.
        let token = |claims: &str| find(&[("EARTHDATA_TOKEN", &format!("eyJ9.{claims}.c2ln"))]).unwrap();
        let login = token("eyJ1aWQiOiJzb21lb25lIiwiZXhwIjoxNzk4NzYxNTk5fQ==");
        assert_eq!(login.user().as_deref(), Some("someone"));
        for claims in ["eyJ1aWQiOiI/Pj8+In0=", "eyJ1aWQiOiI_Pj8-In0"] {
            assert_eq!(token(claims).user().as_deref(), Some("?>?>"));
        }
        assert_eq!(login.token_ends().map(storage::moment::extended).as_deref(), Some("2026-12-31T23:59:59Z"));
        let opaque = find(&[("EARTHDATA_TOKEN", "opaque")]).unwrap();
        assert_eq!((opaque.user(), opaque.token_ends()), (None, None));
    }
}
