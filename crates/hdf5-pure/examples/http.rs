//! A file behind HTTP, or in S3: `http URL DATASET [DATASET ...]` reads columns by ranges, all of them in one plan.
//!
//!     cargo run -p hdf5-pure --example http -- https://host/granule.h5 /gt1l/heights/h_ph /gt1l/heights/lat_ph
//!
//! Any `byte_ranges::Source` will do in the place of the one used here.
use hdf5_pure::AsyncFile;
use storage::{Clients, Location, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, datasets @ ..] = arguments.as_slice() else { return Err("usage: http URL DATASET ...".into()) };
    let datasets: Vec<&str> = datasets.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    print!("{}", runtime.block_on(run(url, &datasets))?);
    Ok(())
}

/// What the example prints.
pub(crate) async fn run(url: &str, datasets: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
    let source = Clients::new(Options::from_env()).open(&Location::parse(url)?)?;
    let file = AsyncFile::open(source).await?;
    let columns = file.read_columns(datasets, ..).await?;
    let mut text = String::new();
    for (path, values) in datasets.iter().zip(columns) {
        let numbers: Vec<f64> = values.numbers()?;
        let (least, most) = numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &n| (a.min(n), b.max(n)));
        text += &format!("{path}: {} numbers from {least} to {most}\n", numbers.len());
    }
    let cost = file.stats();
    Ok(text + &format!("{} requests in {} waves, {} bytes\n", cost.requests, cost.rounds, cost.bytes))
}
