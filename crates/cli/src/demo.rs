//! `icestream demo`: the whole job on granules that come with the program.
use crate::access::AccessArgs;
use crate::args::DemoArgs;
use crate::exit::{self, CommandError};
use crate::out::say;
use crate::{access, tables};
use ::plot::{Picture, PictureFormat, PictureOptions};
use byte_ranges::MemorySource;
use morton::{Cell, Order};
use pipeline::{CellResult, ChangeSpec, Granule, JobSpec, Period, TimeChoice, Tuning};
use std::path::Path;
use storage::{Clients, Location, Options};
use stores::Wanted;

/// A granule of a folder of the demo.
macro_rules! granules {
    ($folder:literal: $($name:literal)*) => {
        &[$((concat!("ATL06_", $name, ".h5"), include_bytes!(concat!("../demo/", $folder, "ATL06_", $name, ".h5")))),*]
    };
}

/// Synthetic granules in the shape of ATL06, and the cell that they cross.
struct Example {
    cell: i64,
    granules: &'static [(&'static str, &'static [u8])],
}

/// Four passes of one cycle (`demo/make_demo.py`).
const STATISTICS: Example = Example {
    cell: -6_134_114,
    granules: granules!("":
        "20240123041319_03392212_990_01" "20240207154957_05752210_990_01" "20240211155304_06362210_990_01"
        "20240217040910_07202212_990_01"),
};

/// Ten cycles over a slope that sinks in the west and rises in the east (`demo/change/make_change.py`).
const CHANGE: Example = Example {
    cell: -613_411_423,
    granules: granules!("change/":
        "20200713140800_02780812_990_01" "20200802014745_05750810_990_01" "20200811140658_07200812_990_01"
        "20201012094722_02780912_990_01" "20201031212707_05750910_990_01" "20201110094619_07200912_990_01"
        "20210111052643_02781012_990_01" "20210130170629_05751010_990_01" "20210412010605_02781112_990_01"
        "20210501124550_05751110_990_01" "20210511010503_07201112_990_01" "20210711204526_02781212_990_01"
        "20210731082512_05751210_990_01" "20210809204424_07201212_990_01" "20211030040433_05751310_990_01"
        "20211108162346_07201312_990_01" "20220109120410_02781412_990_01" "20220128234355_05751410_990_01"
        "20220207120307_07201412_990_01" "20220410074331_02781512_990_01" "20220509074229_07201512_990_01"
        "20220710032253_02781612_990_01" "20220729150238_05751610_990_01" "20220808032151_07201612_990_01"
        "20221008230214_02781712_990_01" "20221028104200_05751710_990_01" "20221106230112_07201712_990_01"),
};
/// The child whose heights are drawn: 25 rows and more in most cycles, and a cloud in one.
const CHILD: u64 = 185;

pub(crate) fn run(args: &DemoArgs) -> Result<u8, CommandError> {
    let io = |what: &Path| {
        let what = what.display().to_string();
        move |error: std::io::Error| CommandError::new(exit::FAILED, format!("{what}: {error}"))
    };
    std::fs::create_dir_all(&args.out).map_err(io(&args.out))?;
    statistics(&args.out)?;
    change(&args.out)?;
    Ok(exit::DONE)
}

/// One cell of one cycle: statistics, a map, a table.
fn statistics(out: &Path) -> Result<(), CommandError> {
    let store = out.join(format!("{}.zarr", STATISTICS.cell));
    let result = access::block_on(STATISTICS.job(&store, None))?;
    say!("{}", words::table(&result));
    let Some(level) = result.children() else { return Ok(()) };
    let csv = out.join(format!("{}.csv", STATISTICS.cell));
    storage::write_file(&csv, pipeline::to_csv(level, None).as_bytes())?;
    let png = out.join(format!("{}.png", STATISTICS.cell));
    map(&store, "h_mean", None, &png)?;
    say!("\nstore  {}\nmap    {}\ntable  {}", store.display(), png.display(), csv.display());
    say!("\nOpen the store in Python (pip install xarray zarr xdggs):\n\n    import xarray as xr, xdggs");
    say!("    ds = xdggs.decode(xr.open_zarr({:?}, group=\"12\"))", store.display().to_string());
    say!("    print(ds.dggs.assign_latlon_coords().h_mean.dropna(\"cells\"))");
    Ok(())
}

