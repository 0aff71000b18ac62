//! From flags to the cells that are wanted.
use super::{Area, AreaArgs, Grid, Path, select, target};
use crate::exit::{self, Failure};
use crate::files;
use serde_json::Value;

pub(super) fn grid(args: &AreaArgs, read: Option<&Path>) -> Result<Grid, Failure> {
    if !(0.0..=1000.0).contains(&args.margin) {
        return Err(Failure::usage(format!("a margin of {} km is not within 0 to 1000", args.margin)));
    }
    let (mut order, mut latitude) = (target::order(args.order)?, args.latitude);
    // A catalog knows its own order and latitude.
    if let Some(path) = read {
        let catalog = super::read(path)?;
        if let Some(cell) = catalog.cells.keys().next() {
            order = cell.order();
        }
        if let Some(told) = catalog.metadata.get("latitude").and_then(Value::as_str) {
            latitude = told.parse().map_err(|error| Failure::new(exit::BAD_INPUT, error))?;
        }
    }
    if order.get() > 18 {
        return Err(Failure::usage(format!("order {order}: decimal ids, which catalogs use, end at order 18")));
    }
    let wanted = select(&areas(args)?, order, latitude)?;
    Ok(Grid { order, latitude, wanted })
}

fn areas(args: &AreaArgs) -> Result<Vec<Area>, Failure> {
    let mut areas = Vec::new();
    if let Some(text) = &args.bbox {
        areas.push(Area::parse_box(text)?);
    }
    if let Some(path) = &args.polygon {
        let text = file(path)?;
        let document = serde_json::from_str(&text)
            .map_err(|error| Failure::new(exit::BAD_INPUT, format!("{}: {error}", path.display())))?;
        areas.push(Area::GeoJson(document));
    }
    areas.extend(args.south_of.map(Area::SouthOf));
    areas.extend(args.north_of.map(Area::NorthOf));
    if let Some(list) = &args.cells {
        let path = Path::new(list);
        areas.push(Area::parse_cells(&if path.is_file() { file(path)? } else { list.clone() })?);
    }
    Ok(areas)
}

fn file(path: &Path) -> Result<String, Failure> {
    files::text(path).map_err(|error| Failure::new(exit::BAD_INPUT, format!("{}: {error}", path.display())))
}
