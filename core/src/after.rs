//! `After`: when a reply may leave. A reply is a value with a condition, not a line of code behind an await; that is
//! what makes durability testable.

/// The condition of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It depends on nothing.
    Now,
    /// The records that were made in the same step must be durable (and committed to the replicas) first.
    Durable,
}
