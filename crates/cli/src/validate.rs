//! `icestream validate`: is this store what it should be, and if not, what is wrong, all of it at once.
//!
//! The store says what it was made from. From that the engine makes every metadata document again, and compares; decodes
//! every chunk; and looks for values that contradict each other or the provenance. `--deep` computes all again.
mod deep;
mod finding;
mod metadata;
mod objects;
mod provenance;
mod recipe;
mod values;

use crate::args::AccessArgs;
use crate::exit::{self, Failure};
use crate::{access, json, out::say};
use clap::Args as ClapArgs;
use finding::{Finding, Findings, Severity};
use objects::Checker;
use serde::Serialize;
use storage::Clients;

/// Findings of one kind that are shown in full; `--json` has them all.
const SHOWN: usize = 5;

#[derive(ClapArgs, Debug)]
pub(crate) struct ValidateArgs {
    /// A store of either layout.
    #[arg(value_name = "STORE", allow_hyphen_values = true)]
    store: String,
    /// Read the granules again that the store names, and compare every byte.
    #[arg(long, requires = "granules")]
    deep: bool,
    /// Where these granules are, for --deep: files, folders, globs or URLs.
    #[arg(long, value_name = "GRANULE")]
    granules: Vec<String>,
    /// Print JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

/// What was looked at and what was found.
#[derive(Serialize)]
struct Report {
    zarr_path: String,
    valid: bool,
    layout: Option<&'static str>,
    orders: Vec<u8>,
    cells: usize,
    objects: usize,
    /// Cells that were computed again.
    recomputed: usize,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
}

pub(crate) fn run(args: &ValidateArgs) -> Result<u8, Failure> {
    let report = access::block_on(validate(args, &access::clients(&args.access)))?;
    if args.json {
        json::print(&report)?;
    } else {
        show(&report);
    }
    Ok(if report.valid { exit::DONE } else { exit::FAILED })
}

async fn validate(args: &ValidateArgs, clients: &Clients) -> Result<Report, Failure> {
    let mut checker = Checker::open(&args.store, clients).await?;
    if checker.recipe.is_some() {
        checker.metadata().await?;
        checker.cells().await?;
        checker.overviews().await?;
        checker.leftovers();
    }
    let recomputed = if args.deep { deep::check(&mut checker, &args.granules, clients).await? } else { 0 };
    let Findings(mut findings) = std::mem::take(&mut checker.findings);
    findings.sort();
    findings.dedup();
    let findings = Findings(findings);
    let recipe = checker.recipe.as_ref();
    let orders = recipe.iter().flat_map(|recipe| recipe.orders.iter().chain(&recipe.above));
    Ok(Report {
        zarr_path: args.store.clone(),
        valid: findings.errors() == 0,
        layout: recipe.map(|recipe| if recipe.parent.is_some() { "cell" } else { "sphere" }),
        orders: orders.map(|order| order.get()).collect(),
        cells: checker.parents.len(),
        objects: checker.keys.len(),
        recomputed,
        errors: findings.errors(),
        warnings: findings.warnings(),
        findings: findings.0,
    })
}

fn show(report: &Report) {
    let mut last = ("", 0);
    for finding in &report.findings {
        last = if last.0 == finding.code { (last.0, last.1 + 1) } else { (finding.code, 1) };
        if last.1 == SHOWN + 1 {
            let all = report.findings.iter().filter(|other| other.code == finding.code).count();
            say!("         {}: {} more (--json lists them)", finding.code, all - SHOWN);
        }
        if last.1 <= SHOWN {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            say!("{severity:<8} {}: {}: {}", finding.code, finding.key, finding.what);
        }
    }
    let orders: Vec<String> = report.orders.iter().map(ToString::to_string).collect();
    let partial = report.findings.iter().any(|finding| finding.code == "partial");
    let partial = if partial { "; PARTIAL: granules are missing" } else { "" };
    let again = if report.recomputed > 0 { format!(", {} computed again", report.recomputed) } else { String::new() };
    say!(
        "{}: {}: layout {}, orders {}, {} cells{again}, {} objects; {} errors, {} warnings{partial}",
        report.zarr_path,
        if report.valid { "valid" } else { "NOT valid" },
        report.layout.unwrap_or("unknown"),
        orders.join(" "),
        report.cells,
        report.objects,
        report.errors,
        report.warnings
    );
}
