//! The report of `icestream catalog`, as text and as JSON.
use super::{Catalog, CatalogArgs, Gathered, Path};
use crate::exit::Failure;
use crate::json::print;
use crate::out::{note, say};
use byte_ranges::thousands;

/// Names of each kind that the text shows; JSON has all.
const MAX_NAMES: usize = 5;

pub(super) fn show(
    args: &CatalogArgs,
    out: Option<&Path>,
    catalog: &Catalog,
    report: &Gathered,
) -> Result<(), Failure> {
    if args.json {
        return print(&report.answer(out, catalog));
    }
    if !args.quiet {
        remarks(report);
        mixed_cycles(args, catalog);
        if let Some(out) = out.filter(|out| *out != Path::new("-")) {
            note!("wrote {}", out.display());
        }
    }
    if args.summary {
        let summary = catalog.summary();
        let count = |number: usize| thousands(number as u64);
        let text = format!(
            "{} cells, {} granules, {} pairs\ngranules per cell: least {}, median {}, mean {:.1}, 90 % have at most {}, most {}{}",
            count(summary.cells),
            count(summary.granules),
            count(summary.pairs),
            summary.least,
            summary.median,
            summary.mean,
            summary.p90,
            summary.most,
            summary.busiest.map(|cell| format!(" ({cell})")).unwrap_or_default(),
        );
        if out == Some(Path::new("-")) { note!("{text}") } else { say!("{text}") }
    }
    Ok(())
}

/// Warns of several cycles where the arguments name none: they may be mixed by mistake.
fn mixed_cycles(args: &CatalogArgs, catalog: &Catalog) {
    let cycles = catalog.cycles();
    if cycles.len() > 1 && args.search.cycle.is_empty() {
        let list: Vec<String> = cycles.iter().map(ToString::to_string).collect();
        note!("the granules are of {} cycles ({}): --cycle chooses", cycles.len(), list.join(", "));
    }
}

/// Prints what was left out and why: nothing is left out silently.
fn remarks(report: &Gathered) {
    let list = |what: &str, names: Vec<String>| {
        if names.is_empty() {
            return;
        }
        let more = names.len().saturating_sub(MAX_NAMES);
        note!("{} {what}:", names.len());
        names.iter().take(MAX_NAMES).for_each(|name| note!("  {name}"));
        if more > 0 {
            note!("  and {more} more (--json lists all)");
        }
    };
    let older = report.older.iter().map(|(older, newer)| format!("{older}, for {newer}")).collect();
    list("older versions of granules are left out", older);
    list(
        "granules have no extent in their records and are left out (--from reads it from the granules)",
        report.remarks.unknown_extent.clone(),
    );
    let odd = report.odd.iter().map(|odd| format!("{}: {}", odd.name, odd.why)).collect();
    list("records make no sense and are left out", odd);
    list("granules have no link and are left out", report.remarks.without_link.clone());
    let failed = report.failed.iter().map(|(name, error)| format!("{name}: {error}")).collect();
    list("granules cannot be read and are left out", failed);
    let parts = report.parts.iter().map(|(part, whole)| format!("{part}, for {whole}")).collect();
    list("files are parts or copies of granules and are left out", parts);
    let foreign = report.foreign.iter().map(|(name, product)| match product {
        Some(product) => format!("{name}: {product}"),
        None => format!("{name}: an unknown product"),
    });
    list("files are of other products and are left out", foreign.collect());
    if report.other_names > 0 {
        note!("{} granules are of another cycle, region or date by their names", report.other_names);
    }
    if report.elsewhere > 0 {
        note!("{} granules touch none of the cells", report.elsewhere);
    }
}
