//! Real granules: what a read of the coordinates of all tracks costs.
use crate::support::shared;
use byte_ranges::{Cost, MemorySource};
use futures_util::FutureExt;
use hdf5_pure::datatype::Numbers;
use hdf5_pure::{AsyncFile, Hyperslab, Object, ReadStats};

/// A source in the cloud, as the design assumes it.
const CLOUD: Cost =
    Cost { gap: 128 << 10, max_request: 8 << 20, in_flight: 16, ahead: 64 << 10, head: 2 << 20, tail: 0 };
const TRACKS: [&str; 6] = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];

/// Finds and reads latitude and longitude of all tracks; answers requests, bytes and waves.
fn coordinates(bytes: Vec<u8>, cost: Cost) -> (ReadStats, usize) {
    let read = async {
        let file = AsyncFile::open(MemorySource::with_cost(bytes, cost)).await.unwrap();
        let paths: Vec<String> = TRACKS
            .iter()
            .flat_map(|track| ["latitude", "longitude"].map(|name| format!("/{track}/land_ice_segments/{name}")))
            .collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let found = file.query(|file| file.find(&paths)).await.unwrap();
        let datasets: Vec<_> = found
            .into_iter()
            .filter_map(|object| match object.unwrap() {
                Some(Object::Dataset(dataset)) => Some(dataset),
                _ => None,
            })
            .collect();
        let all: Vec<_> = datasets.iter().map(|d| Hyperslab::all(d)).collect();
        let wants: Vec<_> = datasets.iter().map(|d| &**d).zip(&all).collect();
        let mut rows = 0;
        for ((dataset, _), values) in wants.iter().zip(file.read_many(&wants).await.unwrap()) {
            let values: Vec<f64> = values.unwrap().numbers().unwrap();
            assert!(values.iter().all(|v| (-180.0..=180.0).contains(v)), "{}", dataset.path);
            rows += values.len();
        }
        (file.stats(), rows)
    };
    read.now_or_never().unwrap()
}

#[test]
fn coordinates_of_all_tracks_take_few_requests() {
    let Some(folder) = shared("data/atl06", "coordinates_of_all_tracks_take_few_requests") else { return };
    let mut granules = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "h5") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let (cloud, rows) = coordinates(bytes.clone(), CLOUD);
        let (exact, same) = coordinates(bytes, Cost::EXACT);
        println!("{}: {rows} values, cloud {cloud:?}, exact {exact:?}", path.display());
        assert!(rows > 100 && rows == same);
        assert!(cloud.requests <= 12, "{cloud:?}");
        assert!(exact.rounds <= 14, "{exact:?}");
        granules += 1;
    }
    assert_eq!(granules, 5);
}

/// What a granule's first track consists of for a map of heights.
const VARIABLES: [&str; 5] = ["latitude", "longitude", "h_li", "h_li_sigma", "atl06_quality_summary"];

/// Opens a granule and reads [`VARIABLES`] of the track gt1l, planned together.
fn one_track(bytes: Vec<u8>, cost: Cost) -> (ReadStats, Vec<Numbers>) {
    let read = async {
        let file = AsyncFile::open(MemorySource::with_cost(bytes, cost)).await.unwrap();
        let paths = VARIABLES.map(|name| format!("/gt1l/land_ice_segments/{name}"));
        let found = file.query(|file| file.find(&paths.each_ref().map(String::as_str))).await.unwrap();
        let datasets: Vec<_> = found
            .into_iter()
            .map(|object| match object {
                Ok(Some(Object::Dataset(dataset))) => dataset,
                other => panic!("{other:?}"),
            })
            .collect();
        let all: Vec<_> = datasets.iter().map(|dataset| Hyperslab::all(dataset)).collect();
        let wants: Vec<_> = datasets.iter().map(|d| &**d).zip(&all).collect();
        let columns = file.read_many(&wants).await.unwrap();
        (file.stats(), columns.into_iter().map(|values| values.unwrap().column().unwrap()).collect())
    };
    read.now_or_never().unwrap()
}

/// Granule, and what h5coro 1.0.7 (`pip install h5coro h5py`) read of it for [`VARIABLES`] of gt1l: one request, in bytes;
/// its cache lines of 4 MiB are larger than these subsets. Counted with a subclass of its `FileDriver`:
///
/// `read = lambda self, at, n: log.append(n) or filedriver.FileDriver.read(self, at, n)`, then
/// `H5Coro(path, Counting).readDatasets([f"gt1l/land_ice_segments/{v}" for v in VARIABLES], block=True)`.
///
/// With lines of 64 KiB it took 7 or 8 requests and 0.46 to 0.51 MB. Of a full-size granule (100 MB) it reads 26 MB in 7
/// requests, where the settings of [`Cost::HTTP`] take 2.3 MB in 30, and those for few requests 17.6 MB in 4: five
/// columns of one track lie 15 MB apart, so half of its requests and half of its bytes cannot be had at the same time.
const H5CORO: [(&str, u64); 5] = [
    ("ATL06_20190416093911_02770303_002_01.h5", 2_868_487),
    ("ATL06_20190424092231_03990303_002_01.h5", 1_847_186),
    ("ATL06_20190424220725_04070305_002_01.h5", 2_113_414),
    ("ATL06_20190613065109_11610303_002_01.h5", 3_900_893),
    ("ATL06_20190621063429_12830303_002_01.h5", 2_078_519),
];

#[test]
fn one_track_takes_few_requests_and_less_than_half_of_the_bytes() {
    let name = "one_track_takes_few_requests_and_less_than_half_of_the_bytes";
    let Some(folder) = shared("data/atl06", name) else { return };
    for (file, h5coro) in H5CORO {
        let (stats, columns) = one_track(std::fs::read(folder.join(file)).unwrap(), Cost::HTTP);
        println!("{file}: {stats:?}");
        assert!(stats.requests <= 10 && stats.rounds <= 7 && stats.bytes <= 490_000, "{file}: {stats:?}");
        assert!(2 * stats.bytes <= h5coro, "{file}: {stats:?}");
        // Where requests are dear and bytes are not, one will do, as with h5coro.
        let (stats, same) = one_track(std::fs::read(folder.join(file)).unwrap(), Cost { head: 4 << 20, ..Cost::EXACT });
        assert_eq!((stats.requests, stats.bytes), (1, h5coro), "{file}");
        assert_eq!(columns, same, "{file}");
        assert!(columns.iter().all(|column| column.len() == columns[0].len()));
    }
}

/// Values by h5py 3.16.
#[test]
fn one_track_has_the_values_of_h5py() {
    let Some(folder) = shared("data/atl06", "one_track_has_the_values_of_h5py") else { return };
    let (_, columns) = one_track(std::fs::read(folder.join(H5CORO[0].0)).unwrap(), Cost::EXACT);
    let [Numbers::F64(latitude), Numbers::F64(longitude), Numbers::F32(h), Numbers::F32(sigma), Numbers::I8(quality)] =
        columns.as_slice()
    else {
        panic!("{columns:?}");
    };
    assert_eq!((latitude[0], latitude[1837]), (69.995_278_338_875_17, 72.052_672_464_478_02));
    assert_eq!((longitude[0], longitude[1837]), (-49.213_216_966_995_4, -50.040_927_676_128_55));
    assert_eq!((h[0], sigma[0]), (f32::MAX, f32::MAX));
    assert_eq!(quality.iter().map(|&q| i32::from(q)).sum::<i32>(), 1171);
}
