//! The files as Rust readers see them; what GDAL and pyarrow see is checked by `tests/python/check_export.py`.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use ::flatgeobuf::{FallibleStreamingIterator, FeatureProperties, FgbReader, GeometryType};
use bytes::Bytes;
use export::{
    Error, ExportOptions, Format, Geometry, GridCrs, GridOptions, csv, flatgeobuf, geoparquet, geotiff, gridded_netcdf,
    netcdf,
};
use morton::{Cell, Latitude, Order};
use parquet::basic::LogicalType;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use std::collections::BTreeSet;
use std::io::Cursor;
use stores::{Column, Cube, Partial, Table, VariableInfo, Window};
use tiff::decoder::Decoder;
use tiff::tags::Tag;

const ON_ANTIMERIDIAN: i64 = -1_411_111;

fn table(parent: i64) -> Table {
    let (order, parent) = (Order::new(9).unwrap(), Cell::from_decimal(parent).unwrap());
    let ids: Vec<u64> = parent.children(order).unwrap().collect();
    let values = |i: usize| if i.is_multiple_of(5) { f32::NAN } else { 1000.25 + i as f32 };
    Table {
        order,
        latitude: Latitude::Spherical,
        parent: Some(parent.order()),
        columns: vec![
            (
                VariableInfo::guessed("count"),
                Column::I64((0..ids.len()).map(|i| i64::try_from(i % 5).unwrap()).collect()),
            ),
            (VariableInfo::guessed("h_mean"), Column::F32((0..ids.len()).map(values).collect())),
        ],
        ids,
        provenance: serde_json::Value::Null,
        partial: None,
    }
}

#[test]
fn every_format_says_that_a_result_is_partial() {
    let mut table = table(-6_134_114);
    let files = |table: &Table| {
        let parquet = geoparquet(&table.clone().into(), Geometry::Points, true).unwrap();
        [
            parquet,
            geotiff(&table.clone().into(), true, GridOptions::default()).unwrap(),
            netcdf(&table.clone().into()).unwrap(),
            gridded_netcdf(&table.clone().into(), GridOptions::default()).unwrap(),
            flatgeobuf(&table.clone().into(), Geometry::Polygons, true).unwrap(),
            csv(&table.clone().into(), true).into_bytes(),
        ]
    };
    let says = |bytes: &[u8]| bytes.windows(31).any(|part| part == b"PARTIAL: 2 granules are missing");
    assert!(files(&table).iter().all(|bytes| !says(bytes)));
    table.partial = Some(Partial { cells: 1, granules: ["a".into(), "b".into()].into() });
    assert!(files(&table).iter().all(|bytes| says(bytes)));
    assert_eq!(
        Table::from_csv(&csv(&table.clone().into(), true), Latitude::Spherical).unwrap().partial.unwrap().cells,
        1
    );
}

#[test]
fn parquet_has_every_row_and_nulls_for_no_data() {
    // The second cell lies on the antimeridian.
    let cases = [
        (-6_134_114, Geometry::Polygons, "Polygon", 3),
        (-6_134_114, Geometry::Points, "Point", 1),
        (ON_ANTIMERIDIAN, Geometry::Polygons, "MultiPolygon", 6),
        (ON_ANTIMERIDIAN, Geometry::Points, "Point", 1),
    ];
    for (parent, geometry, kind, code) in cases {
        let table = table(parent);
        let bytes = geoparquet(&table.clone().into(), geometry, true).unwrap();
        assert_eq!(bytes, geoparquet(&table.clone().into(), geometry, true).unwrap());
        let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
        let keys = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let geo = keys.iter().find(|key| key.key == "geo").unwrap().value.clone().unwrap();
        let geo: serde_json::Value = serde_json::from_str(&geo).unwrap();
        assert_eq!((&geo["version"], &geo["columns"]["geometry"]["encoding"]), (&"1.1.0".into(), &"WKB".into()));
        assert_eq!(geo["columns"]["geometry"]["geometry_types"], serde_json::json!([kind]));
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 64);
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(row.get_long(0).unwrap().cast_unsigned(), table.ids[i]);
            assert_eq!(row.get_int(2).unwrap(), i32::try_from(i % 5).unwrap());
            assert_eq!(row.get_bytes(4).unwrap().data()[1], code, "one type a file");
            match row.get_float(3) {
                Ok(value) => assert_eq!(value, 1000.25 + i as f32),
                Err(_) => assert!(i.is_multiple_of(5)),
            }
        }
    }
}

