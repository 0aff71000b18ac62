//! `icestream login`: whether Earthdata accepts the login, the user of it, and the time of its end. With `--check`, which
//! identity is used for which kind of place.
use crate::access::AccessArgs;
use crate::exit::{CREDENTIALS, DONE, Failure};
use crate::out::{note, say};
use crate::{access, json as answers};
use clap::Args;
use earthdata::{CredentialProvider, Login};
use serde_json::{Value, json};
use std::time::SystemTime;
use storage::{Credentials, FoundCredentials, Options, S3Access, moment};

/// Looks for a login in EARTHDATA_TOKEN, EARTHDATA_USERNAME and EARTHDATA_PASSWORD, and the netrc, in that order.
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// Say which identity is used for which kind of place: the Earthdata login, and the credentials for s3://. These are
    /// fetched; Earthdata is not asked.
    #[arg(long, conflicts_with = "export")]
    check: bool,
    /// Print `export AWS_...` lines for a shell: the one way in which secrets are shown.
    #[arg(long, conflicts_with = "json")]
    export: bool,
    /// Print JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

pub(crate) fn run(args: &LoginArgs) -> Result<u8, Failure> {
    if args.check {
        return check(args);
    }
    access::block_on(async {
        let provider = CredentialProvider::from_env(&access::clients(&args.access))?;
        let credentials = provider.credentials().await?;
        let (earthdata, login) = (provider.earthdata(), provider.earthdata().login());
        let host = earthdata.hosts().data_host();
        let left = credentials.expiration.and_then(|end| end.duration_since(SystemTime::now()).ok());
        if args.json {
            let answer = json!({
                "user": login.user(), "found_in": login.found_in, "token_ends": login.token_ends().map(moment::extended),
                "s3_credentials": { "host": host, "region": "us-west-2", "ends": credentials.expiration.map(moment::extended),
                                    "remaining_s": left.map(|left| left.as_secs()) },
            });
            answers::print(&answer)?;
            return Ok(DONE);
        }
        let mut text = format!("user   {} (from {})", login.user().as_deref().unwrap_or("not told"), login.found_in);
        if let Some(ends) = login.token_ends() {
            text += &format!("\ntoken  ends {}", moment::extended(ends));
        }
        let ends = credentials.expiration.map_or_else(|| "at a time not told".to_owned(), moment::extended);
        let minutes = left.map_or(0, |left| left.as_secs() / 60);
        text +=
            &format!("\ns3     credentials of {host} end {ends} (in {minutes} minutes), usable from us-west-2 only");
        if args.export {
            note!("{text}");
            print_exports(&credentials);
        } else {
            say!("{text}");
        }
        Ok(DONE)
    })
}

/// What is known of one identity: its line for people, its answer, and whether it is good.
struct Checked {
    text: String,
    answer: Value,
    state: State,
}

/// Whether an identity is good.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Good,
    /// Nothing is configured.
    Absent,
    /// What is configured fails with this exit code.
    Failed(u8),
}

fn check(args: &LoginArgs) -> Result<u8, Failure> {
    let options = access::options(&args.access);
    let s3 = access::block_on::<_, Failure>(async { Ok(check_s3(&options).await) })?;
    let earthdata = check_earthdata();
    if args.json {
        answers::print(&json!({ "earthdata": earthdata.answer, "s3": s3.answer }))?;
    } else {
        say!("earthdata  {}\ns3         {}", earthdata.text, s3.text);
    }
    Ok(match (earthdata.state, s3.state) {
        (State::Failed(code), _) | (_, State::Failed(code)) => code,
        (State::Absent, State::Absent) => CREDENTIALS,
        // One of them is enough for many.
        _ => DONE,
    })
}

fn check_earthdata() -> Checked {
    match Login::from_env() {
        Ok(login) => {
            let (user, ends) = (login.user(), login.token_ends().map(moment::extended));
            let mut text = format!("user {} (from {})", user.as_deref().unwrap_or("not told"), login.found_in);
            if let Some(ends) = &ends {
                text += &format!(", token ends {ends}");
            }
            let answer = json!({ "user": user, "found_in": login.found_in, "token_ends": ends, "error": null });
            Checked { text, answer, state: State::Good }
        }
        Err(error) => {
            let answer = json!({ "user": null, "found_in": null, "token_ends": null });
            Checked::failed(&error.into(), answer, "no login:")
        }
    }
}

async fn check_s3(options: &Options) -> Checked {
    let found = match &options.s3.access {
        S3Access::Source(source) => source.found().await.map(Some),
        S3Access::Keys(keys) => {
            let found_in = "the environment (AWS_ACCESS_KEY_ID)".to_owned();
            Ok(Some(FoundCredentials { credentials: keys.clone(), found_in }))
        }
        S3Access::Anonymous | S3Access::Missing => Ok(None),
    };
    let found = found.and_then(|found| Ok((found, options.s3.region()?)));
    match found {
        Ok((Some(FoundCredentials { credentials, found_in }), region)) => {
            let (id, ends) = (credentials.access_key_id, credentials.expiration.map(moment::extended));
            let until = ends.as_ref().map_or_else(String::new, |ends| format!(", ends {ends}"));
            let text = format!("{found_in}: key {id}{until}, region {region}");
            let answer =
                json!({ "found_in": found_in, "access_key_id": id, "ends": ends, "region": region, "error": null });
            Checked { text, answer, state: State::Good }
        }
        Ok((None, region)) => {
            let found_in = "no signature (AWS_SKIP_SIGNATURE, --no-sign-request)";
            let answer =
                json!({ "found_in": found_in, "access_key_id": null, "ends": null, "region": region, "error": null });
            Checked { text: format!("{found_in}, region {region}"), answer, state: State::Good }
        }
        Err(error) => {
            let answer = json!({ "found_in": null, "access_key_id": null, "ends": null, "region": null });
            Checked::failed(&error.into(), answer, "no S3 credentials:")
        }
    }
}

impl Checked {
    /// `absent` are the words that say that nothing is configured.
    fn failed(failure: &Failure, mut answer: Value, absent: &str) -> Self {
        let text = failure.message().to_owned();
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("error".to_owned(), text.as_str().into());
        }
        let state = if text.contains(absent) { State::Absent } else { State::Failed(failure.code) };
        Self { text, answer, state }
    }
}

fn print_exports(credentials: &Credentials) {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    println!("export AWS_ACCESS_KEY_ID={}", quoted(&credentials.access_key_id));
    println!("export AWS_SECRET_ACCESS_KEY={}", quoted(credentials.secret_access_key.expose()));
    if let Some(token) = &credentials.session_token {
        println!("export AWS_SESSION_TOKEN={}", quoted(token.expose()));
    }
    println!("export AWS_REGION=us-west-2");
}
