//! The examples, run on small files.
#![expect(dead_code, reason = "their main functions are for the command line")]
use crate::support::fixture;
use testing::server::{Reply, Server};

#[path = "../../examples/chunk_map.rs"]
mod chunk_map;
#[path = "../../examples/http.rs"]
mod http;
#[path = "../../examples/local.rs"]
mod local;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/");

#[test]
fn a_local_file_is_listed_and_shown() {
    let path = format!("{FOLDER}values.h5");
    let listed = local::run(&path, None).unwrap();
    assert!(listed.lines().count() > 50 && !listed.contains("cannot be read"), "{listed}");
    for line in listed.lines() {
        let dataset = line.split("  ").next().unwrap().trim();
        let shown = local::run(&path, Some(dataset)).unwrap_or_else(|error| panic!("{dataset}: {error}"));
        assert!(shown.contains(" of them: "), "{shown}");
    }
    let shown = local::run(&path, Some("/numbers/big f4")).unwrap();
    assert!(shown.ends_with("[4, 5] of them: [-90.0, -53.0, -16.0, 21.0, 58.0, 29.0, 66.0, 103.0, 140.0, -74.0, 148.0, -66.0, -29.0, 8.0, 45.0, 16.0, 53.0, 90.0, 127.0, -87.0]\n"), "{shown}");
}

#[test]
fn a_file_behind_http_is_read_by_ranges() {
    let content = fixture("btree1.h5");
    let size = content.len() as u64;
    let server = Server::start(move |asked, _| Reply::ranged(&content, asked, "\"one\""));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = server.url("/btree1.h5");
    // A runtime with threads takes it as well.
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let said = runtime.block_on(sendable(http::run(&url, &["/plain", "/filtered"]))).unwrap();
    assert!(said.starts_with("/plain: ") && said.contains("\n/filtered: "), "{said}");
    assert!(server.log().iter().all(|asked| asked.range().is_some()), "no request for the whole file");
    assert!(said.contains(&format!("{size} bytes")) || said.contains(" requests"), "{said}");
}

#[test]
fn a_chunk_map_leads_to_the_chunks() {
    let map = chunk_map::run(&format!("{FOLDER}btree1.h5"), "s3://bucket/btree1.h5").unwrap();
    let references = map["refs"].as_object().unwrap();
    let (_, first) = references.iter().find(|(key, _)| key.starts_with("filtered/")).unwrap();
    assert_eq!(first[0], "s3://bucket/btree1.h5");
    let bytes = fixture("btree1.h5");
    let (at, len) = (first[1].as_u64().unwrap() as usize, first[2].as_u64().unwrap() as usize);
    // A stream of zlib begins so.
    assert!(len > 2 && bytes[at] == 0x78, "{first:?}");
}
