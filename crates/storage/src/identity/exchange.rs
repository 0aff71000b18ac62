//! Requests to the servers that give credentials: retried like all others, with answers of a limited size.
use super::settings::Settings;
use crate::encode::element;
use crate::retry::{Again, Failed, Tries};
use crate::{Paced, StatusClass};
use byte_ranges::{SourceError, SourceErrorKind as Kind};
use reqwest::{Client, Request, Response};
use serde_json::Value;

/// Bytes of an answer.
const MAX_ANSWER: usize = 256 << 10;
/// Characters of a server's own words that go into a message.
const MAX_WORDS: usize = 300;

/// An answer, with whatever status. Its body may hold secrets: it has no `Debug`.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
}

/// A server, and what is asked of it.
pub(super) struct Server<'a> {
    pub(super) settings: &'a Settings,
    pub(super) client: Client,
    /// What errors are about.
    pub(super) at: &'a str,
    /// The server in words.
    pub(super) name: &'a str,
}

impl Server<'_> {
    /// The answer to the request that `make` makes, each time anew. Busy servers and broken connections are asked again.
    pub(super) async fn ask(&self, make: impl Fn() -> Result<Request, SourceError>) -> Result<Reply, SourceError> {
        let mut tries = Tries::new(&self.settings.options.retry);
        loop {
            match self.once(make()?).await {
                Ok(reply) => return Ok(reply),
                Err(failed) => tries.wait_after(failed, |_, _| ()).await?,
            }
        }
    }

    pub(super) async fn once(&self, request: Request) -> Result<Reply, Failed> {
        let during = format!("no answer from {}", self.name);
        let response = self.client.execute(request).await;
        let response = response.map_err(|error| Failed::of_transport(error, self.at, &during))?;
        let (status, again) = (response.status().as_u16(), Again::asked(response.headers()));
        if StatusClass::of(status).is_retryable() {
            let error = SourceError::new(Kind::Unavailable, self.at, format!("{} answered {status}", self.name));
            return Err(Failed { error, again });
        }
        Ok(Reply { status, body: self.body(response).await? })
    }

    async fn body(&self, response: Response) -> Result<String, Failed> {
        let during = format!("the answer of {} broke off", self.name);
        let (mut body, mut paced) = (Vec::new(), Paced::new(response, self.settings.options.retry.patience));
        while let Some(part) = paced.next().await.map_err(|broken| Failed::of_broken(broken, self.at, &during))? {
            body.extend_from_slice(&part);
            if body.len() > MAX_ANSWER {
                return Err(Failed::last(self.error(Kind::BadAnswer, "its answer is too long")));
            }
        }
        String::from_utf8(body).map_err(|_| Failed::last(self.error(Kind::BadAnswer, "its answer is not text")))
    }

    /// An error about what the server said.
    pub(super) fn error(&self, kind: Kind, why: &str) -> SourceError {
        SourceError::new(kind, self.at, format!("{}: {why}", self.name))
    }

    /// The error for an answer that refuses, and the next step.
    pub(super) fn refused(&self, reply: &Reply, next: &str) -> SourceError {
        let words = reply.words();
        let said = if words.is_empty() { String::new() } else { format!(" ({words})") };
        SourceError::new(Kind::Denied, self.at, format!("{} answered {}{said}: {next}", self.name, reply.status))
    }
}

impl Reply {
    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The error code, from XML or JSON.
    pub(super) fn code(&self) -> Option<String> {
        let json = || self.field(&["code", "Code", "error", "__type"]);
        element(&self.body, "Code").or_else(json)
    }

    /// Code and message of an error. Nothing else: other fields may repeat tokens.
    fn words(&self) -> String {
        let message =
            element(&self.body, "Message").or_else(|| self.field(&["message", "Message", "error_description"]));
        let words = [self.code(), message].into_iter().flatten().collect::<Vec<_>>().join(": ");
        words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_WORDS).collect()
    }

    fn field(&self, names: &[&str]) -> Option<String> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        names.iter().find_map(|name| Some(body.get(name)?.as_str()?.to_owned()))
    }
}
