//! Dates of the Gregorian calendar in UTC.
use crate::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    seconds(&full)
        .map(|_| full)
        .ok_or_else(|| Error::usage(format!("`{text}` is not a date: write 2023-12-19 or 2023-12-19T17:14:39Z")))
}

/// Seconds since 1970 of `2023-12-19T17:14:39.425Z`, also with a blank in place of the `T` and an offset of zero.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
    };
    let marks: Option<Vec<u8>> = [4, 7, 10, 13, 16].iter().map(|&at| text.as_bytes().get(at).copied()).collect();
    let marks = marks?;
    if !matches!(marks.as_slice(), [b'-', b'-', b'T' | b' ', b':', b':']) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let valid = (1..=12).contains(&month) && (1..=month_days(year, month)).contains(&day);
    if !valid || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let zone = rest.trim_start_matches(|mark: char| mark == '.' || mark.is_ascii_digit());
    if !matches!(zone, "" | "Z" | "z" | "+00:00" | "+0000") {
        return None;
    }
    let fraction: f64 = match rest.strip_suffix(zone)? {
        "" => 0.0,
        digits => format!("0{digits}").parse().ok()?,
    };
    let whole = days(i64::from(year), i64::from(month), i64::from(day)) * 86_400;
    #[expect(clippy::cast_precision_loss, reason = "within a few thousand years of 1970")]
    let whole = (whole + i64::from(hour * 3_600 + minute * 60 + second)) as f64;
    Some(whole + fraction)
}

/// `2026-11-22T13:00:00Z`.
#[must_use]
pub fn iso(moment: SystemTime) -> String {
    let seconds = moment.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (day, rest) = (i64::try_from(seconds / 86_400).unwrap_or(i64::MAX / 2), seconds % 86_400);
    let mut year = 1970 + day / 366;
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    let month = (1..=12).rev().find(|&month| days(year, month, 1) <= day).unwrap_or(1);
    let date = day - days(year, month, 1) + 1;
    format!("{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

fn month_days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01; the year is counted from March, so that the leap day comes last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_both_ways() {
        // Reference: `date -u -d @N +%Y-%m-%dT%H:%M:%SZ`.
        for (number, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_703_006_079, "2023-12-19T17:14:39Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
        ] {
            assert_eq!(iso(UNIX_EPOCH + Duration::from_secs(number)), text);
            assert_eq!(seconds(text), Some(number as f64));
        }
        assert_eq!(seconds("2023-12-19 17:14:39.425+00:00"), Some(1_703_006_079.425));
    }

    #[test]
    fn windows_are_completed_and_checked() {
        assert_eq!(window_edge("2023-12-19", false).unwrap(), "2023-12-19T00:00:00Z");
        assert_eq!(window_edge("2024-02-29", true).unwrap(), "2024-02-29T23:59:59Z");
        for bad in ["2023-02-29", "2023-13-01", "yesterday", "2023-12-19T25:00:00Z", "2023/12/19", "", "-023-12-19"] {
            let error = window_edge(bad, false).unwrap_err().to_string();
            assert!(error.contains(&format!("`{bad}`")), "{error}");
        }
    }
}
