//! S3: signed requests, what its errors mean, objects put, listed and removed.
use crate::server::{Asked, Reply, Server};
use crate::{SECRET, TOKEN, content, options, range, refused, run};
use byte_ranges::{Sink, Source, SourceErrorKind as Kind, Storage};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Mutex;
use storage::{Clients, Counts, Credentials, Location, S3Access, S3Options};

const KEY: &str = "s3://bucket/a b/x+y.h5";

fn error_body(code: &str) -> String {
    // As S3 writes it: the token that was refused is in the answer.
    format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>In words.</Message><Token-0>{TOKEN}</Token-0></Error>"
    )
}

#[test]
fn a_ranged_get_is_signed_and_pinned() {
    let server = Server::start(|asked, _| Reply::ranged(&content(), asked, "\"v1\""));
    let source = Clients::new(options(&server.url(""))).open(&Location::parse(KEY).unwrap()).unwrap();
    for start in [0, 100] {
        let fetched = run(source.fetch(range(start, start + 10))).unwrap();
        assert_eq!((fetched.bytes.len(), fetched.file_size), (10, 1000));
    }
    let log = server.log();
    let asked = &log[1];
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("GET", "/bucket/a%20b/x%2By.h5"));
    assert_eq!((asked.header("x-amz-security-token"), asked.header("if-match")), (TOKEN, "\"v1\""));
    let authorization = asked.header("authorization");
    let date = &asked.header("x-amz-date")[..8];
    let scope = format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{date}/us-west-2/s3/aws4_request, ");
    assert!(authorization.starts_with(&scope), "{authorization}");
    let names =
        "SignedHeaders=accept-encoding;host;if-match;range;x-amz-content-sha256;x-amz-date;x-amz-security-token, ";
    assert!(authorization.contains(names), "{authorization}");
    let signature = authorization.rsplit_once("Signature=").unwrap().1;
    assert!(signature.len() == 64 && signature.bytes().all(|b| b.is_ascii_hexdigit()));
    assert!(!format!("{asked:?}").contains(SECRET));
}

#[test]
fn anonymous_requests_carry_no_signature_and_missing_keys_are_named() {
    let server = Server::start(|asked, _| Reply::ranged(&content(), asked, "\"v1\""));
    let with = |access| {
        let s3 = S3Options { access, endpoint_url: Some(server.url("")), ..S3Options::default() };
        Clients::new(options("http://unused.example")).with_s3(&s3).open(&Location::parse(KEY).unwrap()).unwrap()
    };
    assert!(run(with(S3Access::Anonymous).fetch(range(0, 10))).is_ok());
    assert_eq!(server.log()[0].header("authorization"), "");
    let error = run(with(S3Access::Missing).fetch(range(0, 10))).unwrap_err();
    assert!(error.kind == Kind::Config && error.message.contains("AWS_ACCESS_KEY_ID"), "{error}");
    assert_eq!(server.log().len(), 1);
}

#[test]
fn the_errors_of_s3_are_told_apart() {
    for (status, code, kind, says) in [
        (400, "ExpiredToken", Kind::Expired, "fetch new ones"),
        (403, "AccessDenied", Kind::Denied, "may not do this"),
        (403, "InvalidAccessKeyId", Kind::Denied, "does not know"),
        (403, "SignatureDoesNotMatch", Kind::Denied, "secret access key"),
        (403, "RequestTimeTooSkewed", Kind::Denied, "clock"),
        (404, "NoSuchKey", Kind::NotFound, "no such object"),
        (404, "NoSuchBucket", Kind::NotFound, "no such bucket"),
        (412, "PreconditionFailed", Kind::Changed, "another one"),
        (400, "AuthorizationHeaderMalformed", Kind::Config, "AWS_REGION"),
        (503, "SlowDown", Kind::Unavailable, "(after 3 attempts)"),
        (400, "RequestTimeout", Kind::Timeout, "(after 3 attempts)"),
    ] {
        let server = Server::start(move |_, _| Reply::status(status).body(error_body(code)));
        let error = refused(options(&server.url("")), KEY, kind);
        assert!(error.message.contains(code) && error.message.contains(says), "{error}");
    }
    // Only where the bucket is one of theirs is it about Earthdata.
    let server = Server::start(|_, _| Reply::status(403).body(error_body("AccessDenied")));
    for (place, about) in [(KEY, false), ("s3://nsidc-cumulus-prod-protected/ATLAS/x.h5", true)] {
        let error = refused(options(&server.url("")), place, Kind::Denied);
        assert_eq!(error.message.contains("Earthdata"), about, "{error}");
    }
    let elsewhere = Server::start(|_, _| {
        Reply::status(301).with("x-amz-bucket-region", "eu-west-1").body(error_body("PermanentRedirect"))
    });
    let error = refused(options(&elsewhere.url("")), KEY, Kind::Config);
    assert!(error.message.contains("the bucket is in eu-west-1"), "{error}");
}

