//! From options and catalog to the cells that are to be run.
use super::error::RunError;
use super::estimate::Estimate;
use super::journal::{self, Past};
use super::options::{CellSelection, RunOptions, RunShape, USUAL_CONCURRENCY};
use super::report::CellReport;
use super::work::CellWork;
use footprint::select;
use morton::Cell;
use pipeline::{JobSpec, Layout};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use storage::Location;

/// Characters of a key: 64 bits distinguish the runs of one report.
const KEY: usize = 16;

/// What is to be done, all of it decided.
pub struct RunPlan {
    pub(super) options: RunOptions,
    /// Cells to run, those with most granules first: the last ones to end should be short.
    pub work: Vec<CellWork>,
    /// Cells that were chosen and have ended well before.
    pub finished: Vec<CellReport>,
    /// What these would be as work.
    pub(super) done: Vec<CellWork>,
    /// The report.
    pub report: PathBuf,
}

impl RunPlan {
    /// Plans a run of the cells of a catalog, each with links to its granules.
    ///
    /// # Errors
    /// Options that make no sense together or with the catalog, and reports that cannot be read.
    pub fn new(mut options: RunOptions, catalog: &BTreeMap<Cell, Vec<String>>) -> Result<Self, RunError> {
        let out = options.shape.out.trim_end_matches('/').to_owned();
        check_output(&out, options.lambda().is_some())?;
        options.shape.out = out;
        let report = options.report.clone().unwrap_or_else(|| default_report(&options.shape.out));
        let past = journal::read(&report)?.unwrap_or_default();
        let chosen = choose(&options.cells, catalog, &options.shape)?;
        let mut plan = Self { options, work: Vec::new(), finished: Vec::new(), done: Vec::new(), report };
        for mut work in chosen {
            work.known = past.begun.contains(&work.name) || past.ended.contains_key(&work.name);
            work.again |= plan.options.fresh;
            let before = past.ended.get(&work.name).filter(|ended| ended.key == work.key && ended.is_good());
            match before.filter(|_| !work.again) {
                Some(ended) => {
                    plan.finished.push(ended.clone());
                    plan.done.push(work);
                }
                None => plan.work.push(work),
            }
        }
        plan.sort();
        Ok(plan)
    }

    pub(super) fn sort(&mut self) {
        if self.options.cells_per_call(self.work.len()) > 1 {
            self.work.sort_by_key(|work| work.cell);
        } else {
            self.work.sort_by_key(|work| (std::cmp::Reverse(work.granules.len()), work.cell));
        }
    }

    /// The cells of each call, calls with most granules first. Cells of a call are neighbours, as they cross the same granules.
    pub(super) fn calls(&self) -> Vec<&[CellWork]> {
        let mut calls: Vec<&[CellWork]> = Vec::new();
        let mut rest = self.work.as_slice();
        let most = self.options.cells_per_call(rest.len());
        while !rest.is_empty() {
            let (call, others) = rest.split_at(call_of(rest, most));
            calls.push(call);
            rest = others;
        }
        calls.sort_by_key(|call| std::cmp::Reverse(call.iter().map(|work| work.granules.len()).sum::<usize>()));
        calls
    }

    /// What running the cells of [`RunPlan::work`] would take.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        let (options, lambda) = (&self.options, self.options.lambda());
        let at_once = options.concurrency.unwrap_or(if lambda.is_some() { USUAL_CONCURRENCY } else { 1 });
        let function = lambda.map(|lambda| (lambda.memory_mb, options.architecture));
        Estimate::new(&self.work, function, at_once, self.shape().out.starts_with("s3://"))
    }

    /// What every cell shares; the output is without a slash at its end.
    #[must_use]
    pub const fn shape(&self) -> &RunShape {
        &self.options.shape
    }

    /// How the output is laid out.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.shape().spec.layout
    }

    /// Cells that were chosen, finished ones included.
    #[must_use]
    pub const fn cells(&self) -> usize {
        self.work.len() + self.finished.len()
    }
}

/// How many of the first cells, which ascend, go into one call of at most `most`: all of an ancestor, if it can be, and of those
/// that follow.
fn call_of(works: &[CellWork], most: usize) -> usize {
    let mut size = 0;
    while let Some((first, rest)) = works.get(size..).and_then(<[_]>::split_first) {
        let alike = |work: &&CellWork| work.only == first.only;
        let of_ancestor = |order: u8| {
            let ancestor = |work: &CellWork| work.cell.nested() >> (2 * (work.cell.order().get() - order));
            1 + rest.iter().take_while(alike).take_while(|work| ancestor(work) == ancestor(first)).count()
        };
        let room = most.saturating_sub(size);
        let next = (0..=first.cell.order().get()).map(of_ancestor).find(|next| *next <= room);
        match next {
            Some(next) if works.first().is_some_and(|whole| alike(&whole)) => size += next,
            _ => break,
        }
    }
    size.max(1)
}

/// Whether cells may be written there, by a function or by this process.
fn check_output(out: &str, by_function: bool) -> Result<(), RunError> {
    let place = Location::parse(out)?;
    if place.is_http() || place.is_whole_bucket() {
        return Err(RunError::Output(storage::redacted(out)));
    }
    if by_function && !place.is_s3() {
        return Err(RunError::OutputOfFunction(out.to_owned()));
    }
    Ok(())
}

