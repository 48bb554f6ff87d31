//! One connection: bytes in, requests to the API table, replies out in request order.
//!
//! Two tasks share a [`Connection`]. The reader frames requests and runs them one after the other, as Kafka does
//! (behaviour 6), but for produce requests: those are appended in order and answered when they are committed, while the
//! reader goes on. The writer sends what is ready, but for small replies: the reader sends those, if the socket takes them.
//!
//! Memory is bounded whatever the peer does: a frame needs a permit of the shard's request memory before its buffer is
//! made; the reader stops while too many requests are unanswered or too many reply bytes unsent; a peer that stalls in
//! the middle of a frame, or does not take its replies, is dropped after `STALL`, and sooner when others wait for the
//! memory of that frame or of its replies (`client_memory`).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use headwater_core::limits::{CONNECTION_WRITE_BUFFER_BYTES, PIPELINED_REQUESTS_MAX};

use futures_lite::future::or;
use headwater_core::time::Monotonic;
use headwater_core::wire::frame::FrameError;

use super::client_memory::{LOOK, STALLED_MS};
use super::inbox::{Inbox, Next};
use super::quiet::Quiet;
use super::replies::{Chunk, Reply, ReplyRing, Slot};
use super::sending::{self, Patience};
use super::watch::{Over, Watch};
use crate::api;
use crate::rt::{self, Event, Permit, ReadHalf, TcpStream, WriteHalf};
use crate::shard::Shard;

/// How long a peer may stop in the middle of a frame, or not take its replies.
const STALL: Duration = Duration::from_secs(30);
/// The least that a peer must send of a large frame, in bytes a second: the frame holds memory of all others, and one
/// that drips in would hold it for ever.
const FRAME_RATE_MIN: u64 = 128 * 1024;
/// The longest reply that does not go through the writer's hands.
const SMALL_REPLY_BYTES_MAX: usize = 16 * 1024;
/// What stands for no limit on idling: years.
const FOR_EVER_MS: u64 = 1 << 41;

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
    /// What share sessions know it by, once it has fetched in one.
    pub share_number: Cell<Option<u64>>,
    /// What the client called itself last.
    client_id: RefCell<Arc<str>>,
    ring: RefCell<ReplyRing>,
    /// What the writer sends with, while it has nothing to do.
    at_rest: Cell<Option<Leaving>>,
    /// The request that is handled is the only one that has come.
    alone: Cell<bool>,
    ready: Event,
    drained: Event,
    /// The reader has ended: the writer ends when every reserved reply has left.
    ending: Cell<bool>,
    /// The socket no longer takes replies.
    broken: Cell<bool>,
}

