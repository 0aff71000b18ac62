//! The files as Rust readers see them; what GDAL and pyarrow see is checked by `tests/python/check_export.py`.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use bytes::Bytes;
use export::{Error, ExportOptions, Format, Geometry, csv, geoparquet, geotiff, netcdf};
use morton::{Cell, Latitude, Order};
use parquet::basic::LogicalType;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
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
            geotiff(table, None).unwrap(),
            netcdf(&table.clone().into()).unwrap(),
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
    for (parent, epsg) in [(-6_134_114, 3031), (4_441_321, 3413), (5_111_111, 4326)] {
        let table = table(parent);
        let bytes = geotiff(&table, Some(2_000.0)).unwrap();
        let mut decoder = Decoder::new(Cursor::new(bytes)).unwrap();
        let keys = decoder.get_tag_u16_vec(Tag::GeoKeyDirectoryTag).unwrap();
        assert_eq!(keys.last(), Some(&epsg));
        let (width, height) = decoder.dimensions().unwrap();
        assert!(width > 20 && height > 20, "{width} {height}");
        let plane = plane(&mut decoder, (width * height) as usize);
        let held = plane.iter().filter(|value| !value.is_nan()).count();
        assert!(plane.iter().all(|value| value.is_nan() || (0.0..5.0).contains(value)));
        assert!(held > plane.len() / 4 && held < plane.len(), "{held} of {}", plane.len());
    }
}

/// The first band; `tiff` is built without a codec for its strips.
fn plane(decoder: &mut Decoder<Cursor<Vec<u8>>>, pixels: usize) -> Vec<f32> {
    let offsets = decoder.get_tag_u32_vec(Tag::StripOffsets).unwrap();
    let counts = decoder.get_tag_u32_vec(Tag::StripByteCounts).unwrap();
    let file = decoder.inner().get_ref().clone();
    let mut raw = Vec::new();
    for (&offset, &count) in offsets.iter().zip(&counts).take(offsets.len() / 2) {
        let strip = &file[offset as usize..(offset + count) as usize];
        raw.extend(miniz_oxide::inflate::decompress_to_vec_zlib(strip).unwrap());
    }
    assert_eq!(raw.len(), pixels * 4);
    raw.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
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
    assert!(matches!(geotiff(&table, Some(0.0)), Err(Error::Resolution(_))));
    assert!(matches!(geotiff(&table, Some(f64::NAN)), Err(Error::Resolution(_))));
    assert!(matches!(geotiff(&table, Some(0.01)), Err(Error::Size { .. })));
    let empty = table.select(&[]);
    assert!(matches!(geoparquet(&empty.clone().into(), Geometry::Points, true), Err(Error::Empty)));
    assert!(matches!(geotiff(&empty, None), Err(Error::Empty)));
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
}

#[test]
fn a_geotiff_has_a_band_a_window_of_a_chosen_variable() {
    let options = |names: &[&str]| ExportOptions {
        variables: names.iter().map(|&name| name.to_owned()).collect(),
        resolution: Some(20_000.0),
        ..ExportOptions::default()
    };
    let encode = |names: &[&str]| {
        let cube = Format::GeoTiff.select(cube(), &options(names)).unwrap();
        Format::GeoTiff.encode(&cube, &options(names))
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
}
