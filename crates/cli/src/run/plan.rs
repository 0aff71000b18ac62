//! From flags and catalog to the cells that are to be run.
use super::ended::CellReport;
use super::estimate::Estimate;
use super::journal::{self, Past};
use super::{On, RunArgs};
use crate::exit::{self, Failure};
use crate::{catalog, target};
use ::catalog::Catalog;
use footprint::{Area, select};
use morton::{Cell, Latitude, Order};
use pipeline::{JobSpec, Layout};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use storage::Location;

/// Characters of a key: 64 bits tell the runs of one report apart.
const KEY: usize = 16;

/// What is to be done, all of it decided.
pub(super) struct RunPlan {
    pub(super) shape: RunShape,
    /// Cells to run, those with most granules first: the last ones to end should be short.
    pub(super) work: Vec<CellWork>,
    /// Cells that were chosen and have ended well before.
    pub(super) finished: Vec<CellReport>,
    /// What these would be as work.
    pub(super) done: Vec<CellWork>,
    pub(super) report: PathBuf,
}

/// What every cell of the run shares.
#[derive(Clone)]
pub(super) struct RunShape {
    /// What to compute; each cell is one of the work.
    pub(super) spec: JobSpec,
    /// Share of the cells, 0 to 1, that are computed both ways; it changes no result.
    pub(super) audit: f64,
    /// Folder or prefix of indexes; it changes what a cell costs, not what comes out.
    pub(super) index: Option<String>,
    /// Without a slash at its end.
    pub(super) out: String,
}

/// One cell.
#[derive(Clone, Debug)]
pub(super) struct CellWork {
    pub(super) cell: Cell,
    /// Its decimal id, which names it.
    pub(super) name: i64,
    pub(super) granules: Vec<String>,
    /// Tells whether an earlier end is of the same granules and options.
    pub(super) key: String,
    /// The report knows it: what is there is ours.
    pub(super) known: bool,
    /// It is asked for although it ended well.
    pub(super) again: bool,
}

impl RunPlan {
    pub(super) fn new(args: &RunArgs) -> Result<Self, Failure> {
        let catalog = catalog::read(&args.catalog)?;
        let shape = RunShape::new(args, &catalog)?;
        let report = args.report.clone().unwrap_or_else(|| default_report(&shape.out));
        let past = journal::read(&report)?.unwrap_or_default();
        let mut plan = Self { shape, work: Vec::new(), finished: Vec::new(), done: Vec::new(), report };
        for mut work in choose(args, &catalog, &plan.shape)? {
            work.known = past.begun.contains(&work.name) || past.ended.contains_key(&work.name);
            work.again |= args.fresh;
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
        self.work.sort_by_key(|work| (std::cmp::Reverse(work.granules.len()), work.cell));
    }

    pub(super) fn estimate(&self, args: &RunArgs) -> Estimate {
        let remote = args.how.on == On::Lambda;
        let usual = if remote { super::lambda::USUAL_CONCURRENCY } else { 1 };
        let at_once = args.how.concurrency.map_or(usual, usize::from);
        let function = remote.then_some((args.how.memory_size, args.how.architecture));
        Estimate::new(&self.work, function, at_once, self.shape.out.starts_with("s3://"))
    }

    pub(super) const fn cells(&self) -> usize {
        self.work.len() + self.finished.len()
    }

    pub(super) fn layout_name(&self) -> String {
        self.shape.spec.layout.to_string()
    }
}

impl RunShape {
    fn new(args: &RunArgs, catalog: &Catalog) -> Result<Self, Failure> {
        let told = catalog.latitude().map_err(|error| Failure::new(exit::BAD_INPUT, error))?;
        let latitude = match (args.latitude, told) {
            (Some(asked), Some(told)) if asked != told => {
                let message = format!("the catalog is of {told} latitude, and --latitude says {asked}");
                return Err(Failure::usage(message).hint("make a catalog of that latitude, or leave the flag out"));
            }
            (asked, told) => asked.or(told).unwrap_or_default(),
        };
        let mut overviews = args.overviews.iter().map(|&order| target::order(order)).collect::<Result<Vec<_>, _>>()?;
        overviews.sort_unstable();
        overviews.dedup();
        let out = args.out.trim_end_matches('/').to_owned();
        let place = Location::parse(&out)?;
        if place.is_http() || place.is_s3() && !out.trim_start_matches("s3://").contains('/') {
            return Err(Failure::usage(format!(
                "--out {}: write a folder, or s3://bucket/prefix",
                storage::redacted(&out)
            )));
        }
        if args.how.on == On::Lambda && !place.is_s3() {
            return Err(Failure::usage(format!("--out {out}: a function writes to s3://bucket/prefix")));
        }
        let mut spec = JobSpec {
            overviews,
            latitude,
            layout: args.layout,
            allow_partial: args.allow_partial,
            ..JobSpec::new(Vec::new(), target::order(args.child_order)?)
        };
        spec.product.add_statistics(&args.also);
        let told = catalog.metadata.get("index").and_then(Value::as_str).map(str::to_owned);
        let index = args.index.clone().or(told);
        Ok(Self { spec, audit: args.audit.unwrap_or(0.0), index, out })
    }

