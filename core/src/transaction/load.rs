//! Loading: what is known is made again of what the log holds.

use super::coordinator::Coordinator;
use super::records::{self, RecordError};
use super::reply::Out;
use super::state::State;
use crate::time::{Monotonic, Timestamp};

impl Coordinator {
    /// Takes in one record of the log, oldest first.
    ///
    /// # Errors
    /// If the record cannot be read, or is of no known type. It is skipped; the driver may log it and go on.
    ///
    /// # Panics
    /// If [`loaded`](Self::loaded) was called already.
    pub fn replay(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RecordError> {
        assert!(!self.is_loaded, "what is written later the machine made itself");
        let id = records::decode_key(key)?;
        match value.map(|value| records::decode_value(&id, value)).transpose()?.flatten() {
            Some(transaction) => self.transactions.insert(id, transaction),
            None => self.transactions.remove(&id),
        };
        Ok(())
    }

    /// Everything is loaded: requests may come. What was decided and not yet complete is told to the partitions again;
    /// open transactions have the time that they had left.
    pub fn loaded(&mut self, now: Monotonic, wall: Timestamp, out: &mut Out) {
        assert!(!self.is_loaded, "a coordinator is loaded once");
        self.is_loaded = true;
        self.sweep_at = Some(now.plus_millis(self.config.expiration_check_interval_ms));
        let open: Vec<_> = self
            .transactions
            .iter()
            .filter(|(_, t)| t.state == State::Ongoing || t.state.prepared().is_some())
            .map(|(id, _)| id.clone())
            .collect();
        for id in open {
            let transaction = &self.transactions[&id];
            if transaction.state == State::Ongoing {
                let spent = transaction.started.map_or(0, |at| wall.millis().saturating_sub(at.millis()));
                let left = i64::from(transaction.timeout_ms).saturating_sub(spent).max(0);
                // A clock set back must not give it longer than it may take.
                let left = left.min(i64::from(transaction.timeout_ms)).max(0);
                self.set_deadline(&id, now.plus_millis(left as u64));
            } else {
                self.tell(wall, &id, out);
            }
        }
    }
}
