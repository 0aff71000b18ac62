//! What the command shows and sends of secrets, and what others may write on its terminal.
use crate::server::{Asked, Reply, Server};
use crate::support::{NO_ROLE, demo_granules, folder};
use std::process::{Command, Output};

/// Runs the command with some variables and no others.
fn with(variables: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icestream"));
    command.args(args).env_clear().envs(NO_ROLE).envs(variables.iter().copied());
    command.output().unwrap()
}

fn said(run: &Output) -> String {
    String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr)
}

const GRANULE: &str = "ATL06_20240207154957_05752210_990_01.h5";

fn content() -> Vec<u8> {
    std::fs::read(demo_granules().join(GRANULE)).unwrap()
}

fn ranged(asked: &Asked) -> Reply {
    Reply::ranged(&content(), asked, "\"v1\"")
}

#[test]
fn a_granule_is_read_with_the_login_of_a_netrc() {
    let store = Server::start(|asked, _| ranged(asked));
    let signed = store.url("/signed");
    let login = Server::start(|asked, _| {
        // `me:hush`, encoded by coreutils' base64.
        if asked.header("authorization") != "Basic bWU6aHVzaA==" {
            return Reply::status(401);
        }
        let to = asked.target.split_once("to=").unwrap().1;
        Reply::status(302).with("Location", format!("http://{to}/login?code=1"))
    });
    let authorize = login.url("/oauth/authorize");
    let data = Server::start(move |asked, _| match asked.target.as_str() {
        "/login?code=1" => Reply::status(302).with("Set-Cookie", "session=1").with("Location", "/x.h5"),
        _ if asked.header("cookie") == "session=1" => Reply::status(303).with("Location", signed.clone()),
        _ => Reply::status(302).with("Location", format!("{authorize}?to={}", asked.header("host"))),
    });
    let home = folder("netrc-read");
    std::fs::write(home.join(".netrc"), "machine urs.earthdata.nasa.gov login me password hush\n").unwrap();
    let (login_url, place) = (login.url(""), data.url("/x.h5"));
    let netrc = [("HOME", home.to_str().unwrap()), ("ICESTREAM_LOGIN_URL", login_url.as_str())];
    let words =
        [("EARTHDATA_USERNAME", "me"), ("EARTHDATA_PASSWORD", "hush"), ("ICESTREAM_LOGIN_URL", login_url.as_str())];
    for variables in [&netrc[..], &words] {
        let run = with(variables, &["inspect", &place, "--no-cells", "--json", "--token-host", "127.0.0.1"]);
        assert_eq!(run.status.code(), Some(0), "{}", said(&run));
        assert!(!said(&run).contains("hush"));
    }
    let before = login.log().len();
    let run = with(&netrc, &["inspect", &place, "--no-cells"]);
    assert_eq!((run.status.code(), login.log().len()), (Some(4), before), "{}", said(&run));
    assert!(said(&run).contains("wants a login") && said(&run).contains("--token-host"), "{}", said(&run));
}

#[test]
fn a_token_is_trimmed_and_goes_to_listed_hosts() {
    let server = Server::start(|asked, _| ranged(asked));
    let place = server.url("/x.h5");
    let token = [("EARTHDATA_TOKEN", " hush-token\n")];
    let args = ["inspect", place.as_str(), "--no-cells"];
    assert_eq!(with(&token, &args).status.code(), Some(0));
    assert!(server.log().iter().all(|asked| asked.header("authorization").is_empty()));
    let before = server.log().len();
    assert_eq!(with(&token, &[&args[..], &["--token-host", "127.0.0.1"]].concat()).status.code(), Some(0));
    assert!(server.log()[before..].iter().all(|asked| asked.header("authorization") == "Bearer hush-token"));
}

#[test]
fn proxies_of_the_environment_and_their_exceptions_are_respected() {
    let server = Server::start(|asked, _| ranged(asked));
    let proxy = Server::start(|_, _| Reply::status(502));
    let (place, proxy_url) = (server.url("/x.h5"), proxy.url(""));
    let args = ["inspect", place.as_str(), "--no-cells", "--attempts", "1"];
    let through = with(&[("http_proxy", &proxy_url)], &args);
    assert!(through.status.code() != Some(0) && !proxy.log().is_empty(), "{}", said(&through));
    let before = proxy.log().len();
    for exception in ["NO_PROXY", "no_proxy"] {
        let past = with(&[("http_proxy", &proxy_url), (exception, "example.org,127.0.0.1")], &args);
        assert_eq!((past.status.code(), proxy.log().len()), (Some(0), before), "{}", said(&past));
    }
}

