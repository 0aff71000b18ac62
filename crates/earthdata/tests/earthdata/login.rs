//! The login against local test servers in place of its three hosts, which record what each hop receives.
use crate::server::{Asked, Reply, Server};
use crate::{block_on, client};
use earthdata::{CredentialProvider, Earthdata, Hosts, Login, RENEWAL_MARGIN};
use pipeline::FailureClass;
use serde_json::json;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use storage::{Clients, Options, moment};

/// `me:hush`, encoded by coreutils' base64.
const BASIC: &str = "Basic bWU6aHVzaA==";

fn answer(seconds: u64) -> Reply {
    let ends =
        moment::extended(SystemTime::now() + Duration::from_secs(seconds)).replace('T', " ").replace('Z', "+00:00");
    let keys = json!({ "accessKeyId": "ASIAKEY", "secretAccessKey": "hush-key", "sessionToken": "hush-session",
                       "expiration": ends });
    Reply::status(200).body(keys.to_string())
}

fn redirect(to: &str) -> Reply {
    Reply::status(302).with("Location", to)
}

/// By name for the login host, so that it is another host than the data host.
fn by_name(server: &Server, path: &str) -> String {
    server.url(path).replace("127.0.0.1", "localhost")
}

fn earthdata(data: &Server, login: &Server, pairs: &[(&'static str, &'static str)]) -> Earthdata {
    let (http, retry) = client();
    let found = Login::find(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()));
    Earthdata::new(http, retry, Hosts::new(&data.url(""), &by_name(login, "")).unwrap(), found.unwrap())
}

const PASSWORD: [(&str, &str); 2] = [("EARTHDATA_USERNAME", "me"), ("EARTHDATA_PASSWORD", "hush")];
const TOKEN: [(&str, &str); 1] = [("EARTHDATA_TOKEN", "hush-token")];

fn no_secret(text: &str) {
    assert!(!text.contains("hush") && !text.contains("bWU6"), "{text}");
}

/// The three hosts of the whole dance: data -> login -> login -> data -> data -> signed -> done.
struct Hall {
    data: Server,
    login: Server,
    signed: Server,
}

fn hall() -> Hall {
    // Each has to know the others' ports.
    let urls: Arc<OnceLock<[String; 3]>> = Arc::default();
    let of = |which: usize| {
        let urls = Arc::clone(&urls);
        move |path: &str| format!("{}{path}", urls.get().unwrap()[which])
    };
    let (to_login, to_data, to_signed) = (of(1), of(0), of(2));
    let path = |asked: &Asked| asked.target.split('?').next().unwrap().to_owned();
    let data = Server::start(move |asked, _| match path(asked).as_str() {
        "/s3credentials" if asked.header("authorization") == "Bearer hush-token" => answer(3600),
        "/s3credentials" if asked.header("cookie") == "session=granted" => {
            redirect(&to_signed("/bucket/keys?X-Amz-Signature=hush-signature"))
        }
        "/s3credentials" => redirect(&to_login("/oauth/authorize?client_id=x&response_type=code"))
            .with("Set-Cookie", "gone=now; Path=/"),
        "/login" if asked.target.contains("code=hush-code") => redirect("/s3credentials")
            .with("Set-Cookie", "session=granted; Path=/; HttpOnly; Secure")
            .with("Set-Cookie", "gone=; Max-Age=0"),
        other => Reply::status(404).body(other),
    });
    let login = Server::start(move |asked, _| match path(asked).as_str() {
        "/oauth/authorize" if asked.header("authorization") != BASIC => Reply::status(401),
        "/oauth/authorize" => redirect("/oauth/confirm").with("Set-Cookie", "urs=hush-cookie; Path=/"),
        "/oauth/confirm" if asked.header("cookie") == "urs=hush-cookie" => redirect(&to_data("/login?code=hush-code")),
        _ => Reply::status(404),
    });
    // As S3 does with a signed URL: a second authorization is an error.
    let signed = Server::start(|asked, _| match asked.header("authorization") {
        "" => answer(3600),
        _ => Reply::status(400),
    });
    urls.set([data.url(""), by_name(&login, ""), signed.url("")]).unwrap();
    Hall { data, login, signed }
}

/// Path, authorization and cookies of each request.
fn received(server: &Server) -> Vec<[String; 3]> {
    let path = |asked: &Asked| asked.target.split('?').next().unwrap().to_owned();
    let log = server.log();
    log.iter().map(|a| [path(a), a.header("authorization").to_owned(), a.header("cookie").to_owned()]).collect()
}

#[test]
fn each_hop_receives_what_is_for_it_and_nothing_else() {
    let hall = hall();
    let earthdata = earthdata(&hall.data, &hall.login, &PASSWORD);
    let credentials = block_on(earthdata.s3_credentials()).unwrap();
    assert_eq!(credentials.access_key_id, "ASIAKEY");
    assert_eq!(credentials.secret_access_key.expose(), "hush-key");
    assert_eq!(credentials.session_token.as_ref().unwrap().expose(), "hush-session");
    let left = credentials.expiration.unwrap().duration_since(SystemTime::now()).unwrap().as_secs();
    assert!((3590..=3600).contains(&left), "{left}");
    assert_eq!(
        received(&hall.data),
        [["/s3credentials", "", ""], ["/login", "", "gone=now"], ["/s3credentials", "", "session=granted"]]
    );
    assert_eq!(received(&hall.login), [["/oauth/authorize", BASIC, ""], ["/oauth/confirm", BASIC, "urs=hush-cookie"]]);
    assert_eq!(received(&hall.signed), [["/bucket/keys", "", ""]]);
    no_secret(&format!("{earthdata:?} {credentials:?}"));
}

