//! Every kind of AWS credentials, by every kind of command, against small servers in place of AWS.
use crate::bucket::{Bucket, Objects};
use crate::server::{Asked, Reply, Server};
use crate::support::{demo_granules, folder};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

const CELL: &str = "-6134114";
const KEYS: &str = "aws_access_key_id = AKIDDEFAULT\naws_secret_access_key = hush\n";
/// The name of the cache of the session `work`: its SHA-1, by coreutils.
const LOGIN: &str = ".aws/sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json";

fn after(seconds: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(seconds)
}

fn moment(seconds: u64) -> String {
    storage::moment::extended(after(seconds))
}

fn metadata(id: &str) -> Reply {
    let keys = json!({ "AccessKeyId": id, "SecretAccessKey": "hush", "Token": "hush", "Expiration": moment(3600) });
    Reply::status(200).body(keys.to_string())
}

/// AWS but for S3: metadata of instances and containers, STS, the SSO portal.
fn aws(asked: &Asked, _: usize) -> Reply {
    const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
    let body = String::from_utf8_lossy(&asked.body).into_owned();
    match asked.target.split('?').next().unwrap() {
        "/latest/api/token" => Reply::status(200).body("hush-token"),
        _ if asked.target.starts_with("/latest/") && asked.header("x-aws-ec2-metadata-token") != "hush-token" => {
            Reply::status(401)
        }
        ROLES => Reply::status(200).body("granules"),
        target if target.strip_prefix(ROLES) == Some("granules") => metadata("ASIAIMDS"),
        "/ecs" if asked.header("authorization") == "hush-pod" => metadata("ASIAPOD"),
        "/federation/credentials" if asked.header("x-amz-sso_bearer_token") == "hush-login" => {
            let end = after(3600).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() * 1000;
            let keys = json!({ "accessKeyId": "ASIASSO", "secretAccessKey": "hush", "sessionToken": "hush", "expiration": end });
            Reply::status(200).body(json!({ "roleCredentials": keys }).to_string())
        }
        "/" => {
            let id = if body.contains("WebIdentity") { "ASIAWEB" } else { "ASIAROLE" };
            let end = moment(3600);
            Reply::status(200).body(format!(
                "<R><Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>\
                 <SessionToken>hush</SessionToken><Expiration>{end}</Expiration></Credentials></R>"
            ))
        }
        _ => Reply::status(403).body(r#"{"message": "not you"}"#),
    }
}

struct World {
    home: PathBuf,
    aws: Server,
}

impl World {
    fn new(test: &str) -> Self {
        let home = folder(test);
        std::fs::create_dir_all(home.join(".aws/sso/cache")).unwrap();
        let config = format!(
            "[default]\n{KEYS}[profile cmd]\ncredential_process = \
             printf '{{\"Version\": 1, \"AccessKeyId\": \"AKIDCMD\", \"SecretAccessKey\": \"hush\"}}'\n\
             [profile broken]\ncredential_process = echo 'open the vault' >&2; exit 7\n\
             [profile chain]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = cmd\n\
             [profile circle]\nrole_arn = arn:r\nsource_profile = round\n[profile round]\nrole_arn = arn:r\nsource_profile = circle\n\
             [profile sso]\nsso_session = work\nsso_account_id = 1234\nsso_role_name = Reader\n\
             [sso-session work]\nsso_start_url = https://x.example\nsso_region = eu-west-1\n"
        );
        std::fs::write(home.join(".aws/config"), config).unwrap();
        std::fs::write(home.join("token"), "hush-pod\n").unwrap();
        let world = Self { home, aws: Server::start(aws) };
        world.log_in(3600);
        world
    }

    fn log_in(&self, seconds: u64) {
        let login = json!({ "accessToken": "hush-login", "expiresAt": moment(seconds) });
        std::fs::write(self.home.join(LOGIN), login.to_string()).unwrap();
    }

    fn with(&self, variables: &[(&str, String)], args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_icestream"));
        command.args(args).env_clear().env("HOME", &self.home).env("PATH", "/usr/bin:/bin");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_ENDPOINT_URL_STS", self.aws.url("")).env("AWS_ENDPOINT_URL_SSO", self.aws.url(""));
        command.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap()
    }

    /// The kinds: variables of the environment, and who signs.
    fn kinds(&self) -> Vec<(Vec<(&'static str, String)>, &'static str)> {
        let of = |name: &'static str, value: &str| (name, value.to_owned());
        let profile = |name: &str| vec![of("AWS_PROFILE", name)];
        let token = self.home.join("token").to_str().unwrap().to_owned();
        let none = of("AWS_CONFIG_FILE", "/dev/null");
        vec![
            (vec![of("AWS_ACCESS_KEY_ID", "AKIDENV"), of("AWS_SECRET_ACCESS_KEY", "hush")], "AKIDENV"),
            (Vec::new(), "AKIDDEFAULT"),
            (profile("cmd"), "AKIDCMD"),
            (profile("chain"), "ASIAROLE"),
            (profile("sso"), "ASIASSO"),
            (vec![("AWS_WEB_IDENTITY_TOKEN_FILE", token.clone()), of("AWS_ROLE_ARN", "arn:r")], "ASIAWEB"),
            (
                vec![
                    none.clone(),
                    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", self.aws.url("/ecs")),
                    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token),
                ],
                "ASIAPOD",
            ),
            (
                vec![
                    none,
                    of("AWS_EC2_METADATA_DISABLED", ""),
                    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.aws.url("")),
                ],
                "ASIAIMDS",
            ),
        ]
    }
}

