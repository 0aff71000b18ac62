//! Moments in UTC: `20261122T130000Z` to sign, ISO 8601 for the end of credentials and in catalogs.
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::time::SystemTime;

/// `YYYYMMDDThhmmssZ` of a moment (ISO 8601 basic, as Signature Version 4 asks).
pub(crate) fn basic(moment: SystemTime) -> String {
    timestamp(moment).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `2026-11-22T13:00:00Z` of a moment.
#[must_use]
pub fn extended(moment: SystemTime) -> String {
    timestamp(moment).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A moment of ISO 8601: a date, `T` or a space, a time, and an offset (none: UTC). AWS (`...T13:00:00Z`), NSIDC
/// (`... 13:00:00+00:00`) and CMR (`...T13:00:00.425Z`) write this.
#[must_use]
pub fn parse(text: &str) -> Option<SystemTime> {
    let local = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(local).map(SystemTime::from)
}

/// Clocks beyond the year 9999 are taken for that of 1970.
fn timestamp(moment: SystemTime) -> Timestamp {
    Timestamp::try_from(moment).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn known_moments_both_ways() {
        // Reference: `date -u -d @N +%Y%m%dT%H%M%SZ`.
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_400, "20000229T000000Z"),
            (1_369_353_600, "20130524T000000Z"),
            (1_703_006_079, "20231219T171439Z"),
            (1_798_761_599, "20261231T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            let moment = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(basic(moment), text);
            assert_eq!(extended(moment).replace(['-', ':'], ""), text);
            assert_eq!(parse(&extended(moment)), Some(moment));
        }
    }

    #[test]
    fn the_forms_of_aws_nsidc_and_cmr_are_read() {
        let moment = parse("2026-11-22T13:00:00Z");
        assert!(moment.is_some());
        assert_eq!(parse("2026-11-22 13:00:00+00:00"), moment);
        assert_eq!(parse("2026-11-22T13:00:00"), moment);
        assert_eq!(parse("2026-11-22T14:00:00.123+01:00"), moment.map(|moment| moment + Duration::from_millis(123)));
        for wrong in
            ["2026-13-22T13:00:00Z", "2023-02-29T00:00:00Z", "2023-12-19T25:00:00Z", "-026-11-22T13:00:00Z", "soon", ""]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
