//! One connection: bytes in, requests to the API table, replies out in request order.
//!
//! Two tasks share a [`Connection`]. The reader frames requests and runs them one after the other, as Kafka does
//! (behaviour 6), but for produce requests: those are appended in order and answered when they are committed, while the
//! reader goes on. The writer sends what is ready.
//!
//! Memory is bounded whatever the peer does: a frame needs a permit of the shard's request memory before its buffer is
//! made; the reader stops while too many requests are unanswered or too many reply bytes unsent; a peer that stalls in
//! the middle of a frame, or does not take its replies, is dropped after `STALL`, and sooner when others wait for the
//! memory of its replies (`reply_memory`).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use headwater_core::limits::{CONNECTION_WRITE_BUFFER_BYTES, PIPELINED_REQUESTS_MAX};

use futures_lite::future::or;
use headwater_core::wire::frame::FrameError;

use super::inbox::{Inbox, Next};
use super::quiet::Quiet;
use super::replies::{Chunk, Reply, ReplyRing, Slot};
use super::sending::{self, Patience};
use crate::api;
use crate::rt::{self, Event, Permit, ReadHalf, TcpStream, WriteHalf};
use crate::shard::Shard;

/// How long a peer may stop in the middle of a frame, or not take its replies.
const STALL: Duration = Duration::from_secs(30);
/// The least that a peer must send of a large frame, in bytes a second: the frame holds memory of all others, and one
/// that drips in would hold it for ever.
const FRAME_RATE_MIN: u64 = 128 * 1024;
/// What stands for no limit on idling: years.
const FOR_EVER: Duration = Duration::from_secs(1 << 31);

/// What the shard knows of one client connection.
pub struct Connection {
    /// The shard that reads and writes it.
    pub shard: Rc<Shard>,
    /// The client's address.
    pub peer: SocketAddr,
    /// The software that the client says it is, and its version; empty until it says so (ApiVersions).
    pub software: RefCell<(String, String)>,
    /// Whether it is listened to.
    pub quiet: Quiet,
    ring: RefCell<ReplyRing>,
    ready: Event,
    drained: Event,
    /// The reader has ended: the writer ends when every reserved reply has left.
    ending: Cell<bool>,
    /// The socket no longer takes replies.
    broken: Cell<bool>,
}

/// Why a connection ended; told in debug logs only, since clients come and go.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the client closed it")]
    Closed,
    #[error("socket: {0}")]
    Socket(#[from] std::io::Error),
    #[error("idle for longer than connections.max.idle.ms")]
    Idle,
    #[error("stalled in the middle of a frame")]
    Stalled,
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("a request was refused by closing")]
    Refused,
    #[error("the broker stops")]
    Stopping,
}

impl Connection {
    /// Serves the connection until either side ends it.
    pub async fn serve(shard: Rc<Shard>, stream: TcpStream) {
        let peer = stream.peer_addr();
        let (reader, writer) = stream.into_split();
        let connection = Rc::new(Connection {
            shard,
            peer,
            software: RefCell::default(),
            quiet: Quiet::default(),
            ring: RefCell::default(),
            ready: Event::new(),
            drained: Event::new(),
            ending: Cell::new(false),
            broken: Cell::new(false),
        });
        let sending = rt::spawn(connection.clone().write_loop(writer));
        let ended = connection.read_loop(reader).await;
        tracing::debug!(%peer, %ended, "connection ended");
        api::disconnected(&connection);
        connection.ending.set(true);
        connection.ready.notify();
        if matches!(ended, Ended::Refused | Ended::Stopping) {
            // What was accepted before it is still answered: a produce that is being made durable, say.
            let _ = rt::timeout(STALL, sending).await;
        } else {
            sending.cancel().await;
        }
    }

    /// Takes the next place in the order of replies.
    pub fn reserve(&self) -> Slot {
        self.ring.borrow_mut().reserve()
    }

    /// Puts the reply for a place; it leaves when its turn has come.
    pub fn fill(&self, slot: Slot, reply: Reply) {
        if self.ring.borrow_mut().fill(slot, reply) {
            self.ready.notify();
        }
    }

    /// Memory for a reply with records; `None` when nobody takes replies here any more.
    pub async fn reply_memory(&self, bytes: usize) -> Option<Permit> {
        let gone = async {
            while !self.broken.get() {
                self.drained.wait().await;
            }
            None
        };
        or(async { Some(self.shard.reply_memory.acquire(bytes as u64).await) }, gone).await
    }

