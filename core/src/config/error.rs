//! What can be wrong with a configuration; every message names the key, the value and what would be right.

use super::suggest::hint;

/// A configuration that cannot be used. It stops the start, or refuses an AlterConfigs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No table has this key.
    #[error("unknown setting {key} ({origin}){}", hint(.nearest))]
    Unknown {
        /// The key as given.
        key: String,
        /// Where it was given.
        origin: String,
        /// The known key that is spelled most alike.
        nearest: Option<&'static str>,
    },
    /// The value is not of the setting's type, or not among its valid values. `expected` completes
    /// "Invalid value … for configuration …:", as Kafka's own messages do.
    #[error("Invalid value {value} for configuration {key}: {expected}")]
    Invalid {
        /// The setting.
        key: String,
        /// The value as given.
        value: String,
        /// What it should have been.
        expected: String,
    },
    /// Kafka promises something by this setting that Headwater does not do; to start anyway would be a false promise.
    #[error("{key}={value}: {reason}")]
    Unsupported {
        /// The setting.
        key: String,
        /// The value as given.
        value: String,
        /// What is not there, and the way out.
        reason: String,
    },
    /// Kafka had the key once, or something has that is not here.
    #[error("{key} ({origin}): {reason}")]
    Retired {
        /// The key as given.
        key: String,
        /// Where it was given.
        origin: String,
        /// Why it means nothing, and the way out.
        reason: &'static str,
    },
    /// More than one thing is wrong: all of them, in the order in which they were given.
    #[error("{} settings cannot be used:{}", .0.len(), lines(.0))]
    Several(Vec<ConfigError>),
    /// A line that is not `key=value`.
    #[error("{origin}: {reason}")]
    Syntax {
        /// File and line, or the argument.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
}

fn lines(errors: &[ConfigError]) -> String {
    errors.iter().map(|error| format!("\n  {error}")).collect()
}

impl ConfigError {
    /// All of these as one; none if there are none.
    pub(super) fn all(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(Self::Several(errors)),
        }
    }

    /// An invalid value of `key`.
    pub fn invalid(key: &str, value: &str, expected: impl Into<String>) -> Self {
        Self::Invalid { key: key.into(), value: value.into(), expected: expected.into() }
    }
}