#[test]
fn an_empty_object_is_empty() {
    let body = "<Error><Code>InvalidRange</Code><RangeRequested>bytes=0-99</RangeRequested><ActualObjectSize>0</ActualObjectSize></Error>";
    let server = Server::start(move |_, _| Reply::status(416).body(body));
    let source = Clients::new(options(&server.url(""))).open(&Location::parse(KEY).unwrap()).unwrap();
    let fetched = run(source.fetch(range(0, 100))).unwrap();
    assert_eq!((fetched.bytes.len(), fetched.file_size), (0, 0));
}

#[test]
fn credentials_that_have_ended_are_not_sent_and_can_be_renewed() {
    let server = Server::start(|asked, _| Reply::ranged(&content(), asked, "\"v1\""));
    let old = Credentials::new("OLD", SECRET).with_expiration("2020-01-01T00:00:00Z").unwrap();
    let s3 = S3Options { access: S3Access::Keys(old), endpoint_url: Some(server.url("")), ..S3Options::default() };
    let clients = Clients::new(options("http://unused.example")).with_s3(&s3);
    let source = clients.open(&Location::parse(KEY).unwrap()).unwrap();
    let error = run(source.fetch(range(0, 10))).unwrap_err();
    assert!(error.kind == Kind::Expired && error.message.contains("2020-01-01T00:00:00Z"), "{error}");
    assert_eq!(server.log().len(), 0);
    clients.renew(Credentials::new("NEW", SECRET));
    assert!(run(source.fetch(range(0, 10))).is_ok());
    assert!(server.log()[0].header("authorization").contains("Credential=NEW/"));
}

/// A bucket in memory: PUT and DELETE with conditions, GET, and a listing of two keys a page.
fn bucket() -> Server {
    let objects: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::default();
    Server::start(move |asked, _| {
        let mut objects = objects.lock().unwrap();
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let key = path.strip_prefix("/bucket/").unwrap_or_default().to_owned();
        let tag = |bytes: &Vec<u8>| format!("\"{:x}\"", bytes.iter().fold(7_u64, |sum, &b| sum * 31 + u64::from(b)));
        let held = objects.get(&key).map(tag);
        let (seen, none) = (asked.header("if-match"), asked.header("if-none-match"));
        let as_seen = (seen.is_empty() || held.as_deref() == Some(seen)) && (none.is_empty() || held.is_none());
        match asked.method.as_str() {
            "PUT" | "DELETE" if !as_seen => Reply::status(412).body(error_body("PreconditionFailed")),
            "PUT" => {
                objects.insert(key, asked.body.clone());
                Reply::status(200)
            }
            "DELETE" => Reply::status(objects.remove(&key).map_or(404, |_| 204)),
            _ if query.contains("list-type") => page(&objects, query),
            _ => match objects.get(&key) {
                Some(bytes) => Reply::status(200).with("ETag", tag(bytes)).body(bytes.clone()),
                None => Reply::status(404).body(error_body("NoSuchKey")),
            },
        }
    })
}

fn page(objects: &BTreeMap<String, Vec<u8>>, query: &str) -> Reply {
    let query: BTreeMap<_, _> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let prefix = query.get("prefix").copied().unwrap_or_default().replace("%2F", "/");
    let from: usize = query.get("continuation-token").map_or(0, |token| token.parse().unwrap());
    let keys: Vec<_> = objects.keys().filter(|key| key.starts_with(&prefix)).collect();
    let mut xml = "<ListBucketResult><Name>bucket</Name>".to_owned();
    for key in keys.iter().skip(from).take(2) {
        xml += &format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>");
    }
    if keys.len() > from + 2 {
        xml += &format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken>", from + 2);
    }
    Reply::status(200).body(xml + "</ListBucketResult>")
}

