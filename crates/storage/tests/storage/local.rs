//! Local files and local stores.
use crate::{Scratch, content, options, range, run};
use byte_ranges::{Sink, Source, SourceErrorKind as Kind, Storage};
use bytes::Bytes;
use std::fs;
use storage::{Clients, Counts, Location, StoreSink};

fn clients() -> Clients {
    Clients::new(options("http://unused.example"))
}

fn sink(path: &str) -> StoreSink {
    clients().sink(&Location::parse(path).unwrap()).unwrap()
}

fn files(scratch: &Scratch) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo = vec![scratch.0.clone()];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(directory).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                todo.push(path);
            } else {
                found.push(path.strip_prefix(&scratch.0).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn ranges_are_read_and_counted() {
    let scratch = Scratch::new("read");
    fs::write(scratch.join("x.h5"), content()).unwrap();
    let clients = clients();
    let source = clients.open(&Location::parse(&scratch.join("x.h5")).unwrap()).unwrap();
    assert_eq!(source.cost(), byte_ranges::Cost::LOCAL);
    let fetched = run(source.fetch(range(10, 30))).unwrap();
    assert_eq!((&fetched.bytes[..], fetched.file_size), (&content()[10..30], 1000));
    assert_eq!(&run(source.fetch(range(990, 99_999))).unwrap().bytes[..], &content()[990..]);
    assert_eq!(run(source.fetch(range(1000, 1001))).unwrap().bytes.len(), 0);
    assert_eq!(run(source.fetch(range(1001, 1002))).unwrap_err().kind, Kind::BadAnswer);
    assert_eq!(source.counts(), Counts { requests: 3, bytes: 30, retries: 0 });
    assert_eq!(clients.stats().snapshot(), source.counts());
}

#[test]
fn a_file_that_is_cut_or_rewritten_while_it_is_read_has_changed() {
    let scratch = Scratch::new("changed");
    let path = scratch.join("x.h5");
    for change in ["cut", "rewritten"] {
        fs::write(&path, content()).unwrap();
        let source = clients().open(&Location::parse(&path).unwrap()).unwrap();
        run(source.fetch(range(0, 10))).unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        if change == "cut" {
            file.set_len(500).unwrap();
        } else {
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        }
        let error = run(source.fetch(range(400, 600))).unwrap_err();
        assert_eq!(error.kind, Kind::Changed, "{change}: {error}");
    }
}

#[test]
fn what_is_no_file_is_named() {
    let scratch = Scratch::new("none");
    let kind = |path: &str| clients().open(&Location::parse(path).unwrap()).unwrap_err().kind;
    assert_eq!(kind(&scratch.join("none.h5")), Kind::NotFound);
    assert_eq!(kind(scratch.0.to_str().unwrap()), Kind::Config);
    assert_eq!(kind("s3://bucket/prefix/"), Kind::Config);
    let no_sink = |text: &str| clients().sink(&Location::parse(text).unwrap()).map(|_| ()).unwrap_err().kind;
    assert_eq!(no_sink("https://host/x"), Kind::Config);
    assert_eq!(no_sink("s3://bucket/"), Kind::Config);
}

#[test]
fn puts_are_whole_and_leave_nothing_else() {
    let scratch = Scratch::new("put");
    let sink = sink(&scratch.join("out.zarr"));
    run(async {
        sink.put("h/c/0/1", Bytes::from_static(b"first")).await.unwrap();
        sink.put("h/c/0/1", Bytes::from_static(b"second")).await.unwrap();
        sink.put("zarr.json", Bytes::from_static(b"{}")).await.unwrap();
    });
    assert_eq!(files(&scratch), ["out.zarr/h/c/0/1", "out.zarr/zarr.json"]);
    assert_eq!(fs::read(scratch.join("out.zarr/h/c/0/1")).unwrap(), b"second");
    // A directory exists where the object should go: the put fails and its temporary file is gone.
    let error = run(sink.put("h/c", Bytes::from_static(b"x"))).unwrap_err();
    assert!(error.location.ends_with("h/c"), "{error}");
    assert_eq!(files(&scratch).len(), 2);
    for key in ["", "/a", "a//b", "../a", "a/..", "a\\b", "a/./b"] {
        assert_eq!(run(sink.put(key, Bytes::new())).unwrap_err().kind, Kind::Config, "{key}");
    }
}

#[test]
fn objects_are_replaced_and_deleted_only_as_they_were_seen() {
    let scratch = Scratch::new("seen");
    let store = sink(&scratch.join("out.zarr"));
    fs::create_dir_all(scratch.join("out.zarr/h/c")).unwrap();
    fs::write(scratch.join("out.zarr/h/c/.0.4711-3.tmp"), "half").unwrap();
    run(async {
        assert_eq!(store.get("h/c/0").await.unwrap(), None);
        assert!(store.put_if("h/c/0", Bytes::from_static(b"one"), None).await.unwrap());
        assert!(!store.put_if("h/c/0", Bytes::from_static(b"two"), None).await.unwrap());
        let (one, tag) = store.get("h/c/0").await.unwrap().unwrap();
        assert_eq!(one, &b"one"[..]);
        assert!(store.put_if("h/c/0", Bytes::from_static(b"two"), Some(&tag)).await.unwrap());
        assert!(!store.put_if("h/c/0", Bytes::from_static(b"three"), Some(&tag)).await.unwrap());
        store.delete("h/c/0", &tag).await.unwrap();
        store.put("zarr.json", Bytes::from_static(b"{}")).await.unwrap();
        store.settle().await.unwrap();
        // What a killed writer left is no key, and goes.
        assert_eq!(store.list("", 9).await.unwrap(), ["h/c/0", "zarr.json"]);
        assert_eq!(store.list("h/", 9).await.unwrap(), ["h/c/0"]);
        assert_eq!(files(&scratch), ["out.zarr/h/c/0", "out.zarr/zarr.json"]);
        for key in ["h/c/0", "zarr.json", "never"] {
            let seen = store.get(key).await.unwrap().map_or(byte_ranges::Tag(None), |(_, tag)| tag);
            store.delete(key, &seen).await.unwrap();
        }
    });
    assert!(!fs::exists(scratch.join("out.zarr")).unwrap(), "emptied folders stay");
}

#[test]
fn a_probe_says_whether_objects_can_be_put_and_leaves_nothing() {
    let scratch = Scratch::new("probe");
    run(sink(&scratch.join("a/b/out.zarr")).probe()).unwrap();
    assert!(files(&scratch).is_empty() && !fs::exists(scratch.join("a")).unwrap());
    fs::write(scratch.join("file"), "x").unwrap();
    let error = run(sink(&scratch.join("file/out.zarr")).probe()).unwrap_err();
    assert!(error.location.ends_with("file/out.zarr"), "{error}");
}

#[test]
fn directories_and_patterns_are_expanded_in_order() {
    let scratch = Scratch::new("expand");
    for name in ["b.h5", "a.H5", "c.txt", "d.he5", "e.hdf5"] {
        fs::write(scratch.join(name), "x").unwrap();
    }
    fs::create_dir(scratch.join("sub.h5")).unwrap();
    fs::write(scratch.join("sub.h5/z[1].h5"), "x").unwrap();
    let names =
        |input: &str| -> Vec<String> { run(clients().expand(input)).unwrap().iter().map(Location::name).collect() };
    assert_eq!(names(scratch.0.to_str().unwrap()), ["a.H5", "b.h5", "d.he5", "e.hdf5"]);
    assert_eq!(names(&scratch.join("*.h*5")), ["b.h5", "d.he5", "e.hdf5"]);
    assert_eq!(names(&scratch.join("**/*.h5")), ["b.h5", "z[1].h5"]);
    // A file whose name looks like a pattern is that file.
    assert_eq!(names(&scratch.join("sub.h5/z[1].h5")), ["z[1].h5"]);
    assert_eq!(names("https://host/x.h5?y=*"), ["x.h5"]);
    let error = run(clients().expand(&scratch.join("*.nc"))).unwrap_err();
    assert!(error.kind == Kind::NotFound && error.message.contains("pattern"), "{error}");
    let mixed = run(clients().expand_all(&[scratch.join("b.h5"), scratch.join("[de].*")])).unwrap();
    assert_eq!(mixed.iter().map(Location::name).collect::<Vec<_>>(), ["b.h5", "d.he5", "e.hdf5"]);
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_refused_at_once() {
    let scratch = Scratch::new("pipe");
    let pipe = scratch.join("pipe.h5");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for place in [pipe.as_str(), "/dev/null"] {
        let error = clients().open(&Location::parse(place).unwrap()).unwrap_err();
        assert!(error.kind == Kind::Config && error.message.contains("a pipe or a device"), "{error}");
    }
}
