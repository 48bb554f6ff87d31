//! The in-order reply ring of one connection (behaviour 6): replies leave in the order of their requests, whatever
//! order they finish in.
//!
//! ```text
//!   first ──┐                                  next
//!           ▼                                   ▼
//!         [ ready ][ ready ][ pending ][ ready ]
//!          └── may leave ──┘            └ waits for the pending one
//! ```
//!
//! Invariants: a slot is filled exactly once; `unsent` is the number of reply bytes held here; the number of slots is
//! bounded by the connection (it stops reading), not here.
//!
//! No sockets here: the connection's writer takes what is ready.

use std::collections::VecDeque;

use bytes::Bytes;

use headwater_storage::sealed::SealedRange;

use crate::rt::Permit;

/// The number of a request on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u64);

/// A piece of a reply.
#[derive(Clone, Debug)]
pub enum Chunk {
    /// Bytes in memory.
    Memory(Bytes),
    /// Bytes of a file, which the kernel sends.
    Sealed(SealedRange),
}

impl Chunk {
    /// Bytes that it sends.
    #[expect(clippy::len_without_is_empty, reason = "an empty piece is not made")]
    pub fn len(&self) -> usize {
        match self {
            Chunk::Memory(bytes) => bytes.len(),
            Chunk::Sealed(range) => range.len(),
        }
    }
}

/// What to do for one request, once its turn has come.
pub enum Reply {
    /// Send these bytes: a whole response frame, as a list of pieces that are not copied together.
    Frame {
        /// The pieces, in order, with the length prefix in the first.
        chunks: Vec<Chunk>,
        /// The reply's share of the shard's memory, given back when it is sent.
        permit: Option<Permit>,
    },
    /// Send nothing (produce with acks=0).
    Silent,
    /// Close the connection when everything before it has been sent (behaviours 3, 26).
    Close,
}

impl Reply {
    /// A reply in one piece.
    pub fn whole(frame: Bytes) -> Reply {
        Reply::Frame { chunks: vec![Chunk::Memory(frame)], permit: None }
    }

    /// Bytes that it sends.
    #[expect(clippy::len_without_is_empty, reason = "an empty frame is not a reply")]
    pub fn len(&self) -> usize {
        match self {
            Reply::Frame { chunks, .. } => chunks.iter().map(Chunk::len).sum(),
            Reply::Silent | Reply::Close => 0,
        }
    }
}

/// See the module's text.
#[derive(Default)]
pub struct ReplyRing {
    first: u64,
    slots: VecDeque<Option<Reply>>,
    unsent: usize,
    abandoned: bool,
}

impl ReplyRing {
    /// Takes the next place in the order.
    pub fn reserve(&mut self) -> Slot {
        self.slots.push_back(None);
        Slot(self.first + self.slots.len() as u64 - 1)
    }

    /// Puts the reply of a reserved place; true if the writer has something to do now.
    pub fn fill(&mut self, slot: Slot, reply: Reply) -> bool {
        let index = slot.0.checked_sub(self.first).expect("a slot is filled before it has left") as usize;
        let reply = if self.abandoned { Reply::Silent } else { reply };
        self.unsent += reply.len();
        let place = self.slots.get_mut(index).expect("a slot is filled after it was reserved");
        assert!(place.is_none(), "a slot is filled once");
        *place = Some(reply);
        index == 0
    }

    /// The next reply whose turn has come.
    pub fn pop_ready(&mut self) -> Option<Reply> {
        if !matches!(self.slots.front(), Some(Some(_))) {
            return None;
        }
        let reply = self.slots.pop_front().flatten()?;
        self.first += 1;
        self.unsent -= reply.len();
        Some(reply)
    }

    /// Nobody takes replies any more: drops those that are here and those that come.
    pub fn abandon(&mut self) {
        self.abandoned = true;
        self.unsent = 0;
        self.slots.iter_mut().flatten().for_each(|reply| *reply = Reply::Silent);
    }

    /// Requests that have no reply on the wire yet.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether every request has been answered.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Bytes of replies that wait here.
    pub fn unsent(&self) -> usize {
        self.unsent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &'static str) -> Reply {
        Reply::whole(Bytes::from_static(text.as_bytes()))
    }

    fn drain(ring: &mut ReplyRing) -> String {
        let mut out = Vec::new();
        while let Some(reply) = ring.pop_ready() {
            out.push(match reply {
                Reply::Frame { chunks, .. } => chunks
                    .iter()
                    .map(|chunk| match chunk {
                        Chunk::Memory(bytes) => std::str::from_utf8(bytes).unwrap(),
                        Chunk::Sealed(_) => "file",
                    })
                    .collect::<String>(),
                Reply::Silent => "-".into(),
                Reply::Close => "close".into(),
            });
        }
        out.join(" ")
    }

    #[test]
    fn b6_replies_leave_in_request_order() {
        let mut ring = ReplyRing::default();
        let (a, b, c) = (ring.reserve(), ring.reserve(), ring.reserve());
        assert!(!ring.fill(c, reply("c")));
        assert_eq!(drain(&mut ring), "");
        assert!(ring.fill(a, reply("a")));
        assert_eq!(drain(&mut ring), "a");
        assert_eq!((ring.len(), ring.unsent()), (2, 1));
        assert!(ring.fill(b, Reply::Silent));
        assert_eq!(drain(&mut ring), "- c");
        assert!(ring.is_empty());
        assert_eq!(ring.unsent(), 0);
    }

    #[test]
    fn b3_close_comes_after_the_replies_before_it() {
        let mut ring = ReplyRing::default();
        let (a, b) = (ring.reserve(), ring.reserve());
        ring.fill(b, Reply::Close);
        ring.fill(a, reply("a"));
        assert_eq!(drain(&mut ring), "a close");
    }

    #[test]
    fn nothing_is_kept_for_who_is_gone() {
        let mut ring = ReplyRing::default();
        let (a, b) = (ring.reserve(), ring.reserve());
        ring.fill(b, reply("b"));
        ring.abandon();
        assert_eq!(ring.unsent(), 0);
        assert!(ring.fill(a, reply("a")));
        assert_eq!((ring.unsent(), drain(&mut ring)), (0, "- -".into()));
    }

    #[test]
    #[should_panic(expected = "filled once")]
    fn a_slot_is_not_filled_twice() {
        let mut ring = ReplyRing::default();
        let a = ring.reserve();
        ring.fill(a, Reply::Silent);
        ring.fill(a, Reply::Silent);
    }
}
