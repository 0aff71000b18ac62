//! Fetches credentials on the way that was chosen.
use super::choice::Way;
use super::instance::{self, Instance};
use super::settings::{Settings, config};
use super::{container, process, sso, sts};
use crate::FoundCredentials;
use byte_ranges::{SourceError, SourceErrorKind as Kind};

/// The credentials at the end of a way.
pub(super) async fn resolve(way: &Way, settings: &Settings) -> Result<FoundCredentials, SourceError> {
    let mut found_in = way.to_string();
    let credentials = match way {
        Way::Keys(keys, _) => keys.clone(),
        Way::Process { profile, command } => process::run(profile, command).await?,
        Way::Sso(role) => sso::fetch(role, settings).await?,
        Way::WebIdentity(role, file) => sts::with_web_identity(role, file, settings).await?,
        Way::Role(role, source) => {
            let own = Box::pin(resolve(source, settings)).await?;
            found_in = format!("{role}, taken by {}", own.found_in);
            sts::assume(role, &own.credentials, settings).await?
        }
        Way::Container { at } => container::fetch(settings, at).await?,
        Way::Instance { at, looked } => match instance::fetch(settings, at).await? {
            Instance::Role(role, keys) => {
                found_in = format!("the instance's metadata service (role {role})");
                keys
            }
            Instance::None(why) => {
                return Err(match looked {
                    Some(looked) => nothing(&format!("{looked}, and at an instance's metadata service: {why}")),
                    None => config(at, format!("its credential_source is Ec2InstanceMetadata: {why}")),
                });
            }
        },
        Way::Nothing(looked) => return Err(nothing(looked)),
    };
    Ok(FoundCredentials { credentials, found_in })
}

/// Nothing is configured.
fn nothing(looked: &str) -> SourceError {
    let message = format!(
        "no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile (AWS_PROFILE, --profile), or \
         ask without a signature (AWS_SKIP_SIGNATURE=true, --no-sign-request) if the bucket is public; looked {looked}"
    );
    SourceError::new(Kind::Denied, "S3", message)
}