#[test]
fn no_secret_of_a_place_is_shown_by_any_command() {
    let server = Server::start(|asked, _| ranged(asked));
    let signed = server.url("/x.h5?X-Amz-Signature=hush");
    let inspected = with(&[], &["inspect", &signed, "--no-cells", "--json"]);
    assert_eq!(inspected.status.code(), Some(0));
    assert!(!said(&inspected).contains("hush") && said(&inspected).contains("/x.h5?..."), "{}", said(&inspected));
    let csv = folder("no-secret").join("a.csv");
    std::fs::write(&csv, "cell_ids,count\n").unwrap();
    let csv = csv.to_str().unwrap();
    let event = folder("no-secret-event").join("event.json");
    for place in [
        "https://hush:hush@127.0.0.1/x.h5",
        "https://127.0.0.1:99999/x.h5?sig=hush",
        "https:/hush:hush@127.0.0.1/x.h5?sig=hush",
        "https://hush@127.0.0.1:port/store.zarr?sig=hush",
        "ftp://hush:hush@127.0.0.1/store.zarr",
        "http://127.0.0.1:9/store.zarr?sig=hush",
        "hush:hush@127.0.0.1/x.h5",
        "//hush:hush@127.0.0.1/x.h5",
        "s3://hush:hush@bucket/x.h5",
        "s3://bucket/x.h5?X-Amz-Signature=hush",
    ] {
        let keys = serde_json::json!({ "parent_morton": -6134114, "parent_order": 6, "child_order": 12, "granule_urls": [place] });
        std::fs::write(&event, keys.to_string()).unwrap();
        for args in [
            &["inspect", place, "--json"][..],
            &["checksum", place],
            &["cell", place, "--cell=-6134114", "--json"],
            &["cell", "--event", event.to_str().unwrap(), "--json"],
            &["index", place, "--out", "icx"],
            &["export", place, "--to", "x.nc"],
            &["compare", place, csv],
            &["compare", csv, place],
            &["plot", place],
            &["validate", place],
            &["overviews", place],
            &["merge", place, "--out", "merged.zarr"],
            &["catalog", "--from", place, "--out", "-"],
            &["catalog", "--from", ".", "--index", place, "--out", "-"],
        ] {
            let run = with(&[], &[args, &["--attempts", "1"]].concat());
            assert!(run.status.code() != Some(0) && !said(&run).contains("hush"), "{args:?}: {}", said(&run));
        }
    }
}

#[test]
fn a_server_cannot_write_on_the_terminal() {
    let evil =
        "<Error><Code>AccessDenied</Code><Message>\u{1b}[2J\u{9b}31m\u{202e}all is well\nerror: none</Message></Error>";
    let s3 = Server::start(move |_, _| Reply::status(403).body(evil));
    let keys = [("AWS_ACCESS_KEY_ID", "ID"), ("AWS_SECRET_ACCESS_KEY", "hush")];
    let run = with(&keys, &["inspect", "s3://bucket/x.h5", "--endpoint-url", &s3.url("")]);
    let text = said(&run);
    assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
    assert!(text.contains("\\u001b[2J") && text.lines().count() == 2, "{text}");
    // One's own bucket is not about Earthdata.
    assert!(text.contains("AWS_ACCESS_KEY_ID") && !text.contains("Earthdata"), "{text}");
    let cmr = Server::start(|_, _| Reply::status(400).body("{\"errors\": [\"\u{1b}]0;owned\u{7}\"]}"));
    let url = cmr.url("");
    let out = folder("terminal").join("c.json");
    let run = with(&[("ICESTREAM_CMR_URL", &url)], &["catalog", "--cycle", "22", "--out", out.to_str().unwrap()]);
    assert!(!said(&run).contains(['\u{1b}', '\u{7}']), "{:?}", said(&run));
}