#[test]
fn tiff_pixels_are_the_values_of_the_cells_that_hold_them() {
    for (parent, epsg) in [(-6_134_114, 3031), (4_441_321, 3413), (5_111_111, 32_731)] {
        let bytes = geotiff(&table(parent).into(), true, options(None, 2_000.0)).unwrap();
        let mut decoder = Decoder::new(Cursor::new(bytes)).unwrap();
        let keys = decoder.get_tag_u16_vec(Tag::GeoKeyDirectoryTag).unwrap();
        assert_eq!(keys.last(), Some(&epsg));
        let (width, height) = decoder.dimensions().unwrap();
        assert!(width > 20 && height > 20, "{width} {height}");
        let plane = band(&mut decoder, 0);
        let held = plane.iter().filter(|value| !value.is_nan()).count();
        assert!(plane.iter().all(|value| value.is_nan() || (0.0..5.0).contains(value)));
        assert!(held > plane.len() / 4 && held < plane.len(), "{held} of {}", plane.len());
    }
}

fn options(code: Option<u16>, resolution: f64) -> GridOptions {
    GridOptions { crs: code.map(|code| GridCrs::new(code).unwrap()), resolution: Some(resolution) }
}

/// A band of the current image; `tiff` is built without a codec for its tiles.
fn band(decoder: &mut Decoder<Cursor<Vec<u8>>>, band: usize) -> Vec<f32> {
    let offsets = decoder.get_tag_u32_vec(Tag::TileOffsets).unwrap();
    let counts = decoder.get_tag_u32_vec(Tag::TileByteCounts).unwrap();
    let bands = decoder.get_tag_u16_vec(Tag::SampleFormat).unwrap().len();
    let is_predicted = decoder.find_tag(Tag::Predictor).unwrap().is_some();
    let (width, height) = decoder.dimensions().unwrap();
    let (width, height) = (width as usize, height as usize);
    let file = decoder.inner().get_ref().clone();
    let mut pixels = vec![0.0; width * height];
    let tiles = offsets.len() / bands;
    for tile in 0..tiles {
        let at = band * tiles + tile;
        let packed = &file[offsets[at] as usize..(offsets[at] + counts[at]) as usize];
        let mut raw = miniz_oxide::inflate::decompress_to_vec_zlib(packed).unwrap();
        assert_eq!(raw.len(), 512 * 512 * 4);
        for line in raw.chunks_mut(512 * 4).filter(|_| is_predicted) {
            for place in 1..line.len() {
                line[place] = line[place].wrapping_add(line[place - 1]);
            }
            let old = line.to_vec();
            (0..512 * 4).for_each(|place| line[place] = old[(3 - place % 4) * 512 + place / 4]);
        }
        let across = width.div_ceil(512);
        for (place, &value) in raw.as_chunks::<4>().0.iter().enumerate() {
            let (x, y) = (tile % across * 512 + place % 512, tile / across * 512 + place / 512);
            if x < width && y < height {
                pixels[y * width + x] = f32::from_le_bytes(value);
            }
        }
    }
    pixels
}

