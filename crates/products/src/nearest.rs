//! Which known name was meant.

/// The known name that is nearest, if one is near: it begins as the name does, or few letters differ. The first of equals.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let most = (name.chars().count() / 3).max(1);
    let near = known.iter().map(|known| (strsim::levenshtein(&name, &known.to_lowercase()), *known));
    let near = near.filter(|(letters, _)| *letters <= most).min_by_key(|(letters, _)| *letters).map(|(_, known)| known);
    let begun = |known: &&&str| name.len() > 2 && known.to_lowercase().starts_with(&name);
    near.or_else(|| known.iter().find(begun).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_named_if_it_is_near() {
        let known = ["units", "label", "standard_name", "latitude"];
        for (name, meant) in [
            ("unit", Some("units")),
            ("Units", Some("units")),
            ("lable", None),
            ("labels", Some("label")),
            ("lat", Some("latitude")),
            ("standardname", Some("standard_name")),
            ("", None),
            ("colour", None),
        ] {
            assert_eq!(nearest(name, &known), meant, "{name}");
        }
    }
}
