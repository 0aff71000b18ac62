//! Who this machine is for S3: finds credentials where the tools of AWS do, in their order, and stops at the first place
//! that is configured (design/0016).
//!
//! [`settings`] is what the caller gives; [`profiles`] the files of AWS; [`choice`] decides where the credentials come from;
//! [`resolve`] fetches them there, with the help of one file for each kind of server.
mod answer;
mod choice;
mod container;
mod exchange;
mod ini;
mod instance;
mod process;
mod profiles;
mod resolve;
mod settings;
mod sso;
mod sts;
mod token_file;

use crate::{CredentialSource, FindCredentials, FoundCredentials, Options};
use byte_ranges::SourceError;
use futures_util::future::BoxFuture;
use settings::Settings;

/// Finds S3 credentials as the tools of AWS do: keys of the environment, web identity (EKS), profiles (keys,
/// `credential_process`, SSO, `role_arn`), the endpoint of a container (ECS, EKS Pod Identity), the metadata service of
/// an instance. The first of them that is configured counts: if it fails, nothing else is tried.
///
/// ```no_run
/// use storage::{Identity, Options, S3Access};
///
/// let mut options = Options::from_env();
/// let identity = Identity::new(|name| std::env::var(name).ok(), Some("work".to_owned()), &options);
/// options.s3.access = S3Access::Source(identity.into_source());
/// ```
#[derive(Debug)]
pub struct Identity(Settings);

impl Identity {
    /// Of an environment, and of a profile alone where one is named: then the keys of the environment do not count. The
    /// options give trust, patience, and the region if one was chosen. Nothing is looked up yet.
    #[must_use]
    pub fn new(
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        profile: Option<String>,
        options: &Options,
    ) -> Self {
        Self(Settings::new(lookup, profile, options))
    }

    /// A source that keeps what is found.
    #[must_use]
    pub fn into_source(self) -> CredentialSource {
        CredentialSource::new(self)
    }
}

impl FindCredentials for Identity {
    fn find(&self) -> BoxFuture<'_, Result<FoundCredentials, SourceError>> {
        Box::pin(async {
            let way = choice::choose(&self.0)?;
            tracing::debug!(%way, "S3 credentials");
            resolve::resolve(&way, &self.0).await
        })
    }

    fn region(&self) -> Result<Option<String>, SourceError> {
        choice::region(&self.0)
    }
}
