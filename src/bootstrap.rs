//! How every client command finds its cluster, and how all of them fail.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use headwater_core::ErrorCode;
use headwater_loadgen::client::{ClientConfig, ClientError, Cluster};

/// Where the cluster is.
#[derive(Debug, clap::Args)]
pub struct BootstrapArgs {
    /// A broker to begin with; several with commas between.
    #[arg(long, value_name = "HOST:PORT", env = "HEADWATER_BOOTSTRAP", default_value = "127.0.0.1:9092",
          value_parser = addresses)]
    pub bootstrap: String,
}

fn addresses(text: &str) -> Result<String, String> {
    for address in text.split(',').map(str::trim) {
        let fits = address
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0));
        if !fits {
            return Err(format!("'{address}' is not HOST:PORT"));
        }
    }
    Ok(text.to_owned())
}

/// What codes of refusals mean to a person, and what to do. Codes that only a client's own fault brings are not here.
const REFUSALS: &[(ErrorCode, &str, &str)] = &[
    (
        ErrorCode::UnknownTopicOrPartition,
        "there is no such topic",
        "`headwater topic list` shows all, `headwater topic create` makes one",
    ),
    (ErrorCode::TopicAlreadyExists, "there is a topic of this name", "`headwater topic describe` shows it"),
    (
        ErrorCode::InvalidTopicException,
        "no topic can have this name",
        "use up to 249 letters, digits, '.', '_' and '-'",
    ),
    (
        ErrorCode::InvalidReplicationFactor,
        "more replicas are asked for than there are brokers",
        "start the broker with default.replication.factor=1, or leave the setting out",
    ),
    (ErrorCode::InvalidPartitions, "no topic can have so many partitions", "ask for fewer with --partitions"),
    (
        ErrorCode::InvalidConfig,
        "a setting does not exist or cannot have this value",
        "a topic's settings are Kafka's, by their names there",
    ),
    (
        ErrorCode::KafkaStorageError,
        "the broker cannot write or read its disk",
        "its log says why; `headwater doctor` looks at the disk",
    ),
    (
        ErrorCode::CorruptMessage,
        "a batch does not pass its checksum",
        "the broker's log names the file; `headwater log verify` finds all of them, with the broker stopped",
    ),
    (
        ErrorCode::MessageTooLarge,
        "the record is larger than the topic takes",
        "raise max.message.bytes of the topic, or message.max.bytes of the broker",
    ),
    (
        ErrorCode::LeaderNotAvailable,
        "a partition has no leader yet",
        "try again in a moment; the broker's log says more if it stays so",
    ),
    (
        ErrorCode::CoordinatorLoadInProgress,
        "the broker still reads the groups' offsets after its start",
        "try again in a moment",
    ),
    (
        ErrorCode::PolicyViolation,
        "the broker's settings do not allow it",
        "its settings say what is allowed: `headwater config`",
    ),
];

/// An error with what its code means and what to do about it, where that is known.
pub fn explain(error: &ClientError) -> String {
    let row = error.code().and_then(|code| REFUSALS.iter().find(|(of, ..)| *of == code));
    match (row, error) {
        // The broker has said what it means.
        (Some((.., remedy)), ClientError::Refused { message: Some(said), .. }) if !said.is_empty() => {
            format!("{}; {remedy}", said_once(error))
        }
        (Some((_, sentence, remedy)), _) => format!("{error}: {sentence}; {remedy}"),
        (None, _) => error.to_string(),
    }
}

/// Without the full stop that would stand before a semicolon.
fn said_once(error: &ClientError) -> String {
    error.to_string().trim_end_matches('.').to_owned()
}

impl BootstrapArgs {
    /// Connects to the cluster.
    pub fn connect(&self) -> Result<Cluster, ClientError> {
        Cluster::connect(ClientConfig::new(&*self.bootstrap, "headwater"))
    }
}

/// Tells the cause on standard error, in one line, and answers the exit code of a failure.
pub fn failure(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("headwater: {error}");
    ExitCode::FAILURE
}

/// Prints; a reader that has seen enough (`| head`) is no failure.
pub fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => failure(&error),
        _ => ExitCode::SUCCESS,
    }
}

/// Prints what a command found, or why it failed.
pub fn finish(result: Result<String, ClientError>) -> ExitCode {
    match result {
        Ok(text) => print(&text),
        Err(error) => failure(&explain(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_is_none() {
        for good in ["localhost:9092", "a:1,b:2", "[::1]:9092", "a:1, b:2"] {
            assert_eq!(addresses(good).as_deref(), Ok(good));
        }
        for bad in ["nonsense", "", ":9092", "a:", "a:0", "a:99999", "a:1,b", "http://a"] {
            assert!(addresses(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refusal_is_a_sentence_with_a_way_out() {
        let check = |code: i16, message: Option<&str>, expect: &str| {
            let message = message.map(str::to_owned);
            let said = explain(&ClientError::Refused { what: "topic t".into(), code, message });
            assert!(said.starts_with(expect), "{said}");
        };
        check(3, None, "topic t: UNKNOWN_TOPIC_OR_PARTITION: there is no such topic; `headwater topic list`");
        check(38, Some("So it is."), "topic t: INVALID_REPLICATION_FACTOR: So it is; start the broker");
        check(15, None, "topic t: COORDINATOR_NOT_AVAILABLE");
    }
}
