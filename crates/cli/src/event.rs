//! The Lambda event of the system that this one replaces, as a file.
use crate::exit::Failure;
use serde::Deserialize;
use std::path::Path;

/// What an event says, as far as one machine needs it.
#[derive(Deserialize, Debug)]
pub(crate) struct Event {
    pub(crate) parent_morton: i64,
    pub(crate) parent_order: u8,
    pub(crate) child_order: u8,
    pub(crate) granule_urls: Vec<String>,
    pub(crate) s3_bucket: Option<String>,
    pub(crate) s3_prefix: Option<String>,
    pub(crate) s3_credentials: Option<EventCredentials>,
    pub(crate) latitude: Option<String>,
    #[serde(default)]
    pub(crate) overviews: Vec<u8>,
    #[serde(default)]
    pub(crate) allow_partial: bool,
    pub(crate) max_granules: Option<usize>,
    pub(crate) region: Option<String>,
    pub(crate) endpoint_url: Option<String>,
}

/// Temporary credentials for reading granules.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventCredentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
}

impl std::fmt::Debug for EventCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventCredentials(..)")
    }
}

impl Event {
    /// Reads an event file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("event {shown}: {error}")))?;
        let event: Self =
            serde_json::from_str(&text).map_err(|error| Failure::usage(format!("event {shown}: {error}")))?;
        let digits = event.parent_morton.unsigned_abs().checked_ilog10().unwrap_or(0);
        if digits == u32::from(event.parent_order) {
            return Ok(event);
        }
        let (cell, order) = (event.parent_morton, event.parent_order);
        Err(Failure::usage(format!(
            "event {shown}: parent_morton {cell} is of order {digits}, but parent_order is {order}"
        )))
    }

    /// Where the event wants the store; `None` when it names no bucket.
    pub(crate) fn out(&self) -> Option<String> {
        let bucket = self.s3_bucket.as_ref()?;
        let prefix = self.s3_prefix.as_deref().unwrap_or("").trim_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        Some(format!("s3://{bucket}/{prefix}{slash}{}.zarr", self.parent_morton))
    }
}
