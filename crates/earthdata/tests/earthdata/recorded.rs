//! Recorded answers.
use crate::server::{Reply, Server};
use crate::{block_on, client, shared};
use earthdata::{Collection, Query, Record, Search};
use footprint::Direction;

fn replay(bytes: Vec<u8>) -> Vec<Record> {
    let server = Server::start(move |_, _| Reply::status(200).with("CMR-Hits", "1").body(bytes.clone()));
    let (http, retry) = client();
    let collection = Collection::ConceptId("C2670138092-NSIDC_CPRD".into());
    let query = Query { collection, patterns: Vec::new(), window: (None, None), page_size: 2000 };
    block_on(Search::new(http, retry, &server.url("/"), &query).unwrap().run(None, &|_| {})).unwrap().records
}

#[test]
fn recorded_answers_with_orbits_are_understood() {
    let Some(data) = shared("recorded_answers_with_orbits_are_understood") else { return };
    let read = |name: &str| replay(std::fs::read(data.join("catalog").join(name)).unwrap()).remove(0);
    let record = read("earthaccess_atl06_umm.json");
    assert_eq!(record.name, "ATL06_20190221121851_08410203_005_01.h5");
    assert_eq!(record.s3, None, "it is not in the cloud");
    assert_eq!(
        record.https.as_deref(),
        Some("https://n5eil01u.ecs.nsidc.org/DP7/ATLAS/ATL06.005/2019.02.21/ATL06_20190221121851_08410203_005_01.h5")
    );
    let (orbit, after) = record.footprint.orbit.clone().unwrap();
    assert_eq!((orbit.start_latitude, orbit.end_direction), (59.5, Direction::Ascending));
    assert!((after.unwrap() - 946.274).abs() < 1e-6, "{after:?}");
    let other = read("earthaccess_atl03_umm.json").footprint.orbit.unwrap();
    assert!((other.1.unwrap() - 1567.116).abs() < 1e-6);
    // The time agrees with the revolution that the record means: the track is the same with and without it.
    for (orbit, after) in [(orbit, after), other] {
        assert_eq!(orbit.track(after), orbit.track(None));
    }
}
