//! Errors of storage and replication as Kafka codes: the one place, by exhaustive matches.

use headwater_core::ErrorCode;
use headwater_replication::partition::LookupError;
use headwater_storage::plan::ReadError;

/// Why a read gives nothing.
pub fn of_read(error: &ReadError) -> ErrorCode {
    match error {
        ReadError::OutOfRange(_) => ErrorCode::OffsetOutOfRange,
        ReadError::Damaged { .. } => ErrorCode::CorruptMessage,
        ReadError::Io { .. } => ErrorCode::KafkaStorageError,
    }
}

/// Why a look-up gives nothing.
pub fn of_lookup(error: &LookupError) -> ErrorCode {
    match error {
        LookupError::Unknown(_) => ErrorCode::UnsupportedVersion,
        LookupError::Read(error) => of_read(error),
    }
}
