//! The time axis of a level: the arrays that say when its windows are, as CF has them (CF 1.11, sections 4.4 and 7.1).
use crate::{ArrayInfo, Column, Error, Window};
use pipeline::Day;
use serde_json::Value;
use std::collections::BTreeMap;

/// Windows beyond which a time axis is taken for broken.
const MAX_WINDOWS: u64 = 10_000;
/// Name of the array of repeat cycles.
const CYCLE: &str = "cycle";

/// The arrays of a time axis.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    /// Starts of the windows, or their times.
    pub(crate) times: ArrayInfo,
    /// Starts and ends.
    pub(crate) bounds: Option<ArrayInfo>,
    pub(crate) cycles: Option<ArrayInfo>,
}

impl Axis {
    /// Takes the arrays of the time axis from those of a level. Arrays along another dimension go to those that cannot be read.
    pub(crate) fn take(
        arrays: &mut BTreeMap<String, ArrayInfo>,
        unread: &mut BTreeMap<String, String>,
    ) -> Option<Self> {
        let along = arrays.values().filter_map(|array| Some(array.leading.as_ref()?.name.clone()));
        let is_time = |name: &String| {
            let units =
                arrays.get(name).filter(|array| array.leading.is_none()).map(|array| &array.attributes["units"]);
            units.and_then(Value::as_str).is_some_and(|units| units.contains(" since "))
        };
        let name = along.into_iter().find(is_time);
        for (other, array) in std::mem::take(arrays) {
            match &array.leading {
                Some(leading) if Some(&leading.name) != name.as_ref() => {
                    let why = "no array of that name has units as `days since 2019-01-01`";
                    _ = unread.insert(other, format!("an array of 2 dimensions, first `{}`: {why}", leading.name));
                }
                _ => _ = arrays.insert(other, array),
            }
        }
        let name = name?;
        let times = arrays.remove(&name)?;
        let bounds = times.attributes["bounds"].as_str().and_then(|bounds| arrays.remove(bounds));
        let bounds = bounds.filter(|bounds| bounds.steps() == times.rows && bounds.rows == 2);
        let cycles = arrays.get(CYCLE).filter(|array| array.leading.is_none() && array.rows == times.rows).cloned();
        // What lies along time alone has no value of a cell.
        arrays.retain(|_, array| array.leading.is_some() || array.dimension.as_ref() != Some(&name));
        let cycles = cycles.filter(|_| !arrays.contains_key(CYCLE));
        Some(Self { times, bounds, cycles })
    }

    /// The windows, from the values of the arrays.
    pub(crate) fn windows(
        &self,
        times: &Column,
        bounds: Option<&Column>,
        cycles: Option<&Column>,
    ) -> Result<Vec<Window>, Error> {
        let bad = |why: String| Error::corrupt(&self.times.path, why);
        let unit = Unit::of(&self.times.attributes).map_err(bad)?;
        let whole = |value: f64| unit.seconds(value).ok_or_else(|| bad(format!("{value} is no time")));
        let window = |row: usize| {
            let edges = bounds.map(|bounds| (bounds.number(2 * row), bounds.number(2 * row + 1)));
            let edges = edges.filter(|(start, end)| end > start);
            #[expect(clippy::cast_possible_truncation, reason = "numbers of cycles")]
            let cycle = cycles.map(|cycles| cycles.number(row) as i64);
            Ok(match edges {
                Some((start, end)) => Window { start: whole(start)?, end: Some(whole(end)?), cycle },
                None => Window { start: whole(times.number(row))?, end: None, cycle },
            })
        };
        let windows: Vec<Window> = (0..times.len()).map(window).collect::<Result<_, Error>>()?;
        if windows.is_sorted_by(|before, after| before.start < after.start) {
            return Ok(windows);
        }
        Err(bad("the times of the windows must ascend, each once".into()))
    }

    /// Refuses an axis that is longer than any.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let rows = self.times.rows;
        let why = || Error::unsupported(&self.times.path, format!("a time axis of {rows} windows"));
        if rows <= MAX_WINDOWS { Ok(()) } else { Err(why()) }
    }
}

