//! Roles: AWS Security Token Service (API Reference, `AssumeRole` and `AssumeRoleWithWebIdentity`).
use super::choice::AssumedRole;
use super::exchange::{Reply, Server};
use super::settings::{Settings, config};
use super::token_file::read_token;
use crate::encode::{element, percent_encode};
use crate::{Credentials, Secret, http_client, moment, sigv4};
use byte_ranges::{SourceError, SourceErrorKind as Kind};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Version of the interface.
const VERSION: &str = "2011-06-15";

/// The credentials of a role that `own` may take.
pub(super) async fn assume(
    role: &AssumedRole,
    own: &Credentials,
    settings: &Settings,
) -> Result<Credentials, SourceError> {
    let mut form = vec![("Action", "AssumeRole"), ("RoleArn", role.arn.as_str())];
    form.extend(role.external_id.as_ref().map(|id| ("ExternalId", id.expose())));
    let next = "check role_arn, and that the role trusts the identity that takes it";
    ask(role, form, Some(own), next, settings).await
}

/// The credentials of a role that the token in a file may take. The file is read each time: others renew it.
pub(super) async fn with_web_identity(
    role: &AssumedRole,
    file: &Path,
    settings: &Settings,
) -> Result<Credentials, SourceError> {
    let token = read_token(file, "the web identity", &role.at)?;
    let form = vec![
        ("Action", "AssumeRoleWithWebIdentity"),
        ("RoleArn", role.arn.as_str()),
        ("WebIdentityToken", token.expose()),
    ];
    let next = "check the role, that it trusts the issuer of the token, and that the token has not ended";
    ask(role, form, None, next, settings).await
}

async fn ask(
    role: &AssumedRole,
    mut form: Vec<(&str, &str)>,
    signed_by: Option<&Credentials>,
    next: &str,
    settings: &Settings,
) -> Result<Credentials, SourceError> {
    let session = role.session_name.clone().unwrap_or_else(session_name);
    let duration = role.duration_s.map(|seconds| seconds.to_string());
    form.extend([("Version", VERSION), ("RoleSessionName", session.as_str())]);
    form.extend(duration.as_deref().map(|seconds| ("DurationSeconds", seconds)));
    let body = form.iter().map(|(name, value)| format!("{name}={}", percent_encode(value, false)));
    let body = Secret::new(body.collect::<Vec<_>>().join("&"));
    let url = url(role, settings)?;
    let name = format!("STS in {}", role.region);
    let server = Server { settings, client: http_client(&settings.options)?, at: &role.at, name: &name };
    let make = || {
        let mut request = Request::new(Method::POST, url.clone());
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        *request.body_mut() = Some(body.expose().to_owned().into());
        if let Some(keys) = signed_by {
            sigv4::sign(&mut request, keys, &role.region, "sts", SystemTime::now())?;
        }
        Ok(request)
    };
    let reply = server.ask(make).await?;
    if !reply.is_success() {
        return Err(server.refused(&reply, next));
    }
    read(&reply).ok_or_else(|| server.error(Kind::BadAnswer, "its answer holds no credentials"))
}

fn read(reply: &Reply) -> Option<Credentials> {
    let all = element(&reply.body, "Credentials")?;
    // Its own elements are plain text: they were unescaped once with it, and keys have nothing to escape.
    let text = |name: &str| element(&all, name).or_else(|| element(&reply.body, name));
    let keys = Credentials::new(text("AccessKeyId")?, text("SecretAccessKey")?);
    let expiration = moment::parse(&text("Expiration")?)?;
    Some(Credentials { session_token: Some(text("SessionToken")?.into()), expiration: Some(expiration), ..keys })
}

/// The regional endpoint, or the one that the environment names in its place.
fn url(role: &AssumedRole, settings: &Settings) -> Result<Url, SourceError> {
    let named = settings.get("AWS_ENDPOINT_URL_STS");
    let text = named.unwrap_or_else(|| format!("https://sts.{}.amazonaws.com/", role.region));
    Url::parse(&text).map_err(|error| config(&role.at, format!("AWS_ENDPOINT_URL_STS is no URL ({error})")))
}

/// A name under which the log of AWS shows what was done.
fn session_name() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("icestream-{}", since.as_secs())
}
