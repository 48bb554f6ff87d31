//! What machines ask of their drivers.
//!
//! A reply is a value with a condition, not a line of code after an await: a machine answers at once and says what must
//! have become true before the answer may leave. The driver appends the machine's records, learns their last offset,
//! and parks the reply until then.

use headwater_core::ids::Offset;

/// When a reply may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum After {
    /// At once: nothing was written.
    Now,
    /// When this offset is flushed on this node.
    Durable(Offset),
    /// When every in-sync replica has flushed this offset.
    Committed(Offset),
}

impl After {
    /// The condition of a reply to a request that wrote records up to `last`, or none.
    pub fn written(last: Option<Offset>) -> After {
        last.map_or(After::Now, After::Committed)
    }

    /// Whether a log with these ends, both exclusive, meets the condition.
    pub fn is_met(self, durable_end: Offset, high_watermark: Offset) -> bool {
        match self {
            After::Now => true,
            After::Durable(offset) => offset < durable_end,
            After::Committed(offset) => offset < high_watermark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_leaves_when_its_condition_is_met() {
        let at = Offset::new;
        for (after, durable, committed, met) in [
            (After::written(None), 0, 0, true),
            (After::written(Some(at(4))), 9, 4, false),
            (After::written(Some(at(4))), 9, 5, true),
            (After::Durable(at(4)), 4, 0, false),
            (After::Durable(at(4)), 5, 0, true),
        ] {
            assert_eq!(after.is_met(at(durable), at(committed)), met, "{after:?} {durable} {committed}");
        }
    }
}