#[test]
fn the_next_step_fits_the_server_that_failed() {
    let broken = Server::start(|_, _| Reply::status(200).body("<html>"));
    let url = broken.url("");
    let out = folder("hints").join("c.json");
    let search = ["catalog", "--cycle", "22", "--attempts", "1", "--out", out.to_str().unwrap()];
    let run = with(&[("ICESTREAM_CMR_URL", &url)], &search);
    assert!(said(&run).contains("next:") && !said(&run).contains("download"), "{}", said(&run));
    let run = with(&[("ICESTREAM_EARTHDATA_URL", &url), ("EARTHDATA_TOKEN", "x")], &["login", "--attempts", "1"]);
    assert!(run.status.code() == Some(4) && !said(&run).contains("download"), "{}", said(&run));
    let terms = "{\"error_description\": \"EULA Acceptance Failure\", \"resolution_url\": \"https://urs.example/approve_app?client_id=x\"}";
    let refuses = Server::start(move |_, _| Reply::status(403).body(terms));
    let (place, url) = (refuses.url("/x.h5"), refuses.url(""));
    for run in [
        with(&[], &["inspect", &place]),
        with(&[("ICESTREAM_EARTHDATA_URL", &url), ("EARTHDATA_TOKEN", "x")], &["login"]),
    ] {
        assert_eq!(run.status.code(), Some(4));
        assert!(said(&run).contains("https://urs.example/approve_app?client_id=x"), "{}", said(&run));
        assert!(!said(&run).contains("check that the credentials"), "{}", said(&run));
    }
    let expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    let ended = Server::start(move |_, _| Reply::status(403).body(expired));
    let run = with(&[], &["inspect", &ended.url("/x.h5?X-Amz-Signature=hush")]);
    assert!(run.status.code() == Some(4) && said(&run).contains("has ended"), "{}", said(&run));
    assert!(said(&run).contains("next: get a new URL"), "{}", said(&run));
    let (sends, location) = (Server::start(|_, _| Reply::status(302).with("Location", "/x.h5".to_owned())), "/x.h5");
    let run = with(&[], &["inspect", &sends.url(location)]);
    assert!(run.status.code() == Some(1) && said(&run).contains("next: check the URL"), "{}", said(&run));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_a_lack_of_descriptors_is_a_message() {
    let folder = folder("pipe");
    let pipe = folder.join("x.h5");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let run = with(&[], &["inspect", pipe.to_str().unwrap()]);
    assert!(run.status.code() == Some(2) && said(&run).contains("a pipe or a device"), "{}", said(&run));
    for place in [pipe.to_str().unwrap(), "/dev/zero"] {
        for command in [
            vec!["cell", "--event", place],
            vec!["run", "--out", "o", "--dry-run", "--catalog", place],
            vec!["catalog", "--read", place, "--south-of=-50"],
        ] {
            let run = with(&[], &command);
            assert!(run.status.code() == Some(5) && said(&run).contains("a pipe or a device"), "{}", said(&run));
        }
    }
    for file in [pipe.to_str().unwrap(), "Cargo.toml"] {
        let run = with(&[], &["validate", file]);
        assert!(run.status.code() == Some(5) && said(&run).contains("there is nothing"), "{}", said(&run));
    }
    let program = env!("CARGO_BIN_EXE_icestream");
    let granule = demo_granules().join(GRANULE);
    let out = folder.join("out.zarr");
    for limit in 5..12 {
        for command in [
            format!("cell {} --cell=-6134114 --json --overwrite --out {}", granule.display(), out.display()),
            format!("catalog --from {} --out -", granule.display()),
            "inspect http://127.0.0.1:9/x.h5 --attempts 1".to_owned(),
        ] {
            let line = format!("ulimit -n {limit}; exec {program} {command}");
            let run = Command::new("sh").args(["-c", &line]).env_clear().output().unwrap();
            let text = said(&run);
            assert!(
                run.status.code().is_some_and(|code| code < 100) && !text.contains("panicked"),
                "{limit} {command}: {text}"
            );
            assert!(run.status.code() == Some(0) || text.contains("error"), "{limit} {command}: {text}");
        }
    }
}
