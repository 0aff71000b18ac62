//! Real granules: what a read of the coordinates of all tracks costs.
use crate::support::shared;
use byte_ranges::{Cost, Lookup, MemorySource};
use futures_util::FutureExt;
use hdf5_pure::{AsyncFile, Object, Selection, Stats};

/// A source in the cloud, as the design assumes it.
const CLOUD: Cost = Cost { gap: 128 << 10, max_request: 8 << 20, in_flight: 16, ahead: 64 << 10, head: 2 << 20 };
const TRACKS: [&str; 6] = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];

/// Finds and reads latitude and longitude of all tracks; answers requests, bytes and waves.
fn coordinates(bytes: Vec<u8>, cost: Cost) -> (Stats, usize) {
    let read = async {
        let mut file = AsyncFile::open(MemorySource::with_cost(bytes, cost)).await.unwrap();
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
        let selections: Vec<_> = datasets.iter().map(|d| Selection::all(d)).collect();
        let wants: Vec<_> = datasets.iter().map(|d| &**d).zip(&selections).collect();
        let maps = file.query(|file| file.chunk_maps(&wants)).await.unwrap();
        let maps: Vec<_> = maps.into_iter().map(Result::unwrap).collect();
        let bodies = file.fetch(&maps.iter().collect::<Vec<_>>()).await.unwrap();
        let mut rows = 0;
        for ((dataset, selection), map) in wants.iter().zip(&maps) {
            let raw = dataset.assemble(selection, map, |chunk| match bodies.get(chunk.range()) {
                Lookup::Bytes(bytes) => Ok(bytes),
                other => panic!("{other:?}"),
            });
            let values: Vec<f64> = dataset.datatype.decode(&raw.unwrap()).unwrap();
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
