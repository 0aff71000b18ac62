//! The report of `icestream catalog`, as text and as JSON.
use super::{Catalog, CatalogArgs, Gathered, Path};
use crate::exit::Failure;
use crate::json::print;
use crate::out::{note, say};
use ::catalog::LeftOut;

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
        let text = catalog.summary();
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
    for LeftOut { what, names } in report.left_out() {
        note!("{} {what}:", names.len());
        names.iter().take(MAX_NAMES).for_each(|name| note!("  {name}"));
        let more = names.len().saturating_sub(MAX_NAMES);
        if more > 0 {
            note!("  and {more} more (--json lists all)");
        }
    }
    if report.other_names > 0 {
        note!("{} granules are of another cycle, region or date by their names", report.other_names);
    }
    if report.elsewhere > 0 {
        note!("{} granules touch none of the cells", report.elsewhere);
    }
}
