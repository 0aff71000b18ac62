//! The search against a local CMR.
use crate::compose::{item, page, polygon};
use crate::server::{Asked, Reply, Server};
use crate::{block_on, client, folder};
use earthdata::{Collection, Error, Found, Progress, Query, Resume, Search, name_patterns};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn query() -> Query {
    Query {
        collection: Collection::Named {
            short_name: "ATL06".into(),
            version: Some("007".into()),
            provider: Some("NSIDC_CPRD".into()),
        },
        patterns: name_patterns(&products::built_in("ATL06").unwrap(), &[22], &[]),
        window: (Some("2023-12-01T00:00:00Z".into()), Some("2024-03-31T23:59:59Z".into())),
        page_size: 2,
    }
}

fn names() -> Vec<String> {
    (1..=5).map(|rgt| format!("ATL06_20231219171439_{rgt:04}2211_007_01.h5")).collect()
}

/// The page that a request asks for, as the CMR pages: the token says where to go on, the last page has none.
fn paged(asked: &Asked) -> Reply {
    let from: usize = match asked.header("cmr-search-after") {
        "" => 0,
        token => token.trim_start_matches("[\"").trim_end_matches("\"]").parse().unwrap(),
    };
    let ring = vec![vec![[10.0, -75.0], [11.0, -75.0], [11.0, -76.0]]];
    let items: Vec<_> = names().iter().skip(from).take(2).map(|name| item(name, &polygon(&ring))).collect();
    let reply = Reply::status(200).with("CMR-Hits", "5").body(page(&items));
    if from + 2 < 5 { reply.with("CMR-Search-After", format!("[\"{}\"]", from + 2)) } else { reply }
}

fn search(server: &Server, resume: Option<&Resume>) -> (Result<Found, Error>, Vec<String>) {
    let (http, retry) = client();
    let told = RefCell::new(Vec::new());
    let tell = |progress: Progress<'_>| {
        told.borrow_mut().push(match progress {
            Progress::Resumed { received } => format!("resumed {received}"),
            Progress::Page { received, hits } => format!("{received}/{hits}"),
            Progress::Waiting { error, .. } => format!("waiting: {error}"),
            _ => "?".to_owned(),
        });
    };
    let search = Search::new(http, retry, &server.url(""), &query()).unwrap();
    let found = block_on(search.run(resume, &tell));
    (found, told.into_inner())
}

fn found_names(found: &Found) -> Vec<String> {
    found.records.iter().map(|record| record.name.clone()).collect()
}

#[test]
fn pages_are_followed_through_throttling_and_broken_answers() {
    let server = Server::start(|asked, number| match number {
        1 => Reply::status(429).with("Retry-After", "0").body("slow down"),
        2 => Reply { cut: Some(700), ..paged(asked) },
        4 => Reply::status(503),
        _ => paged(asked),
    });
    let (found, told) = search(&server, None);
    let found = found.unwrap();
    assert_eq!(found_names(&found), names());
    assert_eq!((found.hits, found.requests), (5, 6));
    assert_eq!(told.iter().filter(|line| line.starts_with("waiting")).count(), 3, "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("5/5"));
    let record = &found.records[0];
    assert!(record.s3.as_ref().unwrap().starts_with("s3://nsidc-cumulus-prod-protected/ATLAS/ATL06/007/"));
    assert!(record.https.as_ref().unwrap().ends_with(&record.name));
    assert_eq!(record.footprint.polygons, [[[[10.0, -75.0], [11.0, -75.0], [11.0, -76.0]]]]);
    let log = server.log();
    let tokens: Vec<&str> = log.iter().map(|asked| asked.header("cmr-search-after")).collect();
    assert_eq!(tokens, ["", "[\"2\"]", "[\"2\"]", "[\"2\"]", "[\"4\"]", "[\"4\"]"]);
    let expected = "/search/granules.umm_json?short_name=ATL06&version=007&provider=NSIDC_CPRD\
        &readable_granule_name%5B%5D=ATL06_%3F%3F%3F%3F%3F%3F%3F%3F%3F%3F%3F%3F%3F%3F_%3F%3F%3F%3F22%3F%3F_*\
        &options%5Breadable_granule_name%5D%5Bpattern%5D=true\
        &temporal%5B%5D=2023-12-01T00%3A00%3A00Z%2C2024-03-31T23%3A59%3A59Z&page_size=2";
    assert!(log.iter().all(|asked| asked.target == expected), "{}", log[0].target);
    assert!(log.iter().all(|asked| asked.header("client-id") == "icestream"));
}

#[test]
fn an_interrupted_search_goes_on_where_it_stopped() {
    let broken = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&broken);
    let server = Server::start(move |asked, _| {
        let second = !asked.header("cmr-search-after").is_empty();
        if second && switch.load(Ordering::Relaxed) { Reply::status(404) } else { paged(asked) }
    });
    let path = folder("resume").join("search.jsonl");
    let resume = Resume::at(&path);
    assert!(search(&server, Some(&resume)).0.is_err());
    // What a process killed in the middle of a line leaves.
    let mut kept = std::fs::read(&path).unwrap();
    kept.extend_from_slice(b"{\"token\":\"[\\\"4\\\"]\",\"hi");
    std::fs::write(&path, &kept).unwrap();
    let (failed, _) = search(&server, Some(&resume));
    assert!(failed.unwrap_err().to_string().contains("search.jsonl"), "the error names the file to remove");
    broken.store(false, Ordering::Relaxed);
    let before = server.log().len();
    let (found, told) = search(&server, Some(&resume));
    assert_eq!(found_names(&found.unwrap()), names());
    assert_eq!(told, ["resumed 2", "4/5", "5/5"]);
    assert_eq!(server.log()[before].header("cmr-search-after"), "[\"2\"]", "the first page is not asked for again");
    assert!(!path.exists());
    // Pages of another query are of no use.
    std::fs::write(&path, "{\"query\":\"other\"}\n{\"token\":null,\"hits\":0,\"records\":[]}\n").unwrap();
    let (found, told) = search(&server, Some(&resume));
    assert_eq!((found.unwrap().records.len(), told.len()), (5, 3));
}

