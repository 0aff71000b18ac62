//! The dates of a search.
use crate::Error;
use storage::moment::{extended, parse};

/// Checks a date or a moment of a date window: `2023-12-19`, or `2023-12-19T17:14:39Z`. A date alone is completed to its
/// first second, or to its last when it ends a window.
///
/// # Errors
/// [`Error::Usage`] naming the text.
pub fn window_edge(text: &str, ends: bool) -> Result<String, Error> {
    let full = match (text.len(), ends) {
        (10, false) => format!("{text}T00:00:00Z"),
        (10, true) => format!("{text}T23:59:59Z"),
        _ => text.to_owned(),
    };
    parse(&full)
        .map(extended)
        .ok_or_else(|| Error::usage(format!("`{text}` is not a date: write 2023-12-19 or 2023-12-19T17:14:39Z")))
}

/// Seconds from one moment to another; `None` where one is not a moment.
pub(crate) fn seconds_between(from: &str, to: &str) -> Option<f64> {
    let (from, to) = (parse(from)?, parse(to)?);
    Some(to.duration_since(from).map_or_else(|before| -before.duration().as_secs_f64(), |after| after.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_completed_and_checked() {
        assert_eq!(window_edge("2023-12-19", false).unwrap(), "2023-12-19T00:00:00Z");
        assert_eq!(window_edge("2024-02-29", true).unwrap(), "2024-02-29T23:59:59Z");
        assert_eq!(window_edge("2024-02-29T12:00:00+01:00", true).unwrap(), "2024-02-29T11:00:00Z");
        for bad in ["2023-02-29", "2023-13-01", "yesterday", "2023-12-19T25:00:00Z", "2023/12/19", "", "-023-12-19"] {
            let error = window_edge(bad, false).unwrap_err().to_string();
            assert!(error.contains(&format!("`{bad}`")), "{error}");
        }
    }

    #[test]
    fn moments_lie_apart_in_both_directions() {
        let (early, late) = ("2023-12-19T17:14:39.425Z", "2023-12-19 17:14:40+00:00");
        assert_eq!(seconds_between(early, late), Some(0.575));
        assert_eq!(seconds_between(late, early), Some(-0.575));
        assert_eq!(seconds_between(early, "later"), None);
    }
}
