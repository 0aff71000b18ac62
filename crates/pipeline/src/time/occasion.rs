//! When a granule was taken, and on which pass of the satellite.
use super::day::Day;
use crate::GranuleName;

/// What is known of a granule's time.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(crate) struct Occasion {
    /// Its start, seconds since 1970-01-01.
    pub(crate) start: Option<f64>,
    /// Repeat cycle.
    pub(crate) cycle: Option<u32>,
    /// Reference ground track.
    track: Option<u32>,
    /// Orbit, where there are no reference ground tracks.
    orbit: Option<u64>,
}

impl Occasion {
    /// What a name states.
    pub(crate) fn of(name: &GranuleName) -> Self {
        let number = |field: &str| name.number(field).and_then(|number| u32::try_from(number).ok());
        Self { start: start(name), cycle: number("cycle"), track: number("rgt"), orbit: name.number("orbit") }
    }

    /// The same track in another cycle.
    pub(crate) const fn in_cycle(self, cycle: u32) -> Self {
        Self { cycle: Some(cycle), ..self }
    }

    /// A number for all beams and granules of one pass over the ground; passes that follow each other have ascending ones. `None`
    /// where nothing tells one granule from another.
    pub(crate) fn overpass(&self) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "seconds of some centuries")]
        let start = |seconds: f64| seconds as i64;
        match (self.cycle, self.track, self.orbit) {
            (Some(cycle), Some(track), _) => Some(i64::from(cycle) * 10_000 + i64::from(track)),
            (_, _, Some(orbit)) => i64::try_from(orbit).ok(),
            _ => self.start.map(start),
        }
    }
}

/// The start of a granule by its name, seconds since 1970-01-01: `yyyymmddhhmmss`, or `yyyydddhhmmss`.
pub(crate) fn start(name: &GranuleName) -> Option<f64> {
    let digits = name.digits("time")?;
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i64>().ok();
    let (day, clock) = match digits.len() {
        14 => (Day::of(number(0, 4)?, number(4, 6)?, number(6, 8)?)?, 8),
        13 => {
            let of_year = number(4, 7).filter(|day| (1..=366).contains(day))?;
            (Day::at(Day::of(number(0, 4)?, 1, 1)?.number() + of_year - 1), 7)
        }
        _ => return None,
    };
    let [hours, minutes, seconds] = [0, 2, 4].map(|at| number(clock + at, clock + at + 2));
    let (hours, minutes, seconds) =
        (hours.filter(|h| *h < 24)?, minutes.filter(|m| *m < 60)?, seconds.filter(|s| *s <= 60)?);
    let of_day = i32::try_from(hours * 3600 + minutes * 60 + seconds).ok()?;
    Some(day.seconds() + f64::from(of_day))
}

/// A moment as text, `2018-01-01T00:00:00.000000Z` or with a blank for the T, in seconds since 1970-01-01; UTC, whatever is left out.
pub(crate) fn moment(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches(['Z', 'z']).trim_end_matches("+00:00").trim_end_matches(" UTC");
    let (date, clock) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let day: Day = date.parse().ok()?;
    let mut seconds = day.seconds();
    let mut parts = clock.split(':');
    for (unit, most) in [(3600.0, 24.0), (60.0, 60.0), (1.0, 61.0)] {
        let part = decimal(parts.next().unwrap_or("0"))?;
        seconds += Some(part).filter(|part| *part < most)? * unit;
    }
    parts.next().is_none().then_some(seconds)
}

/// A number without sign or exponent. Rust's own reader of numbers needs a table of 10 KB, which the page would carry.
fn decimal(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| {
        (!text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())?
    };
    let scale = fraction.bytes().fold(1.0, |scale, _| scale * 10.0);
    Some(f64::from(digits(whole)?) + f64::from(digits(fraction)?) / scale)
}

/// The moment that units count from: `seconds since 2018-01-01`.
pub(crate) fn since(units: &str) -> Option<f64> {
    let (_, epoch) = units.split_once(" since ").filter(|_| is_seconds(units))?;
    moment(epoch)
}

/// Whether units are seconds, since whatever.
pub(crate) fn is_seconds(units: &str) -> bool {
    let what = units.split_once(" since ").map_or(units, |(what, _)| what);
    matches!(what.trim(), "seconds" | "second" | "s" | "sec" | "secs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NamePattern;

    fn named(pattern: &str, name: &str) -> GranuleName {
        NamePattern::try_from(pattern.to_owned()).unwrap().read(name).unwrap()
    }

    #[test]
    fn moments_and_units_are_read() {
        let epoch = 1_514_764_800.0;
        for text in ["2018-01-01T00:00:00.000000Z", "2018-01-01", "2018-01-01 00:00:00", "2018-01-01T00:00:00+00:00"] {
            assert_eq!(moment(text), Some(epoch), "{text}");
        }
        assert_eq!(moment("2018-01-01T01:02:03.5Z"), Some(epoch + 3723.5));
        for wrong in
            ["2018-13-01", "2018-01-01T25:00:00", "2018-01-01T00:00:00:00", "now", "2018-01-01T00:00:00-03:00", ""]
        {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
        assert_eq!(since("seconds since 2018-01-01"), Some(epoch));
        assert_eq!([since("seconds"), since("days since 2018-01-01")], [None; 2]);
    }

    #[test]
    fn a_name_tells_time_and_pass() {
        let atl06 = named(
            "ATL06_{time:14}_{rgt:4}{cycle:2}{region:2}_{release:3}_{version:2}",
            "ATL06_20231219171439_00132211_007_01",
        );
        let of = Occasion::of(&atl06);
        assert_eq!((of.start, of.cycle, of.overpass()), (Some(1_703_006_079.0), Some(22), Some(220_013)));
        assert_eq!(of.in_cycle(3).overpass(), Some(30_013));
        let gedi =
            named("GEDI02_A_{time:13}_O{orbit:5}_{part:2}_T{track:5}", "GEDI02_A_2019108015253_O01962_01_T00066");
        let of = Occasion::of(&gedi);
        assert_eq!((of.start, of.cycle, of.overpass()), (Some(1_555_552_373.0), None, Some(1962)));
        let plain = named("ATL99_{time:14}", "ATL99_20231219171439");
        assert_eq!(Occasion::of(&plain).overpass(), Some(1_703_006_079));
        for wrong in ["20231319171439", "20231219251439", "20230229171439"] {
            assert_eq!(start(&named("ATL99_{time:14}", &format!("ATL99_{wrong}"))), None, "{wrong}");
        }
        assert_eq!(Occasion::default().overpass(), None);
    }
}
