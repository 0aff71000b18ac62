//! Which known name was meant.

/// The known name that is nearest, if one is near: it begins as the name does, or few letters differ. The first of equals.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let most = (name.chars().count() / 3).max(1);
    let near = known.iter().map(|known| (distance(&name, &known.to_lowercase()), *known));
    let near = near.filter(|(letters, _)| *letters <= most).min_by_key(|(letters, _)| *letters).map(|(_, known)| known);
    let begun = |known: &&&str| name.len() > 2 && known.to_lowercase().starts_with(&name);
    near.or_else(|| known.iter().find(begun).copied())
}

/// Letters to change, add or take away until one text is the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.chars().enumerate() {
        let mut left = row + 1;
        let mut here = vec![left];
        for (other, pair) in to.iter().zip(above.windows(2)) {
            if let [corner, top] = pair {
                left = (left + 1).min(top + 1).min(corner + usize::from(*other != letter));
                here.push(left);
            }
        }
        above = here;
    }
    above.last().copied().unwrap_or(0)
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
        assert_eq!((distance("", "abc"), distance("kitten", "sitting"), distance("ä", "a")), (3, 3, 1));
    }
}
