//! The same basin in every format, whole and broken.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use area::{Clip, Crs, Error, Interest, digest};
use morton::{Latitude, Order};
use std::ops::Range;

const FILES: [(&str, &[u8]); 6] = [
    ("basin.geojson", include_bytes!("fixtures/basin.geojson")),
    ("basin.shp", include_bytes!("fixtures/basin.shp")),
    ("basin.zip", include_bytes!("fixtures/basin.zip")),
    ("basin.fgb", include_bytes!("fixtures/basin.fgb")),
    ("basin.parquet", include_bytes!("fixtures/basin.parquet")),
    ("basin.wkt", include_bytes!("fixtures/basin.wkt")),
];
const PRJ: &[u8] = include_bytes!("fixtures/basin.prj");

fn read(name: &str, bytes: &[u8], crs: Option<&str>) -> Result<Interest, Error> {
    Interest::of_file(name, bytes, &|name| (name == "basin.prj").then(|| PRJ.to_vec()), crs)
}

fn kept(region: &Interest) -> Vec<Range<u64>> {
    region.kept(Order::new(12).unwrap(), Order::new(6).unwrap(), Latitude::Spherical, Clip::Centre).unwrap()
}

/// Jobs share a region between threads.
const _: fn() = || {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Interest>();
};

#[test]
fn the_same_basin_in_every_format_has_the_same_cells() {
    let expected = kept(&read(FILES[0].0, FILES[0].1, None).unwrap());
    let cells: u64 = expected.iter().map(|range| range.end - range.start).sum();
    // The basin has 19,300 km2, a cell of order 12 has 2.53 km2.
    assert!((7_000..8_300).contains(&cells), "{cells}");
    for (name, bytes) in FILES {
        let region = read(name, bytes, None).unwrap();
        assert_eq!((region.crs().epsg(), kept(&region)), (Some(3413), expected.clone()), "{name}");
        // Stating it again changes nothing, another system is refused.
        assert_eq!(digest(&kept(&read(name, bytes, Some("EPSG:3413")).unwrap())), digest(&expected));
        let error = read(name, bytes, Some("EPSG:4326")).unwrap_err().to_string();
        assert!(error.contains("EPSG:3413: leave out --region-crs EPSG:4326"), "{name}: {error}");
    }
    // Hole and island: on the ring between them is nothing.
    let region = read(FILES[0].0, FILES[0].1, None).unwrap();
    let crs = Crs::of_number(3413).unwrap();
    for (aside, inside) in [(0.0, true), (35e3, false), (70e3, true), (130e3, false)] {
        let [lon, lat] = crs.inverse(-200e3, -2200e3 - aside).unwrap();
        assert_eq!(region.contains(lon, lat), inside, "{aside}");
    }
}

#[test]
fn files_that_are_cut_off_or_damaged_are_errors_or_regions_and_never_a_panic() {
    let mut seed = 1_u64;
    let mut next = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap()
    };
    for (name, bytes) in FILES {
        for _ in 0..400 {
            let mut damaged = bytes.to_vec();
            for _ in 0..1 + next() % 3 {
                let at = next() % damaged.len();
                damaged[at] = if next() % 3 == 0 { 0xff } else { u8::try_from(next() % 256).unwrap() };
            }
            if next() % 4 == 0 {
                damaged.truncate(next() % damaged.len());
            }
            let _ = read(name, &damaged, None);
            let _ = read(name, &damaged[..next() % damaged.len()], None);
        }
        for (other, _) in FILES {
            // GeoJSON is a text of the command line too, and so is what a file of texts holds.
            let same = other == name || (name, other) == ("basin.geojson", "basin.wkt");
            assert!(same || read(other, bytes, None).is_err(), "{name} as {other}");
        }
        assert!(read(name, b"", None).is_err());
    }
}

