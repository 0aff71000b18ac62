//! What to do after a failure.
use pipeline::FailureClass;

/// What to do where access was refused.
#[must_use]
pub fn denied(location: &str) -> Option<&'static str> {
    let host = location.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    Some(match () {
        () if location == "S3" || location.starts_with("S3 credentials") => {
            "`icestream login --check` shows which credentials are found"
        }
        () if location.starts_with("s3://") => {
            "check that the credentials are for this bucket (AWS_ACCESS_KEY_ID, --profile): `icestream login --check` shows which are found"
        }
        () if ["gs://", "az://", "abfss://"].iter().any(|scheme| location.starts_with(scheme)) => {
            "check that the credentials are for this bucket (docs/cloud.md says which variables hold them)"
        }
        () if host.ends_with("nasa.gov") || host.ends_with("nsidc.org") => {
            "`icestream login` checks the Earthdata login (EARTHDATA_TOKEN, EARTHDATA_USERNAME and EARTHDATA_PASSWORD, ~/.netrc)"
        }
        () if !host.is_empty() => {
            "check that the credentials are for this host (--token-host lets it have the Earthdata login), or download the granule"
        }
        () => "check the permissions of the file or the folder",
    })
}

/// What to do about a class.
#[must_use]
pub const fn next_of(class: FailureClass) -> Option<&'static str> {
    Some(match class {
        FailureClass::Denied => "check that the credentials are for this bucket or host",
        FailureClass::Expired => "fetch new credentials and run the same command again",
        FailureClass::NotFound => "check the path or URL",
        FailureClass::Changed => "the granule was replaced while it was read: run the same command again",
        FailureClass::BadAnswer => {
            "the server does not serve byte ranges as asked: download the granule and give its path"
        }
        FailureClass::Unavailable | FailureClass::Timeout => {
            "the server is busy or out of reach: run the same command again later"
        }
        FailureClass::Corrupt | FailureClass::Truncated => {
            "download the granule again, or leave it out with --allow-partial"
        }
        FailureClass::Unsupported => "please report the granule; --allow-partial leaves it out",
        FailureClass::Attribute => {
            "repair the attribute (ncatted, h5py), or leave the granule out with --allow-partial"
        }
        FailureClass::Product => {
            "`icestream inspect` shows what is in the file, `icestream product check` what a product finds in it"
        }
        FailureClass::Exists => "--overwrite replaces it, --out writes elsewhere",
        FailureClass::Foreign => "--out writes elsewhere",
        FailureClass::Config
        | FailureClass::Cancelled
        | FailureClass::Limit
        | FailureClass::Usage
        | FailureClass::NotRead
        | FailureClass::Other => return None,
    })
}
