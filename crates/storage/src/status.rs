//! What the status of an answer means (RFC 9110, 15), in one table for all servers.

/// The class of an HTTP status. What it means for a caller is up to the server: S3, Lambda and the CMR differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatusClass {
    /// 300 to 399.
    Redirect,
    /// 400, 422: the request makes no sense.
    Malformed,
    /// 401: a login is missing or wrong.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404, 410.
    NotFound,
    /// 407: the proxy wants a login.
    ProxyLogin,
    /// 408: the request took too long.
    Timeout,
    /// 409: another request is in the way.
    Conflict,
    /// 412: the object is another one than the request names.
    Changed,
    /// 413: the request is too large.
    TooLarge,
    /// 425: the server wants the request again later.
    TooEarly,
    /// 429: too many requests.
    Throttled,
    /// 500, 502, 503, 504: the server failed, or is out of reach.
    Unavailable,
    /// Other statuses from 500 to 599.
    ServerError,
    /// Any other status.
    Other,
}

impl StatusClass {
    /// The class of a status.
    #[must_use]
    pub const fn of(status: u16) -> Self {
        match status {
            300..=399 => Self::Redirect,
            400 | 422 => Self::Malformed,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 | 410 => Self::NotFound,
            407 => Self::ProxyLogin,
            408 => Self::Timeout,
            409 => Self::Conflict,
            412 => Self::Changed,
            413 => Self::TooLarge,
            425 => Self::TooEarly,
            429 => Self::Throttled,
            500 | 502 | 503 | 504 => Self::Unavailable,
            500..=599 => Self::ServerError,
            _ => Self::Other,
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Timeout | Self::TooEarly | Self::Throttled | Self::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_sent_again() {
        let retryable: Vec<u16> = (100..600).filter(|&status| StatusClass::of(status).is_retryable()).collect();
        assert_eq!(retryable, [408, 425, 429, 500, 502, 503, 504]);
        assert_eq!(StatusClass::of(501), StatusClass::ServerError);
        assert_eq!(StatusClass::of(200), StatusClass::Other);
    }
}