#[test]
fn what_is_no_region_is_said_with_the_next_step() {
    let said = |name: &str, bytes: &[u8]| read(name, bytes, None).unwrap_err().to_string();
    for (name, bytes, word) in [
        ("a.gpkg", &b"SQLite format 3"[..], "ogr2ogr region.fgb a.gpkg"),
        ("a.kml", b"", "GeoJSON, shapefiles"),
        ("alone.shp", FILES[1].1, "--region-crs"),
        ("a.geojson", br#"{"type":"LineString","coordinates":[]}"#, "LineString encloses no area"),
        ("a.geojson", br#"{"type":"Polygon","coordinates":[[[0,0],[1,1]]]}"#, "no polygon with three corners"),
        ("a.geojson", br#"{"type":"Polygon","coordinates":[[[0,0],[1e6,0],[0,2e6]]]}"#, "longitude comes first"),
        ("a.geojson", br#"{"type":"Polygon","coordinates":[],"crs":{"type":"link"}}"#, "--region-crs"),
        ("a.wkt", b"POLYGON((0 0,1 0,1 1))", "--region-crs"),
        ("a.wkt", b"POLYGON((0 0,1 0,1 1)) POINT(1 1)", "follows after its end"),
        ("a.wkt", b"POINT(1 1)", "POINT encloses no area"),
    ] {
        let said = said(name, bytes);
        assert!(said.contains(word), "{name}: {said}");
    }
    for (text, word) in [
        ("us-west-2", "--aws-region us-west-2"),
        ("us-gov-west-1", "--aws-region"),
        ("atlantis", "antarctica, greenland"),
        ("1,2,3", "no region"),
        ("10,5,20,-5", "west and south first"),
        ("-200,0,200,10", "at most 360 wide"),
        ("\u{1b}[2J", "\\u001b"),
    ] {
        let said = Interest::parse(text, None).unwrap_err().to_string();
        assert!(said.contains(word), "{text}: {said}");
    }
}

#[test]
fn texts_are_regions_too() {
    let polygon = "POLYGON Z ((-51 68.5 1, -48 68.5 1, -48 69.8 1, -51 69.8 1, -51 68.5 1))";
    let expected = kept(&Interest::parse("-51,68.5,-48,69.8", None).unwrap());
    assert_eq!(kept(&Interest::parse(polygon, Some("EPSG:4326")).unwrap()), expected);
    assert_eq!(kept(&Interest::parse(&format!("srid=4326;{polygon}"), None).unwrap()), expected);
    let collection = format!("GEOMETRYCOLLECTION(MULTIPOLYGON EMPTY, {polygon})");
    assert_eq!(kept(&Interest::parse(&collection, Some("OGC:CRS84")).unwrap()), expected);
    let across = Interest::parse("170,-80,-170,-75", None).unwrap();
    assert!(across.contains(180.0, -77.0) && across.contains(-171.0, -77.0) && !across.contains(0.0, -77.0));
    // A box in metres.
    let metres = Interest::parse("-1000,-1000,1000,1000", Some("EPSG:3031")).unwrap();
    assert!(metres.contains(77.0, -89.995) && !metres.contains(77.0, -89.98));
}

#[test]
fn the_outlines_that_come_along_are_land() {
    let antarctica = Interest::parse("antarctica", None).unwrap();
    let greenland = Interest::parse("Greenland", None).unwrap();
    for ([lon, lat], south, north) in [
        ([106.8, -78.5], true, false),
        ([0.0, -90.0], true, false),
        ([-180.0, -88.0], true, false),
        ([-64.0, -74.0], true, false),
        ([0.0, -66.0], false, false),
        ([-38.5, 72.6], false, true),
        ([-62.0, 73.0], false, false),
        ([0.0, 90.0], false, false),
    ] {
        assert_eq!((antarctica.contains(lon, lat), greenland.contains(lon, lat)), (south, north), "{lon} {lat}");
    }
    // Without ice shelves 12.3 million km2; with islands 2.17 million km2: within 2 %.
    let area = |region: &Interest| {
        let ranges =
            region.kept(Order::new(8).unwrap(), Order::new(4).unwrap(), Latitude::Authalic, Clip::Centre).unwrap();
        let cells: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        cells as f64 * 510.07e6 / Order::new(8).unwrap().cells() as f64 / 1e6
    };
    let (south, north) = (area(&antarctica), area(&greenland));
    assert!((south / 12.3 - 1.0).abs() < 0.02 && (north / 2.17 - 1.0).abs() < 0.02, "{south} {north}");
}
