//! The face for programs: values of every type, parts with strides, many at once, many threads.
use crate::canonical::sha256;
use crate::support::fixture;
use byte_ranges::{ByteRange, Cost, Fetched, MemorySource, Source, SourceError, Stamp};
use bytes::Bytes;
use futures_util::FutureExt as _;
use hdf5_pure::datatype::{DatatypeError, Form};
use hdf5_pure::{AsyncFile, Dataset, Elements, Error, File, Hyperslab, Limits, Object};
use serde_json::Value;
use std::sync::Mutex;

fn values_file() -> File {
    File::from_bytes(fixture("values.h5")).unwrap()
}

/// What h5py reads of the file, by `fixtures/make_values.py`.
fn expected() -> Value {
    serde_json::from_slice(&fixture("values.json")).unwrap()
}

fn slab(part: &Value) -> Hyperslab {
    let dims = part.as_array().unwrap();
    let column = |at: usize| dims.iter().map(|dim| dim[at].as_u64().unwrap()).collect();
    Hyperslab { start: column(0), count: column(1), stride: column(2) }
}

#[test]
fn values_of_every_type_whole_and_in_part_are_those_of_h5py() {
    let (file, expected) = (values_file(), expected());
    let expected = expected["datasets"].as_array().unwrap();
    let datasets: Vec<_> = expected.iter().map(|e| file.dataset(e["path"].as_str().unwrap()).unwrap()).collect();
    let parts: Vec<_> = expected.iter().map(|e| slab(&e["part"])).collect();
    let wants: Vec<(&Dataset, &Hyperslab)> = datasets.iter().map(|d| &**d).zip(&parts).collect();
    let mut compared = 0;
    for ((expected, part), read) in expected.iter().zip(&parts).zip(file.read_many(&wants).unwrap()) {
        let read = read.unwrap_or_else(|error| panic!("{expected}: {error}"));
        assert!(read.shape.starts_with(&part.count));
        // References are addresses, which h5py does not show.
        if let Some(hash) = expected["sha256"].as_str() {
            assert_eq!(sha256(&read), hash, "{expected}");
            compared += 1;
        }
    }
    assert!(compared > 280, "{compared}");
}

#[test]
fn attributes_of_every_type_are_those_of_h5py() {
    let (file, expected) = (values_file(), expected());
    let mut compared = 0;
    for expected in expected["attributes"].as_array().unwrap() {
        let (path, name) = (expected["path"].as_str().unwrap(), expected["name"].as_str().unwrap());
        let values = file.attribute(path, name).unwrap().unwrap();
        assert_eq!(sha256(&values), expected["sha256"].as_str().unwrap(), "{path} {name}");
        compared += 1;
    }
    assert_eq!(compared, 6);
    let text = |name| file.text_attribute("/numbers", name);
    assert_eq!(text("units").unwrap().as_deref(), Some("metres"));
    assert_eq!(text("fixed").unwrap().as_deref(), Some("fixed text"));
    assert_eq!(text("none").unwrap(), None);
    assert_eq!(text("list").unwrap_err().to_string(), "4 texts where one was asked for");
    assert!(matches!(text("scale"), Err(Error::Datatype(DatatypeError::WrongClass { .. }))));
    assert_eq!(file.attribute("/numbers", "empty").unwrap().unwrap().shape, [0]);
    let all = file.attributes("/numbers").unwrap();
    assert!(all.len() == 7 && all.iter().all(|(_, values)| values.is_ok()));
    assert!(matches!(file.attributes("/nothing"), Err(Error::Usage(_))));
}

