//! From the text of a description to a product, or to an error that says where and what to write.
use crate::advice::advice;
use crate::error::Error;
use crate::nearest::nearest;
use crate::tree::{self, Tree, join};
use pipeline::{Product, ProductError, Value};

/// Reads a description. `place` is the name of its file, for errors.
///
/// # Errors
/// [`Error`] says in which line and at which key something is wrong, and what to write.
pub fn parse(text: &str, place: &str) -> Result<Product, Error> {
    let tree = Tree::read(text).map_err(|error| no_toml(text, place, &error))?;
    let product: Product = toml::from_str(text).map_err(|error| no_product(&tree, place, &error))?;
    check(&product).map_err(|error| does_not_fit(&tree, place, &product, error))?;
    Ok(product)
}

fn no_toml(text: &str, place: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|span| tree::line(text, span.start));
    let message = error.message().trim().replace('\n', ", ");
    let next = if message.contains("duplicate key") {
        "take one of the two out, or write conditions as [[keep]] and values as [[values]]"
    } else {
        "write texts in quotes, lists in brackets and each key once: key = \"text\", key = [\"text\", \"text\"]"
    };
    let why = format!("is not TOML: {message}");
    Error { place: place.to_owned(), line, key: String::new(), why, next: next.to_owned() }
}

/// The error of a text that is TOML, by what serde says of it.
fn no_product(tree: &Tree<'_>, place: &str, error: &toml::de::Error) -> Error {
    let span = error.span().unwrap_or(0..0);
    let path = if span.is_empty() { "" } else { tree.path_at(&span) };
    let message = error.message().trim();
    let line = if path.is_empty() { 1 } else { tree.line(span.start) };
    let at = |line: usize, key: String, why: String, next: String| Error {
        place: place.to_owned(),
        line: Some(line),
        key,
        why,
        next,
    };
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let mut names = rest.split('`').skip(1).step_by(2);
        let field = names.next().unwrap_or_default();
        let key = if is_last(path, field) { path.to_owned() } else { join(path, field) };
        let known: Vec<&str> = names.collect();
        let next = match nearest(field, &known) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("write one of {}", known.join(", ")),
        };
        return at(line, key, "is no key of a description".into(), next);
    }
    if let Some(field) = message.strip_prefix("missing field ") {
        let key = join(path, field.trim_matches('`'));
        let next = advice(&key).to_owned();
        return at(line, key, "is missing".into(), next);
    }
    let kinds = ["invalid type: ", "invalid value: ", "invalid length "];
    if let Some((found, expected)) = kinds.iter().find_map(|kind| message.strip_prefix(kind)?.split_once(", expected "))
    {
        let found = if message.starts_with("invalid length ") {
            format!("has {found} items")
        } else {
            format!("is {}", plain(found))
        };
        return at(line, path.to_owned(), format!("{found}, not {}", plain(expected)), advice(path).to_owned());
    }
    let item = item_of(tree, path, message).map(str::to_owned);
    let line = item.as_deref().map_or(line, |item| tree.line_of(item));
    let key = item.unwrap_or_else(|| path.to_owned());
    let (why, next) = split(message, &key);
    at(line, key, why, next)
}

/// The error of a product whose parts do not go together.
fn does_not_fit(tree: &Tree<'_>, place: &str, product: &Product, error: ProductError) -> Error {
    let ProductError { mut key, why } = error;
    let with_slash = |name: &str| name.starts_with('/') || name.ends_with('/');
    let item = if key == "group" && product.tracks.iter().chain(&product.group).any(|name| with_slash(name)) {
        tree.item("tracks", with_slash).or_else(|| tree.item("group", with_slash))
    } else {
        item_of(tree, &key, &why)
    };
    if let Some(item) = item {
        item.clone_into(&mut key);
    }
    let (why, next) = split(&why, &key);
    Error { place: place.to_owned(), line: Some(tree.line_of(&key)), key, why, next }
}

/// Checks a product, with its own value and with each other one that it names.
fn check(product: &Product) -> Result<(), ProductError> {
    product.check()?;
    for (at, other) in product.values.iter().enumerate() {
        let key = |key: &str| format!("values[{at}].{key}");
        if other.value == Value::Rows {
            let why = "count = true is no other value: the count is always there: write a column".to_owned();
            return Err(ProductError { key: key("value"), why });
        }
        let mut with = product.clone();
        (with.value, with.uncertainty, with.weight) =
            (other.value.clone(), other.uncertainty.clone(), other.weight.clone());
        with.output = other.output.clone();
        with.statistics.retain(|statistic| with.uncertainty.is_some() || statistic.to_string() != "sigma");
        with.check().map_err(|error| ProductError { key: key(&error.key), ..error })?;
    }
    Ok(())
}

/// The item of a list that an error of the list names.
fn item_of<'a>(tree: &'a Tree<'_>, list: &str, why: &str) -> Option<&'a str> {
    tree.item(list, |item| {
        !item.is_empty()
            && (why.contains(&format!("{item:?}"))
                || why.starts_with(&format!("{item} "))
                || why.contains(&format!(" {item} ")))
    })
}

/// What is wrong, and what to write.
fn split(message: &str, path: &str) -> (String, String) {
    if let Some((why, names)) = message.split_once(" is no statistic: ") {
        return (format!("{why} is no statistic"), format!("write one of {names}"));
    }
    let verbs = ["write ", "take ", "add ", "begin "];
    let cuts = message
        .match_indices(": ")
        .filter_map(|(at, colon)| Some((message.get(..at)?, message.get(at + colon.len()..)?)));
    let mut cuts = cuts.filter(|(_, rest)| verbs.iter().any(|verb| rest.starts_with(verb)));
    cuts.next()
        .map_or_else(|| (message.to_owned(), advice(path).to_owned()), |(why, next)| (why.to_owned(), next.to_owned()))
}

/// Whether a path ends in a key.
fn is_last(path: &str, key: &str) -> bool {
    path.strip_suffix(key).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Serde's words for what it found or expected, as a writer of TOML would say it.
fn plain(words: &str) -> String {
    let same = match words {
        "map" => "a table",
        "sequence" | "a sequence" => "a list",
        "string" | "a string" => "a text",
        "f64" => "a number",
        "u64" | "u32" => "a whole number from 0",
        "a boolean" => "true or false",
        "an array of length 2" => "2",
        words if words.starts_with("struct ") => "a table",
        _ => "",
    };
    if !same.is_empty() {
        return same.to_owned();
    }
    let number = words.strip_prefix("integer ").or_else(|| words.strip_prefix("floating point "));
    let text = words.strip_prefix("string ").map(|text| format!("the text {text}"));
    let truth = words.strip_prefix("boolean ").map(|truth| truth.trim_matches('`').to_owned());
    let number = number.map(|number| format!("the number {}", number.trim_matches('`')));
    number.or(text).or(truth).unwrap_or_else(|| words.to_owned())
}
