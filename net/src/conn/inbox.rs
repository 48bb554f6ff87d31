//! Framing: bytes of a socket in, whole requests out. Pure: it never reads by itself.
//!
//! ```text
//!   | length i32 | header + body, `length` bytes | length | …
//! ```
//!
//! A small read buffer holds what has come. A frame that does not fit gets a buffer of its exact size, so the rest of it
//! is read in place and the batches inside it are never copied again on the way to the log.
//!
//! Room is asked for when the small buffer is full: it is taken from all others, and a client that announces a large frame
//! and sends nothing of it takes nothing.
//!
//! Invariants: no buffer is made for a length over the limit (behaviour 67); an idle connection holds
//! [`CONNECTION_READ_BUFFER_BYTES`] at most.

use bytes::{Buf, BytesMut};
use headwater_core::limits::CONNECTION_READ_BUFFER_BYTES;
use headwater_core::wire::frame::{self, FrameError};

/// What the buffer can say.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// One whole frame, without its length prefix.
    Frame(BytesMut),
    /// Read more; there is room in the buffer.
    Read,
    /// Read more, after [`Inbox::make_room`]: the frame needs a buffer of this many bytes.
    NeedsRoom(usize),
}

/// See the module's text.
#[derive(Default)]
pub struct Inbox {
    buffer: BytesMut,
}

impl Inbox {
    /// The next frame, or what is needed for it. `max` bounds the length that a peer may announce.
    pub fn next(&mut self, max: usize) -> Result<Next, FrameError> {
        let Some(prefix) = self.buffer.first_chunk::<4>() else {
            if self.buffer.capacity() - self.buffer.len() < 4 {
                self.replace(CONNECTION_READ_BUFFER_BYTES);
            }
            return Ok(Next::Read);
        };
        let whole = frame::PREFIX + frame::length(*prefix, max)?;
        if self.buffer.len() >= whole {
            let mut frame = self.buffer.split_to(whole);
            frame.advance(4);
            return Ok(Next::Frame(frame));
        }
        if self.buffer.capacity() >= whole {
            return Ok(Next::Read);
        }
        if self.buffer.len() < CONNECTION_READ_BUFFER_BYTES {
            if self.buffer.capacity() < CONNECTION_READ_BUFFER_BYTES {
                self.replace(CONNECTION_READ_BUFFER_BYTES);
            }
            return Ok(Next::Read);
        }
        Ok(Next::NeedsRoom(whole))
    }

    /// Makes a buffer of exactly the size that [`Next::NeedsRoom`] asked for.
    pub fn make_room(&mut self, whole: usize) {
        self.replace(whole);
    }

    /// Where the socket's bytes go: behind what has come, into spare capacity.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Whether part of a frame has come.
    pub fn mid_frame(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn replace(&mut self, capacity: usize) {
        let mut fresh = BytesMut::with_capacity(capacity);
        fresh.extend_from_slice(&self.buffer);
        self.buffer = fresh;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 1 << 20;

    fn framed(bodies: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        for body in bodies {
            out.extend((body.len() as i32).to_be_bytes());
            out.extend(*body);
        }
        out
    }

    /// Feeds `bytes` in pieces of at most `piece`, never more than the buffer has room for.
    fn feed(bytes: &[u8], piece: usize) -> Vec<Vec<u8>> {
        let mut inbox = Inbox::default();
        let (mut frames, mut at) = (Vec::new(), 0);
        loop {
            match inbox.next(MAX).unwrap() {
                Next::Frame(frame) => frames.push(frame.to_vec()),
                Next::NeedsRoom(whole) => inbox.make_room(whole),
                Next::Read if at == bytes.len() => return frames,
                Next::Read => {
                    let buffer = inbox.buffer();
                    let room = buffer.capacity() - buffer.len();
                    assert!(room > 0, "a read without room would look like the end of the stream");
                    let n = piece.min(room).min(bytes.len() - at);
                    buffer.extend_from_slice(&bytes[at..at + n]);
                    at += n;
                }
            }
        }
    }

    #[test]
    fn frames_come_out_whole_however_they_arrive() {
        let large = vec![7u8; 3 * CONNECTION_READ_BUFFER_BYTES];
        let edge = vec![9u8; CONNECTION_READ_BUFFER_BYTES - 4];
        let bodies: [&[u8]; 6] = [b"a", b"", &large, b"bcd", &edge, b"e"];
        let bytes = framed(&bodies);
        for piece in [1, 3, 4, 5, 100, CONNECTION_READ_BUFFER_BYTES, bytes.len()] {
            let frames = feed(&bytes, piece);
            assert_eq!(frames.len(), bodies.len(), "pieces of {piece}");
            assert!(frames.iter().zip(bodies).all(|(frame, body)| frame == body));
        }
    }

    #[test]
    fn room_is_asked_for_when_enough_has_come() {
        let bytes = framed(&[&[1], &vec![2; 2 * CONNECTION_READ_BUFFER_BYTES]]);
        let mut inbox = Inbox::default();
        assert_eq!(inbox.next(MAX), Ok(Next::Read));
        inbox.buffer().extend_from_slice(&bytes[..9]);
        assert_eq!(inbox.next(MAX), Ok(Next::Frame(BytesMut::from(&[1][..]))));
        let mut at = 9;
        while inbox.next(MAX) == Ok(Next::Read) {
            inbox.buffer().extend_from_slice(&bytes[at..at + 1]);
            at += 1;
        }
        assert_eq!(at, 5 + CONNECTION_READ_BUFFER_BYTES);
        assert_eq!(inbox.next(MAX), Ok(Next::NeedsRoom(bytes.len() - 5)));
    }

    #[test]
    fn b67_lengths_are_bounded_before_allocation() {
        for (length, error) in [
            (-1, FrameError::Negative(-1)),
            (i32::MIN, FrameError::Negative(i32::MIN)),
            (i32::MAX, FrameError::TooLarge { length: i32::MAX as usize, limit: MAX }),
            (MAX as i32 + 1, FrameError::TooLarge { length: MAX + 1, limit: MAX }),
        ] {
            let mut inbox = Inbox::default();
            assert_eq!(inbox.next(MAX), Ok(Next::Read));
            inbox.buffer().extend_from_slice(&i32::to_be_bytes(length));
            assert_eq!(inbox.next(MAX), Err(error));
            assert!(inbox.buffer().capacity() <= CONNECTION_READ_BUFFER_BYTES);
        }
    }
}