/// The way out.
struct Leaving {
    writer: WriteHalf,
    /// What of it has not left.
    chunks: VecDeque<Chunk>,
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
            share_number: Cell::default(),
            client_id: RefCell::new(Arc::from("")),
            ring: RefCell::default(),
            at_rest: Cell::default(),
            alone: Cell::default(),
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
        // Requests that are under way keep the connection, and must not keep its socket open.
        drop(connection.at_rest.take());
    }

    /// The name that a request has for its client, shared with the one before: it hardly ever changes.
    pub fn client_id(&self, name: &str) -> Arc<str> {
        let mut known = self.client_id.borrow_mut();
        if **known != *name {
            *known = Arc::from(name);
        }
        known.clone()
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

    /// Puts the reply of the request that the reader has just handled. A small one to the only request at hand leaves at
    /// once, if none is before it: to wake the writer for it would cost as much as to handle a heartbeat.
    pub fn answer(&self, slot: Slot, reply: Reply) {
        let small =
            matches!(&reply, Reply::Frame { permit: None, .. }) && reply.len() <= SMALL_REPLY_BYTES_MAX;
        if self.ring.borrow_mut().fill(slot, reply) && !(small && self.alone.get() && self.send_now()) {
            self.ready.notify();
        }
    }

    /// Sends the next reply, if the writer is at rest; false if that is left to it, or the rest is.
    fn send_now(&self) -> bool {
        let Some(mut leaving) = self.at_rest.take() else { return false };
        let mut sent = false;
        if leaving.chunks.is_empty()
            && let Some(Reply::Frame { chunks, .. }) = self.ring.borrow_mut().pop_ready()
        {
            leaving.chunks.extend(chunks);
            sent = sending::send_now(&mut leaving.writer, &mut leaving.chunks);
        }
        self.at_rest.set(Some(leaving));
        sent
    }

    async fn read_loop(self: &Rc<Self>, mut reader: ReadHalf) -> Ended {
        let mut inbox = Inbox::default();
        let mut watch = Watch::new(&self.shard);
        api::connected(self).await;
        loop {
            self.quiet.over(&self.shard).await;
            let (frame, permit) = match self.next_frame(&mut reader, &mut inbox, &mut watch).await {
                Ok(next) => next,
                Err(ended) => return ended,
            };
            self.shard.metrics.requests.add(1);
            self.alone.set(!inbox.mid_frame());
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
        watch: &mut Watch,
    ) -> Result<(BytesMut, Option<Permit>), Ended> {
        let (max, idle_ms) = self.shard.with_config(|config| {
            (config.net.request_bytes_max as usize, config.net.idle_ms.unwrap_or(FOR_EVER_MS))
        });
        let mut permit = None;
        let mut whole_by: Option<Monotonic> = None;
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
            let now = rt::now();
            let stalled = now.plus_millis(STALL.as_millis() as u64);
            let (deadline, ended) = if let Some(by) = whole_by {
                (by.min(stalled), Ended::Stalled)
            } else if inbox.mid_frame() {
                (stalled, Ended::Stalled)
            } else {
                (now.plus_millis(idle_ms), Ended::Idle)
            };
            if self.shard.stopping.get() {
                return Err(Ended::Stopping);
            }
            let read = reader.read(inbox.buffer());
            let read = match permit {
                None => watch.until(&self.shard, deadline, read).await,
                Some(_) => self.until_needed(watch, deadline, read).await,
            };
            match read {
                Err(Over::Time) => return Err(ended),
                Err(Over::Stop) => return Err(Ended::Stopping),
                Ok(Ok(0)) => return Err(Ended::Closed),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(error.into()),
            }
        }
    }

    /// As [`Watch::until`], for a connection that holds memory for what it waits for: the time is up sooner if others need it.
    async fn until_needed<T>(
        &self,
        watch: &mut Watch,
        deadline: Monotonic,
        future: impl Future<Output = T>,
    ) -> Result<T, Over> {
        let mut future = pin!(future);
        let began = rt::now();
        let mut now = began;
        loop {
            let look = now.plus_millis(LOOK.as_millis() as u64).min(deadline);
            let over = watch.until(&self.shard, look, future.as_mut()).await;
            now = rt::now();
            let needed = now.millis_since(began) >= STALLED_MS && self.shard.request_memory.is_short(now);
            match over {
                Err(Over::Time) if now < deadline && !needed => {}
                over => return over,
            }
        }
    }

    async fn write_loop(self: Rc<Self>, writer: WriteHalf) {
        let mut leaving = Leaving { writer, chunks: VecDeque::new() };
        let mut permits: Vec<Permit> = Vec::new();
        loop {
            let mut close = false;
            let mut bytes = 0;
            while bytes < CONNECTION_WRITE_BUFFER_BYTES && !close {
                let Some(reply) = self.ring.borrow_mut().pop_ready() else { break };
                match reply {
                    Reply::Frame { chunks: more, permit } => {
                        bytes += more.iter().map(Chunk::len).sum::<usize>();
                        leaving.chunks.extend(more);
                        permits.extend(permit);
                    }
                    Reply::Silent => {}
                    Reply::Close => close = true,
                }
            }
            if !leaving.chunks.is_empty() {
                // A slow link is not a stalled one.
                let unsent = leaving.chunks.iter().map(Chunk::len).sum::<usize>() as u64;
                let millis = (STALL.as_secs() + unsent / FRAME_RATE_MIN) * 1000;
                let holds = permits.iter().any(|permit| permit.count() > 0);
                let patience = Patience::new(&self.shard.reply_memory, holds, millis);
                let sent = sending::send(&mut leaving.writer, &mut leaving.chunks, &patience).await;
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
                return leaving.writer.shutdown();
            }
            self.drained.notify();
            if bytes == 0 {
                if self.ending.get() && self.ring.borrow().is_empty() {
                    return leaving.writer.shutdown();
                }
                self.at_rest.set(Some(leaving));
                self.ready.wait().await;
                leaving = self.at_rest.take().expect("who takes it puts it back at once");
            }
        }
    }
}
