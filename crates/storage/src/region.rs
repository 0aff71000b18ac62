//! Names of regions.

/// The region of the buckets of ICESat-2.
pub const DEFAULT_REGION: &str = "us-west-2";

/// Whether a text is the name of a region: it becomes part of the host that receives a signature.
pub(crate) fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
