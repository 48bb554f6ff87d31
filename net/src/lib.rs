//! See docs/architecture.md.

pub mod rt;