#[test]
fn a_geotiff_is_laid_out_for_readers_of_ranges() {
    let file = geotiff(&table(-6_134_114).into(), true, options(Some(6932), 100.0)).unwrap();
    let words = String::from_utf8_lossy(&file[8..300]).into_owned();
    assert!(words.starts_with("GDAL_STRUCTURAL_METADATA_SIZE=000156 bytes\nLAYOUT=IFDS_BEFORE_DATA\n"), "{words}");
    let first = u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize;
    assert!((8 + 43 + 156..8 + 43 + 158).contains(&first));
    let mut decoder = Decoder::new(Cursor::new(file.clone())).unwrap();
    let (mut sizes, mut tiles, mut last) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        sizes.push(decoder.dimensions().unwrap());
        let offsets = decoder.get_tag_u32_vec(Tag::TileOffsets).unwrap();
        let counts = decoder.get_tag_u32_vec(Tag::TileByteCounts).unwrap();
        tiles.push(offsets.into_iter().zip(counts).collect::<Vec<_>>());
        let values = band(&mut decoder, 1);
        if !last.is_empty() {
            let below: BTreeSet<u32> = last.iter().map(|value: &f32| value.to_bits()).collect();
            assert!(values.iter().all(|value| below.contains(&value.to_bits())), "no value is made up");
            assert!(values.iter().any(|value| !value.is_nan()));
        }
        last = values;
        if !decoder.more_images() {
            break;
        }
        decoder.next_image().unwrap();
    }
    assert!(sizes.len() == 3 && sizes[0].0 > 1024 && sizes[2].0 <= 512 && sizes[2].1 <= 512, "{sizes:?}");
    for pair in sizes.windows(2) {
        assert_eq!(pair[1], (pair[0].0.div_ceil(2), pair[0].1.div_ceil(2)));
    }
    // The smallest image first, in each the bands, in each the rows of tiles; nothing between but the marks.
    let mut end = None;
    for (offset, count) in tiles.into_iter().rev().flatten() {
        let (start, stop) = (offset as usize, (offset + count) as usize);
        assert_eq!(file[start - 4..start], count.to_le_bytes());
        assert_eq!(file[stop..stop + 4], file[stop - 4..stop]);
        assert!(end.is_none_or(|end| end == start - 4));
        end = Some(stop + 4);
    }
    assert_eq!(end, Some(file.len()));
}

#[test]
fn csv_reads_back() {
    let table = table(-6_134_114);
    let text = csv(&table.clone().into(), true);
    assert!(text.starts_with("morton,cell_ids,lon,lat,count,h_mean\n"));
    let back = Table::from_csv(&text, Latitude::Spherical).unwrap();
    assert_eq!(back.ids, table.ids);
    assert_eq!(format!("{:?}", back.columns), format!("{:?}", table.columns));
}

#[test]
fn what_cannot_be_exported_is_named() {
    let table = table(-6_134_114);
    let cube = || table.clone().into();
    for encode in [|cube: &Cube, options| geotiff(cube, true, options), gridded_netcdf] {
        assert!(matches!(encode(&cube(), options(None, 0.0)), Err(Error::Resolution(_))));
        assert!(matches!(encode(&cube(), options(None, f64::NAN)), Err(Error::Resolution(_))));
        assert!(matches!(encode(&cube(), options(None, 0.01)), Err(Error::Size { .. })));
        assert!(matches!(encode(&cube(), options(None, f64::MIN_POSITIVE)), Err(Error::Size { .. })));
        // The index of pixels would fit, their values do not.
        assert!(matches!(encode(&cube(), options(None, 6.0)), Err(Error::Size { .. })));
        assert!(matches!(encode(&cube(), options(Some(3413), 1e9)), Err(Error::Outside { .. }) | Ok(_)));
        assert!(matches!(encode(&table.select(&[]).into(), GridOptions::default()), Err(Error::Empty)));
    }
    let empty: Cube = table.select(&[]).into();
    assert!(matches!(geoparquet(&empty, Geometry::Points, true), Err(Error::Empty)));
    assert!(matches!(flatgeobuf(&empty, Geometry::Points, true), Err(Error::Empty)));
}

/// Two months of three cells: one has data in both, one in the second, one in none; and a trend.
fn cube() -> Cube {
    let csv = "morton,dhdt\n-6134114,-1\n-6134113,0.5\n-6134112,NaN\n";
    let cells = Table::from_csv(csv, Latitude::Spherical).unwrap();
    let window =
        |start: i64, end: i64| Window { start: start * 86_400, end: Some(end * 86_400), cycle: Some(start / 31) };
    let column = |name: &str, column| (VariableInfo::guessed(name), column);
    let nan = f32::NAN;
    // In the order of nested ids: -6134112, -6134113, -6134114.
    let counts = column("count", Column::I32(vec![0, 0, 3, 0, 2, 1]));
    let means = column("h_mean", Column::F32(vec![nan, nan, 10.0, nan, 20.0, 11.0]));
    Cube { cells, windows: vec![window(0, 31), window(31, 59)], columns: vec![counts, means] }
}

