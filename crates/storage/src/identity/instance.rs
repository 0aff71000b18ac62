//! The metadata service of an instance, version 2 (Amazon EC2 User Guide, "Use IMDS").
use super::answer;
use super::exchange::{Reply, Server};
use super::settings::{Settings, config};
use crate::Credentials;
use crate::tls::direct_client;
use byte_ranges::{SourceError, SourceErrorKind as Kind};
use reqwest::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use serde_json::Value;
use std::time::Duration;

/// It is on the same machine, or it is not there.
const CONNECT: Duration = Duration::from_secs(1);
/// For the whole answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Seconds that a token is good for: one search.
const TOKEN_LASTS: &str = "300";
const ROLES: &str = "latest/meta-data/iam/security-credentials/";

/// What the service has.
pub(super) enum Instance {
    /// The role, and its credentials.
    Role(String, Credentials),
    /// There is no such service here, or it has no role; in words.
    None(String),
}

/// Asks the service. That it is not there is no error here.
pub(super) async fn fetch(settings: &Settings, at: &str) -> Result<Instance, SourceError> {
    let root = root(settings, at)?;
    let client = direct_client(&settings.options, CONNECT, PATIENCE)?;
    let name = format!("the metadata service at {}", root.host_str().unwrap_or_default());
    let server = Server { settings, client, at, name: &name };
    let url = |path: &str| root.join(path).map_err(|error| config(at, format!("{path}: {error}")));
    let mut request = Request::new(Method::PUT, url("latest/api/token")?);
    let headers = request.headers_mut();
    headers
        .insert(HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds"), HeaderValue::from_static(TOKEN_LASTS));
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    // Once: most machines have none, and every second of waiting is one too much.
    let token = match server.once(request).await {
        Ok(reply) if reply.is_success() => reply.body,
        Ok(reply) => return Ok(Instance::None(format!("{name} gives no token (it answered {})", reply.status))),
        Err(failed) if failed.error.kind == Kind::BadAnswer => return Err(failed.error),
        Err(_) => return Ok(Instance::None(format!("there is no answer from {name}"))),
    };
    let token = HeaderValue::from_str(token.trim());
    let mut token = token.map_err(|_| server.error(Kind::BadAnswer, "its token is no value of a header"))?;
    token.set_sensitive(true);
    let roles = get(&server, &url(ROLES)?, &token).await?;
    let role = roles.body.lines().next().unwrap_or_default().trim().to_owned();
    if roles.status == 404 || (roles.is_success() && role.is_empty()) {
        return Ok(Instance::None("this instance has no role (an instance profile gives it one)".to_owned()));
    }
    if !roles.is_success() {
        return Err(server.refused(&roles, "check the instance profile"));
    }
    // IAM User Guide, "IAM identifiers": letters, digits and +=,.@_-.
    if !role.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte)) {
        return Err(server.error(Kind::BadAnswer, "its answer names no role"));
    }
    let reply = get(&server, &url(&format!("{ROLES}{role}"))?, &token).await?;
    if !reply.is_success() {
        return Err(server.refused(&reply, "check the instance profile"));
    }
    // It answers 200 with a code where it has no credentials.
    let code = serde_json::from_str::<Value>(&reply.body).ok();
    let code = code.as_ref().and_then(|value| value.get("Code")?.as_str()).unwrap_or("Success");
    if code != "Success" {
        return Err(server.refused(&reply, "check the instance profile, and that its role trusts EC2"));
    }
    let (keys, _) = answer::parse(&reply.body, &answer::METADATA).map_err(|why| server.error(Kind::BadAnswer, &why))?;
    Ok(Instance::Role(role, keys))
}

async fn get(server: &Server<'_>, url: &Url, token: &HeaderValue) -> Result<Reply, SourceError> {
    let make = || {
        let mut request = Request::new(Method::GET, url.clone());
        request.headers_mut().insert(HeaderName::from_static("x-aws-ec2-metadata-token"), token.clone());
        Ok(request)
    };
    server.ask(make).await
}

/// The root of the service, with a slash at its end.
fn root(settings: &Settings, at: &str) -> Result<Url, SourceError> {
    let v6 =
        settings.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").is_some_and(|mode| mode.eq_ignore_ascii_case("IPv6"));
    let usual = if v6 { "http://[fd00:ec2::254]" } else { "http://169.254.169.254" };
    let named = settings.get("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| usual.to_owned());
    let url = Url::parse(&format!("{}/", named.trim_end_matches('/')));
    url.map_err(|error| config(at, format!("AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL ({error})")))
}
