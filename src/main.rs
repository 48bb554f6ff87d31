//! The `headwater` binary: one file a command.
fn main() {}
