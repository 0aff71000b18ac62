//! A command that prints credentials (AWS SDKs and Tools Reference Guide, "Process credential provider").
use super::answer;
use super::settings::{config, of_profile};
use crate::{Credentials, Secret};
use byte_ranges::{SourceError, SourceErrorKind as Kind};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;

/// It may open a browser and wait for a login.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of its output.
const MAX_OUTPUT: u64 = 256 << 10;
/// Characters of its complaint that go into a message.
const MAX_WORDS: usize = 400;

/// Runs the command of a profile with the shell, and reads what it prints.
pub(super) async fn run(profile: &str, command: &Secret) -> Result<Credentials, SourceError> {
    let at = of_profile(profile);
    let failed = |why: String| SourceError::new(Kind::Denied, &at, format!("its credential_process {why}"));
    let output = timeout(PATIENCE, output(command)).await;
    let output = output.map_err(|_| failed(format!("did not end within {} s: run it by hand", PATIENCE.as_secs())))?;
    let (status, out, err) = output.map_err(|error| failed(format!("cannot be run ({error}): run it by hand")))?;
    if !status.success() {
        return Err(failed(format!("failed ({status}{}): run it by hand", complaint(&err, &out))));
    }
    let (keys, value) = answer::parse(&out, &answer::PROCESS)
        .map_err(|why| failed(format!("printed something else than credentials: {why}; run it by hand")))?;
    match value.get("Version").and_then(serde_json::Value::as_u64) {
        Some(1) => Ok(keys),
        _ => Err(config(&at, "its credential_process printed no credentials of Version 1: update the command")),
    }
}

async fn output(command: &Secret) -> std::io::Result<(ExitStatus, String, String)> {
    let mut shell = shell(command.expose());
    let mut child =
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err, status) = futures_util::future::join3(read(out), read(err), child.wait()).await;
    Ok((status?, out?, err?))
}

/// All that comes; beyond the limit it is read and dropped, so that the command does not wait.
async fn read(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<String> {
    let Some(mut pipe) = pipe else { return Ok(String::new()) };
    let mut bytes = Vec::new();
    (&mut pipe).take(MAX_OUTPUT).read_to_end(&mut bytes).await?;
    let mut rest = [0; 4096];
    while pipe.read(&mut rest).await? > 0 {}
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd.exe");
    shell.arg("/C").raw_arg(command);
    shell
}

/// What the command wrote on standard error, on one line. Nothing of its standard output, and nothing where that is on
/// standard error too.
fn complaint(err: &str, out: &str) -> String {
    let words: String = err.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_WORDS).collect();
    // However they are spelled: SecretAccessKey, aws_session_token, "Authorization: Bearer ...".
    let plain: String = words.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let names =
        ["secretaccesskey", "secretkey", "sessiontoken", "securitytoken", "password", "bearer", "authorization"];
    let is_secret =
        names.iter().any(|name| plain.contains(name)) || (!out.trim().is_empty() && err.contains(out.trim()));
    match words.is_empty() || is_secret {
        true => String::new(),
        false => format!(", it says: {words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_complains_of_is_told_without_secrets() {
        assert_eq!(complaint("no\nnetwork", ""), ", it says: no network");
        for secret in [
            "{\"secretAccessKey\": \"hush\"}",
            "aws_session_token = hush",
            "SECRET_ACCESS_KEY=hush",
            "Authorization: Bearer hush",
            "the password is hush",
        ] {
            assert_eq!(complaint(secret, ""), "", "{secret}");
        }
        assert_eq!(complaint("it wrote: {hush}", "{hush}"), "");
    }
}
