//! Ranges over HTTP: what is accepted, what is sent again, what is refused.
use crate::server::{Asked, Reply, Server};
use crate::{content, impatient, options, range, refused, run};
use byte_ranges::{Source, SourceErrorKind as Kind};
use std::time::Duration;
use storage::{Bearer, Clients, Counts, GranuleSource, Location, Options, Retry};

fn right() -> impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static {
    |asked, _| Reply::ranged(&content(), asked, "\"v1\"")
}

/// Gives the wrong answer `times` times, then the right one.
fn at_first(times: usize, wrong: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |asked, n| if n < times { wrong(asked) } else { Reply::ranged(&content(), asked, "\"v1\"") })
}

fn open(url: &str) -> GranuleSource {
    Clients::new(options("http://unused.example")).open(&Location::parse(url).unwrap()).unwrap()
}

fn always(reply: Reply) -> Server {
    Server::start(move |_, _| reply.clone())
}

fn refuses(server: &Server, kind: Kind, says: &str) {
    let error = refused(options("http://unused.example"), &server.url("/a/x.h5"), kind);
    assert!(error.message.contains(says), "{error}");
}

#[test]
fn ranges_are_read_exactly_and_counted() {
    let server = Server::start(right());
    let source = open(&server.url("/a/x.h5"));
    let fetched = run(source.fetch(range(10, 30))).unwrap();
    assert_eq!((&fetched.bytes[..], fetched.file_size), (&content()[10..30], 1000));
    // Past the end: a short answer, and the size is known now, so that no further request asks for nothing.
    let fetched = run(source.fetch(range(990, 5000))).unwrap();
    assert_eq!(&fetched.bytes[..], &content()[990..]);
    assert_eq!(run(source.fetch(range(1000, 1100))).unwrap().bytes.len(), 0);
    assert_eq!(run(source.fetch(range(5, 5))).unwrap().bytes.len(), 0);
    assert_eq!(run(source.fetch(range(1001, 1100))).unwrap_err().kind, Kind::BadAnswer);
    assert_eq!(source.counts(), Counts { requests: 2, bytes: 30, retries: 0 });
    let log = server.log();
    assert_eq!((log[0].method.as_str(), log[0].header("range"), log[0].header("if-match")), ("GET", "bytes=10-29", ""));
    assert_eq!((log[1].header("range"), log[1].header("if-match")), ("bytes=990-999", "\"v1\""));
    assert_eq!((log[0].header("accept-encoding"), log[0].header("authorization")), ("identity", ""));
}

#[test]
fn the_speculative_head_of_a_small_file_is_the_file() {
    let server = Server::start(right());
    let fetched = run(open(&server.url("/x.h5")).fetch(range(0, 65_536))).unwrap();
    assert_eq!((&fetched.bytes[..], fetched.file_size), (&content()[..], 1000));
}

#[test]
fn an_empty_file_is_empty_however_the_server_says_it() {
    let says = [Reply::status(416).with("Content-Range", "bytes */0"), Reply::status(200)];
    for server in says.map(always) {
        let fetched = run(open(&server.url("/x.h5")).fetch(range(0, 65_536))).unwrap();
        assert_eq!((fetched.bytes.len(), fetched.file_size), (0, 0));
    }
}

#[test]
fn a_server_that_ignores_ranges_is_refused_without_reading_the_file() {
    // A body that never comes: a client that tried to read it would run into the idle timeout.
    let server = always(Reply { cut: Some(0), ..Reply::status(200).with("Content-Length", "1000").body(content()) });
    refuses(&server, Kind::BadAnswer, "ignores Range");
    assert_eq!(server.log().len(), 1);
}

