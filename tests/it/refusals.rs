//! A bucket refuses at some moment: the command says so or gets along, and the same command later makes all whole.
use crate::bucket::{Bucket, Objects};
use crate::kills::{FIRST, in_bucket, kills, scene, words};
use crate::support::icestream;

/// What is refused, from which change on, and how.
const REFUSALS: [(&str, usize, u16, &str); 11] = [
    ("PUT", 0, 403, "AccessDenied"),
    ("PUT", 5, 403, "AccessDenied"),
    ("PUT", 30, 403, "AccessDenied"),
    ("PUT", 5, 503, "SlowDown"),
    ("PUT", 30, 400, "EntityTooLarge"),
    ("PUT", 1, 404, "NoSuchBucket"),
    ("DELETE", 0, 403, "AccessDenied"),
    ("DELETE", 0, 500, "InternalError"),
    ("LIST", 0, 403, "AccessDenied"),
    ("LIST", 0, 503, "SlowDown"),
    ("GET", 0, 403, "AccessDenied"),
];

fn args(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

/// Runs `command` over `before` with refusals, and then without: with every third one, beginning elsewhere for each job, and
/// with all where the kill loops are asked for more than usual (`./test full`).
fn refused(bucket: &Bucket, (job, command): (usize, &[String]), before: &Objects, fresh: impl Fn()) {
    let name = &command[0];
    let run = |context: &str| {
        let done = icestream(&args(command));
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{name} after {context}: {said}");
    };
    fresh();
    bucket.fill("run/", before);
    run("nothing");
    let expected = bucket.below("run/");
    let mut hurried = command.to_vec();
    hurried.extend(words("--attempts 1"));
    if name == "run" {
        hurried.extend(words("--tries 1 --backoff 1"));
    }
    let all = kills() > 100;
    let chosen = REFUSALS.into_iter().enumerate().filter(|(index, _)| all || (index + job).is_multiple_of(3));
    for (_, (method, from, status, code)) in chosen {
        fresh();
        bucket.fill("run/", before);
        bucket.refuse(method, from, status, code);
        let done = icestream(&args(&hurried));
        let said = String::from_utf8_lossy(&done.stderr);
        let context = format!("{name}, {method} from {from} on: {status}: {said}");
        assert!(done.status.code().is_some_and(|code| code <= 5) && !said.contains("panicked"), "{context}");
        assert!(
            done.status.success() || ["error", "failed", "stopped early"].iter().any(|word| said.contains(word)),
            "{context}"
        );
        let left = bucket.below("run/");
        bucket.fill("run/", &left);
        run(&context);
        let mut found = bucket.below("run/");
        // It stays where deleting was refused and nothing is left to do.
        found.retain(|key, _| !key.ends_with(".icestream-probe"));
        let all = found.keys().chain(expected.keys());
        let differ: Vec<&String> = all.filter(|key| found.get(*key) != expected.get(*key)).take(5).collect();
        assert!(differ.is_empty(), "{context}: {differ:?}");
    }
}

#[test]
fn what_a_bucket_refuses_is_told_and_made_good_by_the_same_command() {
    let (scene, bucket) = (scene("bucket-refuses"), Bucket::start());
    let nothing = Objects::new();
    let mut jobs = 0..;
    let mut next = || jobs.next().unwrap();
    let cell = |layout: &str| in_bucket(scene.cell(layout, &format!("s3://bucket/run/{layout}.zarr"), ""), &bucket);
    for layout in ["cell", "sphere"] {
        let mut other = cell(layout);
        other[1] = format!("{}/{FIRST}", scene.granules);
        bucket.fill("run/", &nothing);
        assert_eq!(icestream(&args(&other)).status.code(), Some(0));
        for before in [nothing.clone(), bucket.below("run/")] {
            refused(&bucket, (next(), &cell(layout)), &before, || {});
        }
        let run = in_bucket(scene.run(layout, "s3://bucket/run/stores"), &bucket);
        refused(&bucket, (next(), &run), &nothing, || scene.forget());
    }
    let cells = scene.folder.join("cells");
    let store = cells.join("a.zarr");
    assert_eq!(icestream(&args(&scene.cell("cell", store.to_str().unwrap(), ""))).status.code(), Some(0));
    let merge = words(&format!("merge {} --overwrite --out s3://bucket/run/m.zarr", cells.display()));
    refused(&bucket, (next(), &in_bucket(merge, &bucket)), &nothing, || {});
    let merged = bucket.below("run/");
    for command in ["overviews s3://bucket/run/m.zarr --to 4", "validate s3://bucket/run/m.zarr"] {
        refused(&bucket, (next(), &in_bucket(words(command), &bucket)), &merged, || {});
    }
    let file = scene.folder.join("cells.csv");
    let export = words(&format!("export s3://bucket/run/m.zarr --overwrite --to {}", file.display()));
    refused(&bucket, (next(), &in_bucket(export, &bucket)), &merged, || {});
}