fn put(sink: &storage::StoreSink, key: &str, text: &'static str) {
    run(sink.put(key, Bytes::from_static(text.as_bytes()))).unwrap();
}

#[test]
fn objects_are_put_replaced_as_they_were_seen_and_deleted() {
    let server = bucket();
    let clients = Clients::new(options(&server.url("")));
    let sink = clients.sink(&Location::parse("s3://bucket/out/store.zarr").unwrap()).unwrap();
    put(&clients.sink(&Location::parse("s3://bucket/out/store.zarr2").unwrap()).unwrap(), "other", "1");
    for key in ["h/c/0", "h/c/1", "h/c/2", "h/zarr.json"] {
        put(&sink, key, "{}");
    }
    put(&sink, "zarr.json", "{\"zarr_format\": 3}");
    assert_eq!(sink.counts().bytes, 4 * 2 + 18);
    let sent = server.log().into_iter().rfind(|asked| asked.method == "PUT").unwrap();
    assert_eq!(
        (sent.target.as_str(), sent.header("content-type")),
        ("/bucket/out/store.zarr/zarr.json", "application/json")
    );
    assert_eq!(sent.body, b"{\"zarr_format\": 3}");
    // Reference: sha256sum.
    assert_eq!(sent.header("x-amz-content-sha256"), "eb467e2f2ea0f34dcabceca47d5d5f4e20d5c682b769aa2bb0eb05e0f7b4146c");
    run(async {
        let keys = sink.list("", usize::MAX).await.unwrap();
        assert_eq!(keys, ["h/c/0", "h/c/1", "h/c/2", "h/zarr.json", "zarr.json"]);
        assert_eq!(sink.list("h/c/", usize::MAX).await.unwrap().len(), 3);
        let new = || Bytes::from_static(b"new");
        assert!(!sink.put_if("h/c/0", new(), None).await.unwrap());
        assert!(sink.put_if("h/c/9", new(), None).await.unwrap());
        let (bytes, tag) = sink.get("h/c/0").await.unwrap().unwrap();
        assert!(bytes == "{}" && sink.put_if("h/c/0", new(), Some(&tag)).await.unwrap());
        assert!(!sink.put_if("h/c/0", new(), Some(&tag)).await.unwrap());
        assert!(!sink.put_if("h/c/8", new(), Some(&tag)).await.unwrap());
        sink.delete("h/c/0", &tag).await.unwrap();
        assert_eq!(sink.get("h/c/0").await.unwrap().unwrap().0, new());
        let (_, tag) = sink.get("h/c/0").await.unwrap().unwrap();
        sink.delete("h/c/0", &tag).await.unwrap();
        sink.delete("h/c/0", &tag).await.unwrap();
        assert_eq!(sink.get("h/c/0").await.unwrap(), None);
        assert_eq!(sink.put("../x", Bytes::new()).await.unwrap_err().kind, Kind::Config);
    });
    // PUTs that were refused count as well, and so do the pages of two listings, 3 and 2.
    assert_eq!(sink.billed(), storage::Billed { gets: 4, puts: 5 + 5 + 5 });
    run(sink.probe()).unwrap();
    assert_eq!(run(sink.get(".icestream-probe")).unwrap(), None);
}

