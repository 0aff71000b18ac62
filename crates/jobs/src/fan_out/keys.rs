//! Credentials for reading granules, through a long run.
use super::attempt::{AttemptClass, AttemptFailure};
use super::error::RunError;
use super::options::KeySource;
use super::plan::RunPlan;
use crate::ErrorType;
use earthdata::CredentialProvider;
use std::time::Duration;
use storage::{CredentialSource, Credentials, S3Access};

/// Buckets that only an Earthdata login opens.
const EARTHDATA_BUCKETS: &str = "s3://nsidc-cumulus-";
/// Another program renews a stored secret; it may take so long.
const SECRET_PATIENCE: Duration = Duration::from_secs(60);

/// Where credentials for reading come from.
pub(super) enum ReadingKeys {
    /// None are needed: files and plain HTTP.
    None,
    /// The environment: as they are.
    Fixed(Credentials),
    /// A source of this machine: renewed.
    Source(CredentialSource),
    /// The Earthdata login: renewed.
    Earthdata(Box<CredentialProvider>),
    /// A secret that the function reads.
    Secret(String),
}

impl ReadingKeys {
    /// As the options of a plan say, and its links need.
    pub(super) fn of(plan: &RunPlan) -> Result<Self, RunError> {
        let options = &plan.options;
        let is_local = options.lambda().is_none();
        match &options.keys {
            KeySource::Reference(_) if is_local => return Err(RunError::ReferenceOnThisMachine),
            KeySource::Reference(name) => return Ok(Self::Secret(name.clone())),
            KeySource::Usual | KeySource::Earthdata => {}
        }
        let mut links = plan.work.iter().flat_map(|work| &work.granules);
        if options.keys == KeySource::Earthdata || links.any(|link| link.starts_with(EARTHDATA_BUCKETS)) {
            return Ok(Self::Earthdata(Box::new(CredentialProvider::from_env(&plan.clients())?)));
        }
        match &options.storage.s3.access {
            S3Access::Keys(keys) => Ok(Self::Fixed(keys.clone())),
            S3Access::Source(source) if !is_local => Ok(Self::Source(source.clone())),
            // Local sources report themselves what they miss.
            _ if is_local => Ok(Self::None),
            _ => Err(RunError::NoReadingCredentials),
        }
    }

    /// Fails now rather than at every cell.
    pub(super) async fn check(&self) -> Result<(), RunError> {
        match self {
            Self::Earthdata(provider) => _ = provider.credentials().await?,
            Self::Source(source) => _ = source.credentials().await.map_err(RunError::ReadingCredentials)?,
            Self::None | Self::Fixed(_) | Self::Secret(_) => {}
        }
        Ok(())
    }

    /// Credentials that are good now.
    pub(super) async fn get(&self) -> Result<Option<Credentials>, AttemptFailure> {
        match self {
            Self::None | Self::Secret(_) => Ok(None),
            Self::Fixed(keys) => Ok(Some(keys.clone())),
            Self::Source(source) => source.credentials().await.map(Some).map_err(|error| refused(&error)),
            Self::Earthdata(provider) => provider.credentials().await.map(Some).map_err(|error| refused(&error)),
        }
    }

    /// Others, after a server has called these expired; a failure that ends the run when there cannot be any.
    pub(super) async fn renew(
        &self,
        stale: Option<&Credentials>,
        failure: AttemptFailure,
    ) -> Result<AttemptFailure, AttemptFailure> {
        match (self, stale) {
            (Self::Earthdata(provider), Some(stale)) => {
                provider.instead_of(stale).await.map(|_| failure).map_err(|error| refused(&error))
            }
            (Self::Source(source), Some(stale)) => {
                source.forget(stale).await;
                source.credentials().await.map(|_| failure).map_err(|error| refused(&error))
            }
            (Self::Secret(_), _) => Ok(failure.not_before(SECRET_PATIENCE)),
            _ => Err(AttemptFailure { class: AttemptClass::Fatal, ..failure }),
        }
    }

    /// Name of the secret that the function reads.
    pub(super) fn secret(&self) -> Option<&str> {
        if let Self::Secret(name) = self { Some(name) } else { None }
    }

    /// Logins beyond the first.
    pub(super) fn renewals(&self) -> u64 {
        if let Self::Earthdata(provider) = self { provider.fetched().saturating_sub(1) } else { 0 }
    }
}

fn refused(error: &dyn std::fmt::Display) -> AttemptFailure {
    AttemptFailure::of(ErrorType::CredentialsRefused, error.to_string())
}
