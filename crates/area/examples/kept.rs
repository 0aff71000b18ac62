//! Prints the cells of regions, for checks by other software. Each line of the standard input is a JSON object: `region` (a
//! text) or `file` (a path), `crs`, `order`, `parent`, `latitude`, `clip`; or `crs` with `points`, which are mapped. Each
//! line of the answer is a JSON object: `kept` (ranges), `digest`, or `points` and `wkt`, or `error`.
use area::{Clip, Crs, Interest};
use morton::{Latitude, Order};
use serde_json::{Value, json};
use std::error::Error;
use std::io::BufRead;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let ask: Value = serde_json::from_str(&line?)?;
        println!("{}", answer(&ask).unwrap_or_else(|error| json!({ "error": error.to_string() })));
    }
    Ok(())
}

fn answer(ask: &Value) -> Result<Value, Box<dyn Error>> {
    let text = |key: &str| ask.get(key).and_then(Value::as_str);
    if let (Some(points), Some(crs)) = (ask.get("points"), text("crs")) {
        let crs = Crs::parse(crs)?;
        let points: Vec<[f64; 2]> = serde_json::from_value(points.clone())?;
        let there: Vec<_> = points.iter().map(|[lon, lat]| crs.forward(*lon, *lat)).collect();
        let back: Vec<_> = there.iter().map(|point| point.and_then(|[x, y]| crs.inverse(x, y))).collect();
        let cf: serde_json::Map<String, Value> = crs.cf().into_iter().collect();
        return Ok(json!({ "there": there, "back": back, "epsg": crs.epsg(), "wkt": crs.wkt(), "cf": cf }));
    }
    let began = std::time::Instant::now();
    let region = match (text("file"), text("region")) {
        (Some(file), _) => {
            let folder = Path::new(file).parent().unwrap_or(Path::new("."));
            let sibling = |name: &str| std::fs::read(folder.join(name)).ok();
            let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or_default();
            Interest::of_file(name, &std::fs::read(file)?, &sibling, text("crs"))?
        }
        (None, region) => Interest::parse(region.unwrap_or_default(), text("crs"))?,
    };
    let read = began.elapsed().as_secs_f64();
    let order = |key: &str, usual: u8| {
        Order::new(ask.get(key).and_then(Value::as_u64).and_then(|order| u8::try_from(order).ok()).unwrap_or(usual))
    };
    let latitude: Latitude = text("latitude").unwrap_or("spherical").parse()?;
    let clip: Clip = text("clip").unwrap_or("centre").parse()?;
    let kept = region.kept(order("order", 12)?, order("parent", 6)?, latitude, clip)?;
    let ranges: Vec<[u64; 2]> = kept.iter().map(|range| [range.start, range.end]).collect();
    let total = began.elapsed().as_secs_f64();
    Ok(
        json!({ "kept": ranges, "digest": area::digest(&kept), "crs": region.crs().to_string(), "seconds": [read, total] }),
    )
}