/// What a number of a time coordinate means.
struct Unit {
    /// Seconds of one.
    seconds: f64,
    /// The moment of 0, in seconds since 1970-01-01.
    origin: f64,
}

impl Unit {
    /// From the attributes `units` (`days since 2018-01-01 00:00:00`) and `calendar`.
    fn of(attributes: &Value) -> Result<Self, String> {
        let units = attributes["units"].as_str().unwrap_or_default();
        let unknown = || format!("units `{units}` are not understood: write as `days since 2018-01-01T00:00:00Z`");
        match attributes["calendar"].as_str().unwrap_or("standard").to_ascii_lowercase().as_str() {
            "standard" | "gregorian" | "proleptic_gregorian" => {}
            other => return Err(format!("the calendar `{other}` is not read: convert the times to `standard`")),
        }
        let (unit, origin) = units.split_once(" since ").ok_or_else(unknown)?;
        let seconds = match unit.trim().to_ascii_lowercase().trim_end_matches('s') {
            "day" | "d" => 86_400.0,
            "hour" | "hr" | "h" => 3600.0,
            "minute" | "min" => 60.0,
            "second" | "sec" | "" => 1.0,
            "millisecond" | "msec" | "m" => 1e-3,
            "microsecond" => 1e-6,
            "nanosecond" | "n" => 1e-9,
            _ => return Err(unknown()),
        };
        Ok(Self { seconds, origin: moment(origin).ok_or_else(unknown)? })
    }

    /// Whole seconds since 1970-01-01.
    #[expect(clippy::cast_possible_truncation, reason = "checked")]
    fn seconds(&self, value: f64) -> Option<i64> {
        let seconds = (self.origin + value * self.seconds).round();
        (seconds.abs() < 1e12).then_some(seconds as i64)
    }
}

/// `2018-01-01`, `2018-01-01 00:00:00`, `2018-01-01T06:30:00.000Z`: seconds since 1970-01-01.
fn moment(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches("UTC").trim().trim_end_matches('Z').trim_end_matches("+00:00");
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "0:0:0"));
    let date: Vec<i64> = date.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [year, month, day] = date.as_slice() else { return None };
    let day = Day::of(*year, *month, *day)?;
    let time: Vec<f64> = time.trim().split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let part =
        |at: usize, most: f64| Some(time.get(at).copied().unwrap_or(0.0)).filter(|part| (0.0..most).contains(part));
    (time.len() <= 3).then_some(day.seconds() + part(0, 24.0)? * 3600.0 + part(1, 60.0)? * 60.0 + part(2, 61.0)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn units_of_time() {
        for (units, value, seconds) in [
            ("days since 1970-01-01", 2.0, 172_800),
            ("days since 2018-01-01 00:00:00", 0.0, 1_514_764_800),
            ("hours since 2018-01-01T06:30:00Z", 0.5, 1_514_790_000),
            ("seconds since 1970-01-01T00:00:00.000+00:00", 7.0, 7),
            ("minutes since 1970-1-1 UTC", -1.0, -60),
            ("nanoseconds since 1970-01-01", 2e9, 2),
        ] {
            let unit = Unit::of(&json!({"units": units})).unwrap();
            assert_eq!(unit.seconds(value), Some(seconds), "{units}");
        }
        for (attributes, says) in [
            (json!({"units": "months since 2018-01-01"}), "units `months"),
            (json!({"units": "days since 2018-02-30"}), "units `days"),
            (json!({"units": "days since yesterday"}), "units"),
            (json!({"units": "days"}), "units"),
            (json!({"units": "days since 2018-01-01", "calendar": "noleap"}), "calendar `noleap`"),
        ] {
            let error = Unit::of(&attributes).map(|_| ()).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        assert_eq!(Unit::of(&json!({"units": "days since 1970-01-01"})).unwrap().seconds(f64::NAN), None);
    }
}
