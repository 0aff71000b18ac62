//! Answers of the CMR and of the login, as far as they are not what was asked for.
use byte_ranges::{SourceError, SourceErrorKind};
use reqwest::Response;
use std::time::Duration;
use storage::retry::{Again, Failed, TransportFault};
use storage::{Broken, Paced, StatusClass};

/// Characters of a server's own words that go into a message.
const MAX_WORDS: usize = 300;
/// Bytes of an error's body that are read.
const MAX_ERROR_BODY: usize = 64 << 10;
/// For the words of an error.
const PATIENCE_WITH_WORDS: Duration = Duration::from_secs(10);

/// The same answer would come.
pub(crate) fn last(kind: SourceErrorKind, at: &str, message: impl Into<String>) -> Failed {
    Failed::last(SourceError::new(kind, at, message.into()))
}

/// Another attempt may succeed.
pub(crate) fn passing(kind: SourceErrorKind, at: &str, message: impl Into<String>) -> Failed {
    Failed::passing(SourceError::new(kind, at, message.into()))
}

/// No answer, or not all of it.
pub(crate) fn transport(error: reqwest::Error, at: &str) -> Failed {
    let (fault, message) = TransportFault::of(error);
    match fault {
        TransportFault::Request => last(SourceErrorKind::Config, at, message),
        TransportFault::Timeout => passing(SourceErrorKind::Timeout, at, message),
        TransportFault::Distrust | TransportFault::Connection => passing(SourceErrorKind::Unavailable, at, message),
    }
}

/// An answer of an error status that is not about credentials.
pub(crate) async fn status(response: Response, at: &str) -> Failed {
    let (status, again) = (response.status().as_u16(), Again::asked(response.headers()));
    let words = body(response, MAX_ERROR_BODY, at, PATIENCE_WITH_WORDS).await.unwrap_or_default();
    let words: String = String::from_utf8_lossy(&words).chars().take(MAX_WORDS).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = format!("the server answered {status}{}{words}", if words.is_empty() { "" } else { ": " });
    let kind = match StatusClass::of(status) {
        class if class.is_retryable() => {
            return Failed { error: SourceError::new(SourceErrorKind::Unavailable, at, message), again };
        }
        StatusClass::Unauthorized | StatusClass::Forbidden => SourceErrorKind::Denied,
        StatusClass::NotFound => SourceErrorKind::NotFound,
        StatusClass::Malformed => SourceErrorKind::Config,
        _ => SourceErrorKind::BadAnswer,
    };
    last(kind, at, message)
}

/// All of an answer's body, up to `most` bytes.
pub(crate) async fn body(response: Response, most: usize, at: &str, patience: Duration) -> Result<Vec<u8>, Failed> {
    let (mut body, mut paced) = (Vec::new(), Paced::new(response, patience));
    let broken = |broken| match broken {
        Broken::Transport(error) => transport(error, at),
        slow @ Broken::Slow { .. } => passing(SourceErrorKind::Timeout, at, slow.to_string()),
    };
    while let Some(part) = paced.next().await.map_err(broken)? {
        body.extend_from_slice(&part);
        if body.len() > most {
            return Err(last(SourceErrorKind::BadAnswer, at, format!("the answer exceeds {most} bytes")));
        }
    }
    Ok(body)
}
