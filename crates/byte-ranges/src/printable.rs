//! Text of others on a terminal.
use std::fmt::Write as _;

/// `text` with its control characters written out, as JSON does (`\u001b`): what a server or a file says may otherwise
/// move the cursor, change colours or reverse the line. Line breaks and tabs stay.
///
/// ```
/// assert_eq!(byte_ranges::printable("a\u{1b}[2Jb\n"), "a\\u001b[2Jb\n");
/// ```
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for mark in text.chars() {
        if is_harmless(mark) { out.push(mark) } else { _ = write!(out, "\\u{:04x}", u32::from(mark)) }
    }
    out
}

/// Neither a control character nor one that turns the direction of writing.
fn is_harmless(mark: char) -> bool {
    matches!(mark, '\n' | '\t')
        || !(mark.is_control() || matches!(mark, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}
