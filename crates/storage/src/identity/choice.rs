//! Where credentials come from: decided by what is configured, before anything is asked (design/0016).
use super::profiles::{Profile, Profiles};
use super::settings::{Settings, checked_region, config, of_profile};
use crate::{Credentials, Secret};
use byte_ranges::SourceError;
use std::fmt;
use std::path::PathBuf;

/// Roles of a chain of profiles.
const MAX_CHAIN: usize = 8;

/// Where credentials come from.
pub(super) enum Way {
    /// Keys, and where they were found.
    Keys(Credentials, String),
    /// A command that prints credentials.
    Process { profile: String, command: Secret },
    /// The login of `aws sso login`.
    Sso(SsoRole),
    /// A role that the credentials of another way may take.
    Role(AssumedRole, Box<Way>),
    /// A role that a token of a cluster or a CI may take.
    WebIdentity(AssumedRole, PathBuf),
    /// The endpoint of a container; `at` is what errors are about.
    Container { at: String },
    /// The metadata service of an instance. Where no setting names it, its absence means that nothing is configured: `looked`
    /// says where else was looked.
    Instance { at: String, looked: Option<String> },
    /// Nothing is configured; the text says where was looked.
    Nothing(String),
}

/// A role of an account of IAM Identity Center.
pub(super) struct SsoRole {
    pub(super) profile: String,
    pub(super) account: String,
    pub(super) role: String,
    /// The `sso-session`; the old form has none, and its cache goes by the start URL.
    pub(super) session: Option<String>,
    pub(super) start_url: String,
    /// Of the login.
    pub(super) region: String,
}

/// A role to take.
pub(super) struct AssumedRole {
    /// What errors are about.
    pub(super) at: String,
    /// The profile that names the role; `None`: the environment.
    pub(super) profile: Option<String>,
    pub(super) arn: String,
    pub(super) session_name: Option<String>,
    pub(super) external_id: Option<Secret>,
    pub(super) duration_s: Option<u32>,
    /// In which the role is asked for.
    pub(super) region: String,
}

/// What is configured, in the order of the tools of AWS. A profile that the caller asked for counts alone.
pub(super) fn choose(settings: &Settings) -> Result<Way, SourceError> {
    if settings.asked_profile.is_none() {
        if let Some(keys) = environment_keys(settings)? {
            return Ok(Way::Keys(keys, "the environment (AWS_ACCESS_KEY_ID)".to_owned()));
        }
        if let Some(path) = settings.get("AWS_WEB_IDENTITY_TOKEN_FILE") {
            return environment_role(settings, &path);
        }
    }
    let profiles = Profiles::read(settings)?;
    let (name, named) = settings.profile();
    let mut looked = format!("in the environment, in {}", profiles.places());
    match profiles.get(&name) {
        None if named => return Err(config(&of_profile(&name), profiles.no_such(&name))),
        None => {}
        Some(profile) => {
            if let Some(way) = profile_way(settings, &profiles, &profile, &mut Vec::new())? {
                return Ok(way);
            }
            if named {
                return Err(nothing_in(&profile, &profiles));
            }
            looked += " (profile `default` has no credentials)";
        }
    }
    if CONTAINER.iter().any(|variable| settings.get(variable).is_some()) {
        return Ok(Way::Container { at: "S3 credentials of the container".to_owned() });
    }
    if settings.is_true("AWS_EC2_METADATA_DISABLED") {
        return Ok(Way::Nothing(looked + ", and not at an instance's metadata service (AWS_EC2_METADATA_DISABLED)"));
    }
    Ok(Way::Instance { at: "S3 credentials of the instance".to_owned(), looked: Some(looked) })
}

/// Variables that name the endpoint of a container.
pub(super) const CONTAINER: [&str; 2] =
    ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

/// The region of the profile.
pub(super) fn region(settings: &Settings) -> Result<Option<String>, SourceError> {
    let profiles = Profiles::read(settings)?;
    let (name, named) = settings.profile();
    let Some(profile) = profiles.get(&name) else {
        return if named { Err(config(&of_profile(&name), profiles.no_such(&name))) } else { Ok(None) };
    };
    profile.get("region").map(|region| checked_region(region.to_owned(), &of_profile(&name))).transpose()
}

