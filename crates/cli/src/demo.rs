//! `icestream demo`: the whole job on granules that come with the program.
use crate::access::AccessArgs;
use crate::args::DemoArgs;
use crate::exit::{self, Failure};
use crate::out::say;
use crate::{access, tables};
use ::plot::{Picture, PictureFormat, PictureOptions};
use byte_ranges::MemorySource;
use morton::{Cell, Order};
use pipeline::{CellResult, Granule, Job, Tuning};
use std::path::Path;
use storage::{Clients, Location, Options};
use stores::Wanted;

/// The cell that the bundled granules cross.
const CELL: i64 = -6_134_114;

/// Synthetic granules in the shape of ATL06 (`demo/make_demo.py`).
const GRANULES: [(&str, &[u8]); 4] = [
    ("ATL06_20240123041319_03392212_990_01.h5", include_bytes!("../demo/ATL06_20240123041319_03392212_990_01.h5")),
    ("ATL06_20240207154957_05752210_990_01.h5", include_bytes!("../demo/ATL06_20240207154957_05752210_990_01.h5")),
    ("ATL06_20240211155304_06362210_990_01.h5", include_bytes!("../demo/ATL06_20240211155304_06362210_990_01.h5")),
    ("ATL06_20240217040910_07202212_990_01.h5", include_bytes!("../demo/ATL06_20240217040910_07202212_990_01.h5")),
];

pub(crate) fn run(args: &DemoArgs) -> Result<u8, Failure> {
    let io = |what: &Path| {
        let what = what.display().to_string();
        move |error: std::io::Error| Failure::new(exit::FAILED, format!("{what}: {error}"))
    };
    std::fs::create_dir_all(&args.out).map_err(io(&args.out))?;
    let store = args.out.join(format!("{CELL}.zarr"));
    let result = access::block_on(job(&store))?;
    say!("{}", words::table(&result));
    let Some(level) = result.children() else { return Ok(exit::DONE) };
    let csv = args.out.join(format!("{CELL}.csv"));
    storage::write_file(&csv, pipeline::to_csv(level).as_bytes())?;
    let png = args.out.join(format!("{CELL}.png"));
    let wanted = Wanted { order: None, names: &[], latitude: result.job.latitude() };
    let table = tables::load(&[store.display().to_string()], &wanted, &AccessArgs::default())?;
    let map =
        Picture::map(table, &PictureOptions { variable: Some("h_mean".to_owned()), ..PictureOptions::default() })?;
    let failed = |error: ::plot::Error| Failure::new(exit::FAILED, format!("map: {error}"));
    let size = ::plot::Size::new(1200, 1100).map_err(failed)?;
    storage::write_file(&png, &map.to_bytes(PictureFormat::Png, size).map_err(failed)?)?;
    say!("\nstore  {}\nmap    {}\ntable  {}", store.display(), png.display(), csv.display());
    say!("\nOpen the store in Python (pip install xarray zarr xdggs):\n\n    import xarray as xr, xdggs");
    say!("    ds = xdggs.decode(xr.open_zarr({:?}, group=\"12\"))", store.display().to_string());
    say!("    print(ds.dggs.assign_latlon_coords().h_mean.dropna(\"cells\"))");
    Ok(exit::DONE)
}

async fn job(store: &Path) -> Result<CellResult, Failure> {
    let parent = Cell::from_decimal(CELL).map_err(Failure::usage)?;
    let job = Job::new(jobs::usual()?, parent, Order::new(12).map_err(Failure::usage)?).map_err(Failure::usage)?;
    let granules = GRANULES.map(|(name, bytes): (&str, &'static [u8])| {
        let bytes = bytes::Bytes::from_static(bytes);
        Granule::new(name, move || Ok(MemorySource::with_cost(bytes.clone(), byte_ranges::Cost::LOCAL)))
    });
    let result = jobs::compute(&granules, &job, &Tuning::default(), None, &()).await;
    let result = result.map_err(|error| Failure::new(exit::FAILED, error))?;
    let sink = Clients::new(Options::default()).sink(&Location::from(store.to_path_buf()))?;
    pipeline::write(&result, &sink).await.map_err(Failure::of_write)?;
    Ok(result)
}
