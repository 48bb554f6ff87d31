//! Topic names (behaviour 16).

use headwater_core::limits::TOPIC_NAME_BYTES_MAX;

/// Why a name cannot be a topic's. The text is for INVALID_TOPIC_EXCEPTION.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The empty text.
    #[error("Topic name is invalid: it is empty")]
    Empty,
    /// `.` and `..` would be folders.
    #[error("Topic name is invalid: '.' and '..' are not allowed")]
    Dots,
    /// More than 249 bytes.
    #[error("Topic name is invalid: it has {0} characters, more than {TOPIC_NAME_BYTES_MAX}")]
    TooLong(usize),
    /// Other characters.
    #[error("Topic name is invalid: '{0}' has characters other than ASCII letters, digits, '.', '_' and '-'")]
    Characters(String),
}

/// Checks a name by Kafka's rules.
pub fn check_topic_name(name: &str) -> Result<(), InvalidName> {
    match name {
        "" => Err(InvalidName::Empty),
        "." | ".." => Err(InvalidName::Dots),
        _ if name.len() > TOPIC_NAME_BYTES_MAX => Err(InvalidName::TooLong(name.chars().count())),
        _ if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) => {
            Err(InvalidName::Characters(name.into()))
        }
        _ => Ok(()),
    }
}

/// The name with `.` as `_`, for those names that another could collide with: metrics cannot tell them apart.
pub(super) fn collision_key(name: &str) -> Option<String> {
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
}
