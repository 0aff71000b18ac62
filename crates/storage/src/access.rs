//! How S3 is asked, and where it is.
use crate::region::DEFAULT_REGION;
use crate::{CredentialSource, Credentials, Secret};
use byte_ranges::SourceError;

/// How S3 is asked.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum S3Access {
    /// Nothing was given: the first use of an `s3://` place says what to set.
    #[default]
    Missing,
    /// Unsigned requests, for public buckets.
    Anonymous,
    /// Requests signed with these.
    Keys(Credentials),
    /// Requests signed with what this gives when the first request needs it.
    Source(CredentialSource),
}

impl S3Access {
    /// Whether requests are signed.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        matches!(self, Self::Keys(_) | Self::Source(_))
    }

    /// The credentials to sign with now; `None` where requests are not signed.
    ///
    /// # Errors
    /// As [`CredentialSource::credentials`].
    pub async fn credentials(&self) -> Result<Option<Credentials>, SourceError> {
        match self {
            Self::Missing | Self::Anonymous => Ok(None),
            Self::Keys(keys) => Ok(Some(keys.clone())),
            Self::Source(source) => source.credentials().await.map(Some),
        }
    }
}

/// Where S3 is and how it is asked.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct S3Options {
    /// Signed or not.
    pub access: S3Access,
    /// AWS region of the buckets, where one was chosen; [`S3Options::region`] says what else it may be.
    pub region: Option<String>,
    /// Root of an S3-compatible store (`http://127.0.0.1:9000`), addressed path-style; `None` for AWS itself.
    pub endpoint_url: Option<String>,
    /// The caller agrees to pay for requests and transfer: for buckets that require it (`x-amz-request-payer`).
    pub requester_pays: bool,
}

impl S3Options {
    /// The region: the chosen one, else that of the source of the credentials, else [`DEFAULT_REGION`].
    ///
    /// # Errors
    /// As [`CredentialSource::region`].
    pub fn region(&self) -> Result<String, SourceError> {
        let found = match (&self.region, &self.access) {
            (Some(region), _) => Some(region.clone()),
            (None, S3Access::Source(source)) => source.region()?,
            (None, _) => None,
        };
        Ok(found.unwrap_or_else(|| DEFAULT_REGION.to_owned()))
    }

    /// Signed with `credentials`, in [`DEFAULT_REGION`], at AWS.
    #[must_use]
    pub fn with_credentials(credentials: Credentials) -> Self {
        Self { access: S3Access::Keys(credentials), ..Self::default() }
    }

    /// From the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` or
    /// `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, `AWS_REQUEST_PAYER=requester`, and
    /// `AWS_SKIP_SIGNATURE=true` for unsigned requests. A Lambda function finds its role's credentials there.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// The same from any lookup of names; empty values count as absent.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let skip = get("AWS_SKIP_SIGNATURE").is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1");
        let access = match (get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")) {
            _ if skip => S3Access::Anonymous,
            (Some(id), Some(secret)) => S3Access::Keys(Credentials {
                session_token: get("AWS_SESSION_TOKEN").map(Secret::new),
                ..Credentials::new(id, secret)
            }),
            _ => S3Access::Missing,
        };
        Self {
            access,
            region: get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION")),
            endpoint_url: get("AWS_ENDPOINT_URL_S3").or_else(|| get("AWS_ENDPOINT_URL")),
            requester_pays: get("AWS_REQUEST_PAYER").is_some_and(|value| value.eq_ignore_ascii_case("requester")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_understood() {
        let full = S3Options::from_lookup(|name| match name {
            "AWS_ACCESS_KEY_ID" => Some("AKID".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("hush".to_owned()),
            "AWS_SESSION_TOKEN" => Some("hush-too".to_owned()),
            "AWS_DEFAULT_REGION" => Some("eu-central-1".to_owned()),
            "AWS_REGION" => Some(String::new()),
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:9000".to_owned()),
            _ => None,
        });
        let S3Access::Keys(keys) = &full.access else { panic!("no keys in {full:?}") };
        assert_eq!(keys.session_token.as_ref().map(Secret::expose), Some("hush-too"));
        assert_eq!(
            (full.region.as_deref(), full.endpoint_url.as_deref()),
            (Some("eu-central-1"), Some("http://127.0.0.1:9000"))
        );
        assert!(!format!("{full:?}").contains("hush"), "{full:?}");
        assert_eq!(S3Options::from_lookup(|_| None), S3Options::default());
        let skip = S3Options::from_lookup(|name| (name == "AWS_SKIP_SIGNATURE").then(|| "True".to_owned()));
        assert_eq!(skip.access, S3Access::Anonymous);
    }
}
