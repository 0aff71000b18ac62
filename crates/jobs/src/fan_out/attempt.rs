//! One attempt at a cell: what it brought, and what its failure means for another attempt.
use super::options::RunShape;
use super::spent::Spent;
use super::work::CellWork;
use crate::{Answer, Body, ErrorType};
use std::time::Duration;

/// What a failure means for another attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum AttemptClass {
    /// Too many calls at once: later, and fewer.
    Throttled,
    /// The service that runs functions did not answer properly.
    Service,
    /// A store of granules or outputs did not answer.
    Source,
    /// The program ended, or answered nonsense.
    Crash,
    /// Time ran out.
    Timeout,
    /// The credentials for reading have ended.
    Expired,
    /// Every other cell would fail in the same way.
    Fatal,
    /// This cell would fail again.
    Permanent,
}

/// A failed attempt. Holds no secret.
#[derive(Clone, Debug)]
pub(super) struct AttemptFailure {
    pub(super) class: AttemptClass,
    /// Type in the words of the function's contract, or of the service.
    pub(super) kind: String,
    pub(super) message: String,
    /// The least wait that was asked for.
    pub(super) least: Duration,
}

/// One attempt.
pub(super) struct Attempt {
    pub(super) outcome: Result<Box<Body>, AttemptFailure>,
    pub(super) spent: Spent,
}

impl AttemptFailure {
    pub(super) fn new(class: AttemptClass, kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class, kind: kind.into(), message: message.into(), least: Duration::ZERO }
    }

    /// A failure of the function or of the engine.
    pub(super) fn of(kind: ErrorType, message: impl Into<String>) -> Self {
        let class = match kind {
            ErrorType::BadEvent | ErrorType::CredentialsRefused | ErrorType::OutputDenied => AttemptClass::Fatal,
            ErrorType::CredentialsExpired => AttemptClass::Expired,
            ErrorType::SourceUnavailable | ErrorType::OutputFailed => AttemptClass::Source,
            ErrorType::Timeout => AttemptClass::Timeout,
            ErrorType::GranuleUnreadable | ErrorType::OutOfBudget => AttemptClass::Permanent,
            ErrorType::Internal => AttemptClass::Crash,
        };
        Self::new(class, kind.name(), message)
    }

    /// Whether fewer cells may succeed where these did not.
    pub(super) fn is_of_size(&self) -> bool {
        matches!(self.class, AttemptClass::Crash | AttemptClass::Timeout)
            || self.kind == ErrorType::OutOfBudget.name()
            || self.kind == "Runtime.OutOfMemory"
    }

    /// The same after at least this wait.
    pub(super) fn not_before(self, least: Duration) -> Self {
        Self { least, ..self }
    }
}

/// Takes an answer apart; one that is not about this cell and its store is a failure.
pub(super) fn judge(work: &CellWork, shape: &RunShape, answer: Answer) -> Result<Box<Body>, AttemptFailure> {
    if let Some((kind, message)) = answer.failure() {
        return Err(AttemptFailure::of(kind, message));
    }
    let body = answer.body;
    if body.parent_morton != Some(work.name) {
        let message = format!("asked for cell {}, the answer is about {:?}", work.name, body.parent_morton);
        return Err(AttemptFailure::new(AttemptClass::Crash, "WrongCell", message));
    }
    let store = shape.store(work.name);
    if body.zarr_path.as_ref().is_some_and(|path| *path != store) {
        let message = format!("the store should be {store}, the answer says {:?}", body.zarr_path);
        return Err(AttemptFailure::new(AttemptClass::Crash, "WrongCell", message));
    }
    if answer.status_code != 200 {
        let message = format!("status {}: {}", answer.status_code, body.error.unwrap_or_default());
        return Err(AttemptFailure::new(AttemptClass::Crash, ErrorType::Internal.name(), message));
    }
    Ok(Box::new(body))
}
