//! Times as text.
use jiff::Timestamp;

/// ISO 8601 in UTC with microseconds; `None` beyond the years that it has (-9999 to 9999).
pub(crate) fn time_text(micros: i64) -> Option<String> {
    let time = Timestamp::from_microsecond(micros).ok()?;
    Some(format!("{time:.6}"))
}

/// With milliseconds, rounded: GDAL has no more, and its own rounding of 0.9995 seconds and more loses the second.
pub(crate) fn milliseconds_text(micros: i64) -> Option<String> {
    let millis = micros.saturating_add(500).div_euclid(1000);
    let time = Timestamp::from_millisecond(millis).ok()?;
    Some(format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference: Python's `datetime.fromtimestamp(N / 1e6, timezone.utc).isoformat(timespec="microseconds")`.
    #[test]
    fn microseconds_are_always_there() {
        assert_eq!(time_text(0).as_deref(), Some("1970-01-01T00:00:00.000000Z"));
        assert_eq!(time_text(1_555_407_551_250_000).as_deref(), Some("2019-04-16T09:39:11.250000Z"));
        assert_eq!(time_text(-1).as_deref(), Some("1969-12-31T23:59:59.999999Z"));
        assert_eq!(time_text(i64::MAX), None);
    }

    #[test]
    fn milliseconds_are_rounded() {
        assert_eq!(milliseconds_text(1_555_407_551_999_499).as_deref(), Some("2019-04-16T09:39:11.999Z"));
        assert_eq!(milliseconds_text(1_555_407_551_999_500).as_deref(), Some("2019-04-16T09:39:12.000Z"));
        assert_eq!(milliseconds_text(i64::MAX), None);
    }
}