    async fn read_loop(self: &Rc<Self>, mut reader: ReadHalf) -> Ended {
        let mut inbox = Inbox::default();
        api::connected(self).await;
        loop {
            self.quiet.over(&self.shard).await;
            let (frame, permit) = match self.next_frame(&mut reader, &mut inbox).await {
                Ok(next) => next,
                Err(ended) => return ended,
            };
            self.shard.metrics.requests.add(1);
            if api::handle(self, frame, permit).await == api::Next::Close {
                return Ended::Refused;
            }
            while self.must_wait() {
                self.drained.wait().await;
            }
            if self.broken.get() {
                return Ended::Closed;
            }
        }
    }

    fn must_wait(&self) -> bool {
        let ring = self.ring.borrow();
        !self.broken.get()
            && (ring.len() >= PIPELINED_REQUESTS_MAX || ring.unsent() >= CONNECTION_WRITE_BUFFER_BYTES)
    }

    async fn next_frame(
        &self,
        reader: &mut ReadHalf,
        inbox: &mut Inbox,
    ) -> Result<(BytesMut, Option<Permit>), Ended> {
        let max = self.shard.config().net.request_bytes_max as usize;
        let mut permit = None;
        let mut whole_by = None;
        loop {
            match inbox.next(max)? {
                Next::Frame(frame) => return Ok((frame, permit)),
                Next::Read => {}
                Next::NeedsRoom(whole) => {
                    permit = Some(self.shard.request_memory.acquire(whole as u64).await);
                    inbox.make_room(whole);
                    let seconds = STALL.as_secs() + whole as u64 / FRAME_RATE_MIN;
                    whole_by = Some(rt::now().plus_millis(seconds * 1000));
                }
            }
            let (patience, ended) = if let Some(by) = whole_by {
                let left = Duration::from_nanos(by.nanos().saturating_sub(rt::now().nanos()));
                (left.min(STALL), Ended::Stalled)
            } else if inbox.mid_frame() {
                (STALL, Ended::Stalled)
            } else {
                (self.shard.config().net.idle_ms.map_or(FOR_EVER, Duration::from_millis), Ended::Idle)
            };
            if self.shard.stopping.get() {
                return Err(Ended::Stopping);
            }
            let stop = async {
                self.shard.stop.wait().await;
                Ok(None)
            };
            let read = async { reader.read(inbox.buffer()).await.map(Some) };
            match rt::timeout(patience, or(stop, read)).await {
                Err(_) => return Err(ended),
                Ok(Ok(None)) => return Err(Ended::Stopping),
                Ok(Ok(Some(0))) => return Err(Ended::Closed),
                Ok(Ok(Some(_))) => {}
                Ok(Err(error)) => return Err(error.into()),
            }
        }
    }

    async fn write_loop(self: Rc<Self>, mut writer: WriteHalf) {
        let mut chunks: VecDeque<Chunk> = VecDeque::new();
        let mut permits: Vec<Permit> = Vec::new();
        loop {
            let mut close = false;
            let mut bytes = 0;
            while bytes < CONNECTION_WRITE_BUFFER_BYTES && !close {
                let Some(reply) = self.ring.borrow_mut().pop_ready() else { break };
                match reply {
                    Reply::Frame { chunks: more, permit } => {
                        bytes += more.iter().map(Chunk::len).sum::<usize>();
                        chunks.extend(more);
                        permits.extend(permit);
                    }
                    Reply::Silent => {}
                    Reply::Close => close = true,
                }
            }
            if !chunks.is_empty() {
                // A slow link is not a stalled one.
                let unsent = chunks.iter().map(Chunk::len).sum::<usize>() as u64;
                let millis = (STALL.as_secs() + unsent / FRAME_RATE_MIN) * 1000;
                let holds = permits.iter().any(|permit| permit.count() > 0);
                let patience = Patience::new(&self.shard.reply_memory, holds, millis);
                let sent = sending::send(&mut writer, &mut chunks, &patience).await;
                permits.clear();
                if let Err(error) = sent {
                    tracing::debug!(peer = %self.peer, %error, "the client does not take its replies");
                    close = true;
                }
            }
            if close {
                self.broken.set(true);
                // Others may be waiting for the memory that these have.
                self.ring.borrow_mut().abandon();
                self.drained.notify();
                // Makes the reader see the end too.
                writer.shutdown();
                return;
            }
            self.drained.notify();
            if bytes == 0 {
                if self.ending.get() && self.ring.borrow().is_empty() {
                    return writer.shutdown();
                }
                self.ready.wait().await;
            }
        }
    }
}