#[test]
fn answers_that_do_not_fit_are_refused() {
    let with_range = |value: &str| always(Reply::status(206).with("Content-Range", value).body(&content()[10..20]));
    refuses(&with_range("bytes 0-9/1000"), Kind::BadAnswer, "asked for bytes 10..20");
    refuses(&with_range("bytes 10-19/*"), Kind::BadAnswer, "Content-Range");
    refuses(&always(Reply::status(206).body(&content()[10..20])), Kind::BadAnswer, "Content-Range");
    let long = Reply::status(206).with("Content-Range", "bytes 10-19/1000").body(&content()[10..30]);
    refuses(&always(long), Kind::BadAnswer, "longer");
    let packed = Reply::status(206).with("Content-Range", "bytes 10-19/1000").with("Content-Encoding", "gzip");
    refuses(&always(packed.body(&content()[10..20])), Kind::BadAnswer, "compresses");
    let shorter = Reply::status(206).with("Content-Range", "bytes 10-14/1000").body(&content()[10..15]);
    refuses(&always(shorter), Kind::BadAnswer, "(after 3 attempts)");
    refuses(&always(Reply::status(416)), Kind::BadAnswer, "416");
    refuses(&always(Reply::status(416).with("Content-Range", "bytes */5")), Kind::BadAnswer, "past the end (5 bytes)");
}

#[test]
fn what_may_pass_is_sent_again_and_counted() {
    let partly =
        |body: usize| move |asked: &Asked| Reply { cut: Some(body), ..Reply::ranged(&content(), asked, "\"v1\"") };
    let shorter = |_: &Asked| Reply::status(206).with("Content-Range", "bytes 10-14/1000").body(&content()[10..15]);
    // Content-Length agrees with a body that is shorter than the range in Content-Range.
    let short = |asked: &Asked| {
        let right = Reply::ranged(&content(), asked, "\"v1\"");
        Reply { body: right.body[..4].to_vec(), ..right }
    };
    let servers = [
        (at_first(2, |_| Reply::status(503)), 10),
        (at_first(2, |_| Reply::status(500)), 10),
        (at_first(2, |_| Reply::status(429).with("Retry-After", "0")), 10),
        (at_first(2, partly(5)), 20),
        (at_first(2, partly(0)), 10),
        (at_first(2, shorter), 10),
        (at_first(2, short), 18),
    ];
    for (i, (server, bytes)) in servers.iter().enumerate() {
        let source = open(&server.url("/x.h5"));
        let fetched = run(source.fetch(range(10, 20))).unwrap();
        assert_eq!(&fetched.bytes[..], &content()[10..20], "case {i}");
        assert_eq!(source.counts(), Counts { requests: 3, bytes: *bytes, retries: 2 }, "case {i}");
    }
}

#[test]
fn what_does_not_pass_ends_with_the_number_of_attempts() {
    let server = always(Reply::status(503));
    refuses(&server, Kind::Unavailable, "503 (after 3 attempts)");
    assert_eq!(server.log().len(), 3);
    let dropped = always(Reply {
        cut: Some(0),
        ..Reply::status(206).with("Content-Range", "bytes 10-19/1000").with("Content-Length", "10")
    });
    refuses(&dropped, Kind::Unavailable, "broke off after 0 of 10 bytes");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = refused(options("http://unused.example"), &format!("http://{closed}/x.h5"), Kind::Unavailable);
    assert!(error.message.contains("refused"), "{error}");
}

#[test]
fn a_server_that_hangs_times_out() {
    let server = always(Reply { hang: true, ..Reply::default() });
    let error = refused(impatient("http://unused.example"), &server.url("/a/x.h5"), Kind::Timeout);
    assert!(error.message.contains("(after 3 attempts)"), "{error}");
    assert_eq!(server.log().len(), 3);
}

#[test]
fn refusals_are_told_apart_and_not_repeated() {
    for (status, kind, says) in [
        (401, Kind::Denied, "login"),
        (403, Kind::Denied, "credentials"),
        (404, Kind::NotFound, "no such object"),
        (412, Kind::Changed, "another one"),
        (400, Kind::Other, "400"),
    ] {
        let server = always(Reply::status(status));
        refuses(&server, kind, says);
        assert_eq!(server.log().len(), 1, "{status}");
    }
    let expired = Reply::status(401)
        .with("WWW-Authenticate", "Bearer error=\"invalid_token\", error_description=\"The token has expired\"");
    refuses(&always(expired), Kind::Expired, "get a new one");
}

