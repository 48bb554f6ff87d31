//! What can go wrong between a client and a cluster: one line each, naming the thing and the cause.

use std::io;
use std::time::Duration;

use headwater_core::ErrorCode;
use headwater_core::wire::DecodeError;
use headwater_core::wire::frame::FrameError;

/// Why a client call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not `HOST:PORT`.
    #[error("'{0}' is not HOST:PORT")]
    Address(String),
    /// No connection could be made.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Where to.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// A connection broke.
    #[error("connection to {address} broke: {source}")]
    Io {
        /// Whose.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The broker closed the connection.
    #[error("{address} closed the connection")]
    Closed {
        /// Who.
        address: String,
    },
    /// The broker did not answer in time.
    #[error("{address} did not answer {api} within {after:?}")]
    Timeout {
        /// Who.
        address: String,
        /// Which request.
        api: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// An answer makes no sense.
    #[error("{address} answered {api} with bytes that cannot be read: {source}")]
    Decode {
        /// Who.
        address: String,
        /// Which request.
        api: &'static str,
        /// What is wrong.
        source: DecodeError,
    },
    /// A frame length makes no sense.
    #[error("{address} sent a {source}: is that a Kafka listener?")]
    Frame {
        /// Who.
        address: String,
        /// What is wrong.
        source: FrameError,
    },
    /// An answer belongs to no request, or to another one.
    #[error("{address} answered request {got} where {expected} was due")]
    Correlation {
        /// Who.
        address: String,
        /// The correlation id of the oldest unanswered request.
        expected: i32,
        /// The correlation id that came.
        got: i32,
    },
    /// No version of an API that both ends know.
    #[error("{address} has no version of {api} that this client knows")]
    UnsupportedApi {
        /// Who.
        address: String,
        /// Which request.
        api: &'static str,
    },
    /// The broker refused.
    #[error("{what}: {}", refusal(*.code, .message.as_deref()))]
    Refused {
        /// What was asked for.
        what: String,
        /// The error code on the wire.
        code: i16,
        /// What the broker said, where the protocol has room.
        message: Option<String>,
    },
    /// Nothing in the cluster answers.
    #[error("no broker of {bootstrap} can be reached: {source}")]
    NoBroker {
        /// Where was tried first.
        bootstrap: String,
        /// The last failure.
        source: Box<ClientError>,
    },
    /// What was waited for did not come about.
    #[error("{0}")]
    GaveUp(String),
}

fn refusal(code: i16, message: Option<&str>) -> String {
    let code_of = ErrorCode::from_code(code);
    let name = code_of.map_or_else(|| format!("error {code}"), |code| code.name().to_owned());
    let name = match message {
        Some(message) if !message.is_empty() => format!("{name}: {message}"),
        _ => name,
    };
    if code_of.is_some_and(is_forbidden) {
        return name + " (this client does not authenticate: what it may do is what User:ANONYMOUS may)";
    }
    name
}

/// Whether a client is told with `code` that it may not do what it asked for.
fn is_forbidden(code: ErrorCode) -> bool {
    use ErrorCode as E;
    matches!(
        code,
        E::TopicAuthorizationFailed
            | E::GroupAuthorizationFailed
            | E::ClusterAuthorizationFailed
            | E::TransactionalIdAuthorizationFailed
            | E::DelegationTokenAuthorizationFailed
    )
}

impl ClientError {
    /// A refusal with `code`, or nothing if `code` is success.
    pub(crate) fn check(
        what: impl FnOnce() -> String,
        code: i16,
        message: Option<&str>,
    ) -> Result<(), ClientError> {
        if code == 0 {
            return Ok(());
        }
        Err(ClientError::Refused { what: what(), code, message: message.map(str::to_owned) })
    }

    /// The Kafka error code, if the broker answered with one that Kafka 4.3 knows.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            ClientError::Refused { code, .. } => ErrorCode::from_code(*code),
            _ => None,
        }
    }

    /// Whether the broker says that this client may not do what it asked for: no record will ever be let through.
    pub(crate) fn forbidden(&self) -> bool {
        self.code().is_some_and(is_forbidden)
    }

    /// Whether trying again may help: the network or a retriable refusal.
    pub fn retriable(&self) -> bool {
        match self {
            ClientError::Connect { .. }
            | ClientError::Io { .. }
            | ClientError::Closed { .. }
            | ClientError::Timeout { .. }
            | ClientError::NoBroker { .. } => true,
            ClientError::Refused { code, .. } => {
                ErrorCode::from_code(*code).is_some_and(ErrorCode::retriable)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: i16, message: Option<&str>, expect: &str, retriable: bool) {
        let error = ClientError::check(|| "topic t".into(), code, message).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.retriable()), (expect, retriable));
    }

    #[test]
    fn refusals_name_the_thing_and_the_cause() {
        assert!(ClientError::check(String::new, 0, None).is_ok());
        check(36, None, "topic t: TOPIC_ALREADY_EXISTS", false);
        check(36, Some("it is there"), "topic t: TOPIC_ALREADY_EXISTS: it is there", false);
        check(6, Some(""), "topic t: NOT_LEADER_OR_FOLLOWER", true);
        let hint = "topic t: TOPIC_AUTHORIZATION_FAILED (this client does not authenticate: what it may do is what User:ANONYMOUS may)";
        check(29, None, hint, false);
        check(999, None, "topic t: error 999", false);
    }
}
