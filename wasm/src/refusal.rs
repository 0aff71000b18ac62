//! What an answer that is not the content means, in words that say what to do next.
use byte_ranges::{SourceError, SourceErrorKind as Kind};

/// Why one attempt failed, and whether another may succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: SourceError,
    pub(crate) again: Again,
}

/// Whether to send a request again.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Again {
    /// The same answer would come.
    Never,
    /// After a wait of our own, or a longer one that the server asked for (milliseconds).
    After(f64),
}

impl Failure {
    pub(crate) fn last(kind: Kind, shown: &str, message: impl Into<String>) -> Self {
        Self { error: SourceError::new(kind, shown, message), again: Again::Never }
    }

    pub(crate) fn passing(kind: Kind, shown: &str, message: impl Into<String>) -> Self {
        Self { error: SourceError::new(kind, shown, message), again: Again::After(0.0) }
    }

    /// An answer of an error status.
    pub(crate) fn of_status(status: u16, retry_after: Option<f64>, shown: &str) -> Self {
        let (kind, advice) = by_status(status);
        let message = match advice {
            "" => format!("the server answered {status}"),
            _ => format!("the server answered {status}: {advice}"),
        };
        let again = if matches!(kind, Kind::Unavailable | Kind::Timeout) {
            Again::After(retry_after.unwrap_or(0.0) * 1e3)
        } else {
            Again::Never
        };
        Self { error: SourceError::new(kind, shown, message), again }
    }
}

fn by_status(status: u16) -> (Kind, &'static str) {
    match status {
        401 => (
            Kind::Denied,
            "it wants a login, which a page cannot give: use `icestream serve`, which sends your token, \
                               or download the file and drop it here",
        ),
        403 => (
            Kind::Denied,
            "access is refused: make the object readable for everyone, use a signed URL that has not \
                               expired, or download the file and drop it here",
        ),
        404 | 410 => (Kind::NotFound, "there is no such file: check the URL"),
        408 => (Kind::Timeout, ""),
        412 => (Kind::Changed, "the file changed while it was read: start again"),
        425 | 429 | 500 | 502 | 503 | 504 => (Kind::Unavailable, "it is busy: try again later"),
        _ => (Kind::Other, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_sent_again_and_the_rest_is_not() {
        assert_eq!(Failure::of_status(429, Some(7.0), "x").again, Again::After(7000.0));
        assert_eq!(Failure::of_status(503, None, "x").again, Again::After(0.0));
        for status in [401, 403, 404, 412, 418] {
            assert_eq!(Failure::of_status(status, Some(7.0), "x").again, Again::Never, "{status}");
        }
    }
}
