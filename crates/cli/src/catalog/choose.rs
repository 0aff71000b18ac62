//! Turns flags into the choice of cells and granules for a catalog.
use super::{AccessArgs, Area, AreaArgs, Catalog, CatalogArgs, Choice, Grid, Path, Value, json, target};
use crate::exit::{self, CommandError};
use crate::files;
use pipeline::{FailureClass, Product};

/// The cells that are wanted, and the catalog that is read, which knows its own order and latitude.
pub(super) fn grid(
    args: &AreaArgs,
    read: Option<&Path>,
    access: &AccessArgs,
) -> Result<(Grid, Option<Catalog>), CommandError> {
    if !(0.0..=1000.0).contains(&args.margin) {
        return Err(CommandError::usage(format!("a margin of {} km is not within 0 to 1000", args.margin)));
    }
    let (mut order, mut latitude) = (target::order(args.order)?, args.latitude);
    let catalog = read.map(|path| super::read(path, access)).transpose()?;
    if let Some(catalog) = &catalog {
        order = catalog.order().unwrap_or(order);
        let told =
            catalog.latitude().map_err(|error| CommandError::new(exit::code_of(FailureClass::Corrupt), error))?;
        latitude = told.unwrap_or(latitude);
    }
    let grid = Grid::new(order, latitude)?;
    Ok((grid.within(&areas(args)?)?, catalog))
}

/// What the catalog shall hold, and what its metadata say of the flags.
pub(super) fn choice(args: &CatalogArgs, grid: Grid, product: Product) -> Choice {
    let (search, area) = (&args.search, &args.area);
    let notes = [
        ("bbox", area.bbox.as_ref().map(|bounds| json!(bounds))),
        ("polygon", area.polygon.as_deref().and_then(Path::file_name).map(|name| json!(name.to_string_lossy()))),
        ("south_of", area.south_of.map(|lat| json!(lat))),
        ("north_of", area.north_of.map(|lat| json!(lat))),
        ("index", args.index.as_ref().map(|folder| json!(folder))),
    ];
    let notes: Vec<(&str, Value)> = notes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let names = search.names();
    Choice { grid, names, links: args.links, product, notes }
}

fn areas(args: &AreaArgs) -> Result<Vec<Area>, CommandError> {
    let mut areas = Vec::new();
    if let Some(text) = &args.bbox {
        areas.push(Area::parse_box(text)?);
    }
    if let Some(path) = &args.polygon {
        let text = files::read(path)?;
        let document = serde_json::from_str(&text)
            .map_err(|error| CommandError::new(exit::BAD_INPUT, format!("{}: {error}", path.display())))?;
        areas.push(Area::GeoJson(document));
    }
    areas.extend(args.south_of.map(Area::SouthOf));
    areas.extend(args.north_of.map(Area::NorthOf));
    if let Some(list) = &args.cells {
        areas.push(files::cells(list)?);
    }
    Ok(areas)
}
