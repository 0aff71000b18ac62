//! Days of the proleptic Gregorian calendar, UTC.
use std::fmt;
use std::str::FromStr;

/// Seconds of a day; leap seconds are not counted, as in the times of ICESat-2's granules since 2018.
pub(crate) const SECONDS: f64 = 86_400.0;

/// A day, by its number since 1970-01-01; as text `2019-04-01`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day(i64);

impl Day {
    /// Days since 1970-01-01.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The day of this number since 1970-01-01.
    #[must_use]
    pub const fn at(number: i64) -> Self {
        Self(number)
    }

    /// A day of the calendar; `None` for a date that does not exist, or outside of the years 1900 to 2199.
    #[must_use]
    pub fn of(year: i64, month: i64, day: i64) -> Option<Self> {
        let sound = (1900..2200).contains(&year) && (1..=12).contains(&month) && day >= 1;
        let found = Self::counted(year, month, day);
        (sound && found.date() == (year, month, day)).then_some(found)
    }

    /// The first day of a month; month 13 is January of the next year, month 0 December of the one before.
    pub(crate) fn month(year: i64, month: i64) -> Self {
        let months = year * 12 + month - 1;
        Self::counted(months.div_euclid(12), months.rem_euclid(12) + 1, 1)
    }

    /// Years are counted from March, so that a leap day ends them; 400 of them have 146,097 days.
    fn counted(year: i64, month: i64, day: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    /// Year, month and day.
    #[must_use]
    pub fn date(self) -> (i64, i64, i64) {
        let days = self.0 + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (era * 400 + year + i64::from(month <= 2), month, day)
    }

    /// The moment that it begins, in seconds since 1970-01-01.
    #[must_use]
    pub fn seconds(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "days of some centuries")]
        let days = self.0 as f64;
        days * SECONDS
    }

    /// The day of a moment in seconds since 1970-01-01.
    pub(crate) fn of_seconds(seconds: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
        let day = (seconds / SECONDS).floor() as i64;
        Self(day)
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('-').collect();
        let digits = |text: &str, count: usize| {
            (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
        };
        let day = match parts.as_slice() {
            [year, month, day] => {
                digits(year, 4).zip(digits(month, 2)).zip(digits(day, 2)).and_then(|((y, m), d)| Self::of(y, m, d))
            }
            _ => None,
        };
        day.ok_or_else(|| format!("`{text}` is not a date: write 2019-04-01"))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let mut day = Day::of(1900, 1, 1).unwrap();
        assert_eq!(day.number(), -25_567);
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for year in 1900..2200 {
            for (month, length) in (1..).zip(lengths) {
                let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
                assert_eq!(Day::month(year, month), day);
                for date in 1..=length + i64::from(leap && month == 2) {
                    assert_eq!(day.date(), (year, month, date));
                    assert_eq!(Day::of(year, month, date), Some(day));
                    day = Day::at(day.number() + 1);
                }
            }
        }
        assert_eq!(Day::month(2019, 13), Day::of(2020, 1, 1).unwrap());
        assert_eq!(Day::month(2019, 0), Day::of(2018, 12, 1).unwrap());
        assert_eq!(Day::of_seconds(-0.5), Day::at(-1));
    }

    #[test]
    fn only_dates_are_read() {
        assert_eq!("2019-04-01".parse::<Day>().unwrap().to_string(), "2019-04-01");
        for wrong in
            ["2019-02-29", "2019-4-1", "2019-04", "19-04-01", "2019-04-01T00:00:00Z", "", "+019-04-01", "1800-01-01"]
        {
            assert!(wrong.parse::<Day>().unwrap_err().contains("write 2019-04-01"), "{wrong}");
        }
    }
}
