//! Logs that CloudWatch Insights can ask.
use crate::function::{CELL, Function, event, event_with, keys};
use crate::s3::{EXPIRED, granules};
use serde_json::{Value, json};

#[test]
fn a_call_is_told_in_lines_of_json_with_fields_at_the_top() {
    let mut function = Function::start();
    let answer = function.answer(&event("logs/told"));
    let [begin] = &function.events("lambda_invocation")[..] else { panic!("{}", function.log()) };
    assert_eq!((&begin["parent_morton"], &begin["granule_count"]), (&json!(CELL), &json!(4)));
    assert_eq!((&begin["cold_start"], &begin["memory_size_mb"]), (&json!(true), &json!(1024)));
    let read = function.events("granule_processed");
    let mut names: Vec<&str> = read.iter().map(|line| line["granule"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, granules());
    assert!(read.iter().all(|line| line["error"] == Value::Null && line["bytes_read"].as_u64().unwrap() > 0));
    let [end] = &function.events("processing_complete")[..] else { panic!("{}", function.log()) };
    for field in ["cells_with_data", "total_obs", "duration_s", "zarr_path", "error", "bytes_read", "cost_usd"] {
        assert_eq!(end[field], answer["body"][field], "{field}");
    }
    for line in function.log().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["request_id"], "00000001-0000-4000-8000-000000000000", "{line}");
        assert!(line["timestamp"].as_u64().unwrap() > 1_700_000_000_000);
    }
}

#[test]
fn metrics_are_in_the_embedded_format() {
    let mut function = Function::start();
    function.answer(&event("logs/metrics"));
    let [line] = &function.events("metrics")[..] else { panic!("{}", function.log()) };
    let [directive] = &line["_aws"]["CloudWatchMetrics"].as_array().unwrap()[..] else { panic!("{line}") };
    assert_eq!((&directive["Namespace"], &directive["Dimensions"]), (&json!("icestream"), &json!([["function_name"]])));
    assert_eq!(line["function_name"], "icestream");
    assert!(line["_aws"]["Timestamp"].is_u64());
    let metrics = directive["Metrics"].as_array().unwrap();
    for name in ["duration_ms", "bytes_read", "requests", "peak_memory_mb", "cold_start", "failed"] {
        assert!(metrics.iter().any(|metric| metric["Name"] == name && metric["Unit"].is_string()), "{name}");
        assert!(line[name].is_number(), "{name} in {line}");
    }
    assert_eq!((&line["cold_start"], &line["failed"]), (&json!(1), &json!(0)));
}

#[test]
fn a_failure_is_logged_with_its_type() {
    let mut function = Function::start();
    function.answer(&event_with("logs/failed", "s3_credentials", keys(EXPIRED)));
    let [end] = &function.events("processing_complete")[..] else { panic!("{}", function.log()) };
    assert_eq!((&end["error_type"], &end["level"]), (&json!("CredentialsExpired"), &json!("error")));
    let failed = function.events("granule_processed");
    assert!(failed.iter().any(|line| line["error_class"] == "expired" && line["level"] == "warning"), "{failed:?}");
    assert_eq!(function.events("metrics")[0]["failed"], 1);
}

#[test]
fn requests_are_logged_where_that_is_asked_for() {
    let mut function = Function::with(&[("ICESTREAM_LOG", "debug")]);
    function.answer(&event("logs/requests"));
    let lines: Vec<Value> = function.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests = lines.iter().filter(|line| line["request"]["method"] == "GET" && line["status"] == 206);
    assert!(requests.clone().count() > 4, "{}", function.log());
    for line in requests {
        assert_eq!(line["request_id"], "00000001-0000-4000-8000-000000000000", "{line}");
        assert!(
            line["request"]["range"].as_str().unwrap().starts_with("bytes=") && line["job"]["cell"] == CELL,
            "{line}"
        );
    }
    assert_eq!(function.events("processing_complete").len(), 1);
}
