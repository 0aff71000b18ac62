//! A map of a result.
use morton::Cell;
use pipeline::{CellResult, Column, Level};
use plot::Map;

/// A map of one statistic of a level; `None` when there is no such array.
pub(crate) fn map(result: &CellResult, level: &Level, name: &str) -> Option<Map> {
    let latitude = result.job.latitude;
    let values: Vec<f32> = level.columns.iter().find(|(held, _)| held == name).map(|(_, column)| numbers(column))?;
    let corners = |cell: Cell, per_edge| {
        cell.boundary(per_edge, latitude).iter().map(|corner| [corner.lon(), corner.lat()]).collect::<Vec<_>>()
    };
    let cells =
        level.cell_ids.iter().zip(values).filter_map(|(&id, value)| {
            Some(plot::Cell { polygon: corners(Cell::new(level.order, id).ok()?, 1), value })
        });
    let parent = result.job.parent();
    let title = format!("Cell {}", parent.decimal().map_or_else(|_| parent.nested().to_string(), |id| id.to_string()));
    let unit = if name.ends_with("variance") {
        "m²"
    } else if name == "count" {
        ""
    } else {
        "m"
    };
    let mut map = Map::new(&title, name, unit, cells.collect());
    map.subtitle =
        format!("{} order-{} cells with data, {} rows", result.cells_with_data(), level.order, result.observations());
    map.outline = corners(parent, 32);
    map.footer = format!(
        "{}, {} granules, {} latitude, icestream {}",
        result.job.product.short_name,
        result.ledger.totals.granules,
        latitude,
        env!("CARGO_PKG_VERSION")
    );
    Some(map)
}

fn numbers(column: &Column) -> Vec<f32> {
    match column {
        Column::Value(values) => values.clone(),
        #[expect(clippy::cast_precision_loss, reason = "colours need few digits")]
        Column::Count(counts) => counts.iter().map(|&count| if count > 0 { count as f32 } else { f32::NAN }).collect(),
    }
}
