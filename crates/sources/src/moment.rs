//! Dates as AWS writes them: `20261122T130000Z` to sign, ISO 8601 for the end of credentials.
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `YYYYMMDDThhmmssZ` of a moment (ISO 8601 basic, as Signature Version 4 asks).
pub(crate) fn basic(moment: SystemTime) -> String {
    let [year, month, day, hour, minute, second] = fields(moment);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// `YYYY-MM-DDThh:mm:ssZ`, for people.
pub(crate) fn extended(moment: SystemTime) -> String {
    let [year, month, day, hour, minute, second] = fields(moment);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Parses `YYYY-MM-DD`, `T` or a space, `hh:mm:ss`, an optional fraction, and `Z` or `+hh:mm` (none: UTC). Both AWS
/// (`...T13:00:00Z`) and the NSIDC endpoint (`... 13:00:00+00:00`) write this.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if !text.is_ascii() || separators.iter().any(|&(at, c)| text.as_bytes().get(at) != Some(&c)) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let zone = text.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset(zone)?;
    Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?))
}

fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z" | "z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.strip_prefix(['+', '-'])?.chars().filter(|c| *c != ':').collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4).unwrap_or("0").parse().ok()?;
    Some(sign * (hours * 3_600 + minutes * 60))
}

fn fields(moment: SystemTime) -> [i64; 6] {
    let seconds = moment.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let (day, rest) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970 + day / 366;
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    let mut month = 12;
    while days(year, month, 1) > day {
        month -= 1;
    }
    [year, month, day - days(year, month, 1) + 1, rest / 3_600, rest / 60 % 60, rest % 60]
}

/// Days from 1970-01-01 to a Gregorian date: the year is counted from March, so that the leap day comes last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_both_ways() {
        // Reference: `date -u -d @N +%Y%m%dT%H%M%SZ`.
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_400, "20000229T000000Z"),
            (1_369_353_600, "20130524T000000Z"),
            (1_798_761_599, "20261231T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            let moment = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(basic(moment), text);
            assert_eq!(parse(&extended(moment)), Some(moment));
        }
    }

    #[test]
    fn the_forms_of_aws_and_nsidc_are_read() {
        let moment = parse("2026-11-22T13:00:00Z");
        assert!(moment.is_some());
        assert_eq!(parse("2026-11-22 13:00:00+00:00"), moment);
        assert_eq!(parse("2026-11-22T14:00:00.123+01:00"), moment);
        assert_eq!(parse("2026-13-22T13:00:00Z"), None);
        assert_eq!(parse("soon"), None);
    }
}
