//! Share groups (KIP-932): many consumers read one partition, record by record, and say of each what became of it.
//!
//! | what | where |
//! |---|---|
//! | who is in a group and reads which partitions | [`crate::group`], beside the other kinds of groups |
//! | of each record in flight: who has it, how often it was delivered | [`SharePartition`] |
//! | what of that is stored, in `__share_group_state` | [`state`] |
//! | which partitions a member reads, from request to request | [`ShareSessions`] |

mod partition;
mod session;
mod spans;
pub mod state;
#[cfg(test)]
mod tests;

pub use partition::{
    Acknowledgement, Acquired, RecordState, ShareConfig, ShareOut, SharePartition, StateBatch, Verdict,
};
pub use session::{CLOSE, OPEN, SessionKey, ShareSessions};
