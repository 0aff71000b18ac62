//! Files of rows, read back by the readers of their formats.
#![expect(clippy::unwrap_used, reason = "a test may stop")]
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array as _, ArrayAccessor as _, RecordBatch, StringArray};
use flatgeobuf::{FallibleStreamingIterator as _, FeatureProperties as _, FgbReader};
use morton::{Cell, Order};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::RowGroupMetaData;
use pipeline::{Job, PointBatch, PointKind, PointRows};
use points::{Error, PointBatches, PointFormat, PointSchema, PointWriter};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const FIRST: &str = "ATL06_20190416093911_02770303_002_01.h5";
const SECOND: &str = "ATL06_20190424092231_03990303_002_01.h5";
/// Columns and what they are.
const COLUMNS: [&str; 3] = ["h_li", "geophysical/tide_ocean", "segment_id"];
const KINDS: [PointKind; 3] = [PointKind::Single, PointKind::Double, PointKind::Whole];
const GROUP: usize = 65_536;

fn job() -> Job {
    let mut product = products::built_in("ATL06").unwrap();
    product.ask_for_points(&COLUMNS.map(str::to_owned)).unwrap();
    Job::new(product, "-6134114".parse().unwrap(), Order::new(12).unwrap()).unwrap()
}

fn schema() -> PointSchema {
    PointSchema::new(&job(), &KINDS, [SECOND, "far/processed_ATL06_20190416093911_02770303_002_01.h5"]).unwrap()
}

/// Rows of which every number is known: each third tide and each fifth time are missing.
fn batch(rows: std::ops::Range<u32>) -> PointBatch {
    let numbers = |of: &dyn Fn(u32) -> f64| rows.clone().map(of).collect::<Vec<f64>>();
    PointBatch {
        child: rows.clone().map(|row| row % 4096).collect(),
        row: rows.clone().map(u64::from).collect(),
        longitude: numbers(&|row| 179.0 + f64::from(row) * 1e-4),
        latitude: numbers(&|row| -71.0 - f64::from(row) * 1e-5),
        seconds: numbers(&|row| if row % 5 == 0 { f64::NAN } else { 1.5e9 + f64::from(row) }),
        columns: vec![
            numbers(&|row| f64::from(0.1_f32) + f64::from(row)),
            numbers(&|row| if row % 3 == 0 { f64::NAN } else { f64::from(row) / 7.0 }),
            numbers(&|row| f64::from(row) - 1.0),
        ],
    }
}