#[test]
fn windows_are_rows_of_a_window_and_a_cell() {
    let text = csv(&cube(), false);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "time,cycle,morton,cell_ids,lon,lat,count,h_mean,dhdt");
    assert_eq!(lines.len(), 4);
    assert!(lines[1].starts_with("1970-01-01,0,-6134114,") && lines[1].ends_with(",3,10.0,-1.0"), "{}", lines[1]);
    assert!(lines[2].starts_with("1970-02-01,1,-6134113,") && lines[2].ends_with(",2,20.0,0.5"), "{}", lines[2]);
    assert_eq!(csv(&cube(), true).lines().count(), 7);
    let bytes = geoparquet(&cube(), Geometry::Points, false).unwrap();
    let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 3);
    let schema = reader.metadata().file_metadata().schema_descr();
    assert_eq!((schema.column(0).name(), schema.column(1).name()), ("time", "cycle"));
    assert_eq!(schema.column(0).logical_type_ref(), Some(&LogicalType::Date));
    assert!(!netcdf(&cube()).unwrap().is_empty());
    let grid = gridded_netcdf(&cube(), GridOptions::default()).unwrap();
    assert_eq!(grid, gridded_netcdf(&cube(), GridOptions::default()).unwrap());
}

#[test]
fn flatgeobuf_has_every_row_with_null_for_no_data() {
    for (parent, kind) in [(-6_134_114, GeometryType::Polygon), (ON_ANTIMERIDIAN, GeometryType::MultiPolygon)] {
        let table = table(parent);
        let bytes = flatgeobuf(&table.clone().into(), Geometry::Polygons, true).unwrap();
        assert_eq!(bytes, flatgeobuf(&table.clone().into(), Geometry::Polygons, true).unwrap());
        let reader = FgbReader::open(Cursor::new(bytes)).unwrap();
        let header = reader.header();
        assert_eq!((header.features_count(), header.geometry_type(), header.index_node_size()), (64, kind, 16));
        assert_eq!(header.crs().unwrap().code(), 4326);
        let mut features = reader.select_all().unwrap();
        let mut seen = 0;
        while let Some(feature) = features.next().unwrap() {
            let values = feature.properties().unwrap();
            let id: u64 = values["cell_ids"].parse().unwrap();
            let row = table.ids.binary_search(&id).unwrap();
            assert_eq!(values["count"], (row % 5).to_string());
            let mean = (!row.is_multiple_of(5)).then(|| (1000.25 + row as f32).to_string());
            assert_eq!(values.get("h_mean"), mean.as_ref());
            seen += 1;
        }
        assert_eq!(seen, 64);
    }
}

#[test]
fn a_geotiff_has_a_band_a_window_of_a_chosen_variable() {
    let chosen = |names: &[&str]| ExportOptions {
        variables: names.iter().map(|&name| name.to_owned()).collect(),
        gridded: Some(options(None, 20_000.0)),
        ..ExportOptions::default()
    };
    let encode = |names: &[&str]| {
        let cube = Format::GeoTiff.select(cube(), &chosen(names)).unwrap();
        Format::GeoTiff.encode(&cube, &chosen(names))
    };
    assert!(matches!(encode(&[]), Err(Error::OneVariable(_))));
    let bands = |names: &[&str]| {
        let bytes = encode(names).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let items = text.split("role=\"description\">").skip(1);
        items.map(|item| item.split('<').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(bands(&["h_mean"]), ["0", "1"]);
    assert_eq!(bands(&["h_mean", "dhdt"]), ["0", "1", "dhdt"]);
    assert_eq!(bands(&["h_mean", "count"]), ["h_mean 0", "h_mean 1", "count 0", "count 1"]);
    assert_eq!(bands(&["dhdt"]), ["dhdt"]);
    let text = String::from_utf8_lossy(&encode(&["h_mean"]).unwrap()).into_owned();
    assert!(text.contains(r#"<Item name="TIME_START" sample="1">1970-02-01</Item>"#));
    assert!(text.contains(r#"<Item name="TIME_END" sample="1">1970-03-01</Item>"#));
}
