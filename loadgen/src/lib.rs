//! The load generator, and the Kafka client it is built on.
//!
//! See docs/architecture.md. The library drives any broker that speaks the Kafka protocol; it shares only
//! words with Headwater's own broker (`headwater-core`), so that a fault there shows here as it would to
//! anybody else's client.

pub mod client;
pub mod clock;
pub mod compare;
mod consumer;
pub mod duration;
pub mod host;
pub mod html;
pub mod keys;
pub mod latency;
pub mod objective;
pub mod pacer;
pub mod payload;
mod producer;
pub mod ranges;
pub mod rate;
mod reader;
pub mod report;
pub mod rng;
pub mod run;
pub mod scenario;
mod share;
pub mod size;
pub mod sweep;
pub mod verify;