    /// Whether a cell is among those that are computed both ways: by its name, the same in every run.
    pub(super) fn audits(&self, name: i64) -> bool {
        let digest = Sha256::digest(name.to_string().as_bytes());
        let drawn = digest.iter().take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        f64::from(drawn) < self.audit * 4_294_967_296.0
    }

    /// Where the store of a cell is.
    pub(super) fn store(&self, name: i64) -> String {
        match self.spec.layout {
            Layout::Cell => format!("{}/{name}.zarr", self.out),
            Layout::Sphere => self.out.clone(),
        }
    }

    /// The orders of a store, coarsest first.
    pub(super) fn orders(&self) -> Vec<Order> {
        let mut orders = self.spec.overviews.clone();
        orders.push(self.spec.child_order);
        orders.sort_unstable();
        orders.dedup();
        orders
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
    let told = std::fs::metadata(path).ok();
    let modified = told.as_ref().and_then(|told| told.modified().ok()?.duration_since(UNIX_EPOCH).ok());
    json!([link, told.map(|told| told.len()), modified.map(|moment| moment.as_nanos().to_string())])
}

fn choose(args: &RunArgs, catalog: &Catalog, shape: &RunShape) -> Result<Vec<CellWork>, Failure> {
    let order = catalog.cells.keys().next().map(|cell| cell.order());
    let wanted = match (&args.which.cells, order) {
        (Some(list), Some(order)) => select(&[listed(list)?], order, shape.spec.latitude)?,
        _ => None,
    };
    let named = |report: &Option<PathBuf>, which: fn(&CellReport) -> bool| -> Result<Option<BTreeSet<i64>>, Failure> {
        report.as_deref().map(|report| named_by(report, which)).transpose()
    };
    let failed = named(&args.which.failed_of, |ended| !ended.is_good())?;
    let partial = named(&args.which.partial_of, |ended| ended.partial)?;
    let all = failed.is_none() && partial.is_none();
    let is_in = |list: &Option<BTreeSet<i64>>, name: i64| list.as_ref().is_some_and(|list| list.contains(&name));
    let mut chosen = Vec::new();
    for (cell, granules) in &catalog.cells {
        if wanted.as_ref().is_some_and(|wanted| !wanted.contains(&cell.nested())) {
            continue;
        }
        // Reports at the first cell what is wrong with the orders of all.
        shape.spec.job(*cell).map_err(Failure::usage)?;
        let name = cell.decimal().map_err(Failure::usage)?;
        let again = is_in(&partial, name);
        if all || again || is_in(&failed, name) {
            let key = shape.key(*cell, granules);
            chosen.push(CellWork { cell: *cell, name, granules: granules.clone(), key, known: false, again });
        }
    }
    chosen.truncate(args.which.max_cells.unwrap_or(usize::MAX));
    Ok(chosen)
}

fn listed(list: &str) -> Result<Area, Failure> {
    let path = Path::new(list);
    if !path.is_file() {
        return Ok(Area::parse_cells(list)?);
    }
    let text = crate::files::text(path);
    let text = text.map_err(|error| Failure::new(exit::BAD_INPUT, format!("{}: {error}", path.display())))?;
    Ok(Area::parse_cells(&text)?)
}

/// The cells of a report whose ends are as asked.
fn named_by(report: &Path, which: fn(&CellReport) -> bool) -> Result<BTreeSet<i64>, Failure> {
    let Some(Past { ended, .. }) = journal::read(report)? else {
        return Err(Failure::new(exit::BAD_INPUT, format!("{}: there is no such report", report.display())));
    };
    Ok(ended.values().filter(|ended| which(ended)).map(|ended| ended.cell).collect())
}

/// Beside a folder; where the command runs for a bucket.
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

    #[test]
    fn a_signature_changes_no_key_and_everything_else_does() {
        let order = |order| Order::new(order).unwrap();
        let spec = JobSpec { overviews: vec![order(9)], ..JobSpec::new(Vec::new(), order(12)) };
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
