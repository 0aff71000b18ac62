//! The rows of the answer table that are failures: typed, in words that name the cause, and as function errors on demand.
use crate::function::{Function, event, event_with, keys};
use crate::runtime_api::Outcome;
use crate::s3::{EXPIRED, READER, SLOW, granules, s3};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Checks that `event` fails with this type and these words, and does so as a function error when asked.
fn fails(function: &mut Function, event: &Value, kind: &str, words: &[&str]) -> Value {
    let answer = function.answer(event);
    let body = &answer["body"];
    assert_eq!((&answer["statusCode"], &body["error_type"]), (&json!(500), &json!(kind)), "{answer}");
    assert_eq!(body["zarr_path"], Value::Null);
    let error = body["error"].as_str().unwrap();
    for word in words {
        assert!(error.contains(word), "`{error}` does not say {word}");
    }
    let mut raised = event.clone();
    raised["raise"] = true.into();
    match function.call(&raised, Some(Duration::from_secs(60))) {
        Outcome::Error { kind: raised, message } => assert_eq!((raised.as_str(), message.as_str()), (kind, error)),
        Outcome::Answer(answer) => panic!("not a function error: {answer}"),
    }
    answer
}

#[test]
fn a_granule_unreadable() {
    let mut function = Function::start();
    let cut = event_with("failures/cut", "granule_urls", json!(["s3://granules/cut.h5"]));
    fails(&mut function, &cut, "GranuleUnreadable", &["cut.h5", "end"]);
    let mut urls = event("")["granule_urls"].clone();
    urls.as_array_mut().unwrap().push("s3://granules/gone.h5".into());
    let answer = fails(
        &mut function,
        &event_with("failures/gone", "granule_urls", urls),
        "GranuleUnreadable",
        &["gone.h5", "no such"],
    );
    assert!(answer["body"]["files_failed"].as_u64().unwrap() >= 1);
    for prefix in ["failures/cut", "failures/gone"] {
        assert!(!s3().bucket("out").join(prefix).exists(), "something was written");
    }
}

#[test]
fn credentials_expired() {
    let mut function = Function::start();
    let name = &granules()[0];
    let said_by_s3 = event_with("failures/expired", "s3_credentials", keys(EXPIRED));
    fails(&mut function, &said_by_s3, "CredentialsExpired", &[name, "ExpiredToken", "fetch new ones"]);
    let mut ended = keys(READER);
    ended["expiration"] = "2026-01-01T00:00:00Z".into();
    let known = event_with("failures/expired", "s3_credentials", ended);
    fails(&mut function, &known, "CredentialsExpired", &[name, "ended at 2026-01-01T00:00:00Z"]);
}

#[test]
fn credentials_refused() {
    let mut function = Function::start();
    let wrong = |name: &str, value: &str| {
        let mut credentials = keys(READER);
        credentials[name] = value.into();
        event_with("failures/refused", "s3_credentials", credentials)
    };
    let secret = wrong("secretAccessKey", "not-the-secret");
    fails(&mut function, &secret, "CredentialsRefused", &["SignatureDoesNotMatch", ".h5"]);
    fails(&mut function, &wrong("accessKeyId", "AKIDNOBODY"), "CredentialsRefused", &["InvalidAccessKeyId"]);
    fails(&mut function, &wrong("sessionToken", "not-the-token"), "CredentialsRefused", &["InvalidToken"]);
    let log = function.log();
    assert!(!log.contains("not-the-secret") && !log.contains("not-the-token"), "{log}");
    // The role may not read granules, and is never asked to.
    assert!(!log.contains("AKIDROLE"), "{log}");
}

#[test]
fn the_write_fails() {
    let mut function = Function::start();
    let denied = event_with("failures/denied", "s3_bucket", json!("locked"));
    let answer = fails(&mut function, &denied, "OutputDenied", &["Failed to write zarr: s3://locked/failures/denied/"]);
    assert_eq!(answer["body"]["files_processed"], 4, "the answer counts the files read all the same");
    let missing = event_with("failures/denied", "s3_bucket", json!("no-such-bucket"));
    fails(&mut function, &missing, "OutputDenied", &["Failed to write zarr: s3://no-such-bucket/"]);
}

#[test]
fn time_is_running_out() {
    let mut function = Function::start();
    let urls: Vec<String> = granules().iter().map(|name| format!("s3://slow/{name}")).collect();
    let mut slow = event_with("failures/slow", "granule_urls", json!(urls));
    let began = Instant::now();
    let answer = function.answer_within(&slow, Some(Duration::from_secs(2)));
    assert!(began.elapsed() < SLOW, "the answer waited for the source: {:?}", began.elapsed());
    let body = &answer["body"];
    assert_eq!((&answer["statusCode"], &body["error_type"]), (&json!(500), &json!("Timeout")), "{answer}");
    let error = body["error"].as_str().unwrap();
    assert!(error.contains("0.5 s before the limit") && error.contains("0 of 4 granules read"), "{error}");
    assert_eq!((&body["granule_count"], &body["files_processed"]), (&json!(4), &json!(0)));
    slow["raise"] = true.into();
    let raised = function.call(&slow, Some(Duration::from_millis(700)));
    assert!(matches!(&raised, Outcome::Error { kind, .. } if kind == "Timeout"), "{raised:?}");
}

#[test]
fn a_deadline_in_the_past_is_none() {
    let mut function = Function::start();
    assert_eq!(function.answer_within(&event("failures/past"), None)["statusCode"], 200);
}

#[test]
fn a_job_that_cannot_fit_is_refused_before_anything_is_read() {
    let mut function = Function::with(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")]);
    let mut large = event("failures/large");
    large["parent_morton"] = json!(-613);
    large["parent_order"] = json!(2);
    let answer = fails(&mut function, &large, "OutOfBudget", &["1048576 children", "has 128", "more memory"]);
    assert_eq!(answer["body"]["requests"], 0);
}

#[test]
fn the_callers_fault_is_raised_too() {
    let mut function = Function::start();
    let mut bad = event_with("failures/bad", "child_order", json!(99));
    bad["raise"] = true.into();
    let raised = function.call(&bad, None);
    let Outcome::Error { kind, message } = raised else { panic!("{raised:?}") };
    assert_eq!(kind, "BadEvent");
    assert!(message.contains("child_order 99"), "{message}");
}

#[test]
fn an_endpoint_that_the_function_does_not_know_receives_nothing_of_its_role() {
    let mut function = Function::with(&[("ICESTREAM_ENDPOINT_HOSTS", "store.example")]);
    let answer = function.answer(&event("failures/elsewhere"));
    assert_eq!(answer["statusCode"], 400, "{answer}");
    let error = answer["body"]["error"].as_str().unwrap();
    assert!(error.contains("endpoint_url") && error.contains("ICESTREAM_ENDPOINT_HOSTS"), "{error}");
    // The function's own endpoint is one that it knows.
    let mut function = Function::with(&[("ICESTREAM_ENDPOINT_HOSTS", ""), ("AWS_ENDPOINT_URL_S3", &s3().endpoint)]);
    assert_eq!(function.answer(&event("failures/own"))["statusCode"], 200);
}
