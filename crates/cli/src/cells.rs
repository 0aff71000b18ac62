//! `icestream cells`: ids in every notation.
use crate::args::CellsArgs;
use crate::exit::{CommandError, DONE};
use crate::out::say;
use crate::{json, target};
use footprint::CellDescription;

pub(crate) fn run(args: &CellsArgs) -> Result<u8, CommandError> {
    let cell = match (&args.cell, args.lat, args.lon) {
        (Some(text), ..) => footprint::parse_cell(text, args.order.unwrap_or(6), args.latitude)?,
        (None, Some(lat), Some(lon)) => footprint::cell_at(lon, lat, args.order.unwrap_or(6), args.latitude)?,
        _ => return Err(CommandError::usage("give --lat and --lon, or --cell")),
    };
    let asked = args.order.filter(|&order| order < cell.order().get());
    let cell = match asked {
        Some(order) => cell.parent(target::order(order)?).map_err(CommandError::usage)?,
        None => cell,
    };
    let child_order = args.order.filter(|&order| order > cell.order().get()).unwrap_or(cell.order().get().max(12));
    let description =
        CellDescription::new(cell, args.latitude, target::order(child_order)?).map_err(CommandError::usage)?;
    if args.json {
        json::print(&description)?;
    } else {
        print(&description);
    }
    Ok(DONE)
}

fn print(cell: &CellDescription) {
    let [west, south, east, north] = cell.bounds;
    say!("order     {}", cell.order);
    say!("morton    {}", cell.morton.map_or_else(|| "- (decimals end at order 18)".into(), |id| id.to_string()));
    say!("nested    {}", cell.nested);
    say!("packed    {}", cell.packed);
    say!("latitude  {}", cell.latitude);
    say!("centre    {:.6} N  {:.6} E", cell.centre[1], cell.centre[0]);
    say!("bounds    {south:.4} to {north:.4} N, {west:.4} to {east:.4} E");
    if let Some(parent) = &cell.parent {
        say!("parent    {parent}");
    }
    if let Some(children) = &cell.children {
        say!("children  {} of order {}: nested {}..{}", children.count, children.order, children.first, children.last);
    }
}
