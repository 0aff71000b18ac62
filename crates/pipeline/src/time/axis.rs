//! The windows of a job: sequential and half-open.
use super::day::{Day, SECONDS};
use dggs_zarr::TimeCoordinate;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Most windows of a job.
const MAX_WINDOWS: usize = 1000;
/// The nominal calendar of ICESat-2's repeat cycles: cycle 3 began on 2019-03-29T07:41 UTC, and each takes 90.819 days. It fits the
/// names of 221 granules within 3 minutes.
const CYCLE_3: f64 = 1_553_845_260.0;
const CYCLE_DAYS: f64 = 90.819;

/// What windows are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Repeat cycles of the satellite, by the granules' own numbers.
    Cycle,
    /// Calendar months.
    Month,
    /// January to March, and so on.
    Quarter,
    /// December to February, and so on.
    Season,
    /// Calendar years.
    Year,
}

impl Period {
    const ALL: [(Self, &str); 5] = [
        (Self::Cycle, "cycle"),
        (Self::Month, "month"),
        (Self::Quarter, "quarter"),
        (Self::Season, "season"),
        (Self::Year, "year"),
    ];

    /// Whether a window is one of these, whole.
    pub(super) fn has(self, window: &TimeWindow) -> bool {
        match self {
            Self::Cycle => window.cycle.is_some(),
            _ => *window == self.around(window.start),
        }
    }

    /// The window that holds a day, but for cycles.
    fn around(self, day: Day) -> TimeWindow {
        let (year, month, _) = day.date();
        let (first, months) = match self {
            Self::Cycle | Self::Month => (month, 1),
            Self::Quarter => ((month - 1) / 3 * 3 + 1, 3),
            // Winter begins in December of the year before.
            Self::Season => (month / 3 * 3, 3),
            Self::Year => (1, 12),
        };
        TimeWindow { start: Day::month(year, first), end: Day::month(year, first + months), cycle: None }
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text).map(|(period, _)| *period);
        found.ok_or_else(|| format!("`{text}` is none: write cycle, month, quarter, season or year"))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Self::ALL.iter().find(|(period, _)| period == self).map_or("", |(_, name)| name))
    }
}

/// One window: from the beginning of a day to the beginning of another, or a repeat cycle; as text `2019-04-01/2019-05-01`, or the
/// number of the cycle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeWindow {
    /// Its first day; of a cycle, the nominal one.
    pub start: Day,
    /// The day after its last.
    pub end: Day,
    /// The number of the cycle that it is.
    pub cycle: Option<u32>,
}

impl TimeWindow {
    /// A repeat cycle.
    #[must_use]
    pub fn of_cycle(number: u32) -> Self {
        let start = |number: u32| Day::of_seconds(CYCLE_3 + (f64::from(number) - 3.0) * CYCLE_DAYS * SECONDS);
        Self { start: start(number), end: start(number.saturating_add(1)), cycle: Some(number) }
    }

    /// Its name in keys and tables: the first day, or the number of the cycle.
    #[must_use]
    pub fn name(&self) -> String {
        self.cycle.map_or_else(|| self.start.to_string(), |cycle| cycle.to_string())
    }

    fn overlaps(&self, from: Day, to: Day) -> bool {
        self.start < to && from < self.end
    }
}

impl FromStr for TimeWindow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(cycle) = text.parse::<u32>() {
            return if cycle < 1000 { Ok(Self::of_cycle(cycle)) } else { Err(format!("`{text}` is no repeat cycle")) };
        }
        let Some((start, end)) = text.split_once('/') else {
            return Err(format!(
                "`{text}` is not a window: write 2019-04-01/2019-07-01, the day after its last at the end"
            ));
        };
        let (start, end): (Day, Day) = (start.trim().parse()?, end.trim().parse()?);
        if start >= end {
            return Err(format!("`{text}` ends before it begins: the second date is the day after its last"));
        }
        Ok(Self { start, end, cycle: None })
    }
}

impl TryFrom<String> for TimeWindow {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TimeWindow> for String {
    fn from(window: TimeWindow) -> Self {
        window.to_string()
    }
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cycle {
            Some(cycle) => write!(f, "{cycle}"),
            None => write!(f, "{}/{}", self.start, self.end),
        }
    }
}