fn environment_keys(settings: &Settings) -> Result<Option<Credentials>, SourceError> {
    let half = |there: &str, missing: &str| {
        let message = format!("{there} is set and {missing} is not: set both, or unset {there}");
        config("S3 credentials of the environment", message)
    };
    match (settings.get("AWS_ACCESS_KEY_ID"), settings.get("AWS_SECRET_ACCESS_KEY")) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(half("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")),
        (None, Some(_)) => Err(half("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")),
        (Some(id), Some(secret)) => {
            let session_token = settings.get("AWS_SESSION_TOKEN").map(Secret::new);
            Ok(Some(Credentials { session_token, ..Credentials::new(id, secret) }))
        }
    }
}

/// Web identity of the environment, as EKS and CI services set it.
fn environment_role(settings: &Settings, path: &str) -> Result<Way, SourceError> {
    let at = "S3 credentials of the web identity (AWS_WEB_IDENTITY_TOKEN_FILE)";
    let arn = settings.get("AWS_ROLE_ARN");
    let arn = arn.ok_or_else(|| config(at, "AWS_ROLE_ARN is not set: set the role, or unset the token file"))?;
    let role = AssumedRole {
        at: at.to_owned(),
        profile: None,
        arn,
        session_name: settings.get("AWS_ROLE_SESSION_NAME"),
        external_id: None,
        duration_s: None,
        region: settings.region(None, at)?,
    };
    Ok(Way::WebIdentity(role, settings.at_home(path)))
}

/// The way that the content of a profile asks for; `None` where it has no credentials. `chain` are the profiles that asked
/// for this one.
fn profile_way(
    settings: &Settings,
    profiles: &Profiles,
    profile: &Profile<'_>,
    chain: &mut Vec<String>,
) -> Result<Option<Way>, SourceError> {
    let name = profile.name;
    let at = of_profile(name);
    if profile.get("endpoint_url").is_some() && !settings.has_endpoint {
        let message =
            "it names an endpoint_url, which is not read here: give it with --endpoint-url or AWS_ENDPOINT_URL";
        return Err(config(&at, message));
    }
    // A profile may take its role with its own keys (`source_profile` is the profile itself).
    let is_own_source = chain.last().is_some_and(|last| last == name);
    if let Some(arn) = profile.get("role_arn").filter(|_| !is_own_source) {
        let role = role(settings, profile, arn, &at)?;
        if let Some(path) = profile.path("web_identity_token_file", settings) {
            return Ok(Some(Way::WebIdentity(role, path)));
        }
        let source = source(settings, profiles, profile, chain)?;
        return Ok(Some(Way::Role(role, Box::new(source))));
    }
    if let Some(sso) = sso(profiles, profile, &at)? {
        return Ok(Some(Way::Sso(sso)));
    }
    match (profile.get("aws_access_key_id"), profile.secret("aws_secret_access_key")) {
        (Some(id), Some(secret)) => {
            let session_token = profile.secret("aws_session_token").cloned();
            let keys = Credentials { session_token, ..Credentials::new(id, secret.clone()) };
            return Ok(Some(Way::Keys(keys, format!("profile `{name}` (aws_access_key_id)"))));
        }
        (None, None) => {}
        (id, _) => {
            let missing = if id.is_some() { "aws_secret_access_key" } else { "aws_access_key_id" };
            return Err(config(&at, format!("{missing} is missing: give both keys, or none")));
        }
    }
    let command = profile.secret("credential_process").cloned();
    Ok(command.map(|command| Way::Process { profile: name.to_owned(), command }))
}

fn role(settings: &Settings, profile: &Profile<'_>, arn: &str, at: &str) -> Result<AssumedRole, SourceError> {
    if profile.get("mfa_serial").is_some() && profile.get("web_identity_token_file").is_none() {
        let message = "its role asks for a code of an MFA device, which nobody can type here: get credentials with \
                       `aws configure export-credentials --profile X --format env`, and set them in the environment"
            .replace("X ", &format!("{} ", profile.name));
        return Err(config(at, message));
    }
    let duration_s = profile.get("duration_seconds").map(|text| {
        let seconds = text.parse().ok().filter(|seconds| (900..=43_200).contains(seconds));
        seconds.ok_or_else(|| config(at, format!("duration_seconds is `{text}`: write seconds, 900 to 43200")))
    });
    Ok(AssumedRole {
        at: at.to_owned(),
        profile: Some(profile.name.to_owned()),
        arn: arn.to_owned(),
        session_name: profile.get("role_session_name").map(str::to_owned),
        external_id: profile.secret("external_id").cloned(),
        duration_s: duration_s.transpose()?,
        region: settings.region(profile.get("region"), at)?,
    })
}

