//! Share groups (KIP-932): many consumers read one partition, record by record, and say of each what became of it.
//!
//! So far: [`SharePartition`], the machine that knows of each record in flight who has it and how often it was delivered.
//!
//! Not here yet: share sessions, the state's records in `__share_group_state`, membership. No API of share groups is served
//! before they are.

mod partition;
mod spans;
#[cfg(test)]
mod tests;

pub use partition::{
    Acknowledgement, Acquired, RecordState, ShareConfig, ShareOut, SharePartition, StateBatch, Verdict,
};
