//! The endpoint of a container: ECS, EKS Pod Identity, Greengrass, CloudShell (AWS SDKs and Tools Reference Guide,
//! "Container credential provider").
use super::answer;
use super::exchange::Server;
use super::settings::{Settings, config};
use super::token_file::read_token;
use crate::tls::direct_client;
use crate::{Credentials, Secret};
use byte_ranges::{SourceError, SourceErrorKind as Kind};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Request, Url};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// It is on the same machine.
const CONNECT: Duration = Duration::from_secs(2);
/// For the whole answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where relative URIs are (Amazon ECS Developer Guide, "Task IAM role").
const ECS: &str = "http://169.254.170.2";

/// The credentials of the container.
pub(super) async fn fetch(settings: &Settings, at: &str) -> Result<Credentials, SourceError> {
    let url = url(settings, at)?;
    let token = token(settings, at)?;
    let name = format!("the container's endpoint at {}", url.host_str().unwrap_or_default());
    let client = direct_client(&settings.options, CONNECT, PATIENCE)?;
    let server = Server { settings, client, at, name: &name };
    let make = || {
        let mut request = Request::new(Method::GET, url.clone());
        if let Some(token) = &token {
            let value = HeaderValue::from_str(token.expose());
            let mut value = value.map_err(|_| config(at, "the authorization token is no value of a header"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        Ok(request)
    };
    let reply = server.ask(make).await?;
    if !reply.is_success() {
        return Err(server.refused(&reply, "check the role of the task or the pod"));
    }
    let (keys, _) = answer::parse(&reply.body, &answer::METADATA).map_err(|why| server.error(Kind::BadAnswer, &why))?;
    Ok(keys)
}

/// The full URI may be at AWS's own addresses, at this machine or behind TLS: elsewhere the token could be overheard.
fn url(settings: &Settings, at: &str) -> Result<Url, SourceError> {
    if let Some(path) = settings.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
        let wrong = || config(at, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path: it begins with /");
        let url = if path.starts_with('/') { Url::parse(&format!("{ECS}{path}")).ok() } else { None };
        return url.ok_or_else(wrong);
    }
    let text = settings.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let text = text.ok_or_else(|| {
        let message = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set: this is no container with a role";
        config(at, message)
    })?;
    let url = Url::parse(&text);
    let url = url.map_err(|error| config(at, format!("AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL ({error})")))?;
    if is_trusted(&url) {
        return Ok(url);
    }
    let message = "AWS_CONTAINER_CREDENTIALS_FULL_URI must begin with https://, or be at this machine, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]";
    Err(config(at, message))
}

fn is_trusted(url: &Url) -> bool {
    const EKS_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23);
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let v4 = host.parse::<Ipv4Addr>();
    let v6 = host.parse::<Ipv6Addr>();
    match url.scheme() {
        "https" => true,
        "http" => {
            host == "localhost"
                || v4.is_ok_and(|ip| ip.is_loopback() || matches!(ip.octets(), [169, 254, 170, 2 | 23]))
                || v6.is_ok_and(|ip| ip.is_loopback() || ip == EKS_V6)
        }
        _ => false,
    }
}

/// The token that the endpoint wants: of a file, which others renew, or of the environment.
fn token(settings: &Settings, at: &str) -> Result<Option<Secret>, SourceError> {
    if let Some(path) = settings.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        let path = settings.at_home(&path);
        return read_token(&path, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", at).map(Some);
    }
    Ok(settings.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(|token| Secret::new(token.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_trusted_places_alone() {
        let trusted = |url: &str| is_trusted(&Url::parse(url).unwrap());
        for url in [
            "https://anywhere.example/x",
            "http://127.0.0.1:1234/x",
            "http://localhost/x",
            "http://[::1]:9/x",
            "http://169.254.170.23/v1/credentials",
            "http://169.254.170.2/x",
            "http://[fd00:ec2::23]/v1/credentials",
        ] {
            assert!(trusted(url), "{url}");
        }
        for url in [
            "http://anywhere.example/x",
            "http://169.254.170.24/x",
            "http://localhost.example/",
            "ftp://127.0.0.1/",
            "http://10.0.0.1/",
        ] {
            assert!(!trusted(url), "{url}");
        }
    }
}
