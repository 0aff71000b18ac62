//! IAM Identity Center (SSO): the login that `aws sso login` leaves in a cache gives the credentials of a role (Portal API
//! Reference, `GetRoleCredentials`). A login of an `sso-session` is renewed as the tools of AWS do (OIDC API Reference,
//! `CreateToken`).
use super::choice::SsoRole;
use super::exchange::Server;
use super::settings::{Settings, config, of_profile};
use super::token_file::read_limited;
use crate::encode::{hex, percent_encode};
use crate::{Credentials, Secret, http_client, moment, write_file};
use byte_ranges::{SourceError, SourceErrorKind as Kind};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tracing::{info, warn};

/// Bytes of a file in the cache.
const MAX_FILE: u64 = 256 << 10;
/// A login is renewed this long before its end.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// One search for the credentials of a role.
struct Search<'a> {
    sso: &'a SsoRole,
    settings: &'a Settings,
    at: String,
    /// The file of the login.
    path: PathBuf,
}

/// The credentials of the role.
pub(super) async fn fetch(sso: &SsoRole, settings: &Settings) -> Result<Credentials, SourceError> {
    let at = of_profile(&sso.profile);
    let name = hex(&Sha1::digest(sso.session.as_deref().unwrap_or(&sso.start_url).as_bytes()));
    let path = settings.in_aws(&format!("sso/cache/{name}.json"));
    let path = path.ok_or_else(|| config(&at, "there is no home folder with a cache of SSO logins: set HOME"))?;
    let search = Search { sso, settings, at, path };
    search.role_credentials(&search.token().await?).await
}

