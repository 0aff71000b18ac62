//! `icestream login`: whether Earthdata accepts the login, the user of it, and the time of its end. With `--check`, which
//! identity is used for which kind of place.
use crate::access::AccessArgs;
use crate::exit::{CREDENTIALS, CommandError, DONE};
use crate::out::{note, say};
use crate::{access, json as answers};
use clap::Args;
use earthdata::{CheckedIdentity, CredentialProvider};
use serde_json::json;
use std::time::SystemTime;
use storage::{Credentials, moment};

/// Looks for a login in EARTHDATA_TOKEN, EARTHDATA_USERNAME and EARTHDATA_PASSWORD, and the netrc, in that order.
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// Say which identity is used for which kind of place: the Earthdata login, and the credentials for s3://, gs:// and
    /// az://. Those for s3:// are fetched; the others are not asked for.
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

pub(crate) fn run(args: &LoginArgs) -> Result<u8, CommandError> {
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

/// The identity for each kind of place; one of them is enough for many.
fn check(args: &LoginArgs) -> Result<u8, CommandError> {
    let options = access::options(&args.access);
    let s3 = access::block_on::<_, CommandError>(async { Ok(CheckedIdentity::of_s3(&options.s3).await) })?;
    let earthdata = CheckedIdentity::of_earthdata();
    let (google, azure) = (options.clouds.google_identity(), options.clouds.azure_identity());
    if args.json {
        let clouds = [google, azure].map(|found_in| json!({ "found_in": found_in }));
        let [google, azure] = clouds;
        answers::print(
            &json!({ "earthdata": earthdata.answer(), "s3": s3.answer(), "google": google, "azure": azure }),
        )?;
    } else {
        let [google, azure] =
            [google, azure].map(|found_in| found_in.unwrap_or("nothing is configured (docs/cloud.md)"));
        say!("earthdata  {earthdata}\ns3         {s3}\ngoogle     {google}\nazure      {azure}");
    }
    let absent = earthdata.is_absent() && s3.is_absent();
    let failed = [earthdata, s3].into_iter().filter(|checked| !checked.is_absent()).find_map(|checked| checked.error);
    Ok(failed.map_or(if absent { CREDENTIALS } else { DONE }, |error| CommandError::from(error).code))
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
