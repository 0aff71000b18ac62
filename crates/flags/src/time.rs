//! The flags that say which windows of time there are, and how height change is estimated.
use crate::exit::CommandError;
use clap::Args;
use jobs::Event;
use pipeline::{ChangeSpec, Day, JobSpec, Layout, Period, TimeAxis, TimeChoice, TimeWindow};
use storage::Clients;

/// Windows and change.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Time")]
pub struct TimeArgs {
    /// One value of every statistic for each cycle, month, quarter, season (December to February, ...) or year.
    #[arg(long, value_name = "cycle|month|quarter|season|year")]
    by: Option<Period>,
    /// Windows one by one, the day after the last at the end: 2019-04-01/2019-07-01,2020-04-01/2020-07-01
    #[arg(long, value_name = "WINDOWS", value_delimiter = ',')]
    windows: Vec<TimeWindow>,
    /// The first day, or one in the first window [default: of the first granule].
    #[arg(long, value_name = "DATE")]
    from_date: Option<Day>,
    /// The day after the last, which whole windows may go beyond [default: after the last granule].
    #[arg(long, value_name = "DATE")]
    to_date: Option<Day>,
    /// Estimate height change on a tilted plane a cell: dhdt and its error, slope, height at the epoch (docs/change.md).
    #[arg(long)]
    change: bool,
    /// The day that heights of change are referred to [default: 2020-01-01].
    #[arg(long, value_name = "DATE", requires = "change")]
    epoch: Option<Day>,
    /// Overpasses that change needs [default: 5].
    #[arg(long, value_name = "N", requires = "change")]
    min_overpasses: Option<u32>,
    /// Years between the first overpass and the last that change needs [default: 0.5].
    #[arg(long, value_name = "YEARS", requires = "change")]
    min_span: Option<f64>,
    /// Flag cells whose rows lie farther from the plane, as root mean square.
    #[arg(long, value_name = "METRES", requires = "change")]
    max_rmse: Option<f64>,
    /// Keep overpasses that lie apart from the others.
    #[arg(long, requires = "change")]
    no_edit: bool,
    /// Store the moments too, from which `icestream change` computes change again without the granules.
    #[arg(long, requires = "change")]
    moments: bool,
}

impl TimeArgs {
    /// The first day and the day after the last.
    #[must_use]
    pub const fn dates(&self) -> (Option<Day>, Option<Day>) {
        (self.from_date, self.to_date)
    }

    /// The windows of the flags, else of the event.
    pub fn choice(&self, event: Option<&Event>) -> TimeChoice {
        let Self { by, windows, from_date, to_date, .. } = self.clone();
        let own = TimeChoice { by, windows, from_date, to_date };
        if own.is_none() { event.map(|event| event.time.clone()).unwrap_or_default() } else { own }
    }

    /// The axis of the store of the sphere that is there, where the flags ask for the same windows and no dates.
    pub async fn standing(
        &self,
        choice: &TimeChoice,
        layout: Layout,
        out: &str,
        clients: &Clients,
    ) -> Option<TimeAxis> {
        let by = choice.by.filter(|_| layout == Layout::Sphere && choice.windows.is_empty())?;
        if choice.from_date.is_some() || choice.to_date.is_some() {
            return None;
        }
        let axis = stores::OwnStore::open(out, clients).await.ok()?.recipe.time?;
        (axis.by() == Some(by)).then_some(axis)
    }

    /// Puts windows and change into a spec that has its product. Dates that the flags leave out are those of `granules`.
    pub fn put<'a>(
        &self,
        spec: &mut JobSpec,
        choice: &TimeChoice,
        granules: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), CommandError> {
        let axis = choice.axis(&spec.product, granules);
        spec.time =
            axis.map_err(|error| CommandError::usage(format!("--{}: {}", error.key.replace('_', "-"), error.why)))?;
        if self.change {
            let usual = ChangeSpec::default();
            spec.change = Some(ChangeSpec {
                epoch: self.epoch.unwrap_or(usual.epoch),
                min_overpasses: self.min_overpasses.unwrap_or(usual.min_overpasses),
                min_span: self.min_span.unwrap_or(usual.min_span),
                max_rmse: self.max_rmse,
                edit: !self.no_edit,
                moments: self.moments,
            });
        }
        Ok(())
    }
}