#[test]
fn a_token_is_for_the_data_host_and_needs_no_dance() {
    let hall = hall();
    let earthdata = earthdata(&hall.data, &hall.login, &TOKEN);
    block_on(earthdata.s3_credentials()).unwrap();
    assert_eq!(received(&hall.data), [["/s3credentials", "Bearer hush-token", ""]]);
    assert!(hall.login.log().is_empty());
    no_secret(&format!("{earthdata:?}"));
    // Behind a redirect to a signed URL it does not go along.
    let signed = Server::start(|_, _| answer(3600));
    let url = signed.url("/keys");
    let data = Server::start(move |_, _| redirect(&url));
    block_on(self::earthdata(&data, &hall.login, &TOKEN).s3_credentials()).unwrap();
    assert_eq!(received(&signed), [["/keys", "", ""]]);
}

#[test]
fn refusals_say_what_to_do_and_no_secret() {
    let hall = hall();
    let refused = |data: &Server, pairs: &[(&'static str, &'static str)]| {
        let error = block_on(earthdata(data, &hall.login, pairs).s3_credentials()).unwrap_err();
        no_secret(&format!("{error} {error:?}"));
        (error.class(), error.to_string())
    };
    let wrong = [("EARTHDATA_USERNAME", "me"), ("EARTHDATA_PASSWORD", "wrong-hush")];
    let (class, text) = refused(&hall.data, &wrong);
    assert!(class == FailureClass::Denied && text.contains("password of EARTHDATA_USERNAME is wrong"), "{text}");
    let (class, text) = refused(&hall.data, &[("EARTHDATA_TOKEN", "old-hush")]);
    assert!(class == FailureClass::Denied && text.contains("EARTHDATA_TOKEN was not accepted"), "{text}");
    type Answer = fn(&Asked, usize) -> Reply;
    let cases: [(Answer, FailureClass, &str); 6] = [
        (|_, _| Reply::status(200).body("<html>hush</html>"), FailureClass::Denied, "a page came"),
        (|_, _| Reply::status(200).body("{\"accessKeyId\": \"hush\"}"), FailureClass::BadAnswer, "no S3 credentials"),
        (|_, _| Reply::status(403).body("hush"), FailureClass::Denied, "403"),
        (|_, _| redirect("http://example.org/"), FailureClass::BadAnswer, "TLS"),
        (|_, _| redirect("/again"), FailureClass::BadAnswer, "circles"),
        (|_, _| answer(0), FailureClass::Expired, "clock"),
    ];
    for (answer, kind, says) in cases {
        let data = Server::start(answer);
        let (class, text) = refused(&data, &PASSWORD);
        assert!(class == kind && text.contains(says), "{class} {text}");
    }
    assert!(Hosts::new("http://data.example.org", "https://login.example.org").is_err());
}

#[test]
fn a_busy_host_is_asked_again() {
    let login = Server::start(|_, _| Reply::status(500));
    let data = Server::start(|_, number| if number < 2 { Reply::status(503) } else { answer(3600) });
    block_on(earthdata(&data, &login, &TOKEN).s3_credentials()).unwrap();
    assert_eq!(data.log().len(), 3);
}

fn provider(seconds: u64, fail_from: usize) -> (CredentialProvider, Server) {
    let login = Server::start(|_, _| Reply::status(500));
    let data = Server::start(move |_, number| if number < fail_from { answer(seconds) } else { Reply::status(403) });
    (CredentialProvider::new(earthdata(&data, &login, &TOKEN), RENEWAL_MARGIN), data)
}

#[test]
fn credentials_are_fetched_once_and_renewed_before_they_end() {
    let (lasting, data) = provider(3600, usize::MAX);
    block_on(async {
        let all = futures_util::future::join_all((0..8).map(|_| lasting.credentials())).await;
        assert!(all.iter().all(Result::is_ok));
        let clients = Clients::new(Options::default());
        assert!(!lasting.refresh(&clients).await.unwrap());
    });
    assert_eq!((data.log().len(), lasting.fetched()), (1, 1));
    // Of one hour ten minutes are left; the second renewal fails, and the old ones last still.
    let (held, data) = provider(3600, 2);
    let start = SystemTime::now();
    let at = |minutes: u64| block_on(held.credentials_at(start + Duration::from_secs(60 * minutes)));
    let first = at(0).unwrap();
    assert_eq!(at(49).unwrap(), first);
    assert_eq!(data.log().len(), 1);
    let second = at(51).unwrap();
    assert_eq!((data.log().len(), held.fetched()), (2, 2));
    assert_eq!(at(57).unwrap(), second, "a failed renewal leaves what lasts");
    assert_eq!((data.log().len(), held.fetched()), (3, 2));
    assert_eq!(at(61).unwrap_err().class(), FailureClass::Denied);
    // Those that last less than twenty minutes are renewed halfway.
    let (short, data) = provider(600, usize::MAX);
    let at = |minutes: u64| block_on(short.credentials_at(start + Duration::from_secs(60 * minutes)));
    assert!(at(0).is_ok() && at(4).is_ok());
    assert_eq!(data.log().len(), 1);
    assert!(at(6).is_ok());
    assert_eq!(data.log().len(), 2);
}
