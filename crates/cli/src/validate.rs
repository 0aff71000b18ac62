//! `icestream validate`: checks a store and lists everything that is wrong with it.
use crate::access::AccessArgs;
use crate::exit::{self, Failure};
use crate::{access, json, out::say};
use clap::Args as ClapArgs;
use pipeline::Job;
use storage::Location;
use stores::{Severity, Validation};

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

pub(crate) fn run(args: &ValidateArgs) -> Result<u8, Failure> {
    let clients = access::clients(&args.access);
    let granules = args.deep.then_some(args.granules.as_slice());
    let compute = async |job: &Job, granules: &[Location]| jobs::exhaustively(job, granules, &clients).await;
    let validation = stores::validate(&args.store, granules, compute, &clients);
    let report = access::block_on(async { Ok::<_, Failure>(validation.await?) })?;
    if args.json {
        json::print(&report)?;
    } else {
        show(&report);
    }
    Ok(if report.valid { exit::DONE } else { exit::FAILED })
}

fn show(report: &Validation) {
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
