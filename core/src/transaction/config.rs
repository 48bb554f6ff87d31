//! Settings of a transaction coordinator.

use crate::config::BrokerConfig;

/// The longest transactional id that is kept, in bytes; Kafka's records have no place for a longer one either.
pub(super) const ID_BYTES_MAX: usize = 32_767;

/// What a coordinator goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionConfig {
    /// `transaction.max.timeout.ms`: the longest timeout that a producer may ask for.
    pub timeout_max_ms: u64,
    /// `transactional.id.expiration.ms`: how long an idle transactional id is remembered.
    pub id_expiration_ms: u64,
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`: how often to look for such.
    pub expiration_check_interval_ms: u64,
}

impl TransactionConfig {
    /// As the broker is configured.
    pub fn new(config: &BrokerConfig) -> Self {
        let settings = &config.transaction;
        Self {
            timeout_max_ms: settings.timeout_max_ms,
            id_expiration_ms: settings.id_expiration_ms,
            expiration_check_interval_ms: settings.expiration_check_interval_ms.max(1),
        }
    }
}
