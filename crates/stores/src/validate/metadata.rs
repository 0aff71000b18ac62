//! Metadata documents against those that the engine writes for the same recipe.
use super::finding::Findings;
use serde_json::Value;
use std::collections::BTreeMap;

/// Documents by key, as they were found; those that are no JSON are left out.
pub(crate) type Documents = BTreeMap<String, Value>;

/// A place where two documents differ: the path, what is expected and what is there.
type Difference<'a> = (Vec<&'a str>, Option<&'a Value>, Option<&'a Value>);

/// Compares a document with the expected one, consolidated metadata apart.
pub(crate) fn check(key: &str, expected: &Value, found: &Value, findings: &mut Findings) {
    let mut differences = Vec::new();
    differ(expected, found, &mut Vec::new(), &mut differences);
    for (path, expected, found) in
        differences.iter().filter(|(path, ..)| path.first() != Some(&"consolidated_metadata"))
    {
        let (code, consequence) = meaning(key, path, expected.is_none());
        let place = path.join(".");
        let what = match (expected, found) {
            (Some(expected), Some(found)) => format!("{place} is {}, must be {}", short(found), short(expected)),
            (Some(expected), None) => format!("{place} is missing, must be {}", short(expected)),
            (None, _) => format!("{place} must not be there"),
        };
        findings.error(code, key, format!("{what}{consequence}"));
    }
}

/// The kind of fault, by where in a document it lies, and what it does to readers.
fn meaning(key: &str, path: &[&str], extra: bool) -> (&'static str, &'static str) {
    let ids = key.ends_with("cell_ids/zarr.json");
    match path {
        ["attributes", "dggs", "ellipsoid", ..] => ("ellipsoid", ": cells would be drawn kilometres off"),
        ["attributes", "ellipsoid", ..] if ids => ("ellipsoid", ": cells would be drawn kilometres off"),
        ["attributes", "dggs", _, ..] if extra => {
            ("dggs-key", ": xdggs refuses a block with keys that it does not know")
        }
        ["attributes", "dggs", ..] => ("dggs", ": readers would not find the grid, or take another one"),
        ["attributes", "zarr_conventions", ..] => ("convention", ": readers find the grid by this entry"),
        ["attributes", "icestream", ..] => ("provenance", ""),
        ["attributes", _, ..] if ids => ("ids-attributes", ": xdggs' default decoder takes these as the grid, exactly"),
        ["attributes", "units", ..] => ("units", ""),
        ["attributes", ..] => ("attributes", ""),
        ["data_type", ..] => ("data-type", ": readers would misread every chunk"),
        ["shape", ..] => ("shape", ""),
        ["chunk_grid", ..] => ("chunk-shape", ": readers would misread every chunk"),
        ["codecs", ..] => ("codecs", ""),
        ["fill_value", ..] => ("fill-value", ": what was not computed would look like data"),
        ["dimension_names", ..] => ("dimension", ""),
        ["chunk_key_encoding", ..] => ("chunk-keys", ": readers would find no chunk"),
        _ => ("metadata", ""),
    }
}

fn differ<'a>(expected: &'a Value, found: &'a Value, path: &mut Vec<&'a str>, out: &mut Vec<Difference<'a>>) {
    let (Value::Object(wanted), Value::Object(held)) = (expected, found) else {
        if expected != found {
            out.push((path.clone(), Some(expected), Some(found)));
        }
        return;
    };
    for (name, value) in wanted {
        path.push(name);
        match held.get(name) {
            Some(found) => differ(value, found, path, out),
            None => out.push((path.clone(), Some(value), None)),
        }
        path.pop();
    }
    for (name, value) in held.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
        path.push(name);
        out.push((path.clone(), None, Some(value)));
        path.pop();
    }
}

/// JSON for a line of text.
fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 100 { text } else { text.chars().take(97).chain("...".chars()).collect() }
}

/// The copy of metadata in a group (at `prefix`, empty for the root) against the documents themselves. `members` are the
/// paths that it must name.
pub(crate) fn check_consolidated(prefix: &str, documents: &Documents, members: &[String], findings: &mut Findings) {
    let key = format!("{prefix}zarr.json");
    let Some(group) = documents.get(&key) else { return };
    let Some(inline) = group["consolidated_metadata"]["metadata"].as_object() else {
        findings.error(
            "consolidated",
            key,
            "there is no consolidated metadata: opening takes a request for each array",
        );
        return;
    };
    for member in members {
        let own = format!("{prefix}{member}/zarr.json");
        let Some(document) = documents.get(&own) else { continue };
        match inline.get(member) {
            None => findings.error("consolidated", &key, format!("consolidated metadata does not name {member}")),
            Some(copy) if bare(copy) == bare(document) => {}
            Some(_) => findings.error(
                "consolidated",
                &key,
                format!("consolidated metadata of {member} is out of date: it differs from {own}"),
            ),
        }
    }
    for name in inline.keys().filter(|name| !members.contains(name)) {
        findings.error("consolidated", &key, format!("consolidated metadata names {name}, which does not belong here"));
    }
}

/// A document without its consolidated metadata.
fn bare(document: &Value) -> Value {
    let mut bare = document.clone();
    if let Some(bare) = bare.as_object_mut() {
        bare.remove("consolidated_metadata");
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_have_a_place_and_a_meaning() {
        let expected = json!({"data_type": "float32", "attributes": {"units": "m", "dggs": {"name": "healpix"}}});
        let found = json!({"data_type": "float64", "attributes": {"dggs": {"name": "healpix", "epoch": 1}}, "x": 1});
        let mut findings = Findings::default();
        check("12/h_mean/zarr.json", &expected, &found, &mut findings);
        let mut codes: Vec<&str> = findings.0.iter().map(|finding| finding.code).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["data-type", "dggs-key", "metadata", "units"]);
        assert!(
            findings.0.iter().any(|finding| finding.what.starts_with("attributes.units is missing, must be \"m\""))
        );
    }
}
