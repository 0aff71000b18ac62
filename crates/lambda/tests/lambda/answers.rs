//! The rows of the answer table whose answer is normal, or the caller's fault (docs/lambda.md, "The event and the answer").
use crate::function::{CELL, Function, event, event_with, keys};
use crate::s3::{READER, s3};
use serde_json::{Value, json};

/// What the answer of the system before holds; every answer of ours does.
const REFERENCE: [&str; 8] = [
    "parent_morton",
    "cells_with_data",
    "total_obs",
    "zarr_path",
    "error",
    "duration_s",
    "granule_count",
    "files_processed",
];
/// What ours adds.
const OURS: [&str; 6] = ["files_failed", "ledger", "bytes_read", "requests", "peak_memory_mb", "error_type"];

fn body(answer: &Value, status: u16) -> &Value {
    assert_eq!(answer["statusCode"], status, "{answer}");
    let body = &answer["body"];
    for field in REFERENCE.iter().chain(&OURS) {
        assert!(body.get(field).is_some(), "{field} is not in {body}");
    }
    body
}

#[test]
fn a_cell_with_data() {
    let mut function = Function::start();
    let answer = function.answer(&event("answers/data"));
    let body = body(&answer, 200);
    assert_eq!(body["parent_morton"], CELL);
    assert_eq!(body["zarr_path"], format!("s3://out/answers/data/{CELL}.zarr"));
    assert_eq!(body["error"], Value::Null);
    assert_eq!(
        (&body["granule_count"], &body["files_processed"], &body["files_failed"]),
        (&json!(4), &json!(4), &json!(0))
    );
    assert!(body["cells_with_data"].as_u64().unwrap() > 100, "{body}");
    assert_eq!(body["total_obs"], body["ledger"]["totals"]["used"]);
    assert!(body["requests"].as_u64().unwrap() > 0 && body["bytes_read"].as_u64().unwrap() > 0);
    assert!(body["peak_memory_mb"].as_f64().unwrap() > 1.0);
    let (cost, seconds) = (body["cost_usd"].as_f64().unwrap(), body["duration_s"].as_f64().unwrap());
    assert!(cost > seconds * 1.3e-5 && cost < 0.01, "{cost}");
    assert!(s3().bucket("out").join(format!("answers/data/{CELL}.zarr/zarr.json")).is_file());
    println!("init: {:?}", function.init());
}

#[test]
fn a_required_parameter_missing() {
    let mut function = Function::start();
    for name in
        ["parent_morton", "parent_order", "child_order", "granule_urls", "s3_bucket", "s3_prefix", "s3_credentials"]
    {
        let answer = function.answer(&event_with("answers/missing", name, Value::Null));
        let body = body(&answer, 400);
        assert_eq!(body["error"], format!("Missing required parameters: {name}"));
        assert_eq!(body["error_type"], "BadEvent");
    }
    let mut two = event_with("answers/missing", "s3_prefix", Value::Null);
    two["child_order"] = Value::Null;
    assert_eq!(function.answer(&two)["body"]["error"], "Missing required parameters: child_order, s3_prefix");
}

#[test]
fn a_key_of_the_credentials_missing() {
    let mut function = Function::start();
    let mut credentials = keys(READER);
    credentials["sessionToken"] = Value::Null;
    let answer = function.answer(&event_with("answers/keys", "s3_credentials", credentials));
    assert_eq!(body(&answer, 400)["error"], "Missing s3_credentials keys: sessionToken");
}

#[test]
fn malformed_values_are_named() {
    let mut function = Function::start();
    for (name, value, says) in [
        ("parent_morton", json!(-6_934_114), "parent_morton -6934114"),
        ("parent_morton", json!("nowhere"), "parent_morton `nowhere`"),
        ("parent_order", json!(5), "parent_order 5: parent_morton -6134114 is of order 6"),
        ("child_order", json!(4), "child_order 4"),
        ("granule_urls", json!(["s3://granules/a.h5", "ftp://host/b.h5"]), "granule_urls `ftp://host/b.h5`"),
        ("granule_urls", json!(["/proc/self/environ"]), "granule_urls `/proc/self/environ`"),
        ("s3_bucket", json!("not a bucket"), "s3_bucket `not a bucket`"),
        ("layout", json!("flat"), "layout `flat`"),
    ] {
        let answer = function.answer(&event_with("answers/malformed", name, value));
        let error = body(&answer, 400)["error"].as_str().unwrap();
        assert!(error.contains(says), "{error} does not say {says}");
    }
    assert_eq!(body(&function.answer(&json!([1, 2])), 400)["error"], "the event is not a JSON object");
}

#[test]
fn no_granules_and_no_data_are_normal() {
    let mut function = Function::start();
    let answer = function.answer(&event_with("answers/none", "granule_urls", json!([])));
    let none = body(&answer, 200);
    assert_eq!(
        (&none["error"], &none["error_type"], &none["zarr_path"]),
        (&json!("No granules found"), &Value::Null, &Value::Null)
    );
    let answer = function.answer(&event_with("answers/none", "parent_morton", json!(4_441_321)));
    let empty = body(&answer, 200);
    assert_eq!(empty["error"], "No data after filtering");
    assert_eq!((&empty["zarr_path"], &empty["files_processed"]), (&Value::Null, &json!(4)));
    assert!(!s3().bucket("out").join("answers/none").exists(), "nothing is written without data");
}

#[test]
fn optional_parameters_do_what_they_say() {
    let mut function = Function::start();
    let mut asked = event_with("answers/options", "max_granules", json!(2));
    asked["overviews"] = json!([9]);
    asked["latitude"] = json!("authalic");
    let answer = function.answer(&asked);
    assert_eq!(body(&answer, 200)["granule_count"], 2);
    let store = s3().bucket("out").join(format!("answers/options/{CELL}.zarr"));
    assert!(store.join("9/zarr.json").is_file());
    assert!(std::fs::read_to_string(store.join("12/zarr.json")).unwrap().contains("authalic"));
    let mut urls = event("answers/options")["granule_urls"].clone();
    urls.as_array_mut().unwrap().push("s3://granules/cut.h5".into());
    let mut partial = event_with("answers/partial", "granule_urls", urls);
    partial["allow_partial"] = true.into();
    let answer = function.answer(&partial);
    let body = body(&answer, 200);
    assert_eq!(
        (&body["partial"], &body["files_failed"], &body["files_processed"]),
        (&json!(true), &json!(1), &json!(4))
    );
}