#[test]
fn answers_that_make_no_sense_are_errors() {
    type Answer = fn(&Asked) -> Reply;
    let cases: [(Answer, &str, usize); 6] = [
        (|_| Reply::status(200).with("CMR-Hits", "9").body(page(&[])), "9 granules fit, but only 0 came", 1),
        (
            |_| Reply::status(200).with("CMR-Hits", "9").with("CMR-Search-After", "x").body(page(&[])),
            "does not move on",
            2,
        ),
        (|_| Reply::status(200).body(page(&[])), "CMR-Hits", 1),
        (|_| Reply::status(200).with("CMR-Hits", "0").body("<html>"), "not umm_json", 4),
        (|_| Reply::status(400).body("{\"errors\":[\"Invalid concept_id\"]}"), "Invalid concept_id", 1),
        (|_| Reply::status(500), "after 4 attempts", 4),
    ];
    for (answer, says, requests) in cases {
        let server = Server::start(move |asked, _| answer(asked));
        let error = search(&server, None).0.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert_eq!(server.log().len(), requests, "{says}");
    }
}

/// Answers the pages in turn, each with its hits and its token; the last for ever. Numbers are those of [`names`].
fn pages(pages: &'static [(&'static str, &'static [usize], &'static str)]) -> Server {
    let ring = vec![vec![[10.0, -75.0], [11.0, -75.0], [11.0, -76.0]]];
    Server::start(move |_, number| {
        let (hits, some, token) = pages[number.min(pages.len() - 1)];
        let items: Vec<_> = some.iter().map(|at| item(&names()[*at], &polygon(&ring))).collect();
        let reply = Reply::status(200).with("CMR-Hits", hits).body(page(&items));
        if token.is_empty() { reply } else { reply.with("CMR-Search-After", token) }
    })
}

#[test]
fn a_page_that_comes_twice_does_not_hide_one_that_is_lost() {
    let found = |list| search(&pages(list), None).0;
    let lost = found(&[("5", &[0, 1], "a"), ("5", &[0, 1], "b"), ("5", &[4], "")]);
    assert!(lost.unwrap_err().to_string().contains("5 granules fit, but only 3 came"));
    let fewer = found(&[("5", &[0, 1], "a"), ("3", &[2], "")]);
    assert!(
        fewer.unwrap_err().to_string().contains("5 granules fit, but only 3 came"),
        "the highest number of hits counts"
    );
    let repeated =
        found(&[("4", &[0, 1], "a"), ("5", &[1, 0], "b"), ("5", &[2, 3], "c"), ("5", &[3, 4], "d"), ("5", &[], "")]);
    let repeated = repeated.unwrap();
    assert_eq!((found_names(&repeated), repeated.hits), (names(), 5));
}

