//! Why bytes are not the message they claim to be.

/// A peer's bytes break the schema. The connection they came from is to be closed (behaviour 3): after such an
/// error it is unknown where the next field begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A field, or the elements a length promises, need more bytes than remain.
    #[error("{needed} bytes needed, {remaining} remain")]
    Truncated {
        /// Bytes the field, or the shortest possible array of that length, takes.
        needed: usize,
        /// Bytes that were left.
        remaining: usize,
    },
    /// A length below -1.
    #[error("negative length {0}")]
    NegativeLength(i32),
    /// Null in a version of the message whose schema does not allow it there.
    #[error("null where the schema allows none")]
    NullNotAllowed,
    /// A string that is not UTF-8.
    #[error("a string is not UTF-8")]
    NotUtf8,
    /// A variable-length integer that does not end within 32 bits.
    #[error("a varint does not fit 32 bits")]
    VarintTooLong,
    /// A tagged field that the schema knows appears twice in one structure.
    #[error("tagged field {0} appears twice")]
    DuplicateTag(u32),
    /// A tagged field's size disagrees with what its schema type takes.
    #[error("tagged field {tag} has {unread} bytes too many")]
    TagSize {
        /// The field's tag.
        tag: u32,
        /// Bytes of its stated size that its type did not take.
        unread: usize,
    },
    /// The version is outside the message's range.
    #[error("version {0} is not known")]
    UnknownVersion(i16),
    /// Legal by its lengths, but its elements would occupy far more memory than it has bytes: see
    /// [`Reader`](super::Reader) on the budget.
    #[error("decoding needs more memory than {0} bytes of message may claim")]
    OverBudget(usize),
}
