//! Which windows a job has, as people ask for them.
use super::axis::{Period, TimeAxis, TimeWindow};
use super::day::Day;
use super::occasion::start;
use crate::{GranuleName, Product};

/// Which windows are wanted.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TimeChoice {
    /// Windows of the calendar, or of the satellite.
    pub by: Option<Period>,
    /// Windows one by one.
    pub windows: Vec<TimeWindow>,
    /// The first day; windows that begin before it and end after it are whole.
    pub from_date: Option<Day>,
    /// The day after the last.
    pub to_date: Option<Day>,
}

/// What is wrong with a choice of windows.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{key}: {why}")]
pub struct TimeError {
    /// What was asked: `by`, `windows`, `from_date`, `to_date`.
    pub key: &'static str,
    /// What is wrong, and what to write.
    pub why: String,
}

fn wrong<T>(key: &'static str, why: impl Into<String>) -> Result<T, TimeError> {
    Err(TimeError { key, why: why.into() })
}

impl TimeChoice {
    /// Whether anything is asked.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The axis; `None` where nothing is asked. Dates that are not given are those in the names of the granules.
    ///
    /// # Errors
    /// [`TimeError`].
    pub fn axis<'a>(
        &self,
        product: &Product,
        granules: impl IntoIterator<Item = &'a str>,
    ) -> Result<Option<TimeAxis>, TimeError> {
        if self.is_none() {
            return Ok(None);
        }
        if !self.windows.is_empty() {
            if self.from_date.is_some() || self.to_date.is_some() {
                return wrong("windows", "name all windows: leave out from_date and to_date");
            }
            let cycles = self.windows.iter().any(|window| window.cycle.is_some()).then_some(Period::Cycle);
            let by = self.by.or(cycles);
            if let Some((by, odd)) = by.and_then(|by| Some((by, self.windows.iter().find(|window| !by.has(window))?))) {
                return wrong("windows", format!("{odd} is no {by}: leave out by, or write whole ones"));
            }
            check_cycles(product, by)?;
            let axis = TimeAxis::new(by, self.windows.clone());
            return axis.map(Some).map_err(|why| TimeError { key: "windows", why });
        }
        check_cycles(product, self.by)?;
        let names: Vec<GranuleName> = granules.into_iter().filter_map(|granule| product.named(granule)).collect();
        let axis = match self.by {
            Some(Period::Cycle) if self.from_date.is_none() && self.to_date.is_none() => cycles(&names)?,
            by => {
                let (from, to) = self.dates(&names)?;
                match by {
                    Some(by) => TimeAxis::between(by, from, to),
                    None if from < to => TimeAxis::new(None, vec![TimeWindow { start: from, end: to, cycle: None }]),
                    None => return wrong("to_date", format!("{to} is not after {from}: it is the day after the last")),
                }
            }
        };
        axis.map(Some).map_err(|why| TimeError { key: if self.by.is_some() { "by" } else { "to_date" }, why })
    }

    /// The first day and the day after the last.
    fn dates(&self, names: &[GranuleName]) -> Result<(Day, Day), TimeError> {
        let nominal =
            |field: &'static str| names.iter().filter_map(move |name| cycle(name, field)).map(TimeWindow::of_cycle);
        let starts = || names.iter().filter_map(start).map(Day::of_seconds);
        let firsts = || nominal("first_cycle").map(|window| window.start);
        let lasts = nominal("last_cycle").map(|window| Day::at(window.end.number() - 1));
        let missing = |key: &'static str| TimeError {
            key,
            why: "no name of a granule tells its time: give from_date and to_date, like 2019-04-01".into(),
        };
        let from = self.from_date.or_else(|| starts().chain(firsts()).min()).ok_or_else(|| missing("from_date"))?;
        let last = starts().chain(lasts).max().map(|last| Day::at(last.number() + 1));
        let to = self.to_date.or(last).ok_or_else(|| missing("to_date"))?;
        Ok((from, to))
    }
}

fn check_cycles(product: &Product, by: Option<Period>) -> Result<(), TimeError> {
    if by == Some(Period::Cycle) && !product.has_cycles() {
        return wrong("by", format!("{} has no repeat cycles: write month, quarter, season or year", product.name));
    }
    Ok(())
}