#[test]
fn a_service_without_conditions_is_asked_first_and_one_without_tags_is_believed() {
    let objects: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::default();
    let server = Server::start(move |asked, _| {
        let mut objects = objects.lock().unwrap();
        let conditional = !asked.header("if-match").is_empty() || !asked.header("if-none-match").is_empty();
        match asked.method.as_str() {
            _ if conditional => Reply::status(501).body(error_body("NotImplemented")),
            "PUT" => {
                objects.insert(asked.target.clone(), asked.body.clone());
                Reply::status(200)
            }
            "DELETE" => Reply::status(objects.remove(&asked.target).map_or(404, |_| 204)),
            _ => match objects.get(&asked.target) {
                Some(bytes) => Reply::status(200).with("ETag", format!("\"{}\"", bytes.len())).body(bytes.clone()),
                None => Reply::status(404).body(error_body("NoSuchKey")),
            },
        }
    });
    let clients = Clients::new(options(&server.url("")));
    let sink = clients.sink(&Location::parse("s3://bucket/out").unwrap()).unwrap();
    run(async {
        assert!(sink.put_if("a", Bytes::from_static(b"one"), None).await.unwrap());
        assert!(!sink.put_if("a", Bytes::from_static(b"three"), None).await.unwrap());
        let (_, tag) = sink.get("a").await.unwrap().unwrap();
        assert!(sink.put_if("a", Bytes::from_static(b"three"), Some(&tag)).await.unwrap());
        assert!(!sink.put_if("a", Bytes::from_static(b"five!"), Some(&tag)).await.unwrap());
        sink.delete("a", &byte_ranges::Tag(Some("\"5\"".into()))).await.unwrap();
        assert_eq!(sink.get("a").await.unwrap(), None);
    });
}

#[test]
fn without_the_right_to_list_an_absent_object_is_forbidden_and_so_is_all_where_nothing_may_be_put() {
    let start = |writable: bool| {
        Server::start(move |asked, _| match asked.method.as_str() {
            "PUT" | "DELETE" if writable => Reply::status(200),
            _ => Reply::status(403).body(error_body("AccessDenied")),
        })
    };
    for writable in [true, false] {
        let server = start(writable);
        let clients = Clients::new(options(&server.url("")));
        let sink = clients.sink(&Location::parse("s3://bucket/out").unwrap()).unwrap();
        let found = [run(sink.get("zarr.json")), run(sink.get("zarr.json"))];
        if writable {
            assert!(found.iter().all(|found| found == &Ok(None)), "{found:?}");
            assert_eq!(server.log().iter().filter(|asked| asked.method == "PUT").count(), 1, "probed once");
        } else {
            assert!(found.iter().all(|found| found.as_ref().unwrap_err().kind == Kind::Denied), "{found:?}");
        }
    }
    let server = Server::start(|_, _| Reply::status(404).body(error_body("NoSuchBucket")));
    let clients = Clients::new(options(&server.url("")));
    let sink = clients.sink(&Location::parse("s3://bucket/out").unwrap()).unwrap();
    assert_eq!(run(sink.get("zarr.json")).unwrap_err().kind, Kind::NotFound);
    assert_eq!(run(sink.put_if("a", Bytes::new(), None)).unwrap_err().kind, Kind::NotFound);
}

#[test]
fn a_put_is_sent_again_and_a_refusal_is_typed() {
    let server = Server::start(|_, n| Reply::status(if n == 0 { 503 } else { 200 }));
    let clients = Clients::new(options(&server.url("")));
    let sink = clients.sink(&Location::parse("s3://bucket/out").unwrap()).unwrap();
    put(&sink, "a", "content");
    assert_eq!(sink.counts(), Counts { requests: 2, bytes: 7, retries: 1 });
    let server = Server::start(|_, _| Reply::status(403).body(error_body("AccessDenied")));
    let clients = Clients::new(options(&server.url("")));
    let sink = clients.sink(&Location::parse("s3://bucket/out").unwrap()).unwrap();
    let error = run(sink.put("a", Bytes::new())).unwrap_err();
    assert_eq!((error.kind, error.location.as_str()), (Kind::Denied, "s3://bucket/out/a"));
    assert!(!format!("{error:?}").contains("hush"));
}