#[test]
fn another_version_of_the_file_is_noticed() {
    let changed = |second: fn(&Asked) -> Reply| {
        Server::start(move |asked, n| if n == 0 { Reply::ranged(&content(), asked, "\"v1\"") } else { second(asked) })
    };
    let servers = [
        changed(|asked| Reply::ranged(&content(), asked, "\"v2\"")),
        changed(|asked| Reply::ranged(&content()[..999], asked, "\"v1\"")),
        changed(|_| Reply::status(412)),
        changed(|_| Reply::status(416).with("Content-Range", "bytes */3")),
    ];
    for server in servers {
        let source = open(&server.url("/x.h5"));
        run(source.fetch(range(10, 20))).unwrap();
        let error = run(source.fetch(range(20, 30))).unwrap_err();
        assert_eq!(error.kind, Kind::Changed, "{error}");
    }
    // Without a tag, the date distinguishes versions.
    let dated = Server::start(|asked, n| {
        let mut reply = Reply::ranged(&content(), asked, "");
        reply.headers.pop();
        reply.with("Last-Modified", format!("Mon, 0{n} Jan 2026 00:00:00 GMT"))
    });
    let source = open(&dated.url("/x.h5"));
    run(source.fetch(range(10, 20))).unwrap();
    assert_eq!(run(source.fetch(range(20, 30))).unwrap_err().kind, Kind::Changed);
}

#[test]
fn redirects_are_followed_once_and_the_token_stays_at_home() {
    // Where a signed URL leads: it ends after two uses.
    let store = Server::start(|asked, n| {
        let ended = asked.target.ends_with("sign=0") && n >= 2;
        if ended { Reply::status(403) } else { Reply::ranged(&content(), asked, "\"v1\"") }
    });
    let signed = store.url("/signed?sign=").replace("127.0.0.1", "localhost");
    let home = Server::start(move |_, n| Reply::status(303).with("Location", format!("{signed}{n}")));
    let bearer = Bearer { token: "hush-bearer".into(), hosts: vec!["127.0.0.1".to_owned()] };
    let clients = Clients::new(Options { bearer: Some(bearer), ..options("http://unused.example") });
    let source = clients.open(&Location::parse(&home.url("/x.h5")).unwrap()).unwrap();
    for i in 0..4 {
        assert_eq!(run(source.fetch(range(i, i + 5))).unwrap().bytes.len(), 5);
    }
    let (home, store) = (home.log(), store.log());
    assert_eq!((home.len(), store.len()), (2, 5));
    assert!(home.iter().all(|asked| asked.header("authorization") == "Bearer hush-bearer"));
    assert!(store.iter().all(|asked| asked.header("authorization").is_empty()));
    assert_eq!(clients.stats().snapshot(), Counts { requests: 7, bytes: 20, retries: 1 });
}

#[test]
fn a_redirect_to_a_login_says_that_a_login_is_missing() {
    let login = "https://urs.earthdata.nasa.gov/oauth/authorize?client_id=hush";
    let server = always(Reply::status(302).with("Location", login));
    refuses(&server, Kind::Denied, "EARTHDATA_TOKEN");
    let round = Server::start(|asked, _| Reply::status(302).with("Location", asked.target.clone()));
    refuses(&round, Kind::BadAnswer, "redirects");
}

#[test]
fn the_query_of_a_url_is_sent_and_never_shown() {
    let server = always(Reply::status(403));
    let clients = Clients::new(options("http://unused.example"));
    let source = clients.open(&Location::parse(&server.url("/x.h5?X-Amz-Signature=hush")).unwrap()).unwrap();
    let error = run(source.fetch(range(0, 5))).unwrap_err();
    assert!(!format!("{error} {error:?} {source:?}").contains("hush"), "{error}");
    assert_eq!(server.log()[0].target, "/x.h5?X-Amz-Signature=hush");
}

