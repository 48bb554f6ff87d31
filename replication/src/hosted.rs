//! What all drivers of a machine on a partition have in common, so that a shard can load, wake and ask them alike.
//!
//! ```text
//!   loading ── whole log replayed ──> active ── an append was refused ──> failed ── loaded again ──> loading
//!      any ── the partition is gone, the broker stops ──> resigned
//! ```
//!
//! Does not do: timers and tasks; whoever hosts asks for [`Hosted::deadline`] and calls [`Hosted::on_deadline`].

use std::future::Future;

use headwater_core::ErrorCode;
use headwater_core::ids::TopicPartition;
use headwater_core::time::{Monotonic, Timestamp};

/// Where a host is with its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The log is being replayed: requests get `COORDINATOR_LOAD_IN_PROGRESS`.
    Loading,
    /// It serves.
    Active,
    /// The state is void until the log has been replayed: requests get `COORDINATOR_NOT_AVAILABLE`.
    Failed,
    /// It is not a coordinator any more: requests get `NOT_COORDINATOR`.
    Resigned,
}

impl Phase {
    /// Whether requests are served.
    ///
    /// # Errors
    /// What to answer them if not.
    pub fn serves(self) -> Result<(), ErrorCode> {
        match self {
            Phase::Loading => Err(ErrorCode::CoordinatorLoadInProgress),
            Phase::Failed => Err(ErrorCode::CoordinatorNotAvailable),
            Phase::Resigned => Err(ErrorCode::NotCoordinator),
            Phase::Active => Ok(()),
        }
    }
}

/// The driver of a machine that is hosted on a partition.
pub trait Hosted: 'static {
    /// What it may be asked.
    type Call;
    /// What it answers.
    type Reply;

    /// The partition that it is on.
    fn partition(&self) -> TopicPartition;

    /// Where it is with its log.
    fn phase(&self) -> Phase;

    /// Replays the log and begins to serve. A record that does not decode is skipped with a warning that names it. A
    /// range that can't be read leaves the host failed: serving without it would forget what was acknowledged.
    fn load(&self, now: impl Fn() -> Monotonic, wall: impl Fn() -> Timestamp) -> impl Future<Output = ()>;

    /// Runs one request; `then` gets the answer when it may leave.
    fn call(
        &self,
        now: Monotonic,
        wall: Timestamp,
        call: Self::Call,
        then: impl FnOnce(Result<Self::Reply, ErrorCode>) + 'static,
    );

    /// When the machine wants to be called though nobody asks.
    fn deadline(&self) -> Option<Monotonic>;

    /// Lets the machine act on deadlines that have passed.
    fn on_deadline(&self, now: Monotonic, wall: Timestamp);

    /// Serves no more, for good: the partition is gone, or the broker stops. Whoever waits is told to look elsewhere.
    fn resign(&self);
}
