//! See docs/architecture.md.

pub mod effect;
pub mod metadata;
