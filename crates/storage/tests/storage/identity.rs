//! Credentials of every kind, from small servers in place of AWS: each signs a request to a stand-in for S3.
use crate::server::{Asked, Reply, Server};
use crate::{Scratch, content, options, range, run};
use byte_ranges::{Source, SourceError, SourceErrorKind as Kind};
use serde_json::json;
use std::fs;
use std::time::{Duration, SystemTime};
use storage::{Clients, CredentialSource, Identity, Location, Options, S3Access, S3Options, moment};

const KEY: &str = "s3://bucket/k/x.h5";

/// A home folder, an environment, a stand-in for S3.
struct World {
    home: Scratch,
    variables: Vec<(String, String)>,
    s3: Server,
    profile: Option<String>,
}

impl World {
    fn new(test: &str) -> Self {
        Self::with_s3(test, Server::start(|asked, _| Reply::ranged(&content(), asked, "\"v1\"")))
    }

    fn with_s3(test: &str, s3: Server) -> Self {
        let home = Scratch::new(&format!("identity-{test}"));
        fs::create_dir_all(home.0.join(".aws/sso/cache")).unwrap();
        let variables = vec![("HOME".to_owned(), home.0.to_str().unwrap().to_owned())];
        // Never that of the machine of the test.
        Self { home, variables, s3, profile: None }.set("AWS_EC2_METADATA_DISABLED", "true")
    }

    fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(0, (name.to_owned(), value.into()));
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.home.0.join(name), text).unwrap();
        self
    }

    fn config(self, text: &str) -> Self {
        self.file(".aws/config", text)
    }

    fn profile(self, name: &str) -> Self {
        Self { profile: Some(name.to_owned()), ..self }
    }

    fn options(&self) -> Options {
        let s3 = S3Options { endpoint_url: Some(self.s3.url("")), ..S3Options::default() };
        let mut options = Options { s3, ..options("http://unused.example") };
        let variables = self.variables.clone();
        let lookup = move |name: &str| variables.iter().find(|(known, _)| known == name).map(|(_, v)| v.clone());
        options.s3.access = S3Access::Source(Identity::new(lookup, self.profile.clone(), &options).into_source());
        options
    }

    /// Reads once with these credentials: the id of the key that signed, and the options.
    fn signed(&self) -> Result<(String, Options), SourceError> {
        let options = self.options();
        let clients = Clients::new(options.clone());
        run(clients.open(&Location::parse(KEY).unwrap())?.fetch(range(0, 10)))?;
        Ok((key_of(self.s3.log().last().unwrap()), options))
    }

    fn signer(&self) -> String {
        self.signed().unwrap().0
    }

    /// The error of a read, of a kind, without a secret; nothing was sent to S3.
    fn refused(&self, kind: Kind, says: &[&str]) {
        let error = self.signed().unwrap_err();
        let all = format!("{error} {error:?}");
        assert!(error.kind == kind && !all.contains("hush"), "{error:?}");
        says.iter().for_each(|words| assert!(all.contains(words), "{words}: {error}"));
        assert!(self.s3.log().is_empty());
    }
}

