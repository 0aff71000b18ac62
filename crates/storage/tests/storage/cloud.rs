//! Google Cloud Storage and Azure Blob Storage: granules read by ranges, stores written on conditions, credentials.
use crate::server::{Asked, Reply, Server};
use crate::{content, options, range, run};
use byte_ranges::{Sink, Source, SourceErrorKind as Kind, Storage};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use storage::{Clients, CloudOptions, Location, Options};

fn settings(settings: &[(&str, &str)]) -> CloudOptions {
    CloudOptions::from_variables(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn google(server: &Server) -> Clients {
    let clouds = settings(&[("STORAGE_EMULATOR_HOST", &server.url(""))]);
    Clients::new(Options { clouds, ..options("http://unused.example") })
}

fn sink(clients: &Clients, place: &str) -> storage::StoreSink {
    clients.sink(&Location::parse(place).unwrap()).unwrap()
}

/// The last generation that was given, and of each object the generation and the content.
type Held = (u64, BTreeMap<String, (u64, Vec<u8>)>);

/// The XML API of Google Cloud Storage, as far as stores need it: generations, conditions, listings page by page.
fn bucket() -> Server {
    let objects: Mutex<Held> = Mutex::default();
    Server::start(move |asked, _| answer(&mut objects.lock().unwrap(), asked))
}

fn answer((last, objects): &mut Held, asked: &Asked) -> Reply {
    let target = asked.target.replace("%2F", "/").replace("%2E", ".");
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let Some(key) = path.strip_prefix("/cells/").filter(|key| !key.is_empty()) else {
        if !path.starts_with("/cells") {
            return Reply::status(404).body("<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>");
        }
        let prefix = query["prefix"].to_owned();
        let after = query.get("continuation-token").map_or("", |token| *token).to_owned();
        let keys: Vec<&String> = objects.keys().filter(|key| key.starts_with(&prefix) && **key > after).collect();
        let entry = |key: &&String| {
            format!(
                "<Contents><Key>{key}</Key><Size>1</Size><LastModified>2024-01-01T00:00:00Z</LastModified><ETag>\"e\"</ETag></Contents>"
            )
        };
        let page: String = keys.iter().take(2).map(entry).collect();
        let next = keys.get(1).filter(|_| keys.len() > 2);
        let next = next.map_or_else(String::new, |key| format!("<NextContinuationToken>{key}</NextContinuationToken>"));
        return Reply::status(200).body(format!("<ListBucketResult>{page}{next}</ListBucketResult>"));
    };
    let held = objects.get(key).map(|(generation, _)| *generation);
    let condition = asked.header("x-goog-if-generation-match");
    let is_as_wanted = condition.is_empty() || condition.parse() == Ok(held.unwrap_or(0));
    let described = |reply: Reply, generation: u64| {
        reply
            .with("x-goog-generation", generation.to_string())
            .with("ETag", format!("\"{generation}\""))
            .with("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
    };
    match asked.method.as_str() {
        "PUT" | "DELETE" if !is_as_wanted => Reply::status(412),
        "PUT" => {
            *last += 1;
            objects.insert(key.to_owned(), (*last, asked.body.clone()));
            described(Reply::status(200), *last)
        }
        "DELETE" => Reply::status(objects.remove(key).map_or(404, |_| 204)),
        _ => match objects.get(key) {
            Some((generation, bytes)) => described(Reply::status(200).body(bytes.clone()), *generation),
            None => Reply::status(404).body("<Error><Code>NoSuchKey</Code></Error>"),
        },
    }
}

#[test]
fn objects_are_put_replaced_as_they_were_seen_and_deleted() {
    let server = bucket();
    let clients = google(&server);
    let other = sink(&clients, "gs://cells/out/store.zarr2");
    let sink = sink(&clients, "gs://cells/out/store.zarr");
    let new = || Bytes::from_static(b"new");
    run(async {
        other.put("other", new()).await.unwrap();
        for key in ["h/c/0", "h/c/1", "h/c/2", "h/zarr.json", "zarr.json"] {
            sink.put(key, Bytes::from_static(b"{}")).await.unwrap();
        }
        assert_eq!(sink.list("", usize::MAX).await.unwrap(), ["h/c/0", "h/c/1", "h/c/2", "h/zarr.json", "zarr.json"]);
        assert_eq!(sink.list("h/c", usize::MAX).await.unwrap().len(), 3);
        assert_eq!(sink.list("", 1).await.unwrap().len(), 1);
        assert!(!sink.put_if("h/c/0", new(), None).await.unwrap());
        assert!(sink.put_if("h/c/9", new(), None).await.unwrap());
        let (bytes, tag) = sink.get("h/c/0").await.unwrap().unwrap();
        assert!(bytes == "{}" && sink.put_if("h/c/0", new(), Some(&tag)).await.unwrap());
        assert!(!sink.put_if("h/c/0", new(), Some(&tag)).await.unwrap());
        sink.delete("h/c/0", &tag).await.unwrap();
        assert_eq!(sink.get("h/c/0").await.unwrap().unwrap().0, new());
        let (_, tag) = sink.get("h/c/0").await.unwrap().unwrap();
        sink.delete("h/c/0", &tag).await.unwrap();
        sink.delete("h/c/0", &tag).await.unwrap();
        assert_eq!(sink.get("h/c/0").await.unwrap(), None);
        assert_eq!(sink.put("../x", Bytes::new()).await.unwrap_err().kind, Kind::Config);
        sink.probe().await.unwrap();
        assert_eq!(sink.get(".icestream-probe").await.unwrap(), None);
    });
    assert_eq!(sink.counts().retries, 0);
    let deleted = server.log().into_iter().find(|asked| asked.method == "DELETE").unwrap();
    assert_eq!(deleted.header("x-goog-if-generation-match"), "8", "deleted as it was seen");
    assert_eq!(sink.shown("zarr.json"), "gs://cells/out/store.zarr/zarr.json");
}

#[test]
fn a_bucket_that_is_not_there_is_no_empty_store() {
    let server = bucket();
    let sink = sink(&google(&server), "gs://nowhere/store.zarr");
    for error in [run(sink.list("", 9)).unwrap_err(), run(sink.get("zarr.json")).unwrap_err()] {
        assert!(error.kind == Kind::NotFound && error.message.contains("no such bucket"), "{error}");
    }
}

#[test]
fn a_granule_is_read_by_ranges_pinned_and_checked() {
    let server = Server::start(|asked, number| {
        let tag = if number < 3 { "\"v1\"" } else { "\"v2\"" };
        Reply::ranged(&content(), asked, tag).with("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
    });
    let source = google(&server).open(&Location::parse("gs://cells/a/x.h5").unwrap()).unwrap();
    let fetched = run(source.fetch(range(990, 1100))).unwrap();
    assert_eq!((&fetched.bytes[..], fetched.file_size), (&content()[990..], 1000));
    assert!(run(source.fetch(range(1000, 1100))).unwrap().bytes.is_empty(), "the end is known");
    assert_eq!(run(source.fetch(range(0, 10))).unwrap().bytes, content()[..10]);
    run(source.fetch(range(0, 10))).unwrap();
    assert_eq!(server.log()[1].header("if-match"), "\"v1\"");
    let changed = run(source.fetch(range(0, 10))).unwrap_err();
    assert_eq!(changed.kind, Kind::Changed, "{changed}");
    assert_eq!(source.counts().requests, 4);
    assert_eq!(source.etag().as_deref(), Some("\"v1\""));
}

#[test]
fn what_may_pass_is_sent_again_and_what_is_refused_is_told_without_secrets() {
    let fine = |asked: &Asked| {
        Reply::ranged(&content(), asked, "\"v1\"").with("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
    };
    let server = Server::start(move |asked, number| match number {
        0 => Reply::status(503),
        1 => Reply { cut: Some(4), ..fine(asked) },
        _ => fine(asked),
    });
    let source = google(&server).open(&Location::parse("gs://cells/a/x.h5").unwrap()).unwrap();
    assert_eq!(run(source.fetch(range(0, 10))).unwrap().bytes.len(), 10);
    assert_eq!((source.counts().requests, source.counts().retries), (3, 2));
    for (status, kind, says) in [
        (401, Kind::Denied, "login"),
        (403, Kind::Denied, "may not do this"),
        (404, Kind::NotFound, "no such object"),
        (412, Kind::Changed, "changed"),
        (429, Kind::Unavailable, "after 3 attempts"),
    ] {
        let body = "<Error><Code>AccessDenied</Code><Message>\u{1b}[31mno</Message><Token>hush</Token></Error>";
        let server = Server::start(move |_, _| Reply::status(status).body(if status == 403 { body } else { "" }));
        let source = google(&server).open(&Location::parse("gs://cells/a/x.h5").unwrap()).unwrap();
        let error = run(source.fetch(range(0, 10))).unwrap_err();
        assert!(error.kind == kind && error.message.contains(says), "{status}: {error}");
        assert!(!format!("{error:?}").contains("hush") && !error.message.contains('\u{1b}'), "{error:?}");
    }
}

#[test]
fn an_account_of_azure_signs_with_its_key_and_takes_conditions_by_entity_tags() {
    let server = Server::start(|asked, _| {
        let described =
            |reply: Reply| reply.with("ETag", "\"0x1\"").with("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT");
        match (asked.method.as_str(), asked.header("if-match"), asked.header("if-none-match")) {
            ("PUT", "", "*") => Reply::status(409).body("<Error><Code>BlobAlreadyExists</Code></Error>"),
            ("PUT", "\"0x1\"" | "", _) => described(Reply::status(201)),
            ("PUT", ..) => Reply::status(412),
            _ => described(Reply::status(200).body("{}")),
        }
    });
    let text = format!("AccountName=ice;AccountKey=aHVzaC1rZXk=;BlobEndpoint={}", server.url("/ice"));
    let clouds = settings(&[("AZURE_STORAGE_CONNECTION_STRING", &text)]);
    let clients = Clients::new(Options { clouds, ..options("http://unused.example") });
    assert!(!format!("{:?}", clients.options()).contains("aHVzaC1rZXk"));
    let sink = sink(&clients, "az://cells/store.zarr");
    run(async {
        let (_, tag) = sink.get("zarr.json").await.unwrap().unwrap();
        assert!(sink.put_if("zarr.json", Bytes::new(), Some(&tag)).await.unwrap());
        assert!(!sink.put_if("zarr.json", Bytes::new(), None).await.unwrap());
        assert!(
            !sink.put_if("zarr.json", Bytes::new(), Some(&byte_ranges::Tag(Some("\"0x9\"".into())))).await.unwrap()
        );
    });
    let asked = &server.log()[0];
    assert_eq!(asked.target, "/ice/cells/store.zarr/zarr.json");
    assert!(asked.header("authorization").starts_with("SharedKey ice:"), "{asked:?}");
}

#[test]
fn an_answer_that_is_no_whole_listing_is_an_error_and_no_end() {
    let entry = "<Contents><Key>a/1</Key><Size>1</Size><LastModified>2024-01-01T00:00:00Z</LastModified></Contents>";
    for (body, says) in [
        ("<Error><Code>InternalError</Code></Error>".to_owned(), "no listing"),
        ("<html><body>log in</body></html>".to_owned(), "no listing"),
        (String::new(), "no listing"),
        (format!("<ListBucketResult>{entry}"), "cut off"),
        (format!("<ListBucketResult>{entry}<Prefix/>"), "cut off"),
        (format!("<ListBucketResult>{entry}<IsTruncated>true</IsTruncated></ListBucketResult>"), "truncated"),
        (
            format!("<ListBucketResult>{entry}<NextContinuationToken>x</NextContinuationToken></ListBucketResult>"),
            "repeats itself",
        ),
        (
            "<ListBucketResult><NextContinuationToken>x</NextContinuationToken></ListBucketResult>".to_owned(),
            "repeats itself",
        ),
    ] {
        let answer = body.clone();
        let server = Server::start(move |_, _| Reply::status(200).body(answer.clone()));
        let error = run(sink(&google(&server), "gs://cells/a").list("", usize::MAX)).unwrap_err();
        assert!(error.kind == Kind::BadAnswer && error.message.contains(says), "{body}: {error}");
        assert!(server.log().len() <= 3, "{} requests", server.log().len());
    }
    let server =
        Server::start(|_, _| Reply::status(200).body("<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"/>"));
    assert_eq!(run(sink(&google(&server), "gs://cells/a").list("", usize::MAX)).unwrap(), [""; 0]);
}

#[test]
fn a_lease_is_no_missing_bucket_and_no_deletion() {
    let server = Server::start(|asked, _| match asked.method.as_str() {
        "PUT" | "DELETE" => Reply::status(409),
        _ => Reply::status(200)
            .with("ETag", "\"1\"")
            .with("x-goog-generation", "1")
            .with("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"),
    });
    let sink = sink(&google(&server), "gs://cells/a");
    run(async {
        let (_, tag) = sink.get("zarr.json").await.unwrap().unwrap();
        for error in [sink.put("zarr.json", Bytes::new()).await, sink.delete("zarr.json", &tag).await] {
            let error = error.unwrap_err();
            assert!(error.kind == Kind::Unavailable && error.message.contains("lease"), "{error}");
        }
    });
}

#[test]
fn a_signature_does_not_leave_over_plain_http() {
    let clouds = settings(&[
        ("AZURE_STORAGE_ACCOUNT_NAME", "ice"),
        ("AZURE_STORAGE_ENDPOINT", "http://storage.example.org"),
        ("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=hush"),
    ]);
    let clients = Clients::new(Options { clouds, ..options("http://unused.example") });
    let source = clients.open(&Location::parse("az://cells/a/x.h5").unwrap()).unwrap();
    let error = run(source.fetch(range(0, 10))).unwrap_err();
    assert!(error.kind == Kind::Config && error.message.contains("https://"), "{error}");
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
}

#[test]
fn credentials_do_not_leave_over_plain_http() {
    let clouds = settings(&[("GOOGLE_BASE_URL", "http://storage.example.org"), ("GOOGLE_BEARER_TOKEN", "hush-token")]);
    let clients = Clients::new(Options { clouds, ..options("http://unused.example") });
    let source = clients.open(&Location::parse("gs://cells/a/x.h5").unwrap()).unwrap();
    let error = run(source.fetch(range(0, 10))).unwrap_err();
    assert!(error.kind == Kind::Config && error.message.contains("https://"), "{error}");
}

#[test]
fn an_answer_that_does_not_come_is_waited_for_in_vain_once_an_attempt() {
    let server = Server::start(|_, _| Reply { hang: true, ..Reply::default() });
    let clouds = settings(&[("STORAGE_EMULATOR_HOST", &server.url(""))]);
    let mut options = Options { clouds, ..options("http://unused.example") };
    options.timeouts.idle = Duration::from_millis(60);
    let source = Clients::new(options).open(&Location::parse("gs://cells/a/x.h5").unwrap()).unwrap();
    let error = run(source.fetch(range(0, 10))).unwrap_err();
    assert!(error.kind == Kind::Timeout && error.message.contains("after 3 attempts"), "{error}");
}
