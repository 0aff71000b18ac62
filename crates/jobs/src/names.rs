//! Names of parameters that an event has and this engine does not know.
use crate::Error;
use serde_json::Value;

/// All that an event may hold.
const KNOWN: [&str; 36] = [
    "parent_morton",
    "parent_order",
    "child_order",
    "granule_urls",
    "cells",
    "area",
    "s3_bucket",
    "s3_prefix",
    "s3_credentials",
    "s3_credentials_ref",
    "index",
    "max_granules",
    "latitude",
    "overviews",
    "product",
    "keep",
    "value",
    "statistics",
    "also",
    "cycle",
    "beams",
    "direction",
    "min_count",
    "by",
    "windows",
    "from_date",
    "to_date",
    "only",
    "change",
    "layout",
    "allow_partial",
    "strict",
    "verify",
    "region",
    "endpoint_url",
    "raise",
];
/// Of other programs that send events to this one: no words are lost on them.
const FOREIGN: [&str; 1] = ["chunk_idx"];
/// Names that are meant as they are, though this engine does nothing with them.
const MEANT: [&str; 2] = ["clip", "parent_mortons"];

/// Refuses names that are nearly one that this engine knows: what they say would be lost.
///
/// # Errors
/// [`ErrorType::BadEvent`](crate::ErrorType::BadEvent) with the right name.
pub(crate) fn check(event: &Value) -> Result<(), Error> {
    let meant =
        ignored(event).into_iter().find_map(|name| Some((KNOWN.into_iter().find(|known| near(&name, known))?, name)));
    meant.map_or(Ok(()), |(known, name)| {
        Err(Error::bad_event(format!("{name}: there is no such parameter: is `{known}` meant?")))
    })
}

/// Parameters that an event has and this engine does nothing with, in order; those of known senders are left out.
#[must_use]
pub fn ignored(event: &Value) -> Vec<String> {
    let names = event.as_object().into_iter().flat_map(|fields| fields.keys());
    let mut ignored: Vec<String> =
        names.filter(|name| ![&KNOWN[..], &FOREIGN].concat().contains(&name.as_str())).cloned().collect();
    ignored.sort_unstable();
    ignored
}

/// Whether a name is written as another one but for capitals, strokes and one or two letters.
fn near(name: &str, known: &str) -> bool {
    let bare =
        |name: &str| name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let meant = MEANT.contains(&name);
    let (name, known) = (bare(name), bare(known));
    let most = if known.len() > 6 { 2 } else { 1 };
    !meant && name.len().abs_diff(known.len()) <= most && strsim::levenshtein(&name, &known) <= most
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn near_misses_are_refused_with_the_right_name_and_others_are_told() {
        for (name, known) in [
            ("overview", "overviews"),
            ("allowPartial", "allow_partial"),
            ("child-order", "child_order"),
            ("lattitude", "latitude"),
            ("s3_prefx", "s3_prefix"),
            ("granule_url", "granule_urls"),
            ("layot", "layout"),
        ] {
            let message = check(&json!({ name: 1 })).unwrap_err().message;
            assert!(message.contains(name) && message.contains(&format!("`{known}`")), "{message}");
        }
        let event = json!({"chunk_idx": 3, "parent_order": 6, "note": "x", "clip": 2, "retries": 1});
        assert!(check(&event).is_ok());
        assert_eq!(ignored(&event), ["clip", "note", "retries"]);
        assert!(KNOWN.iter().all(|name| check(&json!({ *name: 1 })).is_ok()));
    }
}
