//! Newtypes for every number and name that could be mistaken for another.
//!
//! Explicit `new` and `get`, no `Deref`, no `From<int>`: a partition number cannot become a shard number by
//! accident. Kafka's `-1` for "none" exists only in wire code; everywhere else it is an `Option`.

use std::fmt;
use std::sync::Arc;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($inner);

        impl $name {
            /// Wraps the number.
            pub const fn new(value: $inner) -> Self {
                Self(value)
            }

            /// The number.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the name; cheap to clone afterwards.
            pub fn new(value: impl Into<Arc<str>>) -> Self {
                Self(value.into())
            }

            /// The name.
            pub fn get(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// A record's place in a partition's log; never negative outside the wire.
    Offset(i64)
);
number!(
    /// Counts the leaders a partition has had.
    LeaderEpoch(i32)
);
number!(
    /// A broker (Kafka's `node.id`).
    NodeId(i32)
);
number!(
    /// One core, one executor; owns its partitions.
    ShardId(u16)
);
number!(
    /// A partition's number within its topic.
    PartitionId(i32)
);
number!(
    /// The identity of an idempotent or transactional producer.
    ProducerId(i64)
);
number!(
    /// Fences older instances of the same producer.
    ProducerEpoch(i16)
);
number!(
    /// A producer's count of records in one partition; wraps from `i32::MAX` to 0 (behaviour 36).
    Sequence(i32)
);
number!(
    /// How often a classic group has been rebalanced.
    Generation(i32)
);

name!(
    /// A topic's name.
    TopicName
);
name!(
    /// A consumer group's name.
    GroupId
);
name!(
    /// A group member's name, given by the coordinator or, in newer protocols, by the client.
    MemberId
);
name!(
    /// A static member's name, chosen by who runs it and kept over restarts (`group.instance.id`, KIP-345).
    InstanceId
);
name!(
    /// What a transactional producer is called, over restarts (`transactional.id`).
    TransactionalId
);

impl Offset {
    /// The first offset of an empty log.
    pub const ZERO: Offset = Offset(0);

    /// The offset `count` records further on.
    pub const fn plus(self, count: i64) -> Offset {
        Offset(self.0 + count)
    }
}

impl Sequence {
    /// The sequence `count` records further on, with Kafka's wrap at `i32::MAX` (behaviour 36).
    pub const fn plus(self, count: i32) -> Sequence {
        Sequence(((self.0 as i64 + count as i64) & 0x7fff_ffff) as i32)
    }
}

/// A topic's identity, kept when the name is reused: 16 bytes, shown as Kafka does (base64, URL alphabet, unpadded).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId([u8; 16]);

impl TopicId {
    /// Kafka's "no id".
    pub const ZERO: TopicId = TopicId([0; 16]);

    /// Wraps the 16 bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, as on the wire.
    pub const fn get(self) -> [u8; 16] {
        self.0
    }

    /// Whether this is Kafka's "no id".
    pub const fn is_zero(self) -> bool {
        u128::from_be_bytes(self.0) == 0
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut out = String::with_capacity(22);
        for chunk in self.0.chunks(3) {
            let mut word = [0u8; 3];
            word[..chunk.len()].copy_from_slice(chunk);
            let bits = u32::from_be_bytes([0, word[0], word[1], word[2]]);
            for i in 0..=chunk.len() {
                out.push(ALPHABET[(bits >> (18 - 6 * i)) as usize & 63] as char);
            }
        }
        f.write_str(&out)
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One partition of one topic, by the topic's id: the key of everything stored and of shard placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicId,
    /// The partition's number.
    pub partition: PartitionId,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_wrap_to_zero() {
        assert_eq!(Sequence::new(i32::MAX).plus(1), Sequence::new(0));
        assert_eq!(Sequence::new(i32::MAX - 1).plus(4), Sequence::new(2));
        assert_eq!(Sequence::new(7).plus(0), Sequence::new(7));
    }

    #[test]
    fn topic_ids_show_as_kafka_does() {
        assert_eq!(TopicId::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(TopicId::new([0xff; 16]).to_string(), "_____________________w");
    }
}