/// The windows of a job, in order. A row is in one of them at most.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct TimeAxis {
    by: Option<Period>,
    windows: Vec<TimeWindow>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Period>,
    windows: Vec<TimeWindow>,
}

impl TryFrom<Parts> for TimeAxis {
    type Error = String;

    fn try_from(Parts { by, windows }: Parts) -> Result<Self, String> {
        Self::new(by, windows)
    }
}

impl From<TimeAxis> for Parts {
    fn from(TimeAxis { by, windows }: TimeAxis) -> Self {
        Self { by, windows }
    }
}

impl TimeAxis {
    /// An axis of these windows, in any order.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn new(by: Option<Period>, mut windows: Vec<TimeWindow>) -> Result<Self, String> {
        windows.sort_by_key(|window| (window.cycle, window.start));
        if windows.is_empty() {
            return Err("there is no window".into());
        }
        if windows.len() > MAX_WINDOWS {
            return Err(format!(
                "{} windows are more than {MAX_WINDOWS}: take longer ones, or a shorter time",
                windows.len()
            ));
        }
        if let Some(odd) = windows.iter().find(|window| window.cycle.is_some() != (by == Some(Period::Cycle))) {
            return Err(format!("{odd} is not a window by {}", by.map_or("dates".into(), |by| by.to_string())));
        }
        let mut pairs = windows.iter().zip(windows.iter().skip(1));
        if let Some((one, other)) =
            pairs.find(|(one, other)| one.end > other.start || one.cycle.is_some() && one.cycle == other.cycle)
        {
            return Err(format!("{one} and {other} overlap: a row is in one window at most"));
        }
        Ok(Self { by, windows })
    }

    /// The whole windows that some time from one day up to another lies in.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn between(by: Period, from: Day, to: Day) -> Result<Self, String> {
        if from >= to {
            return Err(format!("there is no time from {from} up to {to}"));
        }
        let mut windows = Vec::new();
        if by == Period::Cycle {
            windows = (1..1000).map(TimeWindow::of_cycle).filter(|window| window.overlaps(from, to)).collect();
        } else {
            let mut next = from;
            while next < to && windows.len() <= MAX_WINDOWS {
                let window = by.around(next);
                next = window.end;
                windows.push(window);
            }
        }
        Self::new(Some(by), windows)
    }

    /// The axis with more windows, up to the one before `to`.
    ///
    /// # Errors
    /// Why there are none, in words.
    pub fn extended(&self, to: Day) -> Result<Self, String> {
        let by = self
            .by
            .ok_or("its windows were given one by one: make a store by month, quarter, season, year or cycle")?;
        let (first, last) = self.windows.first().zip(self.windows.last()).ok_or("it has no window")?;
        if to <= last.start {
            return Err(format!("its windows reach to {}, beyond {to}: none is taken away", last.end));
        }
        let mut windows = Self::between(by, first.start, to)?.windows;
        windows.retain(|window| window.start > last.start);
        Self::new(Some(by), [self.windows.as_slice(), &windows].concat())
    }

    /// What its windows are; `None` where they were given one by one.
    #[must_use]
    pub const fn by(&self) -> Option<Period> {
        self.by
    }

    /// Its windows.
    #[must_use]
    pub fn windows(&self) -> &[TimeWindow] {
        &self.windows
    }

    /// The window of a row, by the cycle and the moment (seconds since 1970-01-01) that it was taken.
    pub(crate) fn window(&self, cycle: Option<u32>, seconds: Option<f64>) -> Option<u32> {
        let at = if self.by == Some(Period::Cycle) {
            let cycle = cycle?;
            self.windows.binary_search_by_key(&Some(cycle), |window| window.cycle).ok()?
        } else {
            let day = Day::of_seconds(seconds.filter(|seconds| seconds.is_finite())?);
            let after = self.windows.partition_point(|window| window.start <= day);
            let at = after.checked_sub(1)?;
            self.windows.get(at).filter(|window| day < window.end).map(|_| at)?
        };
        u32::try_from(at).ok()
    }

    /// The coordinate of a store.
    #[must_use]
    pub fn coordinate(&self) -> TimeCoordinate {
        let cycles = self.windows.iter().map(|window| i32::try_from(window.cycle?).ok());
        TimeCoordinate {
            bounds: self.windows.iter().map(|window| [window.start.number(), window.end.number()]).collect(),
            cycles: cycles.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn names(by: Period, from: &str, to: &str) -> Vec<String> {
        TimeAxis::between(by, day(from), day(to)).unwrap().windows().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn windows_are_whole_and_of_the_calendar() {
        assert_eq!(
            names(Period::Month, "2019-12-31", "2020-01-02"),
            ["2019-12-01/2020-01-01", "2020-01-01/2020-02-01"]
        );
        assert_eq!(names(Period::Quarter, "2019-05-05", "2019-07-01"), ["2019-04-01/2019-07-01"]);
        let seasons = ["2018-12-01/2019-03-01", "2019-03-01/2019-06-01"];
        assert_eq!(names(Period::Season, "2019-01-31", "2019-03-02"), seasons);
        assert_eq!(names(Period::Season, "2018-12-01", "2018-12-02"), seasons[..1]);
        assert_eq!(names(Period::Year, "2019-05-05", "2020-01-01"), ["2019-01-01/2020-01-01"]);
        assert_eq!(names(Period::Cycle, "2023-12-01", "2023-12-20"), ["21", "22"]);
        assert!(TimeAxis::between(Period::Year, day("2019-01-01"), day("2019-01-01")).is_err());
    }

    #[test]
    fn cycles_have_their_nominal_calendar() {
        let cycle = TimeWindow::of_cycle(3);
        assert_eq!((cycle.start, cycle.end), (day("2019-03-29"), day("2019-06-28")));
        assert_eq!(TimeWindow::of_cycle(22).start, day("2023-12-18"));
    }

    #[test]
    fn a_row_is_in_one_window_at_most() {
        let axis =
            |windows: &[&str], by| TimeAxis::new(by, windows.iter().map(|window| window.parse().unwrap()).collect());
        let two = axis(&["2020-01-01/2020-02-01", "2019-01-01/2019-02-01"], None).unwrap();
        let at = |text: &str, shift: f64| two.window(None, Some(day(text).seconds() + shift));
        assert_eq!(
            [at("2019-01-01", 0.0), at("2019-02-01", -0.001), at("2020-01-31", 1.0)],
            [Some(0), Some(0), Some(1)]
        );
        assert_eq!([at("2019-01-01", -0.001), at("2019-02-01", 0.0), at("2020-02-01", 0.0)], [None; 3]);
        assert_eq!([two.window(Some(3), None), two.window(None, Some(f64::NAN))], [None; 2]);
        let cycles = axis(&["4", "22"], Some(Period::Cycle)).unwrap();
        assert_eq!(
            [Some(4), Some(22), Some(5), None].map(|cycle| cycles.window(cycle, Some(0.0))),
            [Some(0), Some(1), None, None]
        );
        assert_eq!(cycles.coordinate().cycles, Some(vec![4, 22]));
        for (wrong, by) in [
            (&["2019-01-01/2019-02-01", "2019-01-31/2019-03-01"][..], None),
            (&["3", "3"], Some(Period::Cycle)),
            (&["3"], None),
            (&[], None),
        ] {
            assert!(axis(wrong, by).is_err(), "{wrong:?}");
        }
        let longer = cycles.extended(day("2024-07-01")).unwrap();
        assert_eq!(longer.windows().iter().filter_map(|window| window.cycle).collect::<Vec<_>>(), [4, 22, 23, 24]);
        assert_eq!(longer.extended(day("2024-07-01")).unwrap(), longer);
        assert!(longer.extended(day("2023-12-20")).unwrap_err().contains("none is taken away"));
        assert!(two.extended(day("2030-01-01")).unwrap_err().contains("one by one"));
        let text = serde_json::to_string(&cycles).unwrap();
        assert_eq!(text, r#"{"by":"cycle","windows":["4","22"]}"#);
        assert_eq!(serde_json::from_str::<TimeAxis>(&text).unwrap(), cycles);
        assert!(serde_json::from_str::<TimeAxis>(r#"{"windows":["4"]}"#).is_err());
    }
}