fn said(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("hush"), "{said}");
    said
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn every_kind_writes_and_reads_stores() {
    let (world, bucket) = (World::new("credentials-kinds"), Bucket::start());
    let granules = demo_granules().join("ATL06_20240123041319_03392212_990_01.h5");
    let catalog = world.home.join("catalog.json");
    let from = ["catalog", "--from", text(&granules), "--cells", CELL, "--out", text(&catalog), "--quiet"];
    assert!(world.with(&[], &from).status.success());
    let (endpoint, map) = (bucket.server.url(""), world.home.join("map.png"));
    for (variables, signer) in world.kinds() {
        bucket.fill("run/", &Objects::new());
        let before = bucket.server.log().len();
        let report = world.home.join(format!("{signer}.jsonl"));
        let (cell, stores) = ("s3://bucket/run/cell.zarr", "s3://bucket/run/stores");
        for args in [
            &["cell", text(&granules), "--cell", CELL, "--child-order", "8", "--quiet", "--out", cell][..],
            &[
                "run",
                "--catalog",
                text(&catalog),
                "--child-order",
                "8",
                "--quiet",
                "--out",
                stores,
                "--report",
                text(&report),
            ],
            &["merge", &format!("{stores}/{CELL}.zarr"), "--out", "s3://bucket/run/sphere.zarr"],
            &["plot", cell, "--size", "320x280", "--out", text(&map)],
        ] {
            let done = world.with(&variables, &[args, &["--endpoint-url", &endpoint]].concat());
            assert_eq!(done.status.code(), Some(0), "{} as {signer}: {}", args[0], said(&done));
        }
        let log = bucket.server.log();
        assert!(log.len() > before + 20);
        for asked in &log[before..] {
            let authorization = asked.header("authorization");
            assert!(authorization.contains(&format!("Credential={signer}/")), "{signer}: {authorization}");
        }
        let check = said(&world.with(&variables, &["login", "--check"]));
        assert!(check.contains(&format!("key {signer}")), "{check}");
    }
}

#[test]
fn what_fails_says_what_to_do_and_nothing_else_is_tried() {
    let (world, bucket) = (World::new("credentials-fail"), Bucket::start());
    let endpoint = bucket.server.url("");
    world.log_in(0);
    let granules = demo_granules();
    for (profile, code, says) in [
        ("broken", 4, "open the vault"),
        ("sso", 4, "aws sso login --profile sso"),
        ("circle", 2, "circle"),
        ("wrong", 2, "no profile `wrong`"),
    ] {
        for args in [
            &["cell", text(&granules), "--cell", CELL, "--out", "s3://bucket/run/a.zarr"][..],
            &["merge", "s3://bucket/run/a.zarr", "--out", "s3://bucket/run/sphere.zarr"],
            &["plot", "s3://bucket/run/a.zarr", "--out", text(&world.home.join("map.png"))],
            &["inspect", "s3://bucket/x.h5"],
        ] {
            let done = world.with(&[], &[args, &["--endpoint-url", &endpoint, "--profile", profile]].concat());
            let said = said(&done);
            assert_eq!(done.status.code(), Some(code), "{} with {profile}: {said}", args[0]);
            assert!(said.contains(says), "{} with {profile}: {said}", args[0]);
        }
        let check = world.with(&[], &["login", "--check", "--json", "--profile", profile]);
        assert_eq!(check.status.code(), Some(code), "{}", said(&check));
        let answer: Value = serde_json::from_slice(&check.stdout).unwrap();
        assert!(answer["s3"]["error"].as_str().unwrap().contains(says), "{answer}");
    }
    assert!(bucket.server.log().is_empty() && world.aws.log().is_empty());
    let none = world.with(&[("AWS_CONFIG_FILE", "/dev/null".to_owned())], &["inspect", "s3://bucket/x.h5"]);
    assert_eq!(none.status.code(), Some(4), "{}", said(&none));
    assert!(said(&none).contains("no S3 credentials") && said(&none).contains("--profile"), "{}", said(&none));
    let both = world.with(&[], &["inspect", "s3://bucket/x.h5", "--profile", "cmd", "--no-sign-request"]);
    assert_eq!(both.status.code(), Some(2), "{}", said(&both));
}

#[test]
fn a_check_names_the_identity_of_each_kind_of_place() {
    let world = World::new("credentials-check");
    let earthdata = ("EARTHDATA_TOKEN", "eyJ9.eyJ1aWQiOiJzb21lb25lIiwiZXhwIjoxNzk4NzYxNTk5fQ.hush".to_owned());
    let check = world.with(std::slice::from_ref(&earthdata), &["login", "--check", "--profile", "sso", "--json"]);
    assert_eq!(check.status.code(), Some(0), "{}", said(&check));
    let answer: Value = serde_json::from_slice(&check.stdout).unwrap();
    assert_eq!(answer["earthdata"]["user"], "someone");
    assert_eq!(answer["s3"]["found_in"], "profile `sso` (SSO account 1234, role Reader)");
    assert_eq!((&answer["s3"]["access_key_id"], &answer["s3"]["region"]), (&json!("ASIASSO"), &json!("us-west-2")));
    assert!(answer["s3"]["ends"].is_string() && answer["s3"]["error"].is_null());
    let nothing = [("AWS_CONFIG_FILE", "/dev/null".to_owned())];
    let only = world.with(&[&nothing[..], &[earthdata]].concat(), &["login", "--check"]);
    assert_eq!(only.status.code(), Some(0), "{}", said(&only));
    assert!(said(&only).contains("someone") && said(&only).contains("no S3 credentials"));
    assert_eq!(world.with(&nothing, &["login", "--check"]).status.code(), Some(4));
}