#[test]
fn prefixes_and_patterns_are_listed_page_by_page() {
    let server = bucket();
    let clients = Clients::new(options(&server.url("")));
    let all = clients.sink(&Location::parse("s3://bucket/in").unwrap()).unwrap();
    for key in ["b.h5", "a.h5", "c.txt", "d.he5", "sub/e.h5"] {
        put(&all, key, "x");
    }
    let names =
        |input: &str| -> Vec<String> { run(clients.expand(input)).unwrap().iter().map(ToString::to_string).collect() };
    assert_eq!(
        names("s3://bucket/in/"),
        ["s3://bucket/in/a.h5", "s3://bucket/in/b.h5", "s3://bucket/in/d.he5", "s3://bucket/in/sub/e.h5"]
    );
    assert_eq!(names("s3://bucket/in/*.h5"), ["s3://bucket/in/a.h5", "s3://bucket/in/b.h5"]);
    assert_eq!(names("s3://bucket/in/**/*.h5").len(), 3);
    assert_eq!(names("s3://bucket/in/a.h5"), ["s3://bucket/in/a.h5"]);
    assert_eq!(run(clients.expand("s3://bucket/none/")).unwrap_err().kind, Kind::NotFound);
    let below = |place: &str| run(clients.list(&Location::parse(place).unwrap()));
    assert_eq!(below("s3://bucket/in/").unwrap(), ["a.h5", "b.h5", "c.txt", "d.he5", "sub/e.h5"]);
    assert_eq!(below("s3://bucket/in/sub/").unwrap(), ["e.h5"]);
    assert_eq!(below("in/").unwrap_err().kind, Kind::Config);
    let pages: Vec<Asked> = server.log().into_iter().filter(|a| a.target.contains("list-type=2")).collect();
    assert!(pages.iter().any(|a| a.target.contains("continuation-token=2")), "one page only");
}

/// Answers every listing with the bodies in turn, and with the last one for ever.
fn listing(bodies: &'static [&'static str]) -> Server {
    Server::start(move |_, number| Reply::status(200).body(bodies[number.min(bodies.len() - 1)]))
}

/// What a prefix stands for when it is listed with these answers, and the requests that it took.
fn listed(bodies: &'static [&'static str]) -> (Result<Vec<String>, byte_ranges::SourceError>, usize) {
    let server = listing(bodies);
    let found = run(Clients::new(options(&server.url(""))).expand("s3://bucket/in/"));
    (found.map(|found| found.iter().map(ToString::to_string).collect()), server.log().len())
}

#[test]
fn a_listing_goes_on_while_there_is_a_token() {
    let (found, requests) = listed(&[
        "<ListBucketResult><Contents><Key>in/a+1.h5</Key></Contents><IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>y</NextContinuationToken></ListBucketResult>",
        "<ListBucketResult><Contents><Key>in/a+1.h5</Key></Contents><Contents><Key>in/b%2B.h5</Key></Contents></ListBucketResult>",
    ]);
    assert_eq!(
        (found.unwrap(), requests),
        (vec!["s3://bucket/in/a 1.h5".to_owned(), "s3://bucket/in/b+.h5".to_owned()], 3)
    );
}

#[test]
fn an_answer_that_is_no_whole_listing_is_an_error_and_no_end() {
    const FIRST: &str = "<ListBucketResult><Contents><Key>in/a.h5</Key></Contents><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>";
    const OTHER: &str = "<ListBucketResult><Contents><Key>in/b.h5</Key></Contents><NextContinuationToken>y</NextContinuationToken></ListBucketResult>";
    for (bodies, says, requests) in [
        (&[FIRST, ""][..], "empty", 4),
        (&[FIRST, "<ListBucketResult><Contents><Key>in/b.h5</Key></Contents><Conte"], "cut off", 4),
        (&[FIRST, "<html><body>Welcome to the hotel</body></html>"], "no listing", 2),
        (
            &[FIRST, "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"],
            "no NextContinuationToken",
            2,
        ),
        // The same token again, and two that take turns.
        (&[FIRST], "does not move on", 2),
        (&[FIRST, OTHER, FIRST], "does not move on", 3),
    ] {
        let (found, asked) = listed(bodies);
        let error = found.unwrap_err();
        assert_eq!(
            (error.kind, error.location.as_str(), asked),
            (Kind::BadAnswer, "s3://bucket/in/", requests),
            "{error}"
        );
        assert!(error.message.contains(says), "{error}");
    }
    // A cut answer may be whole the next time.
    let (found, requests) = listed(&[
        "",
        "<ListBucketResult><Contents>",
        "<ListBucketResult><Contents><Key>in/a.h5</Key></Contents></ListBucketResult>",
    ]);
    assert_eq!((found.unwrap().len(), requests), (1, 3));
}

