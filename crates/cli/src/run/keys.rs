//! Credentials for reading granules, through a long run.
use super::ended::{AttemptClass, AttemptFailure};
use super::plan::RunPlan;
use super::{On, RunArgs};
use crate::access;
use crate::exit::{self, Failure};
use earthdata::CredentialProvider;
use jobs::ErrorType;
use std::time::Duration;
use storage::{Clients, Credentials, S3Access};

/// Buckets that only an Earthdata login opens.
const EARTHDATA_BUCKETS: &str = "s3://nsidc-cumulus-";
/// Somebody else renews a stored secret; so long it may take.
const SECRET_PATIENCE: Duration = Duration::from_secs(60);

/// Where credentials for reading come from.
pub(super) enum ReadingKeys {
    /// None are needed: files and plain HTTP.
    None,
    /// The environment: as they are.
    Fixed(Credentials),
    /// The Earthdata login: renewed.
    Earthdata(Box<CredentialProvider>),
    /// A secret that the function reads.
    Secret(String),
}

impl ReadingKeys {
    pub(super) fn of(args: &RunArgs, plan: &RunPlan) -> Result<Self, Failure> {
        let how = &args.how;
        if let Some(name) = &how.credentials_ref {
            if how.on == On::Local {
                return Err(Failure::usage("--credentials-ref names what a function reads: it goes with --on lambda"));
            }
            return Ok(Self::Secret(name.clone()));
        }
        let links = || plan.work.iter().flat_map(|work| &work.granules);
        if how.earthdata || links().any(|link| link.starts_with(EARTHDATA_BUCKETS)) {
            let clients = Clients::new(access::options(&args.access));
            return Ok(Self::Earthdata(Box::new(CredentialProvider::from_env(&clients)?)));
        }
        match access::options(&args.access).s3.access {
            S3Access::Keys(keys) => Ok(Self::Fixed(keys)),
            // Local sources say themselves what they miss.
            _ if how.on == On::Local => Ok(Self::None),
            _ => {
                let failure = Failure::new(exit::CREDENTIALS, "a function needs credentials for reading granules");
                Err(failure.hint("--credentials-ref names a secret, --earthdata logs in, AWS_* are passed on"))
            }
        }
    }

    /// Fails now rather than at every cell.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        if let Self::Earthdata(provider) = self {
            provider.credentials().await?;
        }
        Ok(())
    }

    /// Credentials that are good now.
    pub(super) async fn get(&self) -> Result<Option<Credentials>, AttemptFailure> {
        match self {
            Self::None | Self::Secret(_) => Ok(None),
            Self::Fixed(keys) => Ok(Some(keys.clone())),
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

fn refused(error: &earthdata::Error) -> AttemptFailure {
    AttemptFailure::of(ErrorType::CredentialsRefused, error.to_string())
}
