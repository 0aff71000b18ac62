//! Windows of time: which there are, and which are wanted.
use crate::Error;
use pipeline::Day;

/// Seconds of a day; leap seconds are not counted.
const DAY: i64 = 86_400;

/// One window of a time axis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// When it begins, in seconds since 1970-01-01T00:00:00Z.
    pub start: i64,
    /// When it ends, where the store says so.
    pub end: Option<i64>,
    /// The repeat cycle that it is, where windows are those.
    pub cycle: Option<i64>,
}

impl Window {
    /// Its name: the number of the cycle, or else when it begins (`2019-04-01`, `2019-04-01T06:00:00`).
    #[must_use]
    pub fn name(&self) -> String {
        self.cycle.map_or_else(|| text(self.start), |cycle| cycle.to_string())
    }

    /// As people read it: `cycle 22 (from 2023-12-18)`, `2019-04-01 to 2019-06-30`.
    #[must_use]
    pub fn words(&self) -> String {
        match (self.cycle, self.end) {
            (Some(cycle), _) => format!("cycle {cycle} (from {})", text(self.start)),
            // The end is the day after the last one.
            (None, Some(end)) if self.is_of_days() => format!("{} to {}", text(self.start), text(end - DAY)),
            (None, Some(end)) => format!("{} to {}", text(self.start), text(end)),
            (None, None) => text(self.start),
        }
    }

    /// Its middle, or its time where it has no end, in seconds since 1970-01-01.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "seconds of some centuries")]
    pub fn middle(&self) -> f64 {
        f64::midpoint(self.start as f64, self.end.unwrap_or(self.start) as f64)
    }

    /// Whether it begins and ends with days.
    #[must_use]
    pub fn is_of_days(&self) -> bool {
        self.start % DAY == 0 && self.end.is_none_or(|end| end % DAY == 0)
    }

    /// The number of the day on which it begins, since 1970-01-01.
    #[must_use]
    pub const fn first_day(&self) -> i64 {
        self.start.div_euclid(DAY)
    }

    /// Whether a name means it: its own, `cycle 22`, or the beginning of its date (`2019-04`, `2019`).
    fn is_meant(&self, name: &str) -> bool {
        match self.cycle {
            Some(cycle) => name.trim_start_matches("cycle").trim().parse() == Ok(cycle),
            None => {
                let own = self.name();
                own == name
                    || name.len() >= 4 && own.starts_with(name) && !own[name.len()..].starts_with(char::is_numeric)
            }
        }
    }

    /// The places of the windows that are meant by names, in the order of the axis; all where none is named. `first` and `last`
    /// are those, `all` is all.
    ///
    /// # Errors
    /// [`Error::NoWindow`] for a name that means none.
    pub fn pick(windows: &[Self], names: &[String]) -> Result<Vec<usize>, Error> {
        let mut picked = Vec::new();
        for name in names {
            let meant = |(at, window): &(usize, &Self)| match name.as_str() {
                "all" => true,
                "first" => *at == 0,
                "last" => at + 1 == windows.len(),
                name => window.is_meant(name),
            };
            let before = picked.len();
            picked.extend(windows.iter().enumerate().filter(meant).map(|(at, _)| at));
            if picked.len() == before {
                let held: Vec<String> = windows.iter().map(Self::name).collect();
                return Err(Error::NoWindow { name: name.clone(), held: held.join(", ") });
            }
        }
        picked.sort_unstable();
        picked.dedup();
        Ok(if names.is_empty() { (0..windows.len()).collect() } else { picked })
    }
}

/// A moment as text: the day alone where it is the beginning of one.
#[must_use]
pub fn text(seconds: i64) -> String {
    let (day, rest) = (Day::at(seconds.div_euclid(DAY)), seconds.rem_euclid(DAY));
    match rest {
        0 => day.to_string(),
        rest => format!("{day}T{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn months() -> Vec<Window> {
        let window = |start: i64, end: i64| Window { start: start * DAY, end: Some(end * DAY), cycle: None };
        vec![window(17_987, 18_017), window(18_017, 18_048), window(18_353, 18_383)]
    }

    #[test]
    fn names_mean_windows() {
        let pick =
            |names: &[&str]| Window::pick(&months(), &names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(months()[0].name(), "2019-04-01");
        assert_eq!(months()[0].words(), "2019-04-01 to 2019-04-30");
        assert_eq!(pick(&[]).unwrap(), [0, 1, 2]);
        assert_eq!(pick(&["2019-05"]).unwrap(), [1]);
        assert_eq!(pick(&["2019"]).unwrap(), [0, 1]);
        assert_eq!(pick(&["last", "2019-04-01"]).unwrap(), [0, 2]);
        assert_eq!(pick(&["all"]).unwrap(), [0, 1, 2]);
        for wrong in ["2019-0", "2018", "201", "22", ""] {
            let error = pick(&[wrong]).unwrap_err().to_string();
            assert!(error.contains("2019-04-01, 2019-05-01, 2020-04-01"), "{error}");
        }
        let cycles =
            [Window { start: 0, end: None, cycle: Some(2) }, Window { start: DAY, end: None, cycle: Some(22) }];
        assert_eq!(Window::pick(&cycles, &["22".to_owned()]).unwrap(), [1]);
        assert_eq!(Window::pick(&cycles, &["cycle 2".to_owned()]).unwrap(), [0]);
        assert_eq!(text(3661), "1970-01-01T01:01:01");
    }
}