fn key_of(asked: &Asked) -> String {
    let authorization = asked.header("authorization");
    authorization.split("Credential=").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

fn source(options: &Options) -> CredentialSource {
    let source = if let S3Access::Source(source) = &options.s3.access { Some(source.clone()) } else { None };
    source.unwrap()
}

fn in_an_hour() -> String {
    moment::extended(SystemTime::now() + Duration::from_secs(3600))
}

/// What containers and instances answer.
fn metadata(id: &str) -> Reply {
    let keys = json!({ "AccessKeyId": id, "SecretAccessKey": "hush", "Token": "hush", "Expiration": in_an_hour() });
    Reply::status(200).body(keys.to_string())
}

/// What STS answers.
fn assumed(id: &str) -> Reply {
    let end = in_an_hour();
    Reply::status(200).body(format!(
        "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>arn:x</Arn></AssumedRoleUser><Credentials>\
         <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>hush</SecretAccessKey><SessionToken>hush</SessionToken>\
         <Expiration>{end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ))
}

fn sts_error(status: u16, code: &str) -> Reply {
    let body = format!("<ErrorResponse><Error><Code>{code}</Code><Message>not you</Message></Error></ErrorResponse>");
    Reply::status(status).body(body)
}

#[test]
fn keys_of_the_environment_and_of_profiles() {
    let env = World::new("env").set("AWS_ACCESS_KEY_ID", "AKIDENV").set("AWS_SECRET_ACCESS_KEY", "hush");
    assert_eq!(env.signer(), "AKIDENV");
    let config = "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = hush\nregion = eu-north-1\n\
                  [profile work]\naws_access_key_id = AKIDWORK\naws_secret_access_key = hush\naws_session_token = hush\n";
    let world = World::new("profiles").config(config);
    assert_eq!(world.signer(), "AKIDDEFAULT");
    assert!(world.s3.log()[0].header("authorization").contains("/eu-north-1/s3/"));
    let named = World::new("named").config(config).set("AWS_PROFILE", "work");
    assert_eq!(named.signer(), "AKIDWORK");
    assert_eq!(named.s3.log()[0].header("x-amz-security-token"), "hush");
    let asked =
        World::new("asked").config(config).set("AWS_ACCESS_KEY_ID", "AKIDENV").set("AWS_SECRET_ACCESS_KEY", "hush");
    assert_eq!(asked.profile("work").signer(), "AKIDWORK");
    World::new("wrong")
        .config(config)
        .profile("wrok")
        .refused(Kind::Config, &["no profile `wrok`", "`default`, `work`"]);
    let nothing = World::new("nothing").signed().unwrap_err();
    assert_eq!(nothing.kind, Kind::Denied);
    for words in ["no S3 credentials", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", ".aws/config (no such file)"] {
        assert!(nothing.message.contains(words), "{nothing}");
    }
}

#[test]
#[cfg(unix)]
fn a_command_gives_credentials_or_says_why_not() {
    let of = |test: &str, command: &str| {
        let keys = format!(
            "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = hush\n[profile p]\ncredential_process = {command}\n"
        );
        World::new(test).config(&keys).profile("p")
    };
    let good =
        r#"printf '%s' '{"Version": 1, "AccessKeyId": "AKIDCMD", "SecretAccessKey": "hush", "SessionToken": "hush"}'"#;
    assert_eq!(of("command", good).signer(), "AKIDCMD");
    for (test, command, says) in [
        ("exit", "echo hush; echo 'log in to the vault first' >&2; exit 3", "log in to the vault first"),
        ("mute", "exit 3", "exit status: 3"),
        ("absent", "/no/such/command --x", "127"),
        ("text", "echo hush", "no JSON"),
        ("other", r#"echo '{"Version": 1, "AccessKeyId": "A"}'"#, "SecretAccessKey"),
        ("leak", r#"echo '{"SecretAccessKey": "hush"}' >&2; exit 1"#, "exit status: 1"),
        ("flood", "yes hush | head -c 1000000", "no JSON"),
    ] {
        of(test, command).refused(Kind::Denied, &[says, "profile `p`", "by hand"]);
    }
    of("version", r#"echo '{"Version": 2, "AccessKeyId": "A", "SecretAccessKey": "hush"}'"#)
        .refused(Kind::Config, &["Version 1"]);
    let ended =
        r#"echo '{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "hush", "Expiration": "2020-01-01T00:00:00Z"}'"#;
    of("ended", ended).refused(Kind::Expired, &["2020-01-01T00:00:00Z"]);
}

#[test]
fn roles_are_taken_by_a_chain_of_profiles() {
    let sts = Server::start(|_, number| assumed(&format!("ASIA{number}")));
    let config = "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = hush\n\
                  [profile middle]\nrole_arn = arn:aws:iam::1:role/middle\nsource_profile = base\nregion = eu-west-1\n\
                  [profile end]\nrole_arn = arn:aws:iam::2:role/end\nsource_profile = middle\nexternal_id = x+y\n\
                  role_session_name = me\nduration_seconds = 1800\n";
    let world = World::new("chain").config(config).set("AWS_ENDPOINT_URL_STS", sts.url("")).profile("end");
    let (signer, options) = world.signed().unwrap();
    assert_eq!(signer, "ASIA1");
    let found = run(source(&options).found()).unwrap().found_in;
    assert!(found.contains("role/end") && found.contains("role/middle") && found.contains("`base`"), "{found}");
    let log = sts.log();
    assert_eq!((key_of(&log[0]).as_str(), key_of(&log[1]).as_str()), ("AKIDBASE", "ASIA0"));
    assert!(log[0].header("authorization").contains("/eu-west-1/sts/aws4_request"));
    let body = String::from_utf8(log[1].body.clone()).unwrap();
    for part in [
        "Action=AssumeRole&",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A2%3Arole%2Fend",
        "Version=2011-06-15",
        "ExternalId=x%2By",
        "RoleSessionName=me",
        "DurationSeconds=1800",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    let refusing = Server::start(|_, _| sts_error(403, "AccessDenied"));
    let world = World::new("chain-denied").config(config).set("AWS_ENDPOINT_URL_STS", refusing.url("")).profile("end");
    world.refused(Kind::Denied, &["profile `middle`", "AccessDenied", "not you", "role_arn"]);
    let odd = Server::start(|_, _| Reply::status(200).body("<html>hush</html>"));
    let world = World::new("chain-odd").config(config).set("AWS_ENDPOINT_URL_STS", odd.url("")).profile("end");
    world.refused(Kind::BadAnswer, &["no credentials"]);
    let busy = Server::start(|_, number| if number < 2 { Reply::status(503) } else { assumed("ASIABUSY") });
    let world = World::new("chain-busy").config(config).set("AWS_ENDPOINT_URL_STS", busy.url("")).profile("middle");
    assert_eq!(world.signer(), "ASIABUSY");
}

#[test]
fn web_identity_of_a_cluster() {
    let sts = Server::start(|_, _| assumed("ASIAWEB"));
    let world = World::new("web").file("token", "hush.token\n");
    let world = world.set("AWS_ENDPOINT_URL_STS", sts.url("")).set("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod");
    let token = world.home.join("token");
    let world = world.set("AWS_WEB_IDENTITY_TOKEN_FILE", token);
    assert_eq!(world.signer(), "ASIAWEB");
    let asked = &sts.log()[0];
    let body = String::from_utf8(asked.body.clone()).unwrap();
    assert!(
        body.contains("Action=AssumeRoleWithWebIdentity") && body.contains("WebIdentityToken=hush.token"),
        "{body}"
    );
    assert_eq!(asked.header("authorization"), "");
    let gone = World::new("web-gone").set("AWS_ROLE_ARN", "arn:r").set("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/token");
    gone.refused(Kind::Config, &["/no/such/token", "no such file"]);
    let ended = Server::start(|_, _| sts_error(400, "ExpiredTokenException"));
    let world = World::new("web-ended").file("token", "hush").set("AWS_ENDPOINT_URL_STS", ended.url(""));
    let token = world.home.join("token");
    let world = world.set("AWS_ROLE_ARN", "arn:r").set("AWS_WEB_IDENTITY_TOKEN_FILE", token);
    world.refused(Kind::Denied, &["ExpiredTokenException", "the token has not ended"]);
}

#[test]
fn containers_of_ecs_and_pods_of_eks() {
    let server = Server::start(|asked, _| match asked.header("authorization") {
        "hush-file" => metadata("ASIAPOD"),
        "hush-env" => metadata("ASIAECS"),
        _ => Reply::status(403).body(r#"{"code": "AccessDenied", "message": "who are you"}"#),
    });
    let full = |test: &str| World::new(test).set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/v1/credentials"));
    let pod = full("pod").file("token", "hush-file\n");
    let token = pod.home.join("token");
    assert_eq!(pod.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token).signer(), "ASIAPOD");
    assert_eq!(full("ecs").set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush-env").signer(), "ASIAECS");
    full("ecs-refused").refused(Kind::Denied, &["AccessDenied", "who are you", "role of the task"]);
    full("ecs-no-token").set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/no/such").refused(Kind::Config, &["/no/such"]);
    let abroad = World::new("abroad").set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://elsewhere.example/x");
    abroad.refused(Kind::Config, &["https://"]);
    World::new("path")
        .set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil/x")
        .refused(Kind::Config, &["begins with /"]);
    let odd = Server::start(|_, _| Reply::status(200).body(r#"{"AccessKeyId": "A"}"#));
    let world = World::new("ecs-odd").set("AWS_CONTAINER_CREDENTIALS_FULL_URI", odd.url("/x"));
    world.refused(Kind::BadAnswer, &["SecretAccessKey"]);
}

fn imds(asked: &Asked, role: &str) -> Reply {
    match (asked.method.as_str(), asked.target.as_str()) {
        ("PUT", "/latest/api/token") if !asked.header("x-aws-ec2-metadata-token-ttl-seconds").is_empty() => {
            Reply::status(200).body("hush-token")
        }
        ("GET", _) if asked.header("x-aws-ec2-metadata-token") != "hush-token" => Reply::status(401),
        ("GET", "/latest/meta-data/iam/security-credentials/") if role.is_empty() => Reply::status(404),
        ("GET", "/latest/meta-data/iam/security-credentials/") => Reply::status(200).body(role),
        ("GET", "/latest/meta-data/iam/security-credentials/granules") => metadata("ASIAIMDS"),
        ("GET", "/latest/meta-data/iam/security-credentials/distrusted") => Reply::status(200)
            .body(r#"{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role"}"#),
        _ => Reply::status(404),
    }
}

#[test]
fn the_metadata_service_of_an_instance() {
    let with = |test: &str, server: &Server| {
        World::new(test).set("AWS_EC2_METADATA_DISABLED", "").set("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url(""))
    };
    let server = Server::start(|asked, _| imds(asked, "granules"));
    let (signer, options) = with("imds", &server).signed().unwrap();
    assert_eq!(signer, "ASIAIMDS");
    assert!(run(source(&options).found()).unwrap().found_in.contains("role granules"));
    let none = Server::start(|asked, _| imds(asked, ""));
    with("imds-none", &none).refused(Kind::Denied, &["no S3 credentials", "this instance has no role"]);
    let distrusted = Server::start(|asked, _| imds(asked, "distrusted"));
    with("imds-distrusted", &distrusted).refused(Kind::Denied, &["AssumeRoleUnauthorizedAccess", "trusts EC2"]);
    let evil = Server::start(|asked, _| imds(asked, "../../x?y"));
    with("imds-evil", &evil).refused(Kind::BadAnswer, &["no role"]);
    let other = Server::start(|_, _| Reply::status(404));
    with("imds-other", &other).refused(Kind::Denied, &["no S3 credentials", "answered 404"]);
    let closed = World::new("imds-closed")
        .set("AWS_EC2_METADATA_DISABLED", "")
        .set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    closed.refused(Kind::Denied, &["no S3 credentials", "no answer from the metadata service"]);
    let config = "[profile box]\nrole_arn = arn:r\ncredential_source = Ec2InstanceMetadata\n";
    let sts = Server::start(|_, _| assumed("ASIABOX"));
    let world = with("imds-role", &server).config(config).set("AWS_ENDPOINT_URL_STS", sts.url("")).profile("box");
    assert_eq!(world.signer(), "ASIABOX");
    assert_eq!(key_of(&sts.log()[0]), "ASIAIMDS");
    with("imds-role-none", &none)
        .config(config)
        .profile("box")
        .refused(Kind::Config, &["profile `box`", "has no role"]);
}

/// SHA-1 of `work` and of `https://x.example/start`, by coreutils.
const OF_SESSION: &str = "e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json";
const OF_START_URL: &str = "80c7f57c51e0449101de09ef74138a588ea0d4a6.json";
const SSO: &str = "[profile new]\nsso_session = work\nsso_account_id = 1234\nsso_role_name = Reader\n\
                   [sso-session work]\nsso_start_url = https://x.example/start\nsso_region = eu-west-1\n\
                   [profile old]\nsso_start_url = https://x.example/start\nsso_region = eu-west-1\nsso_account_id = 1234\n\
                   sso_role_name = Reader\n[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = hush\n";

fn portal(asked: &Asked, _: usize) -> Reply {
    let end = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() * 1000 + 3_600_000;
    let keys = json!({ "roleCredentials": { "accessKeyId": "ASIASSO", "secretAccessKey": "hush", "sessionToken": "hush", "expiration": end } });
    match (asked.target.as_str(), asked.header("x-amz-sso_bearer_token")) {
        ("/federation/credentials?role_name=Reader&account_id=1234", "hush-login" | "hush-renewed") => {
            Reply::status(200).body(keys.to_string())
        }
        (_, "hush-login") => Reply::status(403).body(r#"{"message": "No access"}"#),
        _ => Reply::status(401).body(r#"{"message": "Session token not found or invalid"}"#),
    }
}

fn cached(token: &str, seconds: u64) -> serde_json::Value {
    let end = SystemTime::now() + Duration::from_secs(seconds);
    json!({ "startUrl": "https://x.example/start", "region": "eu-west-1", "accessToken": token, "expiresAt": moment::extended(end) })
}

fn sso(test: &str, server: &Server, file: &str, login: &str) -> World {
    let world = World::new(test).config(SSO).set("AWS_ENDPOINT_URL_SSO", server.url(""));
    world.file(&format!(".aws/sso/cache/{file}"), login)
}

#[test]
fn an_sso_login_in_both_forms() {
    let server = Server::start(portal);
    for (test, profile, file) in [("sso-new", "new", OF_SESSION), ("sso-old", "old", OF_START_URL)] {
        let world = sso(test, &server, file, &cached("hush-login", 3600).to_string()).profile(profile);
        let (signer, options) = world.signed().unwrap();
        assert_eq!(signer, "ASIASSO");
        assert!(run(source(&options).found()).unwrap().found_in.contains("SSO account 1234, role Reader"));
    }
    let next = "run `aws sso login --profile new`";
    let ended = cached("hush-login", 0).to_string();
    sso("sso-ended", &server, OF_SESSION, &ended).profile("new").refused(Kind::Expired, &["SSO login ended at", next]);
    sso("sso-none", &server, "x", "").profile("new").refused(Kind::Denied, &["no SSO login", next]);
    for (test, text) in
        [("sso-a", "hush"), ("sso-b", "{}"), ("sso-c", r#"{"accessToken": "hush", "expiresAt": "hush"}"#)]
    {
        sso(test, &server, OF_SESSION, text).profile("new").refused(Kind::Denied, &[OF_SESSION, next]);
    }
    let revoked = cached("hush-revoked", 3600).to_string();
    sso("sso-revoked", &server, OF_SESSION, &revoked).profile("new").refused(Kind::Expired, &["401", "invalid", next]);
    let other = SSO.replace("Reader", "Writer");
    let world = sso("sso-role", &server, OF_SESSION, &cached("hush-login", 3600).to_string());
    world.config(&other).profile("new").refused(Kind::Denied, &["No access", "sso_role_name"]);
}

#[test]
fn an_sso_login_is_renewed_and_kept() {
    let portal = Server::start(portal);
    let oidc = Server::start(|asked, _| {
        let form: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
        let good =
            asked.target == "/token" && form["grantType"] == "refresh_token" && form["clientSecret"] == "hush-client";
        match good && form["refreshToken"] == "hush-refresh" {
            true => Reply::status(200)
                .body(r#"{"accessToken": "hush-renewed", "expiresIn": 3600, "refreshToken": "hush-next"}"#),
            false => {
                Reply::status(400).body(r#"{"error": "invalid_grant", "error_description": "Invalid refresh token"}"#)
            }
        }
    });
    let login = |refresh: &str, seconds| {
        let mut login = cached("hush-old", seconds);
        login["clientId"] = "id".into();
        login["clientSecret"] = "hush-client".into();
        login["refreshToken"] = refresh.into();
        login["registrationExpiresAt"] = in_an_hour().into();
        login["other"] = "kept".into();
        login.to_string()
    };
    let with = |test: &str, refresh: &str, seconds| {
        let world = sso(test, &portal, OF_SESSION, &login(refresh, seconds));
        world.set("AWS_ENDPOINT_URL_SSO_OIDC", oidc.url("")).profile("new")
    };
    let world = with("sso-renewed", "hush-refresh", 0);
    assert_eq!(world.signer(), "ASIASSO");
    let kept = fs::read(world.home.0.join(".aws/sso/cache").join(OF_SESSION)).unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!((&kept["accessToken"], &kept["refreshToken"]), (&json!("hush-renewed"), &json!("hush-next")));
    assert_eq!(kept["other"], "kept");
    assert!(moment::parse(kept["expiresAt"].as_str().unwrap()).unwrap() > SystemTime::now());
    with("sso-unrenewed", "hush-wrong", 0).refused(Kind::Expired, &["Invalid refresh token", "aws sso login"]);
}

#[test]
fn many_requests_share_one_search_and_one_failure() {
    let server = Server::start(|_, _| metadata("ASIAONE"));
    let world = World::new("shared").set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/"));
    let read = |clients: &Clients| {
        let sources: Vec<_> = (0..20).map(|_| clients.open(&Location::parse(KEY).unwrap()).unwrap()).collect();
        run(futures_util::future::join_all(sources.iter().map(|source| source.fetch(range(0, 10)))))
    };
    let options = world.options();
    let clients = Clients::new(options.clone());
    // Nothing is looked up before the first request.
    assert!(server.log().is_empty());
    assert!(read(&clients).iter().all(Result::is_ok) && read(&clients).iter().all(Result::is_ok));
    assert_eq!(server.log().len(), 1);
    // Other clients of the same options share it too.
    assert!(read(&Clients::new(options)).iter().all(Result::is_ok));
    assert_eq!(server.log().len(), 1);
    let refusing = Server::start(|_, _| Reply::status(403));
    let world = World::new("shared-failure").set("AWS_CONTAINER_CREDENTIALS_FULL_URI", refusing.url("/"));
    assert!(read(&Clients::new(world.options())).iter().all(Result::is_err));
    assert_eq!(refusing.log().len(), 1);
}

#[test]
fn credentials_near_their_end_are_found_again_and_old_ones_serve_while_that_fails() {
    // They last 2 s: half of that is the margin.
    let server = Server::start(|_, number| {
        let end = SystemTime::now() + Duration::from_secs(2);
        let keys = json!({ "AccessKeyId": format!("ASIA{number}"), "SecretAccessKey": "hush", "Expiration": moment::extended(end) });
        if number == 0 { Reply::status(200).body(keys.to_string()) } else { Reply::status(403) }
    });
    let world = World::new("renew").set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/"));
    let source = source(&world.options());
    run(async {
        let first = source.credentials().await.unwrap();
        let end = first.expiration.unwrap();
        while SystemTime::now() < end {
            assert_eq!(source.credentials().await.unwrap().access_key_id, "ASIA0");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(source.credentials().await.unwrap_err().kind, Kind::Denied);
    });
    assert_eq!(server.log().len(), 2);
}

#[test]
fn credentials_that_s3_calls_expired_are_replaced_once() {
    for (status, body_is, reads) in
        [(400, "ExpiredToken", true), (403, "ExpiredToken", true), (403, "AccessDenied", false)]
    {
        let s3 = Server::start(move |asked, _| match asked.header("authorization").contains("Credential=ASIA0/") {
            true => Reply::status(status).body(format!("<Error><Code>{body_is}</Code><Message>no</Message></Error>")),
            false => Reply::ranged(&content(), asked, "\"v1\""),
        });
        let server = Server::start(|_, number| metadata(&format!("ASIA{number}")));
        let world = World::with_s3("expired", s3).set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/"));
        let done = world.signed();
        assert_eq!(done.is_ok(), reads, "{:?}", done.err());
        assert_eq!((world.s3.log().len(), server.log().len()), if reads { (2, 2) } else { (1, 1) });
        if let Err(error) = done {
            assert!(error.kind == Kind::Denied && error.message.contains("403 AccessDenied (no)"), "{error}");
        }
    }
    let s3 = Server::start(|_, _| Reply::status(400).body("<Error><Code>ExpiredToken</Code></Error>"));
    let server = Server::start(|_, number| metadata(&format!("ASIA{number}")));
    let world = World::with_s3("expired-twice", s3).set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/"));
    assert_eq!(world.signed().unwrap_err().kind, Kind::Expired);
    assert_eq!(world.s3.log().len(), 2);
}

#[test]
fn a_file_on_this_machine_needs_no_credentials() {
    let world = World::new("local").config("[default\nbroken").file("x", "content");
    let clients = Clients::new(world.options());
    let source = clients.open(&Location::parse(&world.home.join("x")).unwrap()).unwrap();
    assert!(run(source.fetch(range(0, 3))).is_ok());
    world.refused(Kind::Config, &[".aws/config", "line 1"]);
}
