//! Writes rows of granules into a file, for checks by other software. The argument is a JSON object: `granules` (paths), `cells`
//! (in any notation), `out`, and where they matter `product` (ATL06), `edits`, `columns`, `child_order` (12), `latitude`
//! (spherical), `area` (children that are kept) and `memory_mib`. The answer is a JSON object.
use jobs::{Opener, TemporaryFile};
use morton::{Cell, Order};
use pipeline::{CellWanted, Edits, Granule, JobSpec, KeptArea, Tuning};
use points::{PointFormat, PointSchema, PointWriter};
use serde_json::{Value, json};
use std::error::Error;
use std::path::PathBuf;
use storage::{Clients, Location, NewFile, Options};

fn main() -> Result<(), Box<dyn Error>> {
    let ask: Value = serde_json::from_str(&std::env::args().nth(1).unwrap_or_default())?;
    let text = |key: &str| ask.get(key).and_then(Value::as_str);
    let texts = |key: &str| -> Vec<String> {
        let items = ask.get(key).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut product = products::built_in(text("product").unwrap_or("ATL06"))?;
    let edits: Edits = ask.get("edits").map_or(Ok(Edits::default()), |edits| serde_json::from_value(edits.clone()))?;
    edits.apply(&mut product)?;
    product.ask_for_points(&texts("columns"))?;
    let mut cells: Vec<Cell> = texts("cells").iter().map(|cell| cell.parse()).collect::<Result<_, _>>()?;
    cells.sort_by_key(|cell| cell.nested());
    let number = |key: &str| ask.get(key).and_then(Value::as_u64);
    let order = Order::new(u8::try_from(number("child_order").unwrap_or(12))?)?;
    let mut spec = JobSpec::new(product, Vec::new(), order);
    spec.latitude = text("latitude").unwrap_or("spherical").parse()?;
    spec.area = ask.get("area").map(|area| serde_json::from_value::<KeptArea>(area.clone())).transpose()?;
    let wanted = |cell: &Cell| Ok(CellWanted { job: spec.job(*cell)?, granules: None });
    let wanted: Vec<CellWanted> = cells.iter().map(wanted).collect::<Result<_, pipeline::Error>>()?;
    let clients = Clients::new(Options::default());
    let granule = |path: &String| {
        let location = Location::parse(path)?;
        Ok(Granule::new(location.unsigned(), Opener::new(clients.clone(), location)))
    };
    let granules: Vec<Granule<Opener>> =
        texts("granules").iter().map(granule).collect::<Result<_, byte_ranges::SourceError>>()?;
    let memory = number("memory_mib").map_or(Tuning::default().memory, |mib| mib << 20);
    let tuning = Tuning { memory, ..Tuning::default() };
    let out = PathBuf::from(text("out").unwrap_or("rows.parquet"));
    let file = NewFile::begin(&out)?;
    let scratch = TemporaryFile::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let reading = pipeline::read_cells(&granules, &wanted, &tuning, Some(&scratch), &());
    let mut read = runtime.block_on(reading)?;
    let Some(first) = wanted.first() else { return Err("no cells".into()) };
    let places = granules.iter().map(|granule| granule.location.as_str());
    let schema = PointSchema::new(&first.job, &read.kinds(), places)?;
    let writer = PointWriter::begin(file, PointFormat::of_path(&out)?, schema)?;
    let mut used = 0;
    let written = writer.write_all(&mut read, &mut |ledger| used += ledger.totals.rows.used)?;
    println!("{}", json!({ "rows": written.rows, "bytes": written.bytes, "used": used }));
    Ok(())
}