#[test]
fn a_place_whose_listing_fails_is_not_taken_for_empty() {
    for body in ["", "<html></html>", "<ListBucketResult>"] {
        let server = Server::start(move |_, _| Reply::status(200).body(body));
        let clients = Clients::new(options(&server.url("")));
        let sink = clients.sink(&Location::parse("s3://bucket/out/store.zarr").unwrap()).unwrap();
        assert_eq!(run(sink.list("", 10)).unwrap_err().kind, Kind::BadAnswer, "{body}");
    }
}

#[test]
fn whoever_pays_says_so_under_the_signature() {
    let server = bucket();
    let s3 = S3Options { requester_pays: true, ..options(&server.url("")).s3 };
    let clients = Clients::new(storage::Options { s3, ..options("") });
    assert_eq!(run(clients.expand("s3://bucket/in/")).unwrap_err().kind, Kind::NotFound);
    _ = run(clients.open(&Location::parse(KEY).unwrap()).unwrap().fetch(range(0, 10)));
    for asked in server.log() {
        assert_eq!(asked.header("x-amz-request-payer"), "requester");
        assert!(asked.header("authorization").contains("x-amz-request-payer"), "{asked:?}");
    }
    assert_eq!(server.log().len(), 2);
}

#[test]
fn buckets_of_different_regions_are_read_and_written_in_one_job() {
    let objects: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::default();
    let server = Server::start(move |asked, _| {
        let region = if asked.target.starts_with("/north/") { "eu-north-1" } else { "us-west-2" };
        if !asked.header("authorization").contains(&format!("/{region}/s3/")) {
            let status = if asked.method == "GET" { 301 } else { 400 };
            return Reply::status(status).with("x-amz-bucket-region", region).body(error_body("PermanentRedirect"));
        }
        let mut objects = objects.lock().unwrap();
        match asked.method.as_str() {
            "PUT" => _ = objects.insert(asked.target.clone(), asked.body.clone()),
            _ => {
                return objects
                    .get(&asked.target)
                    .map_or(Reply::status(404), |bytes| Reply::status(200).body(bytes.clone()));
            }
        }
        Reply::status(200)
    });
    let clients = Clients::new(options(&server.url("")));
    for bucket in ["west", "north"] {
        let sink = clients.sink(&Location::parse(&format!("s3://{bucket}/a.zarr")).unwrap()).unwrap();
        run(sink.put("c/0", Bytes::from_static(b"x"))).unwrap();
        assert_eq!(run(sink.get("c/0")).unwrap().unwrap().0, "x");
    }
    // The wrong region was asked once.
    assert_eq!(server.log().len(), 5);
    let nowhere = Server::start(|_, _| Reply::status(301).with("x-amz-bucket-region", "eu-north-1"));
    let clients = Clients::new(options(&nowhere.url("")));
    let sink = clients.sink(&Location::parse("s3://west/a.zarr").unwrap()).unwrap();
    let error = run(sink.get("c/0")).unwrap_err();
    assert!(error.message.contains("eu-north-1") && nowhere.log().len() == 2, "{error}");
}

#[test]
fn deleting_is_tried_again_where_it_conflicts_with_others() {
    let conflicts = Mutex::new(2);
    let held = Mutex::new(true);
    let server = Server::start(move |asked, _| {
        let (mut conflicts, mut held) = (conflicts.lock().unwrap(), held.lock().unwrap());
        match asked.method.as_str() {
            "DELETE" if *conflicts > 0 => {
                *conflicts -= 1;
                Reply::status(409).body(error_body("ConditionalRequestConflict"))
            }
            "DELETE" => {
                *held = false;
                Reply::status(204)
            }
            _ if *held => Reply::status(200).with("ETag", "\"v1\"").body(b"x".to_vec()),
            _ => Reply::status(404).body(error_body("NoSuchKey")),
        }
    });
    let clients = Clients::new(options(&server.url("")));
    let sink = clients.sink(&Location::parse("s3://bucket/a.zarr").unwrap()).unwrap();
    let (_, tag) = run(sink.get("c/0")).unwrap().unwrap();
    run(sink.delete("c/0", &tag)).unwrap();
    assert_eq!(run(sink.get("c/0")).unwrap(), None);
}