#[test]
fn requests_under_way_at_once_are_bounded() {
    use futures_util::future::join_all;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (n, m) = (Arc::clone(&now), Arc::clone(&most));
    let server = Server::start(move |asked, _| {
        m.fetch_max(n.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        n.fetch_sub(1, Ordering::SeqCst);
        Reply::ranged(&content(), asked, "\"v1\"")
    });
    let clients = Clients::new(Options { max_in_flight: 3, ..options("http://unused.example") });
    let location = Location::parse(&server.url("/x.h5")).unwrap();
    let sources: Vec<_> = (0..4).map(|_| clients.open(&location).unwrap()).collect();
    let fetches = sources.iter().flat_map(|source| (0..5).map(move |i| source.fetch(range(i * 10, i * 10 + 10))));
    let outcomes = run(join_all(fetches));
    assert!(outcomes.iter().all(Result::is_ok) && outcomes.len() == 20);
    let most = most.load(Ordering::SeqCst);
    assert!((2..=3).contains(&most), "{most} at once");
}

#[test]
fn a_login_with_a_password_is_made_once_for_all_files() {
    // As Earthdata does it: the data host sends to the login, that back with a code, which becomes a cookie.
    let store = Server::start(|asked, _| Reply::ranged(&content(), asked, "\"v1\""));
    let signed = store.url("/signed?X-Amz-Signature=hush");
    let data = Server::start(move |asked, _| {
        let host = asked.header("host").to_owned();
        match asked.target.split_once('?') {
            Some(("/login", query)) => Reply::status(302)
                .with("Set-Cookie", format!("session={}; Path=/; HttpOnly", query.replace("code=", "")))
                .with("Location", "/x.h5"),
            _ if asked.header("cookie") == "session=hush-code" => Reply::status(303).with("Location", signed.clone()),
            _ => {
                let login = format!("http://localhost:{}/oauth/authorize?to={host}", LOGIN.get().unwrap());
                Reply::status(302).with("Location", login)
            }
        }
    });
    let login = Server::start(|asked, _| {
        // `me:hush`, encoded by coreutils' base64.
        if asked.header("authorization") != "Basic bWU6aHVzaA==" {
            return Reply::status(401);
        }
        let to = asked.target.split_once("to=").unwrap().1;
        Reply::status(302).with("Location", format!("http://{to}/login?code=hush-code"))
    });
    LOGIN.set(login.url("").rsplit(':').next().unwrap().to_owned()).unwrap();
    let place = format!("http://localhost:{}", LOGIN.get().unwrap());
    let with = |password: &str, hosts: &[&str]| {
        let mut found = storage::Password::earthdata("me", password, "~/.netrc", place.parse().unwrap());
        found.hosts.extend(hosts.iter().map(|host| (*host).to_owned()));
        Options { password: Some(found), bearer: None, ..options("http://unused.example") }
    };
    let clients = Clients::new(with("hush", &["127.0.0.1"]));
    let open = |name: &str| clients.open(&Location::parse(&data.url(name)).unwrap()).unwrap();
    let (one, two) = (open("/x.h5"), open("/x.h5?other"));
    let both = run(async { futures_util::future::join(one.fetch(range(0, 5)), two.fetch(range(5, 10))).await });
    assert_eq!((both.0.unwrap().bytes.len(), both.1.unwrap().bytes.len()), (5, 5));
    assert_eq!(login.log().len(), 1, "two logins");
    for asked in data.log().iter().chain(&store.log()) {
        assert_eq!(asked.header("authorization"), "", "the password is for the login host alone");
    }
    assert!(store.log().iter().all(|asked| asked.header("cookie").is_empty()));
    let message = |options| refused(options, &data.url("/x.h5"), Kind::Denied).message;
    assert!(message(with("hush-other", &["127.0.0.1"])).contains("the password of ~/.netrc is wrong"));
    // A host that is not on the list cannot have the password sent.
    let before = login.log().len();
    assert!(message(with("hush", &[])).contains("wants a login"));
    assert_eq!(login.log().len(), before);
}

static LOGIN: std::sync::OnceLock<String> = std::sync::OnceLock::new();

#[test]
fn an_answer_may_not_take_for_ever() {
    let trickle = Some(Duration::from_millis(25));
    let server = Server::start(move |asked, _| Reply { trickle, ..Reply::ranged(&content(), asked, "\"v1\"") });
    let retry = Retry { patience: Duration::from_millis(100), max_attempts: 2, ..options("").retry };
    let began = std::time::Instant::now();
    let place = Location::parse(&server.url("/x.h5")).unwrap();
    let error =
        run(Clients::new(Options { retry, ..options("") }).open(&place).unwrap().fetch(range(0, 1000))).unwrap_err();
    assert!(error.kind == Kind::Timeout && error.message.contains("too slowly"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5), "25 s at a byte each 25 ms");
    // So may the body of a refusal: the error contains the part that has come.
    let slow = Server::start(move |_, _| Reply { trickle, ..Reply::status(403).body(vec![b'x'; 1000]) });
    let began = std::time::Instant::now();
    refused(Options { retry, ..options("") }, &slow.url("/x.h5"), Kind::Denied);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_page_in_place_of_a_file_is_a_login() {
    let page = Reply::status(200).with("Content-Type", "text/html; charset=utf-8").body("<html>Log in</html>");
    refuses(&always(page), Kind::Denied, "a page came in place of the file");
}

#[test]
fn a_redirect_target_that_died_is_asked_for_anew() {
    use std::io::{Read as _, Write as _};
    // Answers once, and is gone.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dying = format!("http://{}/signed", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        _ = stream.read(&mut [0; 4096]).unwrap();
        let head = "HTTP/1.1 206 Partial\r\nETag: \"v1\"\r\nContent-Range: bytes 0-4/1000\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&content()[..5])).unwrap();
    });
    let living = Server::start(right());
    let next = living.url("/signed");
    let home = Server::start(move |_, n| {
        Reply::status(303).with("Location", if n == 0 { dying.clone() } else { next.clone() })
    });
    let source = open(&home.url("/x.h5"));
    assert_eq!(run(source.fetch(range(0, 5))).unwrap().bytes.len(), 5);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(run(source.fetch(range(5, 9))).unwrap().bytes.len(), 4);
    assert_eq!((home.log().len(), living.log().len()), (2, 1));
}