/// Ten cycles: height change, its map, and the heights of one cell.
fn change(out: &Path) -> Result<(), CommandError> {
    let store = out.join("change.zarr");
    let axis = TimeChoice { by: Some(Period::Cycle), ..TimeChoice::default() };
    let result = access::block_on(CHANGE.job(&store, Some(axis)))?;
    let (windows, rows) = (result.windows.len(), result.observations());
    let (png, series) = (out.join("change-map.png"), out.join("change-series.png"));
    map(&store, "dhdt", Some("SYNTHETIC: trend of height, m a year"), &png)?;
    let order = Order::new(12).map_err(CommandError::usage)?;
    let children = CHANGE.parent()?.children(order).map_err(CommandError::usage)?;
    let cell = Cell::new(order, children.start + CHILD).map_err(CommandError::usage)?;
    let store_text = store.display().to_string();
    crate::series::draw(&store_text, cell, "SYNTHETIC", &series)?;
    say!("\nheight change (SYNTHETIC): {windows} cycles, {rows} rows, in -1.2 to 0.3 m a year as they were made");
    say!("store  {store_text}\ndh/dt  {}\nseries {}", png.display(), series.display());
    say!(
        "\n    icestream series {store_text} --cell {cell}     # the heights of a cell, with their errors (docs/change.md)"
    );
    Ok(())
}

fn map(store: &Path, variable: &str, title: Option<&str>, png: &Path) -> Result<(), CommandError> {
    let wanted = Wanted { order: None, names: &[], ..Wanted::default() };
    let cube = tables::load(&[store.display().to_string()], &wanted, &AccessArgs::default())?;
    let options = PictureOptions {
        variable: Some(variable.to_owned()),
        title: title.map(str::to_owned),
        ..PictureOptions::default()
    };
    let (map, _) = Picture::windows(&cube, &options)?;
    let failed = |error: ::plot::Error| CommandError::new(exit::FAILED, format!("map: {error}"));
    let size = ::plot::Size::new(1200, 1100).map_err(failed)?;
    Ok(storage::write_file(png, &map.to_bytes(PictureFormat::Png, size).map_err(failed)?)?)
}

impl Example {
    fn parent(&self) -> Result<Cell, CommandError> {
        Cell::from_decimal(self.cell).map_err(CommandError::usage)
    }

    /// Computes the cell, with windows and change where windows are asked for, and writes its store.
    async fn job(&self, store: &Path, windows: Option<TimeChoice>) -> Result<CellResult, CommandError> {
        let mut spec = JobSpec::new(jobs::usual()?, Vec::new(), Order::new(12).map_err(CommandError::usage)?);
        if let Some(choice) = windows {
            let names = self.granules.iter().map(|(name, _)| *name);
            spec.time = choice.axis(&spec.product, names).map_err(CommandError::usage)?;
            spec.change = Some(ChangeSpec::default());
        }
        let job = spec.job(self.parent()?).map_err(CommandError::usage)?;
        let granule = |(name, bytes): &(&'static str, &'static [u8])| {
            let bytes = bytes::Bytes::from_static(bytes);
            Granule::new(*name, move || Ok(MemorySource::with_cost(bytes.clone(), byte_ranges::Cost::LOCAL)))
        };
        let granules: Vec<_> = self.granules.iter().map(granule).collect();
        let result = jobs::compute(&granules, &job, &Tuning::default(), None, &()).await;
        let result = result.map_err(|error| CommandError::new(exit::FAILED, error))?;
        let sink = Clients::new(Options::default()).sink(&Location::from(store.to_path_buf()))?;
        pipeline::write(&result, &sink).await.map_err(CommandError::of_write)?;
        Ok(result)
    }
}