#[test]
fn numbers_are_exact_or_refused_with_their_place() {
    let file = values_file();
    let dataset = file.dataset("/numbers/big i4").unwrap();
    let numbers: Vec<i32> = dataset.read().unwrap();
    assert_eq!(numbers[..4], [-90, -53, -16, 21]);
    assert_eq!(dataset.read::<f64>().unwrap(), numbers.iter().copied().map(f64::from).collect::<Vec<_>>());
    let refused = dataset.read::<u8>().unwrap_err().to_string();
    assert_eq!(refused, "element 0 of >i4 is not exactly a u8");
    // 21 and 58 fit, -53 at row 0, column 1 is the first that does not: chunks are read one by one, places count as a whole.
    let part = Hyperslab::all(&dataset).along(0, 1..);
    let place = numbers[5..].iter().position(|&number| number < 0).unwrap();
    assert!(dataset.read_part::<u8>(&part).unwrap_err().to_string().starts_with(&format!("element {place} of")));
    assert_eq!(file.dataset("/numbers/bfloat16").unwrap().read::<f32>().unwrap()[..3], [-90.0, -53.0, -16.0]);
    assert_eq!(file.dataset("/arrays/numbers").unwrap().read::<i16>().unwrap().len(), 30);
    assert!(matches!(file.dataset("/text/one").unwrap().read::<i8>(), Err(Error::Datatype(_))));
    // A fill value goes through the same conversion.
    let filled = file.dataset("/layouts/partly written").unwrap();
    assert_eq!(filled.read::<f64>().unwrap()[0], -1.5);
    assert_eq!(file.dataset("/layouts/never written").unwrap().strings().unwrap(), ["none"; 12]);
}

#[test]
fn members_of_records_are_columns() {
    let file = values_file();
    for (path, name, shape) in [
        ("/records/plain", "c", vec![11, 2, 3]),
        ("/records/plain", "a", vec![11]),
        ("/records/heap", "at", vec![7, 2]),
        ("/records/heap", "id", vec![7]),
    ] {
        let column = file.dataset(path).unwrap().values().unwrap().field(name).unwrap();
        assert_eq!(column.shape, shape, "{path} {name}");
        let numbers: Vec<f64> = column.numbers().unwrap();
        assert_eq!(numbers.len() as u64, column.len());
        assert_eq!(
            numbers[numbers.len() - 1],
            if name == "at" {
                3.0
            } else if name == "a" {
                2.5
            } else if name == "c" {
                10.0
            } else {
                6.0
            }
        );
    }
    let records = file.dataset("/records/heap").unwrap().values().unwrap();
    assert_eq!(records.field("name").unwrap().strings().unwrap()[2], "two words");
    let error = records.field("nome").unwrap_err().to_string();
    assert!(error.contains("has no member nome"), "{error}");
    let Elements::Sequences { ends, items } = records.field("path").unwrap().elements else { panic!("sequences") };
    assert_eq!((ends, items.len()), (vec![0, 1, 3, 6, 10, 15, 21], 21));
    let Elements::Sequences { items, .. } = file.dataset("/sequences/big-endian").unwrap().values().unwrap().elements
    else {
        panic!("sequences")
    };
    assert_eq!(items.numbers::<f32>().unwrap(), [0.0, 0.0, 1.0]);
    let (form, _) = records.field("id").unwrap().fixed().map(|(form, bytes)| (form.clone(), bytes.len())).unwrap();
    assert_eq!(form, Form::Signed(4));
}

#[test]
fn columns_are_read_by_name() {
    let file = File::from_bytes(fixture("btree1.h5")).unwrap();
    let columns = file.read_columns(&["/plain", "/filtered"], 1..4).unwrap();
    assert_eq!(columns.iter().map(|column| column.shape[0]).collect::<Vec<_>>(), [3, 3]);
    let error = file.read_columns(&["/plain", "/none"], ..).unwrap_err();
    assert_eq!(error.to_string(), "there is no dataset /none");
    assert!(file.dataset("/").unwrap_err().to_string().contains("a group or a datatype is there"));
    assert!(file.links("/").unwrap().any(|link| link.name == "plain"));
}

/// A source that may be read by threads, and notes what it was asked for.
#[derive(Debug)]
struct Shared {
    bytes: Bytes,
    cost: Cost,
    asked: Mutex<Vec<ByteRange>>,
}

impl Shared {
    fn new(name: &str, cost: Cost) -> Self {
        Self { bytes: fixture(name), cost, asked: Mutex::default() }
    }
}