/// What may take the role of a profile.
fn source(
    settings: &Settings,
    profiles: &Profiles,
    profile: &Profile<'_>,
    chain: &mut Vec<String>,
) -> Result<Way, SourceError> {
    let (name, at) = (profile.name, of_profile(profile.name));
    match (profile.get("source_profile"), profile.get("credential_source")) {
        (Some(_), Some(_)) => Err(config(&at, "it has source_profile and credential_source: keep one of them")),
        (None, None) => {
            Err(config(&at, "it has role_arn alone: add source_profile, credential_source or web_identity_token_file"))
        }
        (None, Some("Environment")) => match environment_keys(settings)? {
            Some(keys) => Ok(Way::Keys(keys, "the environment (AWS_ACCESS_KEY_ID)".to_owned())),
            None => Err(config(
                &at,
                "its credential_source is Environment: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            )),
        },
        (None, Some("EcsContainer")) => Ok(Way::Container { at }),
        (None, Some("Ec2InstanceMetadata")) => Ok(Way::Instance { at, looked: None }),
        (None, Some(other)) => {
            let message =
                format!("credential_source is `{other}`: write Environment, EcsContainer or Ec2InstanceMetadata");
            Err(config(&at, message))
        }
        (Some(source), None) => {
            if source != name && chain.iter().any(|before| before == source) {
                let shown = chain.iter().map(String::as_str).chain([name, source]).collect::<Vec<_>>().join("` -> `");
                return Err(config(&at, format!("source_profile leads in a circle (`{shown}`): end it with keys")));
            }
            if chain.len() >= MAX_CHAIN {
                return Err(config(&at, format!("more than {MAX_CHAIN} roles follow each other by source_profile")));
            }
            let next = profiles.get(source);
            let next = next.ok_or_else(|| config(&at, format!("its source_profile: {}", profiles.no_such(source))))?;
            chain.push(name.to_owned());
            profile_way(settings, profiles, &next, chain)?.ok_or_else(|| nothing_in(&next, profiles))
        }
    }
}

/// The SSO of a profile, in the new form (`sso_session`) or the old one.
fn sso(profiles: &Profiles, profile: &Profile<'_>, at: &str) -> Result<Option<SsoRole>, SourceError> {
    let session = profile.get("sso_session");
    if session.is_none() && profile.get("sso_start_url").is_none() && profile.get("sso_account_id").is_none() {
        return Ok(None);
    }
    let of_session = session.map(|name| {
        profiles.session(name).ok_or_else(|| {
            config(
                at,
                format!(
                    "there is no [sso-session {name}] in {}: `aws configure sso-session` makes one",
                    profiles.places()
                ),
            )
        })
    });
    let login = of_session.transpose()?;
    let login = login.as_ref().unwrap_or(profile);
    let need = |from: &Profile<'_>, name: &str| {
        let missing = || config(at, format!("its SSO needs {name}: `aws configure sso` writes it"));
        from.get(name).map(str::to_owned).ok_or_else(missing)
    };
    Ok(Some(SsoRole {
        profile: profile.name.to_owned(),
        account: need(profile, "sso_account_id")?,
        role: need(profile, "sso_role_name")?,
        session: session.map(str::to_owned),
        start_url: need(login, "sso_start_url")?,
        region: checked_region(need(login, "sso_region")?, at)?,
    }))
}

/// A profile that a flag or `AWS_PROFILE` names has no credentials.
fn nothing_in(profile: &Profile<'_>, profiles: &Profiles) -> SourceError {
    let has = match profile.names() {
        names if names.is_empty() => "nothing".to_owned(),
        names => names.join(", "),
    };
    let message = format!(
        "it has no credentials in {} (it has {has}): add keys, credential_process, SSO or role_arn, or name another profile",
        profiles.places()
    );
    SourceError::new(byte_ranges::SourceErrorKind::Config, of_profile(profile.name), message)
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(_, found_in) => f.write_str(found_in),
            Self::Process { profile, .. } => write!(f, "profile `{profile}` (credential_process)"),
            Self::Sso(sso) => {
                write!(f, "profile `{}` (SSO account {}, role {})", sso.profile, sso.account, sso.role)
            }
            Self::Role(role, source) => write!(f, "{role}, taken by {source}"),
            Self::WebIdentity(role, path) => write!(f, "{role}, taken with the token in {}", path.display()),
            Self::Container { .. } => f.write_str("the container's endpoint"),
            Self::Instance { .. } => f.write_str("the instance's metadata service"),
            Self::Nothing(_) => f.write_str("nothing"),
        }
    }
}

impl fmt::Display for AssumedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.profile {
            Some(profile) => write!(f, "profile `{profile}` (role {})", self.arn),
            None => write!(f, "web identity (role {})", self.arn),
        }
    }
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
