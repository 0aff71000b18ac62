//! Numbers in messages.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