fn cycle(name: &GranuleName, field: &str) -> Option<u32> {
    u32::try_from(name.number(field)?).ok()
}

/// From the first cycle of the granules to the last.
fn cycles(names: &[GranuleName]) -> Result<Result<TimeAxis, String>, TimeError> {
    let first = names.iter().filter_map(|name| cycle(name, "cycle").or(cycle(name, "first_cycle"))).min();
    let last = names.iter().filter_map(|name| cycle(name, "cycle").or(cycle(name, "last_cycle"))).max();
    let Some((first, last)) = first.zip(last) else {
        return wrong("by", "no name of a granule tells its cycle: give from_date and to_date, like 2019-04-01");
    };
    Ok(TimeAxis::new(Some(Period::Cycle), (first..=last).map(TimeWindow::of_cycle).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::tests::atl06;

    const NAMES: [&str; 2] =
        ["ATL06_20190416093911_02770303_002_01.h5", "s3://bucket/ATL06_20240123041319_03392212_990_01.h5"];

    fn choice(by: &str, from: &str, to: &str) -> TimeChoice {
        let day = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        let by = (!by.is_empty()).then(|| by.parse().unwrap());
        TimeChoice { by, windows: Vec::new(), from_date: day(from), to_date: day(to) }
    }

    #[test]
    fn names_tell_what_dates_do_not() {
        let axis =
            |choice: TimeChoice| choice.axis(&atl06(), NAMES).map(|axis| axis.map(|axis| axis.windows().to_vec()));
        assert_eq!(axis(TimeChoice::default()).unwrap(), None);
        let windows = axis(choice("cycle", "", "")).unwrap().unwrap();
        assert_eq!((windows.len(), windows[0].cycle, windows[19].cycle), (20, Some(3), Some(22)));
        let windows = axis(choice("year", "", "2021-01-01")).unwrap().unwrap();
        assert_eq!(windows.iter().map(TimeWindow::name).collect::<Vec<_>>(), ["2019-01-01", "2020-01-01"]);
        let windows = axis(choice("", "2019-01-01", "")).unwrap().unwrap();
        assert_eq!(windows[0].to_string(), "2019-01-01/2024-01-24");
        let windows = axis(choice("cycle", "2023-12-19", "2023-12-20")).unwrap().unwrap();
        assert_eq!(windows, [TimeWindow::of_cycle(22)]);
    }

    #[test]
    fn what_cannot_be_is_said_with_its_key() {
        let error =
            |choice: &TimeChoice, names: &[&str]| choice.axis(&atl06(), names.iter().copied()).unwrap_err().to_string();
        assert!(error(&choice("month", "", ""), &["a.h5"]).starts_with("from_date: no name"));
        assert!(error(&choice("cycle", "", ""), &["a.h5"]).starts_with("by: no name"));
        assert!(error(&choice("", "2020-01-01", "2020-01-01"), &NAMES).starts_with("to_date: "));
        assert!(error(&choice("year", "2020-01-01", "2020-01-01"), &NAMES).starts_with("by: there is no time"));
        let windows = vec![TimeWindow::of_cycle(3), TimeWindow::of_cycle(3)];
        assert!(
            error(&TimeChoice { windows: windows.clone(), ..TimeChoice::default() }, &NAMES).starts_with("windows: ")
        );
        assert!(error(&TimeChoice { windows, ..choice("year", "", "") }, &NAMES).contains("3 is no year"));
        let windows = vec!["2019-01-01/2020-01-01".parse().unwrap()];
        let year = TimeChoice { windows, ..choice("year", "", "") };
        assert_eq!(year.axis(&atl06(), NAMES).unwrap().unwrap().by(), Some(Period::Year));
        assert!(error(&TimeChoice { by: Some(Period::Month), ..year.clone() }, &NAMES).contains("is no month"));
        assert!(error(&TimeChoice { from_date: "2019-01-01".parse().ok(), ..year }, &NAMES).contains("leave out"));
        let mut product = atl06();
        product.names.clear();
        assert!(choice("cycle", "", "").axis(&product, NAMES).unwrap_err().why.contains("no repeat cycles"));
    }
}
