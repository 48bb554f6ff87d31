//! A shard's memory for large requests, or for replies that carry records, and when those who stall have to make room in it.
//!
//! A reply has its share from before its records are read until the socket has taken it, so clients that ask and never
//! read would keep all of it from everybody else: sixty of them are enough. A large request has its share from when the
//! frame is known to be large until it is handled, so two that announce a hundred MiB and stop would do the same. While
//! there is memory for all that costs nothing, and a client may be slow. When a claim has waited for `SHORT_MS`, a
//! connection that holds memory and whose socket has taken, or given, nothing for [`STALLED_MS`] ends (`sending` and
//! `connection` see to it): what it holds is free at once, and it may come again. A smaller share for each instead would
//! only take more connections to use up; and a share that grew with what has come would have requests wait for each other,
//! each with a half.
//!
//! Each connection looks at this itself. The first that ends may free all that is waited for, and the others stay.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use headwater_core::time::Monotonic;

use crate::rt::{self, Permit, Semaphore};

/// How long a claim waits before others make room for it: a burst of those who read passes sooner.
const SHORT_MS: u64 = 1000;
/// For how long the socket of a connection that holds memory may take or give nothing then. The peer's kernel opens its window
/// again in steps of a sixteenth of its buffer, 384 KiB at most: who reads 128 KiB a second is seen to.
pub const STALLED_MS: u64 = 3000;
/// The same while a file is sent. What the socket takes of that is only seen when a third of its buffer of 4 MiB at most
/// is free again.
pub const STALLED_IN_FILE_MS: u64 = 11_000;

/// How often it is looked whether somebody waits.
pub const LOOK: Duration = Duration::from_secs(1);

/// See the module's text.
pub struct ClientMemory {
    permits: Semaphore,
    /// Since when each claim waits, in their order.
    claims: RefCell<BTreeMap<u64, Monotonic>>,
    issued: Cell<u64>,
}

impl ClientMemory {
    /// So many bytes.
    pub fn new(bytes: u64) -> Self {
        Self { permits: Semaphore::new(bytes), claims: RefCell::default(), issued: Cell::new(0) }
    }

    /// Takes so many bytes now, unless they are not free or somebody else waits.
    pub fn try_acquire(&self, bytes: u64) -> Option<Permit> {
        self.permits.try_acquire(bytes)
    }

    /// Waits for so many bytes, or for all there are.
    pub async fn acquire(&self, bytes: u64) -> Permit {
        if let Some(permit) = self.try_acquire(bytes) {
            return permit;
        }
        let number = self.issued.replace(self.issued.get() + 1);
        self.claims.borrow_mut().insert(number, rt::now());
        let _claim = Claim { memory: self, number };
        self.permits.acquire(bytes).await
    }

    /// Whether somebody waits for so long that those who stall have to make room.
    pub fn is_short(&self, now: Monotonic) -> bool {
        let claims = self.claims.borrow();
        claims.first_key_value().is_some_and(|(_, since)| now.millis_since(*since) >= SHORT_MS)
    }
}

/// A claim that waits.
struct Claim<'a> {
    memory: &'a ClientMemory,
    number: u64,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.memory.claims.borrow_mut().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::poll_once;

    use super::*;

    #[test]
    fn memory_is_short_once_a_claim_has_waited() {
        let memory = ClientMemory::new(10);
        let later = |ms| rt::now().plus_millis(ms);
        let held = memory.try_acquire(8).unwrap();
        assert!(!memory.is_short(later(3_600_000)), "nobody waits");
        let mut claim = Box::pin(memory.acquire(5));
        assert!(futures_lite::future::block_on(poll_once(&mut claim)).is_none());
        assert!(!memory.is_short(rt::now()), "it has not waited for long");
        assert!(memory.is_short(later(SHORT_MS)));
        drop(held);
        let granted = futures_lite::future::block_on(claim);
        assert!(!memory.is_short(later(SHORT_MS)), "it has what it waited for");
        let mut given_up = Box::pin(memory.acquire(10));
        assert!(futures_lite::future::block_on(poll_once(&mut given_up)).is_none());
        drop(given_up);
        assert!(!memory.is_short(later(SHORT_MS)), "who has gone does not wait");
        drop(granted);
    }
}
