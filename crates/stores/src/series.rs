//! One cell over windows of time.
use crate::{Cube, Error, Partial, Table, VariableInfo, Window};
use morton::Cell;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;

/// Said where means of a cell are shown as a series.
const MEANS: &str = "these are means of what was sampled in each window: where the ground tilts, their differences are not height \
                     change but off by decimetres to metres; --change estimates heights on one plane";
/// Seconds of a year of 365.25 days, in which trends are.
const YEAR: f64 = 365.25 * 86_400.0;

/// The windows of one cell.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Series {
    /// Decimal id of the cell.
    pub cell: String,
    /// Order of the cell.
    pub order: u8,
    /// Name of the variable.
    pub variable: String,
    /// Its unit.
    pub units: String,
    /// Name of the variable that is its error, if there is one.
    pub error: Option<String>,
    /// One for each window.
    pub windows: Vec<SeriesWindow>,
    /// The trend, where change was estimated.
    pub trend: Option<Trend>,
    /// What keeps these values from being what they seem to be.
    pub note: Option<String>,
    /// What is missing from the values, in words.
    pub partial: Option<String>,
    /// What the variable is.
    #[serde(skip)]
    pub long_name: String,
    /// What the store says of its making.
    #[serde(skip)]
    pub table: Table,
}

/// One window of a series.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SeriesWindow {
    /// Its name.
    pub window: String,
    /// When it begins.
    pub start: String,
    /// When it ends, if the store says so.
    pub end: Option<String>,
    /// The repeat cycle that it is.
    pub cycle: Option<i64>,
    /// The value; `None` where there is none.
    pub value: Option<f64>,
    /// Its error.
    pub error: Option<f64>,
    /// Observations.
    pub count: Option<i64>,
    /// The window itself.
    #[serde(skip)]
    pub place: Window,
}

/// A trend over all windows.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Trend {
    /// Unit a year.
    pub per_year: Option<f64>,
    /// Its error.
    pub error: Option<f64>,
    /// The value at the epoch.
    pub reference: Option<f64>,
    /// The day that the reference is of.
    pub epoch: Option<String>,
    /// Why it is not to be trusted: 0 for no reason.
    pub flag: i64,
    /// The same in words.
    pub flags: Vec<&'static str>,
}

impl Series {
    /// The series of a cell: of `name`, or else of heights of the estimate of change where there are some, or else of the mean.
    ///
    /// # Errors
    /// [`Error::NoVariable`]; [`Error::Refused`] where there is no time axis, or nothing of the cell.
    pub fn of(cube: &Cube, cell: Cell, name: Option<&str>, store: &str) -> Result<Self, Error> {
        if cube.columns.is_empty() {
            return Err(Error::refused(store, "there are no windows of time: its cells have one value each"));
        }
        if cube.cells.ids.binary_search(&cell.nested()).is_err() {
            let why = format!("there is nothing of the cell {cell} at order {}", cube.cells.order);
            return Err(Error::refused(store, why));
        }
        let values = |name: &str| cube.series(name, cell.nested());
        let of_change =
            ends(cube, "_window").filter(|name| values(name).is_some_and(|all| all.iter().any(|v| v.is_finite())));
        let chosen = name.map(str::to_owned).or(of_change).or_else(|| ends(cube, "_mean"));
        let chosen = chosen.or_else(|| Some(cube.columns.first()?.0.name.clone())).unwrap_or_default();
        let variable = variable(cube, &chosen)?;
        let error = error_of(cube, &chosen);
        let (all, errors) = (values(&chosen).unwrap_or_default(), error.as_deref().and_then(values));
        let counts = values("count");
        let finite = |value: f64| value.is_finite().then_some(value);
        let window = |(at, window): (usize, &Window)| SeriesWindow {
            window: window.name(),
            start: crate::moment_text(window.start),
            end: window.end.map(crate::moment_text),
            cycle: window.cycle,
            value: all.get(at).copied().and_then(finite),
            error: errors.as_ref().and_then(|errors| errors.get(at).copied()).and_then(finite),
            #[expect(clippy::cast_possible_truncation, reason = "a count")]
            count: counts.as_ref().and_then(|counts| Some(*counts.get(at)? as i64)),
            place: window.clone(),
        };
        let trend = Trend::of(cube, cell);
        let is_window = chosen.ends_with("_window");
        let is_mean = variable.units == "m" && !is_window;
        let flagged = trend.as_ref().filter(|trend| trend.flag != 0).map(|trend| trend.flags.join(", "));
        let mut note = flagged.map(|flags| format!("the change of this cell is flagged: {flags}"));
        if all.iter().all(|value| !value.is_finite()) {
            note = Some("no window has a value of this cell".to_owned());
        } else if is_mean {
            let before = note.map_or_else(String::new, |note| format!("{note}; "));
            note = Some(format!("{before}{MEANS}"));
        }
        Ok(Self {
            cell: cell.to_string(),
            order: cell.order().get(),
            variable: chosen,
            units: variable.units,
            error,
            windows: cube.windows.iter().enumerate().map(window).collect(),
            trend: trend.filter(|_| is_window || name.is_none()),
            note,
            partial: cube.partial().map(Partial::to_string),
            long_name: variable.long_name,
            table: cube.cells.clone(),
        })
    }