/// Two granules: `most` rows of one track, then 10 of another one.
fn push(most: u32, mut to: impl FnMut(Cell, PointRows<'_>)) {
    let parent = job().parent();
    let first = "processed_ATL06_20190416093911_02770303_002_01.h5";
    to(parent, PointRows { granule: first, track: "gt1l", batch: &batch(0..most / 2) });
    to(parent, PointRows { granule: first, track: "gt1l", batch: &batch(most / 2..most) });
    to(parent, PointRows { granule: SECOND, track: "gt3r", batch: &batch(0..10) });
}

fn folder(test: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("icestream-points-{test}-{}", std::process::id()));
    _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn write(path: &Path, most: u32) -> u64 {
    let mut writer = PointWriter::create(path, PointFormat::of_path(path).unwrap(), schema()).unwrap();
    push(most, |parent, rows| writer.push(parent, rows).unwrap());
    let written = writer.finish().unwrap();
    assert_eq!(written.bytes, fs::metadata(path).unwrap().len());
    written.rows
}

/// What is in batches of `most` rows and 10 more.
fn check(batches: &[RecordBatch], most: u32) {
    let mut expected =
        (0..most).map(|row| (row, FIRST, "gt1l", 277)).chain((0..10).map(|row| (row, SECOND, "gt3r", 399)));
    let first = job().parent().children(Order::new(12).unwrap()).unwrap().start;
    for batch in batches {
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let doubles = |name: &str| column(name).as_primitive::<Float64Type>();
        let (granule, track) =
            (column("granule").as_dictionary::<Int32Type>(), column("track").as_dictionary::<Int32Type>());
        let (granules, tracks) =
            (granule.downcast_dict::<StringArray>().unwrap(), track.downcast_dict::<StringArray>().unwrap());
        for at in 0..batch.num_rows() {
            let (row, name, group, rgt) = expected.next().unwrap();
            let number = f64::from(row);
            assert_eq!(column("row").as_primitive::<UInt64Type>().value(at), u64::from(row));
            assert_eq!(doubles("longitude").value(at).to_bits(), (179.0 + number * 1e-4).to_bits());
            assert_eq!(doubles("latitude").value(at).to_bits(), (-71.0 - number * 1e-5).to_bits());
            let time = column("time").as_primitive::<TimestampMicrosecondType>();
            assert_eq!(time.is_null(at), row % 5 == 0);
            assert!(time.is_null(at) || time.value(at) == 1_000_000 * (1_500_000_000 + i64::from(row)));
            #[expect(clippy::cast_possible_truncation, reason = "as it was stored")]
            let height = (f64::from(0.1_f32) + number) as f32;
            assert_eq!(column("h_li").as_primitive::<Float32Type>().value(at).to_bits(), height.to_bits());
            assert_eq!(doubles("tide_ocean").is_null(at), row % 3 == 0);
            assert!(row % 3 == 0 || doubles("tide_ocean").value(at).to_bits() == (number / 7.0).to_bits());
            assert_eq!(column("segment_id").as_primitive::<Int64Type>().value(at), i64::from(row) - 1);
            assert_eq!(column("cell").as_primitive::<UInt64Type>().value(at), first + u64::from(row % 4096));
            assert_eq!((granules.value(at), tracks.value(at)), (name, group));
            assert_eq!(column("rgt").as_primitive::<Int32Type>().value(at), rgt);
            assert_eq!(column("cycle").as_primitive::<Int32Type>().value(at), 3);
            let shape = column("geometry").as_binary::<i32>().value(at);
            let longitude = 179.0 + number * 1e-4;
            let x = if longitude > 180.0 { longitude - 360.0 } else { longitude };
            assert_eq!((shape.len(), &shape[..5], &shape[5..13]), (21, &[1, 1, 0, 0, 0][..], &x.to_le_bytes()[..]));
        }
    }
    assert!(expected.next().is_none());
}

#[test]
fn geoparquet_comes_back_in_order_in_row_groups_with_its_boxes() {
    let folder = folder("parquet");
    let path = folder.join("rows.parquet");
    assert_eq!(write(&path, 70_000), 70_010);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
    let groups: Vec<i64> = reader.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect();
    assert_eq!(groups, [65_536, 4_474]);
    let keys = reader.metadata().file_metadata().key_value_metadata().unwrap();
    let key = |name: &str| -> Value {
        serde_json::from_str(keys.iter().find(|key| key.key == name).unwrap().value.as_ref().unwrap()).unwrap()
    };
    let geometry = &key("geo")["columns"]["geometry"];
    assert_eq!(geometry["covering"]["bbox"]["ymax"], serde_json::json!(["bbox", "ymax"]));
    let bounds: Vec<f64> = serde_json::from_value(geometry["bbox"].clone()).unwrap();
    assert!(bounds[0] < -179.9 && bounds[2] == 180.0 && bounds[3] == -71.0, "{bounds:?}");
    let own = key("icestream");
    assert_eq!((&own["healpix_order"], &own["product"]["name"]), (&12.into(), &"ATL06".into()));
    assert_eq!(own["columns"][1]["path"], "geophysical/tide_ocean");
    let shape = reader.schema().field_with_name("geometry").unwrap().metadata().clone();
    assert_eq!(shape.get("ARROW:extension:name").map(String::as_str), Some("geoarrow.wkb"));
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    check(&batches, 70_000);
    for batch in &batches {
        let sides = batch.column_by_name("bbox").unwrap().as_struct();
        assert_eq!(sides.column(1), batch.column_by_name("latitude").unwrap());
        assert_eq!((sides.column(0), sides.column(1)), (sides.column(2), sides.column(3)));
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn arrow_files_hold_the_batches_that_are_made_in_memory() {
    let folder = folder("arrow");
    let path = folder.join("rows.arrow");
    write(&path, 70_000);
    let reader = arrow_ipc::reader::FileReader::try_new(File::open(&path).unwrap(), None).unwrap();
    let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    check(&read, 70_000);
    let (mut batches, mut made) = (PointBatches::new(schema()), Vec::new());
    let mut take = |batch: RecordBatch| -> Result<(), Error> {
        made.push(batch);
        Ok(())
    };
    push(70_000, |parent, rows| batches.push(parent, rows, &mut take).unwrap());
    made.extend(batches.rest().unwrap());
    assert!(batches.rest().unwrap().is_none());
    assert_eq!(made.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [GROUP, 4_474]);
    assert_eq!(made, read);
    assert_eq!(made[0].schema(), batches.schema());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn csv_has_a_line_a_row_and_nothing_where_there_is_nothing() {
    let folder = folder("csv");
    let path = folder.join("rows.csv");
    write(&path, 2);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let first = job().parent().children(Order::new(12).unwrap()).unwrap().start;
    assert_eq!(
        lines[..3],
        [
            "longitude,latitude,time,h_li,tide_ocean,segment_id,cell,granule,track,rgt,cycle,row".to_owned(),
            format!("179.0,-71.0,,0.1,,-1,{first},{FIRST},gt1l,277,3,0"),
            format!(
                "179.0001,-71.00001,2017-07-14T02:40:01.000000Z,1.1,0.14285714285714285,0,{},{FIRST},gt1l,277,3,1",
                first + 1
            ),
        ]
    );
    assert_eq!(lines.len(), 13);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn flatgeobuf_has_every_row_as_a_feature() {
    let folder = folder("fgb");
    let path = folder.join("rows.fgb");
    for most in [0, 2, 1000] {
        write(&path, most);
        let bytes = fs::read(&path).unwrap();
        let mut features = FgbReader::open(std::io::Cursor::new(&bytes)).unwrap().select_all().unwrap();
        let mut rows: Vec<(String, i64)> = Vec::new();
        while let Some(feature) = features.next().unwrap() {
            let row = feature.property::<i64>("row").unwrap();
            assert_eq!(feature.property::<i64>("segment_id").unwrap(), row - 1);
            assert_eq!(feature.property::<f64>("tide_ocean").is_err(), row % 3 == 0);
            rows.push((feature.property("track").unwrap(), row));
        }
        rows.sort();
        let expected = (0..i64::from(most)).map(|row| ("gt1l".to_owned(), row));
        assert_eq!(rows, expected.chain((0..10).map(|row| ("gt3r".to_owned(), row))).collect::<Vec<_>>());
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_same_rows_give_the_same_bytes_and_none_give_a_file_too() {
    let folder = folder("same");
    let names = ["rows.parquet", "rows.arrow", "rows.csv", "rows.fgb"];
    for name in names {
        let path = folder.join(name);
        write(&path, 3000);
        let bytes = fs::read(&path).unwrap();
        let other = PointSchema::new(&job(), &KINDS, [FIRST, SECOND, SECOND]).unwrap();
        let mut writer = PointWriter::create(&path, PointFormat::of_path(&path).unwrap(), other).unwrap();
        push(3000, |parent, rows| {
            let granule = if rows.granule == SECOND { SECOND } else { FIRST };
            writer.push(parent, PointRows { granule, ..rows }).unwrap();
        });
        writer.finish().unwrap();
        assert!(fs::read(&path).unwrap() == bytes, "{name}");
        let none = PointWriter::create(&path, PointFormat::of_path(&path).unwrap(), schema()).unwrap();
        assert_eq!(none.finish().unwrap().rows, 0);
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), names.len(), "no temporary files");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_not_finished_leaves_what_was_there() {
    let folder = folder("dropped");
    for name in ["rows.parquet", "rows.arrow", "rows.csv", "rows.fgb"] {
        let path = folder.join(name);
        fs::write(&path, "old").unwrap();
        fs::write(folder.join(format!(".{name}.tmp")), "left by a killed process").unwrap();
        let mut writer = PointWriter::create(&path, PointFormat::of_path(&path).unwrap(), schema()).unwrap();
        push(70_000, |parent, rows| writer.push(parent, rows).unwrap());
        drop(writer);
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 4);
    let nowhere = folder.join("rows.csv").join("rows.csv");
    let error = PointWriter::create(&nowhere, PointFormat::Csv, schema()).err().unwrap();
    assert!(matches!(error, Error::File(_)), "{error}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn rows_that_a_file_cannot_hold_are_refused() {
    let folder = folder("refused");
    let mut writer = PointWriter::create(&folder.join("rows.csv"), PointFormat::Csv, schema()).unwrap();
    let parent = job().parent();
    let rows = |batch| PointRows { granule: SECOND, track: "gt1l", batch };
    let mut refused = |parent, rows: PointRows<'_>| writer.push(parent, rows).unwrap_err().to_string();
    let good = batch(1..3);
    assert!(refused(parent, PointRows { granule: "other.h5", ..rows(&good) }).contains("other.h5"));
    assert!(refused(parent, PointRows { track: "gt9", ..rows(&good) }).contains("gt9"));
    let beyond = PointBatch { child: vec![0, 4096], ..batch(1..3) };
    assert!(refused(parent, rows(&beyond)).contains("no child 4096"));
    let fine = Cell::new(Order::new(13).unwrap(), 0).unwrap();
    assert!(refused(fine, rows(&good)).contains("no child"));
    let mut large = batch(1..3);
    large.columns[2] = vec![1.0, 2.0_f64.powi(53)];
    assert!(refused(parent, rows(&large)).contains("segment_id"));
    // Columns of other lengths than the rows have nothing where they end.
    let mut ragged = batch(1..3);
    ragged.columns.truncate(2);
    (ragged.longitude, ragged.child, ragged.seconds) = (vec![1.0], Vec::new(), vec![f64::INFINITY; 9]);
    writer.push(parent, rows(&ragged)).unwrap();
    assert_eq!(writer.finish().unwrap().rows, 2);
    fs::remove_dir_all(folder).unwrap();
    let mut product = products::built_in("ATL06").unwrap();
    product.points = None;
    let statistics = Job::new(product, parent, Order::new(12).unwrap()).unwrap();
    assert!(matches!(PointSchema::new(&statistics, &[], []), Err(Error::NoPoints)));
}

#[test]
fn a_column_of_a_chosen_cycle_is_asked_for_by_its_name() {
    let mut product = products::built_in("ATL11").unwrap();
    assert!(product.ask_for_points(&["h_corr".to_owned()]).is_err(), "which cycle?");
    pipeline::Edits { cycle: Some(4), ..pipeline::Edits::default() }.apply(&mut product).unwrap();
    product.ask_for_points(&["h_corr".to_owned()]).unwrap();
    let asked = product.points.unwrap().columns;
    assert!(asked[0].name().starts_with("h_corr[") && asked[0].name().contains('4'), "{}", asked[0].name());
}
