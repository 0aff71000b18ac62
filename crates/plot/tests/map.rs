//! Whole maps: valid SVG, PNG of the right size, and no text over other text.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use std::collections::HashSet;

use plot::{ColourMap, Map, Patch, Projection, Scale, Size, ValueRange};
use resvg::{tiny_skia::Pixmap, usvg};

/// A raster of 20 by 20 cells, south-west corner first, with a gap in every seventh.
fn cells(lon: f64, lat: f64, side: f64) -> Vec<Patch> {
    let corner = |i: u8, j: u8| [lon + f64::from(i) * side / lat.to_radians().cos(), lat + f64::from(j) * side];
    let cell = |i: u8, j: u8| {
        let polygon = vec![corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)];
        let value = if (i * 3 + j).is_multiple_of(7) { f32::NAN } else { 1000.0 + f32::from(i) * f32::from(j) };
        Patch { polygon, value }
    };
    (0..20).flat_map(|i| (0..20).map(move |j| (i, j))).map(|(i, j)| cell(i, j)).collect()
}

fn map(lon: f64, lat: f64, side: f64) -> Map {
    let mut map = Map::new("Height <of> \"ice\" & snow", "Weighted mean height", "m", cells(lon, lat, side));
    map.subtitle = "ICESat-2 ATL06, order 6 in children of order 12".into();
    map.footer = "Made of twelve granules, ".repeat(12);
    map
}

/// Maps that stress the layout: both poles, the antimeridian, the equator, all of a cap, scales and colour maps.
fn maps() -> Vec<Map> {
    let mut maps = vec![map(40.0, -80.0, 0.05), map(-45.0, 70.0, 0.05), map(179.5, -44.0, 0.05), map(0.0, 0.5, 0.001)];
    let mut cap = map(0.0, -80.0, 0.05);
    cap.cells = (0_u8..36)
        .map(|i| {
            let lon = f64::from(i) * 10.0;
            let polygon = vec![[lon, -60.0], [lon + 10.0, -60.0], [lon + 10.0, -85.0], [lon, -85.0]];
            Patch { polygon, value: f32::from(i) * 1e-5 }
        })
        .collect();
    maps.push(cap);
    let mut log = map(120.0, -75.0, 0.02);
    log.scale = Scale::Log;
    log.limits = Some(ValueRange::new(1e-7, 1e5).unwrap());
    maps.push(log);
    let mut difference = map(120.0, -75.0, 0.02);
    difference.colours = ColourMap::Diverging;
    maps.push(difference);
    maps.push(Map::new("Nothing at all", "Height", "", Vec::new()));
    maps
}

fn fonts() -> usvg::Options<'static> {
    let mut options = usvg::Options::default();
    for font in ["DejaVuSans.subset.ttf", "DejaVuSans-Bold.subset.ttf"] {
        let path = format!("{}/assets/{font}", env!("CARGO_MANIFEST_DIR"));
        options.fontdb_mut().load_font_data(std::fs::read(path).unwrap());
    }
    options
}

#[test]
fn documents_are_well_formed_and_say_what_they_were_told() {
    for map in maps() {
        let svg = map.to_svg(Size::new(800, 600).unwrap());
        let document = usvg::roxmltree::Document::parse(&svg).unwrap();
        assert_eq!(document.root_element().attribute("width"), Some("800"));
        assert!(document.descendants().any(|node| node.text() == Some(map.title.as_str())));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        let ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        assert_eq!(ids.len(), ids.iter().collect::<HashSet<_>>().len(), "ids repeat");
    }
}

#[test]
fn no_text_lies_on_other_text_or_outside_the_picture() {
    let options = fonts();
    let mut seen = 0;
    for (number, map) in maps().iter().enumerate() {
        for (width, height) in [(1200, 1000), (640, 520), (400, 400), (1600, 700), (700, 1100)] {
            let svg = map.to_svg(Size::new(width, height).unwrap());
            let boxes = texts(usvg::Tree::from_str(&svg, &options).unwrap().root());
            assert_eq!(boxes.len(), svg.matches("<text ").count());
            let picture = usvg::Rect::from_xywh(0.0, 0.0, width as f32, height as f32).unwrap();
            for (index, (text, place)) in boxes.iter().enumerate() {
                let inside = picture.left() <= place.left() && place.right() <= picture.right();
                let inside = inside && picture.top() <= place.top() && place.bottom() <= picture.bottom();
                assert!(inside, "map {number}, {width} x {height}: '{text}' at {place:?}");
                for (other, there) in &boxes[..index] {
                    let apart = place.intersect(there).is_none_or(|both| both.width() * both.height() < 0.5);
                    assert!(apart, "map {number}, {width} x {height}: '{text}' on '{other}'");
                }
            }
            seen += boxes.len();
        }
    }
    assert!(seen > 400, "only {seen} texts");
}

/// All texts below a node (usvg wraps turned text in groups).
fn texts(group: &usvg::Group) -> Vec<(String, usvg::Rect)> {
    let of = |node: &usvg::Node| match node {
        usvg::Node::Text(text) => {
            vec![(text.chunks().iter().map(usvg::TextChunk::text).collect(), text.abs_bounding_box())]
        }
        usvg::Node::Group(group) => texts(group),
        _ => Vec::new(),
    };
    group.children().iter().flat_map(of).collect()
}

#[test]
fn pictures_have_the_size_and_many_colours() {
    for (map, colours) in maps().iter().zip([100, 100, 100, 100, 20, 20, 100, 5]) {
        let png = map.to_png(Size::new(640, 500).unwrap()).unwrap();
        let pixels = Pixmap::decode_png(&png).unwrap();
        assert_eq!((pixels.width(), pixels.height()), (640, 500));
        let distinct: HashSet<[u8; 4]> =
            pixels.pixels().iter().map(|p| [p.red(), p.green(), p.blue(), p.alpha()]).collect();
        assert!(distinct.len() > colours, "{} colours", distinct.len());
        assert!(distinct.iter().all(|p| p[3] == 255), "a transparent pixel");
    }
}

#[test]
fn the_same_map_gives_the_same_bytes() {
    let size = Size::new(500, 400).unwrap();
    let [first, second] = [0, 1].map(|_| map(40.0, -80.0, 0.05).to_png(size).unwrap());
    assert_eq!(first, second);
}

#[test]
fn the_projection_follows_the_cells() {
    assert_eq!(map(40.0, -80.0, 0.05).projection, Projection::PolarSouth);
    assert_eq!(map(-45.0, 70.0, 0.05).projection, Projection::PolarNorth);
    assert!(matches!(map(179.5, -44.0, 0.05).projection, Projection::Plain { .. }));
}

#[test]
fn broken_corners_leave_out_the_cell_alone() {
    let mut map = map(40.0, -80.0, 0.05);
    let size = Size::new(500, 400).unwrap();
    let whole = map.to_svg(size).len();
    map.cells[30].polygon[2][1] = f64::NAN;
    map.cells[31].polygon.truncate(2);
    let broken = map.to_svg(size);
    assert!(broken.len() < whole && broken.len() > whole * 9 / 10);
    assert!(usvg::roxmltree::Document::parse(&broken).is_ok());
}