    /// The value of the trend at a moment (seconds since 1970-01-01). It goes through the middle of the values: when in its window a
    /// cell was seen is not stored.
    #[must_use]
    pub fn trend_at(&self, moment: f64) -> Option<f64> {
        let rate = self.trend.as_ref()?.per_year?;
        let seen: Vec<(f64, f64)> =
            self.windows.iter().filter_map(|window| Some((window.place.middle(), window.value?))).collect();
        #[expect(clippy::cast_precision_loss, reason = "a number of windows")]
        let mean = |sum: f64| sum / seen.len() as f64;
        let (at, value) = (mean(seen.iter().map(|seen| seen.0).sum()), mean(seen.iter().map(|seen| seen.1).sum()));
        Some(value + rate * (moment - at) / YEAR).filter(|value| value.is_finite())
    }

    /// One line a window: `window`, `start`, `end`, `cycle`, `count`, the variable and its error; what is not there is empty.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        for line in [&self.partial, &self.note].into_iter().flatten() {
            let _ = writeln!(text, "# {line}");
        }
        let error = self.error.as_deref().unwrap_or("error");
        let _ = writeln!(text, "window,start,end,cycle,count,{},{error}", self.variable);
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value}"));
        for window in &self.windows {
            let cycle = window.cycle.map_or_else(String::new, |cycle| cycle.to_string());
            let count = window.count.map_or_else(String::new, |count| count.to_string());
            let end = window.end.as_deref().unwrap_or_default();
            let (value, error) = (number(window.value), number(window.error));
            let _ = writeln!(text, "{},{},{end},{cycle},{count},{value},{error}", window.window, window.start);
        }
        text
    }
}

impl Trend {
    fn of(cube: &Cube, cell: Cell) -> Option<Self> {
        let row = cube.cells.ids.binary_search(&cell.nested()).ok()?;
        let column = |name: &str| cube.cells.columns.iter().find(|(variable, _)| variable.name == name);
        let number = |name: &str| Some(column(name)?.1.number(row)).filter(|value| value.is_finite());
        let names = || cube.cells.columns.iter().map(|(variable, _)| variable.name.as_str());
        let rate = names().find(|name| *name == "dhdt" || name.ends_with("_trend"))?;
        let reference = names().find(|name| name.ends_with("_ref"));
        #[expect(clippy::cast_possible_truncation, reason = "a mask of four bits")]
        let flag = number("change_flag").unwrap_or_default() as i64;
        let own = match &cube.cells.provenance {
            Value::Array(parts) => parts.first()?,
            own => own,
        };
        Some(Self {
            per_year: number(rate),
            error: number(&format!("{rate}_se")),
            reference: reference.and_then(number),
            epoch: own["change"]["epoch"].as_str().map(str::to_owned),
            flag,
            flags: flags(flag),
        })
    }
}

/// A number with its error, each with digits for two figures of the error: `-0.982 ± 0.021`.
#[must_use]
pub fn with_error(value: f64, error: Option<f64>, between: &str) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let digits = error.map_or(3, |error| (2.0 - error.log10().ceil()).clamp(2.0, 6.0) as usize);
    let error = error.map_or_else(String::new, |error| format!("{between}{error:.digits$}"));
    format!("{value:+.digits$}{error}")
}

/// What the bits of a flag of change mean (docs/store-format.md).
fn flags(flag: i64) -> Vec<&'static str> {
    let bits = [(1, "few overpasses"), (2, "a short span"), (4, "rough ground"), (8, "rows along one line only")];
    bits.into_iter().filter(|(bit, _)| flag & bit != 0).map(|(_, words)| words).collect()
}

fn ends(cube: &Cube, ending: &str) -> Option<String> {
    cube.columns.iter().map(|(variable, _)| &variable.name).find(|name| name.ends_with(ending)).cloned()
}

fn variable(cube: &Cube, name: &str) -> Result<VariableInfo, Error> {
    let found = cube.columns.iter().find(|(variable, _)| variable.name == name).map(|(variable, _)| variable.clone());
    found.ok_or_else(|| {
        let held: Vec<&str> = cube.columns.iter().map(|(variable, _)| variable.name.as_str()).collect();
        Error::NoVariable { name: name.to_owned(), held: held.join(", ") }
    })
}

/// The variable that is the error of another.
fn error_of(cube: &Cube, name: &str) -> Option<String> {
    let of_mean = name.strip_suffix("_mean").map(|stem| format!("{stem}_sigma"));
    let names = [Some(format!("{name}_se")), of_mean];
    names.into_iter().flatten().find(|name| cube.is_timed(name))
}