impl Search<'_> {
    /// A login that lasts.
    async fn token(&self) -> Result<Secret, SourceError> {
        let failed = |why: &str| self.log_in(Kind::Denied, &format!("{}: {why}", self.path.display()));
        let bytes = read_limited(&self.path, MAX_FILE).map_err(|why| failed(&why))?;
        let Some(bytes) = bytes else { return Err(self.log_in(Kind::Denied, "there is no SSO login on this machine")) };
        let login: Value = serde_json::from_slice(&bytes).map_err(|_| failed("this is no SSO login"))?;
        let text = |name: &str| login.get(name).and_then(Value::as_str);
        let token = text("accessToken").filter(|token| !token.is_empty()).ok_or_else(|| failed("no accessToken"))?;
        let end = text("expiresAt").and_then(moment::parse).ok_or_else(|| failed("no expiresAt that is a date"))?;
        let now = SystemTime::now();
        if now + MARGIN < end {
            return Ok(Secret::new(token));
        }
        match self.renew(&login, now).await {
            Ok(Some(token)) => Ok(token),
            Ok(None) if now < end => Ok(Secret::new(token)),
            Ok(None) => Err(self.log_in(Kind::Expired, &format!("the SSO login ended at {}", moment::extended(end)))),
            Err(error) if now < end => {
                warn!(%error, "the SSO login was not renewed");
                Ok(Secret::new(token))
            }
            Err(error) => Err(error),
        }
    }

    /// Another login for the old one; `None` where it cannot be renewed.
    async fn renew(&self, login: &Value, now: SystemTime) -> Result<Option<Secret>, SourceError> {
        let text = |name: &str| login.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let lasts = text("registrationExpiresAt").and_then(moment::parse).is_some_and(|end| now < end);
        let (Some(id), Some(secret), Some(refresh)) = (text("clientId"), text("clientSecret"), text("refreshToken"))
        else {
            return Ok(None);
        };
        if self.sso.session.is_none() || !lasts {
            return Ok(None);
        }
        let form =
            json!({ "clientId": id, "clientSecret": secret, "refreshToken": refresh, "grantType": "refresh_token" });
        let form = Secret::new(form.to_string());
        let url = self.url("AWS_ENDPOINT_URL_SSO_OIDC", "oidc", "token")?;
        let server = self.server("the SSO login server")?;
        let make = || {
            let mut request = Request::new(Method::POST, url.clone());
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(form.expose().to_owned().into());
            Ok(request)
        };
        let reply = server.ask(make).await?;
        let next = self.next();
        if !reply.is_success() {
            return Err(SourceError { kind: Kind::Expired, ..server.refused(&reply, &next) });
        }
        let bad = || server.error(Kind::BadAnswer, &format!("its answer is no login: {next}"));
        let answer: Value = serde_json::from_str(&reply.body).map_err(|_| bad())?;
        let token = answer.get("accessToken").and_then(Value::as_str).ok_or_else(bad)?;
        let seconds = answer.get("expiresIn").and_then(Value::as_u64).filter(|seconds| *seconds < 1 << 32);
        let end = now + Duration::from_secs(seconds.ok_or_else(bad)?);
        self.keep(login, &answer, token, end);
        Ok(Some(Secret::new(token)))
    }

    /// Puts the new login where the tools of AWS find it: the old refresh token may count no more.
    fn keep(&self, login: &Value, answer: &Value, token: &str, end: SystemTime) {
        let mut login = login.clone();
        let Some(fields) = login.as_object_mut() else { return };
        fields.insert("accessToken".to_owned(), token.into());
        fields.insert("expiresAt".to_owned(), moment::extended(end).into());
        if let Some(refresh) = answer.get("refreshToken").filter(|refresh| refresh.is_string()) {
            fields.insert("refreshToken".to_owned(), refresh.clone());
        }
        match write_file(&self.path, login.to_string().as_bytes()) {
            Ok(()) => info!(path = %self.path.display(), "the SSO login was renewed"),
            Err(error) => warn!(%error, "the renewed SSO login was not kept"),
        }
    }

    async fn role_credentials(&self, token: &Secret) -> Result<Credentials, SourceError> {
        let mut url = self.url("AWS_ENDPOINT_URL_SSO", "portal.sso", "federation/credentials")?;
        let (role, account) = (percent_encode(&self.sso.role, false), percent_encode(&self.sso.account, false));
        url.set_query(Some(&format!("role_name={role}&account_id={account}")));
        let server = self.server("the SSO portal")?;
        let make = || {
            let mut request = Request::new(Method::GET, url.clone());
            let value = HeaderValue::from_str(token.expose());
            let mut value = value.map_err(|_| self.log_in(Kind::Denied, "the SSO login is no value of a header"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(HeaderName::from_static("x-amz-sso_bearer_token"), value);
            Ok(request)
        };
        let reply = server.ask(make).await?;
        if reply.status == 401 {
            return Err(SourceError { kind: Kind::Expired, ..server.refused(&reply, &self.next()) });
        }
        if !reply.is_success() {
            return Err(
                server.refused(&reply, "check sso_account_id and sso_role_name, and that the role is assigned to you")
            );
        }
        let answer: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        read(&answer).ok_or_else(|| server.error(Kind::BadAnswer, "its answer holds no credentials"))
    }

    fn server<'a>(&'a self, name: &'a str) -> Result<Server<'a>, SourceError> {
        Ok(Server { settings: self.settings, client: http_client(&self.settings.options)?, at: &self.at, name })
    }

    /// A server of SSO in the region of the login, or the one that the environment names in its place.
    fn url(&self, variable: &str, host: &str, path: &str) -> Result<Url, SourceError> {
        let named = self.settings.get(variable).map(|url| url.trim_end_matches('/').to_owned());
        let root = named.unwrap_or_else(|| format!("https://{host}.{}.amazonaws.com", self.sso.region));
        Url::parse(&format!("{root}/{path}"))
            .map_err(|error| config(&self.at, format!("{variable} is no URL ({error})")))
    }

    fn next(&self) -> String {
        format!("run `aws sso login --profile {}`", self.sso.profile)
    }

    fn log_in(&self, kind: Kind, why: &str) -> SourceError {
        SourceError::new(kind, &self.at, format!("{why}: {}", self.next()))
    }
}

fn read(answer: &Value) -> Option<Credentials> {
    let all = answer.get("roleCredentials")?;
    let text = |name: &str| all.get(name)?.as_str();
    let keys = Credentials::new(text("accessKeyId")?, text("secretAccessKey")?);
    let end = Duration::from_millis(all.get("expiration")?.as_u64()?);
    let expiration = UNIX_EPOCH.checked_add(end)?;
    Some(Credentials { session_token: Some(text("sessionToken")?.into()), expiration: Some(expiration), ..keys })
}
