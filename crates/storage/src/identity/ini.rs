//! The format of the files of AWS (AWS SDKs and Tools Reference Guide, "Shared config and credentials files"): sections of
//! `name = value`, comments, and values that go on in indented lines.
use crate::Secret;
use std::collections::BTreeMap;

/// Values by name, in lower case. A value may be a secret.
pub(super) type Section = BTreeMap<String, Secret>;

/// The sections of a file by what is between their brackets. A section that comes twice is one; the later value counts.
///
/// # Errors
/// What is wrong, with the number of the line and without its text, which may be a secret.
pub(super) fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Section>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
        format!("line {line} is not UTF-8")
    })?;
    let mut sections: BTreeMap<String, Section> = BTreeMap::new();
    let mut here: Option<String> = None;
    // Indentation and name of the last value.
    let mut last: Option<(usize, String)> = None;
    for (index, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let wrong = |what: &str| format!("line {}: {what}", index + 1);
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if indent == 0
            && let Some(rest) = trimmed.strip_prefix('[')
        {
            let (name, after) = rest.split_once(']').ok_or_else(|| wrong("a `[` without `]`"))?;
            if !(after.trim().is_empty() || after.trim_start().starts_with(['#', ';'])) {
                return Err(wrong("text after a section's `]`"));
            }
            let name = normal(name);
            sections.entry(name.clone()).or_default();
            (here, last) = (Some(name), None);
            continue;
        }
        let section = here.as_ref().and_then(|name| sections.get_mut(name));
        let section = section.ok_or_else(|| wrong("a value before the first [section]"))?;
        if let Some((_, name)) = last.as_ref().filter(|(of_last, _)| indent > *of_last) {
            // A value without text begins a block of settings of one service, which are not ours.
            let before = section.get(name).map(|value| value.expose().to_owned()).filter(|before| !before.is_empty());
            if let Some(before) = before {
                section.insert(name.clone(), Secret::new(format!("{before}\n{}", uncommented(trimmed))));
            }
            continue;
        }
        let (name, value) = trimmed.split_once('=').ok_or_else(|| wrong("this is no `name = value`"))?;
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() {
            return Err(wrong("a value without a name"));
        }
        section.insert(name.clone(), Secret::new(uncommented(value)));
        last = Some((indent, name));
    }
    Ok(sections)
}

/// The words of a section's name with one space between them; quotes around a name are left out.
fn normal(name: &str) -> String {
    let (kind, name) = name.trim().split_once(char::is_whitespace).unwrap_or(("", name.trim()));
    let name = name.trim();
    let bare = ['"', '\''].iter().find_map(|quote| name.strip_prefix(*quote)?.strip_suffix(*quote));
    format!("{kind} {}", bare.unwrap_or(name)).trim().to_owned()
}

/// A value without the comment that a space before `#` or `;` begins.
fn uncommented(value: &str) -> &str {
    let mut before = ' ';
    for (at, mark) in value.char_indices() {
        if matches!(mark, '#' | ';') && before.is_whitespace() && at > 0 {
            return value.get(..at).unwrap_or(value).trim();
        }
        before = mark;
    }
    value.trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(sections: &'a BTreeMap<String, Section>, section: &str, name: &str) -> Option<&'a str> {
        sections.get(section)?.get(name).map(Secret::expose)
    }

    #[test]
    fn files_as_people_and_tools_write_them() {
        let text = "\u{feff}# by hand\r\n[default]\r\n  Region = eu-west-1 ; home\r\n  output=json\r\n\r\n[ profile  \"a b\" ] # mine\r\n\
                    s3 =\r\n  max_concurrent_requests = 20\r\ncredential_process = get\r\n   --more\r\nregion=us-east-1#x\r\n\
                    [profile x]\nrole_arn=one\n[sso-session s]\nsso_region = r\n[profile x]\nrole_arn = two=2\n";
        let read = parse(text.as_bytes()).unwrap();
        assert_eq!(value(&read, "default", "region"), Some("eu-west-1"));
        assert_eq!(value(&read, "default", "output"), Some("json"));
        assert_eq!(value(&read, "profile a b", "credential_process"), Some("get\n--more"));
        assert_eq!(value(&read, "profile a b", "region"), Some("us-east-1#x"));
        assert_eq!(value(&read, "profile a b", "max_concurrent_requests"), None);
        assert_eq!(value(&read, "profile x", "role_arn"), Some("two=2"));
        assert_eq!(value(&read, "sso-session s", "sso_region"), Some("r"));
        assert!(parse(b"").unwrap().is_empty() && parse(b"\n# x\n").unwrap().is_empty());
    }

    #[test]
    fn broken_files_are_refused_by_line_and_never_shown() {
        for (text, says) in [
            (&b"[default]\naws_secret_access_key hush\n"[..], "line 2"),
            (b"aws_secret_access_key = hush", "line 1"),
            (b"[default\nhush", "line 1"),
            (b"[default] hush", "line 1"),
            (b"[default]\n\n= hush", "line 3"),
            (b"[default]\nx = 1\nhush\xff", "line 3"),
            (b"\xff\xfe[\0d\0", "line 1"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(says) && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn any_bytes_are_an_answer() {
        let marks = [b'[', b']', b'=', b'\n', b' ', b'#', b'a', 0xff, b'\r', b'"'];
        let mut state = 1_u32;
        for length in 0..2000 {
            let bytes: Vec<u8> = (0..length % 40)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    marks[state as usize / 7 % marks.len()]
                })
                .collect();
            _ = parse(&bytes);
        }
    }
}