#[test]
fn redirects_stay_on_the_list_of_hosts() {
    let store = Server::start(|asked, _| Reply::ranged(&content(), asked, "\"v1\""));
    let elsewhere = store.url("/x.h5").replace("127.0.0.1", "localhost");
    let server = Server::start(move |_, _| Reply::status(302).with("Location", elsewhere.clone()));
    let listed = |hosts: &[&str]| Options {
        redirect_hosts: Some(hosts.iter().map(|host| (*host).to_owned()).collect()),
        ..options("http://unused.example")
    };
    let error = refused(listed(&["127.0.0.1"]), &server.url("/x.h5"), Kind::Denied);
    assert!(error.message.contains("localhost"), "{error}");
    assert_eq!(store.log().len(), 0);
    let port = store.url("").rsplit(':').next().unwrap().to_owned();
    let clients = Clients::new(listed(&[&format!("localhost:{port}")]));
    assert!(run(clients.open(&Location::parse(&server.url("/x.h5")).unwrap()).unwrap().fetch(range(0, 5))).is_ok());
}

#[test]
fn aws_chunked_is_no_compression() {
    for (coding, fits) in [
        ("aws-chunked", true),
        ("identity, aws-chunked", true),
        ("", true),
        ("gzip", false),
        ("aws-chunked,gzip", false),
    ] {
        let server =
            Server::start(move |asked, _| Reply::ranged(&content(), asked, "\"v1\"").with("Content-Encoding", coding));
        assert_eq!(run(open(&server.url("/x.h5")).fetch(range(0, 5))).is_ok(), fits, "{coding}");
    }
}

#[test]
fn an_authority_of_ones_own_is_trusted_when_it_is_named() {
    let place = format!("https://127.0.0.1:{}/x.h5", crate::secure::serve(content()));
    let named =
        |file: &str| Options { ca_files: vec![crate::secure::fixture(file)], ..options("http://unused.example") };
    let source = Clients::new(named("ca.pem")).open(&Location::parse(&place).unwrap()).unwrap();
    assert_eq!(&run(source.fetch(range(3, 9))).unwrap().bytes[..], &content()[3..9]);
    let error = refused(options("http://unused.example"), &place, Kind::Config);
    assert!(error.message.contains("authority"), "{error}");
    for (file, says) in [("nothing.pem", "cannot be read"), ("server.key", "no certificate in it")] {
        let source = Clients::new(named(file)).open(&Location::parse(&place).unwrap()).unwrap();
        let error = run(source.fetch(range(3, 9))).unwrap_err();
        assert!(
            error.kind == Kind::Config && error.location.ends_with(file) && error.message.contains(says),
            "{error}"
        );
        assert!(error.message.contains("AWS_CA_BUNDLE"), "{error}");
    }
}