impl Source for Shared {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        self.asked.lock().unwrap().push(range);
        let file_size = self.bytes.len() as u64;
        let bytes = self.bytes.slice(range.start() as usize..range.end().min(file_size) as usize);
        Ok(Fetched { bytes, file_size })
    }

    fn cost(&self) -> Cost {
        self.cost
    }

    fn stamp(&self) -> Option<Stamp> {
        None
    }
}

#[test]
fn a_plan_asks_for_each_chunk_once_however_many_parts_need_it() {
    let read = async {
        let file = AsyncFile::open(Shared::new("values.h5", Cost::EXACT)).await.unwrap();
        let [chunked, whole] =
            file.datasets(&["/layouts/chunked", "/layouts/contiguous"]).await.unwrap().try_into().unwrap();
        file.chunk_map(&chunked).await.unwrap();
        file.source().asked.lock().unwrap().clear();
        let parts = [
            Hyperslab::all(&chunked),
            Hyperslab::all(&chunked).along(0, 2..9).every(0, 3),
            Hyperslab::all(&whole).along(0, 4..5).along(1, 2..12).every(1, 5),
        ];
        let wants = [(&*chunked, &parts[0]), (&*chunked, &parts[1]), (&*whole, &parts[2])];
        let read = file.read_many(&wants).await.unwrap();
        assert!(read.iter().all(Result::is_ok));
        let mut asked = file.source().asked.lock().unwrap().clone();
        asked.sort_unstable();
        assert!(asked.windows(2).all(|pair| pair[0].end() <= pair[1].start()), "{asked:?}");
        // Of contiguous data what lies between the first and the last element: rows 2 and 7 of 9 numbers of 2 bytes.
        let contiguous = asked.iter().filter(|range| range.len() == (5 * 9 + 9) * 2).count();
        assert_eq!(contiguous, 1, "{asked:?}");
        // A stride that leaves out whole chunks does not bring them.
        file.source().asked.lock().unwrap().clear();
        let few = Hyperslab::all(&chunked).every(0, 10).every(1, 8);
        file.read::<i16>(&chunked, &few).await.unwrap();
        let map = file.chunk_map(&chunked).await.unwrap();
        let wanted = map.chunks.iter().filter(|c| c.origin[0] % 10 == 0 && c.origin[1] % 8 == 0);
        let bytes: u64 = wanted.map(|chunk| chunk.size).sum();
        assert_eq!(file.source().asked.lock().unwrap().iter().map(|range| range.len()).sum::<u64>(), bytes);
    };
    read.now_or_never().unwrap();
}

#[test]
fn texts_of_many_datasets_and_attributes_come_together() {
    let read = async {
        let file = AsyncFile::open(Shared::new("values.h5", Cost::EXACT)).await.unwrap();
        let paths = ["/text/variable", "/text/variable chunked", "/records/heap", "/layouts/never written"];
        let datasets = file.datasets(&paths).await.unwrap();
        for dataset in &datasets {
            file.chunk_map(dataset).await.unwrap();
        }
        let before = file.stats().rounds;
        assert_eq!(file.read_columns(&paths, ..).await.unwrap().len(), 4);
        // Chunks, then collections: a wave for their heads and sizes, one for the rest at most.
        assert!(file.stats().rounds - before <= 3, "{}", file.stats().rounds - before);
        file.attribute("/numbers", "scale").await.unwrap();
        let before = file.stats().rounds;
        file.attributes("/numbers").await.unwrap();
        assert!(file.stats().rounds - before <= 3, "{}", file.stats().rounds - before);
    };
    read.now_or_never().unwrap();
}