impl RunShape {
    /// What is asked for of a cell.
    pub(super) fn spec_of(&self, work: &CellWork) -> JobSpec {
        JobSpec { cells: vec![work.cell], only: work.only.clone(), ..self.spec.clone() }
    }

    /// Identifies what is asked for of a cell: the canonical bytes of its spec, the place and the granules.
    fn key(&self, cell: Cell, granules: &[String]) -> String {
        let inputs: Vec<Value> = granules.iter().map(|link| identity(link)).collect();
        let spec = JobSpec { cells: vec![cell], ..self.spec.clone() };
        let mut hasher = Sha256::new_with_prefix(spec.canonical());
        hasher.update(json!([env!("CARGO_PKG_VERSION"), self.out, inputs]).to_string());
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>().chars().take(KEY).collect()
    }
}

/// What a granule is known by: a link without what signs it; a file with its size and date.
fn identity(link: &str) -> Value {
    let Ok(location) = Location::parse(link) else { return link.into() };
    let Some(path) = location.as_path() else { return location.unsigned().into() };
    let file = std::fs::metadata(path).ok();
    let modified = file.as_ref().and_then(|file| file.modified().ok()?.duration_since(UNIX_EPOCH).ok());
    json!([link, file.map(|file| file.len()), modified.map(|moment| moment.as_nanos().to_string())])
}

fn choose(
    which: &CellSelection,
    catalog: &BTreeMap<Cell, Vec<String>>,
    shape: &RunShape,
) -> Result<Vec<CellWork>, RunError> {
    let order = catalog.keys().next().map(|cell| cell.order());
    let wanted = match (&which.area, order) {
        (Some(area), Some(order)) => select(std::slice::from_ref(area), order, shape.spec.latitude)?,
        _ => None,
    };
    let named = |report: &Option<PathBuf>, which: fn(&CellReport) -> bool| -> Result<Option<BTreeSet<i64>>, RunError> {
        report.as_deref().map(|report| named_by(report, which)).transpose()
    };
    let failed = named(&which.failed_of, |ended| !ended.is_good())?;
    let partial = named(&which.partial_of, |ended| ended.partial)?;
    let all = failed.is_none() && partial.is_none();
    let is_in = |list: &Option<BTreeSet<i64>>, name: i64| list.as_ref().is_some_and(|list| list.contains(&name));
    let mut chosen = Vec::new();
    for (cell, granules) in catalog {
        if wanted.as_ref().is_some_and(|wanted| !wanted.contains(&cell.nested())) {
            continue;
        }
        // Reports at the first cell what is wrong with the orders of all.
        shape.spec.job(*cell).map_err(RunError::usage)?;
        let name = cell.decimal().map_err(RunError::usage)?;
        let again = is_in(&partial, name);
        if all || again || is_in(&failed, name) {
            let key = shape.key(*cell, granules);
            chosen.push(CellWork {
                cell: *cell,
                name,
                granules: granules.clone(),
                only: Vec::new(),
                key,
                known: false,
                again,
            });
        }
    }
    chosen.truncate(which.max_cells.unwrap_or(usize::MAX));
    Ok(chosen)
}

/// The cells of a report whose ends are as asked.
fn named_by(report: &Path, which: fn(&CellReport) -> bool) -> Result<BTreeSet<i64>, RunError> {
    let Some(Past { ended, .. }) = journal::read(report)? else {
        return Err(RunError::NoReport(report.to_owned()));
    };
    Ok(ended.values().filter(|ended| which(ended)).map(|ended| ended.cell).collect())
}

/// Beside a folder; in the working folder for a bucket.
fn default_report(out: &str) -> PathBuf {
    let text = match out.split_once("://") {
        Some(_) => out.rsplit('/').next().unwrap_or("icestream"),
        None => out,
    };
    PathBuf::from(format!("{text}.run.jsonl"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use morton::{Latitude, Order};

    #[test]
    fn a_signature_changes_no_key_and_everything_else_does() {
        let order = |order| Order::new(order).unwrap();
        let spec =
            JobSpec { overviews: vec![order(9)], ..JobSpec::new(crate::usual().unwrap(), Vec::new(), order(12)) };
        let shape = RunShape { spec: spec.clone(), index: None, audit: 0.0, out: "s3://b/p".to_owned() };
        let cell = Cell::from_decimal(-6_134_114).unwrap();
        let key = |shape: &RunShape, link: &str| shape.key(cell, &[link.to_owned()]);
        let first = key(&shape, "https://h/a.h5?X-Amz-Signature=1");
        assert_eq!(first, key(&shape, "https://h/a.h5?X-Amz-Signature=2"));
        assert_ne!(first, key(&shape, "https://h/b.h5?X-Amz-Signature=1"));
        let get = |query: &str| key(&shape, &format!("https://h/get?{query}"));
        assert_ne!(get("file=a.h5"), get("file=b.h5"));
        assert_eq!(get("file=a.h5&Expires=1&Signature=x"), get("file=a.h5&Expires=2&Signature=y"));
        assert_ne!(
            first,
            key(
                &RunShape { spec: JobSpec { latitude: Latitude::Authalic, ..spec }, ..shape.clone() },
                "https://h/a.h5?x"
            )
        );
        assert_ne!(first, key(&RunShape { out: "s3://b/q".to_owned(), ..shape }, "https://h/a.h5?x"));
        assert_eq!(default_report("s3://b/p/atl06"), Path::new("atl06.run.jsonl"));
        assert_eq!(default_report("a/stores"), Path::new("a/stores.run.jsonl"));
    }
}
