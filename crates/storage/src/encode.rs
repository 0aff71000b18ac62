//! Percent-encoding (RFC 3986) and hexadecimal text.
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt::Write as _;

/// All but the unreserved characters (RFC 3986, 2.3): what Signature Version 4 wants encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same in a path.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Percent-encodes all but the unreserved characters, and `/` too unless it is kept.
pub(crate) fn percent_encode(text: &str, keep_slash: bool) -> String {
    utf8_percent_encode(text, if keep_slash { RESERVED_IN_PATH } else { RESERVED }).to_string()
}

/// Decodes `%XX`; what is not a valid escape stays as it is.
pub(crate) fn percent_decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Decodes a field of a form (`application/x-www-form-urlencoded`): `+` is a space, `%XX` a byte.
pub(crate) fn form_decode(text: &str) -> String {
    percent_decode(&text.replace('+', " "))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        _ = write!(out, "{byte:02x}");
        out
    })
}

/// Text of the first element `<name>...</name>`, with the five predefined entities resolved: enough for the answers of S3.
pub(crate) fn element(xml: &str, name: &str) -> Option<String> {
    elements(xml, name).next()
}

/// Texts of all elements `<name>...</name>` in order, whatever attributes they have; they must not nest in themselves.
pub(crate) fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = String> + use<'a> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let inner = loop {
            rest = rest.get(rest.find(&open)? + open.len()..)?;
            if rest.starts_with(|next: char| next == '>' || next.is_ascii_whitespace()) {
                let (tag, inner) = rest.split_once('>')?;
                if !tag.ends_with('/') {
                    break inner;
                }
            }
        };
        let end = inner.find(&close)?;
        rest = inner.get(end + close.len()..)?;
        Some(unescape(inner.get(..end)?))
    })
}

/// Text of XML: the five predefined entities and references to characters by number.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match after.split_once(';').and_then(|(name, next)| Some((entity(name)?, next))) {
            Some((mark, next)) => {
                out.push(mark);
                rest = next;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out + rest
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "amp" => '&',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = number.strip_prefix('x').map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16));
            char::from_u32(code.ok()?)?
        }
    })
}

/// Whether the first element of an XML document has this name.
pub(crate) fn is_document(mut text: &str, root: &str) -> bool {
    while let Some((start, end)) =
        [("<?", "?>"), ("<!--", "-->")].into_iter().find(|(start, _)| text.starts_with(start))
    {
        let Some(after) = text.get(start.len()..).and_then(|text| text.split_once(end)) else { return false };
        text = after.1.trim_start();
    }
    let rest = text.strip_prefix('<').and_then(|text| text.strip_prefix(root));
    rest.is_some_and(|rest| rest.starts_with(['>', ' ', '/', '\t', '\r', '\n']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_goes_both_ways() {
        assert_eq!(percent_encode("a/b c+ü~", true), "a/b%20c%2B%C3%BC~");
        assert_eq!(percent_encode("a/b", false), "a%2Fb");
        assert_eq!(form_decode("a+b%2Bc%20d"), "a b+c d");
        assert_eq!(percent_decode("a%20b%2B%C3%BC%zz%"), "a b+ü%zz%");
    }

    #[test]
    fn elements_come_in_order_and_unescaped() {
        let xml = "<R><Key>a&amp;b</Key><X/><Key>c&amp;lt;</Key><Key>&#xFC;&#13;&nbsp;&</Key></R>";
        assert_eq!(elements(xml, "Key").collect::<Vec<_>>(), ["a&b", "c&lt;", "ü\r&nbsp;&"]);
        assert_eq!(element(xml, "Nothing"), None);
        let told = "<Keys>no</Keys><Key a=\"b\"/><Key xml:space=\"preserve\">a b</Key><Key\n>c</Key>";
        assert_eq!(elements(told, "Key").collect::<Vec<_>>(), ["a b", "c"]);
        assert_eq!(element("<Key>open", "Key"), None);
    }
}
