//! Words and pure rules of Headwater: no OS, no async, no IO, no clock.
//!
//! Everything in here is a function of its arguments, so that it can be tested, simulated and fuzzed at will.

pub mod after;
pub mod config;
pub mod epochs;
pub mod error;
pub mod group;
pub mod ids;
pub mod limits;
pub mod log_transactions;
pub mod pattern;
pub mod placement;
pub mod producer;
pub mod quota;
pub mod record;
pub mod session;
pub mod share;
pub mod telemetry;
pub mod time;
pub mod transaction;
pub mod wire;

pub use error::ErrorCode;
