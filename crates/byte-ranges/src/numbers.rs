//! Numbers in messages.
use std::time::Duration;

/// A number with its thousands apart.
///
/// ```
/// assert_eq!([999, 1000, 1_234_567].map(byte_ranges::thousands), ["999", "1,000", "1,234,567"]);
/// ```
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes in the unit that suits it, in powers of a thousand.
///
/// ```
/// assert_eq!([999, 14_500_000].map(byte_ranges::data_size), ["999 B", "14.5 MB"]);
/// ```
#[must_use]
pub fn data_size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with two or three digits")]
    let value = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value / 1e6),
        _ => format!("{:.2} GB", value / 1e9),
    }
}

/// A number of seconds in the units that suit it.
///
/// ```
/// assert_eq!([0.25, 41.0, 240.0, 4800.0].map(byte_ranges::time_span), ["0.2 s", "41 s", "4 m", "1 h 20 m"]);
/// ```
#[must_use]
pub fn time_span(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX).as_secs();
    match whole {
        0..2 => format!("{seconds:.1} s"),
        2..120 => format!("{whole} s"),
        120..7_200 => format!("{} m", whole / 60),
        _ => format!("{} h {} m", whole / 3_600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