#[test]
fn parts_are_the_same_at_any_cost() {
    let costs = [
        Cost::EXACT,
        Cost { gap: 64, max_request: 100, in_flight: 1, ahead: 0, head: 1, tail: 0 },
        Cost { gap: 0, max_request: 7, in_flight: 3, ahead: 0, head: 2048, tail: 600 },
        Cost { gap: 4096, max_request: u64::MAX, in_flight: 0, ahead: 512, head: 1 << 20, tail: 1 << 20 },
    ];
    let read = |cost| async move {
        let file = AsyncFile::open(MemorySource::with_cost(fixture("values.h5"), cost)).await.unwrap();
        let mut hashes = Vec::new();
        for path in ["/layouts/chunked", "/layouts/contiguous", "/layouts/partly written", "/records/heap"] {
            let dataset = file.dataset(path).await.unwrap();
            let part = Hyperslab::rows(&dataset, 1..).every(0, 2);
            hashes.push(sha256(&dataset.part(&part).await.unwrap()));
        }
        let asked = file.source().asked();
        assert_eq!(asked.len() as u64, file.stats().requests);
        assert_eq!(file.stats().requests == 0, asked.is_empty());
        hashes
    };
    let mut all: Vec<_> = costs.into_iter().map(|cost| read(cost).now_or_never().unwrap()).collect();
    all.dedup();
    assert_eq!(all.len(), 1);
}

#[test]
fn ten_threads_read_one_file_at_once() {
    let file = File::from_bytes(fixture("values.h5")).unwrap();
    let slow = AsyncFile::open(Shared::new("values.h5", Cost { head: 600, ..Cost::EXACT })).now_or_never();
    let slow = slow.unwrap().unwrap();
    let expected = expected();
    let expected = expected["datasets"].as_array().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..10 {
            let (file, slow) = (&file, &slow);
            scope.spawn(move || {
                for e in expected.iter().cycle().skip(29 * thread).take(expected.len()) {
                    let Some(hash) = e["sha256"].as_str() else { continue };
                    let (path, part) = (e["path"].as_str().unwrap(), slab(&e["part"]));
                    assert_eq!(sha256(&file.dataset(path).unwrap().part(&part).unwrap()), hash, "{path}");
                    let read = async { slow.dataset(path).await.unwrap().part(&part).await.unwrap() };
                    assert_eq!(sha256(&read.now_or_never().unwrap()), hash, "{path}");
                }
            });
        }
    });
}

/// A runtime with threads can move a read from one to another.
#[test]
fn reads_are_send_where_their_source_is() {
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let read = sendable(async {
        let file = AsyncFile::open(Shared::new("values.h5", Cost::EXACT)).await.unwrap();
        let dataset = file.dataset("/text/variable").await.unwrap();
        let all = Hyperslab::all(&dataset);
        file.read_many(&[(&*dataset, &all)]).await.unwrap().remove(0).unwrap().strings().unwrap().len()
    });
    assert_eq!(read.now_or_never().unwrap(), 15);
    fn shareable<T: Send + Sync>() {}
    shareable::<File>();
}

#[test]
fn what_cannot_be_read_is_named_and_alone() {
    let file = values_file();
    let dataset = file.dataset("/layouts/chunked").unwrap();
    let all = Hyperslab::all(&dataset);
    let outside = all.clone().along(2, 3..10);
    let read = file.read_many(&[(&*dataset, &all), (&*dataset, &outside)]).unwrap();
    assert!(read[0].is_ok());
    assert!(matches!(&read[1], Err(Error::Usage(why)) if why.contains("do not lie inside of 23 x 14 x 9")));
    let bytes = fixture("values.h5");
    let limits = Limits { selection_bytes: 1000, ..Limits::default() };
    let file = File::with_limits(bytes, limits).unwrap();
    let dataset = file.dataset("/layouts/chunked").unwrap();
    assert!(matches!(dataset.read::<i16>(), Err(Error::Limit { limit: 1000, .. })));
    assert!(matches!(File::from_bytes(&b"no such file"[..]), Err(Error::NotHdf5)));
}

#[test]
fn every_object_is_found_by_its_path() {
    let file = File::from_bytes(fixture("links_new.h5")).unwrap();
    let mut datasets = 0;
    for (path, object) in file.tree().unwrap() {
        if let Ok(Object::Dataset(dataset)) = object {
            assert_eq!(file.dataset(&path).unwrap().address, dataset.address);
            datasets += 1;
        }
    }
    assert!(datasets > 1, "{datasets}");
    assert!(file.find("/nothing/here").unwrap().is_none());
}
