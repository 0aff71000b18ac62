//! Credentials by reference: an event that a workflow engine keeps need not hold them in clear.
use crate::event::credentials;
use crate::{Error, ErrorType};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use storage::{Clients, Credentials, sigv4};

/// A service inside the region answers in milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which service keeps the credentials, and how it is asked.
struct Keeper {
    /// Name of the service in host names and signatures.
    service: &'static str,
    /// `X-Amz-Target` of the call.
    target: &'static str,
    request: Value,
    /// Where the answer has the text.
    pointer: &'static str,
}

impl Keeper {
    /// `/a/b`, `ssm:NAME` and ARNs of `ssm` are parameters of Systems Manager (its API Reference, `GetParameter`); every
    /// other name or ARN is a secret of Secrets Manager (`GetSecretValue`).
    fn of(name: &str) -> Self {
        let parameter = name.strip_prefix("ssm:").or_else(|| name.starts_with('/').then_some(name));
        match parameter.or_else(|| name.contains(":ssm:").then_some(name)) {
            Some(name) => Self {
                service: "ssm",
                target: "AmazonSSM.GetParameter",
                request: json!({"Name": name, "WithDecryption": true}),
                pointer: "/Parameter/Value",
            },
            None => Self {
                service: "secretsmanager",
                target: "secretsmanager.GetSecretValue",
                request: json!({"SecretId": name}),
                pointer: "/SecretString",
            },
        }
    }
}

/// Fetches the credentials that an event names in `s3_credentials_ref`, signed with the role of `clients`, in its
/// region; `endpoint` stands for AWS where it is given. The stored text is the object that `s3_credentials` would be.
///
/// # Errors
/// [`ErrorType::CredentialsRefused`] when they are not given out, [`ErrorType::SourceUnavailable`] when the service does not answer,
/// [`ErrorType::BadEvent`] when what is stored is something else.
pub async fn resolve(name: &str, clients: &Clients, endpoint: Option<&str>) -> Result<Credentials, Error> {
    let keeper = Keeper::of(name);
    let failed =
        |kind: ErrorType, why: &dyn std::fmt::Display| Error::new(kind, format!("s3_credentials_ref `{name}`: {why}"));
    let refused = |why: &dyn std::fmt::Display| failed(ErrorType::CredentialsRefused, why);
    let request = request(&keeper, clients, endpoint).await.map_err(|error| refused(&error.message))?;
    let http = clients.http().map_err(|error| refused(&error))?;
    let unavailable = |error: reqwest::Error| failed(ErrorType::SourceUnavailable, &error.without_url());
    let response = http.execute(request).await.map_err(unavailable)?;
    let status = response.status();
    let body = response.bytes().await.map_err(unavailable)?;
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !status.is_success() {
        let code = answer["__type"].as_str().unwrap_or_default();
        let kind = if status.is_server_error() { ErrorType::SourceUnavailable } else { ErrorType::CredentialsRefused };
        return Err(failed(kind, &format!("{} answered {} {code}", keeper.service, status.as_u16())));
    }
    let stored = answer.pointer(keeper.pointer).and_then(Value::as_str).unwrap_or_default();
    let stored: Value = serde_json::from_str(stored)
        .map_err(|_| failed(ErrorType::BadEvent, &"what is stored there is not a JSON object of credentials"))?;
    credentials(&stored).map_err(|error| failed(error.kind, &error.message))
}

async fn request(keeper: &Keeper, clients: &Clients, endpoint: Option<&str>) -> Result<Request, Error> {
    let refused = |why: String| Error::new(ErrorType::CredentialsRefused, why);
    let own = &clients.options().s3;
    let keys = own.access.credentials().await.map_err(|error| refused(error.to_string()))?;
    let keys = keys.ok_or_else(|| refused("the function has no credentials of its own to ask with".into()))?;
    let region = own.region().map_err(|error| refused(error.to_string()))?;
    let aws = || format!("https://{}.{region}.amazonaws.com/", keeper.service);
    let url = endpoint.map_or_else(aws, str::to_owned);
    let url = Url::parse(&url).map_err(|error| refused(format!("{url} is not a URL: {error}")))?;
    let mut request = Request::new(Method::POST, url);
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    headers.insert(HeaderName::from_static("x-amz-target"), HeaderValue::from_static(keeper.target));
    *request.body_mut() = Some(keeper.request.to_string().into());
    *request.timeout_mut() = Some(PATIENCE);
    sigv4::sign(&mut request, &keys, &region, keeper.service, SystemTime::now())
        .map_err(|error| refused(error.message))?;
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_who_keeps_them() {
        for (name, service) in [
            ("icestream/earthdata", "secretsmanager"),
            ("arn:aws:secretsmanager:us-west-2:1:secret:x-AbC", "secretsmanager"),
            ("/icestream/earthdata", "ssm"),
            ("ssm:earthdata", "ssm"),
            ("arn:aws:ssm:us-west-2:1:parameter/x", "ssm"),
        ] {
            assert_eq!(Keeper::of(name).service, service, "{name}");
        }
        assert_eq!(Keeper::of("ssm:earthdata").request["Name"], "earthdata");
    }
}
