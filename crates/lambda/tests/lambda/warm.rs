//! One process, many calls: nothing of one call is in the next.
use crate::function::{CELL, Function, event, event_with, keys};
use crate::s3::{EXPIRED, READER, SECOND_READER, s3};
use crate::server::{Reply, Server};
use serde_json::{Value, json};

#[test]
fn credentials_and_cells_do_not_mix() {
    let mut function = Function::start();
    let first = function.answer(&event("warm/first"));
    assert_eq!(first["statusCode"], 200);
    // Were the first caller's credentials still there, this would be read.
    let expired = function.answer(&event_with("warm/expired", "s3_credentials", keys(EXPIRED)));
    assert_eq!(expired["body"]["error_type"], "CredentialsExpired");
    let second = function.answer(&event_with("warm/second", "s3_credentials", keys(SECOND_READER)));
    let other = function.answer(&event_with("warm/other", "parent_morton", json!(4_441_321)));
    let (first, second) = (&first["body"], &second["body"]);
    for field in ["cells_with_data", "total_obs", "requests", "bytes_read", "granule_count", "error"] {
        assert_eq!(first[field], second[field], "{field}");
    }
    assert_eq!(first["ledger"]["totals"], second["ledger"]["totals"]);
    assert_eq!((&other["body"]["parent_morton"], &other["body"]["total_obs"]), (&json!(4_441_321), &json!(0)));
    let cold: Vec<Value> = function.events("lambda_invocation").iter().map(|line| line["cold_start"].clone()).collect();
    assert_eq!(cold, [json!(true), json!(false), json!(false), json!(false)]);
    let store = |prefix: &str| s3().bucket("out").join(format!("warm/{prefix}/{CELL}.zarr/zarr.json"));
    assert!(store("first").exists() && store("second").exists() && !store("expired").exists());
}

#[test]
fn credentials_by_reference_are_fetched_with_the_role() {
    let secret = keys(READER).to_string();
    let keeper = Server::start(move |asked, _| {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        let authorization = asked.header("authorization").to_owned();
        assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDROLE/"), "{authorization}");
        let reply = match asked.header("x-amz-target") {
            "secretsmanager.GetSecretValue" if body.contains("earthdata") => {
                assert!(authorization.contains("/us-west-2/secretsmanager/aws4_request"), "{authorization}");
                json!({ "Name": "earthdata", "SecretString": secret })
            }
            "AmazonSSM.GetParameter" if body.contains("WithDecryption") => {
                json!({ "Parameter": { "Name": "/earthdata", "Value": secret } })
            }
            _ => {
                let refusal = json!({ "__type": "ResourceNotFoundException", "Message": "no such secret" });
                return Reply::status(400).body(refusal.to_string());
            }
        };
        Reply::status(200).body(reply.to_string())
    });
    let mut function = Function::with(&[("AWS_ENDPOINT_URL_SECRETS_MANAGER", &keeper.url(""))]);
    let by = |name: &str| {
        let mut event = event_with("warm/reference", "s3_credentials", Value::Null);
        event["s3_credentials_ref"] = name.into();
        event
    };
    for name in ["earthdata", "/earthdata"] {
        assert_eq!(function.answer(&by(name))["statusCode"], 200, "{name}");
    }
    let refused = function.answer(&by("nothing"));
    assert_eq!(refused["body"]["error_type"], "CredentialsRefused", "{refused}");
    assert!(refused["body"]["error"].as_str().unwrap().contains("ResourceNotFoundException"), "{refused}");
}