#[test]
fn a_search_without_an_end_ends() {
    type Pages = &'static [(&'static str, &'static [usize], &'static str)];
    let cases: [(Pages, usize); 2] = [
        (&[("5", &[0, 1], "a"), ("5", &[2, 3], "b"), ("5", &[4], "a")], 3),
        (&[("5", &[0, 1], "a"), ("5", &[0, 1], "b"), ("5", &[0, 1], "c"), ("5", &[0], "d"), ("5", &[1], "e")], 5),
    ];
    for (list, requests) in cases {
        let server = pages(list);
        let error = search(&server, None).0.unwrap_err().to_string();
        assert!(error.contains("does not move on"), "{error}");
        assert_eq!(server.log().len(), requests);
    }
    // What is kept on disk does not repeat the mistake of the server.
    let server = pages(&[("5", &[0, 1], "a"), ("5", &[2, 3], "a"), ("5", &[2, 3], "b"), ("5", &[4], "")]);
    let resume = Resume::at(folder("endless").join("search.jsonl"));
    let error = search(&server, Some(&resume)).0.unwrap_err().to_string();
    assert!(error.contains("remove") && error.contains("search.jsonl"), "{error}");
    assert_eq!(found_names(&search(&server, Some(&resume)).0.unwrap()), names());
}

#[test]
fn a_record_that_makes_no_sense_fails_alone() {
    let ring = vec![vec![[10.0, -75.0], [11.0, -75.0], [11.0, -76.0]]];
    let good = |at: usize| item(&names()[at], &polygon(&ring));
    let with = |at: usize, path: &str, value: serde_json::Value| {
        let mut item = good(at);
        *item.pointer_mut(path).unwrap() = value;
        item
    };
    let null = serde_json::Value::Null;
    let mut nameless = with(3, "/umm/GranuleUR", null.clone());
    nameless["umm"]["RelatedUrls"] = serde_json::json!([]);
    nameless["meta"] = serde_json::json!({ "concept-id": "G5-NSIDC_CPRD" });
    let orbit = "/umm/SpatialExtent/HorizontalSpatialDomain";
    let items = [
        with(0, "/umm/RelatedUrls", null.clone()),
        with(1, &format!("{orbit}/Geometry/GPolygons"), null),
        with(2, orbit, serde_json::json!({ "Orbit": {} })),
        nameless,
        good(4),
    ];
    let body = page(&items);
    let server = Server::start(move |_, _| Reply::status(200).with("CMR-Hits", "5").body(body.clone()));
    let found = search(&server, None).0.unwrap();
    assert_eq!(found_names(&found), names()[4..]);
    let odd: Vec<(&str, &str)> = found.odd.iter().map(|odd| (odd.name.as_str(), odd.why.as_str())).collect();
    let names = names();
    assert_eq!(
        odd,
        [
            (names[0].as_str(), "RelatedUrls: invalid type: null, expected a sequence"),
            (names[1].as_str(), "SpatialExtent: invalid type: null, expected a sequence"),
            (names[2].as_str(), "SpatialExtent: missing field `AscendingCrossing`"),
            ("G5-NSIDC_CPRD", "invalid type: null, expected a string"),
        ]
    );
}

#[test]
fn indexes_and_browse_images_are_no_granules() {
    let name = &names()[0];
    let at =
        |scheme: &str, ending: &str| format!("{scheme}://data.nsidc.earthdatacloud.nasa.gov/bucket/{name}{ending}");
    let link = |url: String, kind: &str| serde_json::json!({ "URL": url, "Type": kind });
    let mut item = item(name, &polygon(&[vec![[10.0, -75.0], [11.0, -75.0], [11.0, -76.0]]]));
    let direct = "GET DATA VIA DIRECT ACCESS";
    let browse = name.replace(".h5", "_BRW.h5");
    item["umm"]["RelatedUrls"] = serde_json::json!([
        link(format!("s3://bucket/{name}.dmrpp"), direct),
        link(format!("s3://bucket/{browse}"), direct),
        link(at("https", ".dmrpp"), "GET DATA"),
        link(format!("https://h.org/bucket/{browse}"), "GET DATA"),
        link(at("https", "?A-userid=me"), "GET DATA"),
        link(format!("s3://bucket/{name}"), direct),
    ]);
    let mut without = item.clone();
    without["umm"]["RelatedUrls"].as_array_mut().unwrap().truncate(4);
    without["umm"]["GranuleUR"] = names()[1].as_str().into();
    let body = page(&[item, without]);
    let server = Server::start(move |_, _| Reply::status(200).with("CMR-Hits", "2").body(body.clone()));
    let found = search(&server, None).0.unwrap().records;
    assert_eq!(found[0].s3, Some(format!("s3://bucket/{name}")));
    assert_eq!(found[0].https, Some(at("https", "?A-userid=me")));
    assert_eq!((&found[1].s3, &found[1].https), (&None, &None));
}
