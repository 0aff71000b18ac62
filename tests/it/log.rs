//! What goes to standard error: words for people, events with -v, lines of JSON.
use crate::server::{Reply, Server};
use crate::support::{demo_granules, folder, icestream};
use serde_json::Value;

const GRANULE: &str = "ATL06_20240207154957_05752210_990_01.h5";

fn said(args: &[&str]) -> String {
    String::from_utf8(icestream(args).stderr).unwrap()
}

#[test]
fn v_shows_granules_and_twice_requests() {
    let content = std::fs::read(demo_granules().join(GRANULE)).unwrap();
    let server = Server::start(move |asked, _| Reply::ranged(&content, asked, "\"v1\""));
    let place = server.url(&format!("/{GRANULE}?X-Amz-Signature=hush"));
    let out = folder("log").join("a.zarr");
    let cell = ["cell", &place, "--cell=-6134114", "--overwrite", "--out", out.to_str().unwrap()];
    assert!(!said(&cell).contains("INFO"));
    let once = said(&[&cell[..], &["-v"]].concat());
    let granule = format!("read granule=\"{GRANULE}\"");
    assert!(once.contains("INFO") && once.contains("job cell=-6134114: ") && once.contains(&granule), "{once}");
    assert!(!once.contains("request method"), "{once}");
    let twice = said(&[&cell[..], &["-vv"]].concat());
    let requests = twice.lines().filter(|line| line.contains("request method=GET") && line.contains("status=206"));
    assert!(requests.clone().count() > 2 && requests.clone().all(|line| line.contains("range=\"bytes=")), "{twice}");
    assert!(!twice.contains("hush"), "{twice}");
    // A request that is sent again is logged once, with the reason.
    let busy = Server::start(|_, number| Reply::status(if number == 0 { 503 } else { 404 }));
    let again = said(&["inspect", &busy.url("/x.h5"), "-v", "--attempts", "2"]);
    assert!(again.contains("again attempt=1") && again.contains("503"), "{again}");
}

#[test]
fn every_line_is_json_where_that_is_asked_for() {
    let granule = demo_granules().join(GRANULE);
    let out = folder("log-json").join("a.zarr");
    let cell = ["cell", granule.to_str().unwrap(), "--cell=-6134114", "--overwrite", "--out", out.to_str().unwrap()];
    for (args, code) in [(&cell[..], 0), (&["cell", "absent.h5", "--cell=-6134114"], 5)] {
        let run = icestream(&[args, &["-vv", "--log-format", "json"]].concat());
        assert_eq!(run.status.code(), Some(code));
        let text = String::from_utf8(run.stderr).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.len() > 1 && lines.iter().all(|line| line["timestamp"].is_string()), "{text}");
        assert_eq!(lines.iter().any(|line| line["level"] == "ERROR"), code != 0, "{text}");
        let read = lines.iter().find(|line| line["message"] == "read").unwrap();
        assert!(read["granule"].is_string() && read["spans"][0]["cell"] == -6_134_114, "{read}");
    }
}
