//! `icestream cells`: ids in every notation.
use crate::args::CellsArgs;
use crate::exit::{DONE, Failure};
use crate::out::say;
use crate::{json, target};
use morton::{Cell, Latitude};
use serde::Serialize;

/// A cell in every notation.
#[derive(Serialize)]
struct Description {
    order: u8,
    /// `null` above order 18, where decimals end.
    morton: Option<i64>,
    nested: u64,
    /// As text: it exceeds 2^53.
    packed: String,
    latitude: String,
    /// Degrees, longitude first, as in GeoJSON.
    centre: [f64; 2],
    /// West, south, east, north in degrees; east beyond 180 where the cell crosses the date line.
    bounds: [f64; 4],
    parent: Option<String>,
    children: Option<Children>,
}

#[derive(Serialize)]
struct Children {
    order: u8,
    first: u64,
    last: u64,
    count: u64,
}

pub(crate) fn run(args: &CellsArgs) -> Result<u8, Failure> {
    let cell = match (&args.cell, args.lat, args.lon) {
        (Some(text), ..) => target::cell(text, args.order.unwrap_or(6), args.latitude)?,
        (None, Some(lat), Some(lon)) => target::at(lon, lat, args.order.unwrap_or(6), args.latitude)?,
        _ => return Err(Failure::usage("give --lat and --lon, or --cell")),
    };
    let asked = args.order.filter(|&order| order < cell.order().get());
    let cell = match asked {
        Some(order) => cell.parent(target::order(order)?).map_err(Failure::usage)?,
        None => cell,
    };
    let child_order = args.order.filter(|&order| order > cell.order().get()).unwrap_or(cell.order().get().max(12));
    let description = describe(cell, args.latitude, child_order)?;
    if args.json {
        json::print(&description)?;
    } else {
        print(&description);
    }
    Ok(DONE)
}

fn describe(cell: Cell, latitude: Latitude, child_order: u8) -> Result<Description, Failure> {
    let order = cell.order().get();
    let centre = cell.centre_in(latitude);
    let parent = match order.checked_sub(1) {
        Some(above) => Some(name(cell.parent(target::order(above)?).map_err(Failure::usage)?)),
        None => None,
    };
    let children = if child_order > order {
        let ids = cell.children(target::order(child_order)?).map_err(Failure::usage)?;
        let count = ids.end - ids.start;
        Some(Children { order: child_order, first: ids.start, last: ids.end - 1, count })
    } else {
        None
    };
    Ok(Description {
        order,
        morton: cell.decimal().ok(),
        nested: cell.nested(),
        packed: cell.packed().to_string(),
        latitude: latitude.to_string(),
        centre: [centre.lon(), centre.lat()],
        bounds: bounds(cell, latitude),
        parent,
        children,
    })
}

fn name(cell: Cell) -> String {
    cell.decimal().map_or_else(|_| format!("nested:{}/{}", cell.order().get(), cell.nested()), |id| id.to_string())
}

fn bounds(cell: Cell, latitude: Latitude) -> [f64; 4] {
    let centre = cell.centre_in(latitude).lon();
    let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for corner in cell.boundary(16, latitude) {
        // Longitudes within half a turn of the centre, so that the date line does not tear the cell.
        let lon = centre + (corner.lon() - centre + 540.0).rem_euclid(360.0) - 180.0;
        bounds = [bounds[0].min(lon), bounds[1].min(corner.lat()), bounds[2].max(lon), bounds[3].max(corner.lat())];
    }
    bounds
}

fn print(cell: &Description) {
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
