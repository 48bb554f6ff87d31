//! One connection to one broker: requests go out in a pipeline, answers come back in the same order.
//!
//! The socket never blocks; waiting is done in one place ([`wait`]), over as many connections as its owner
//! has. There is no thread behind a connection and no lock in it: its owner moves bytes with
//! [`Connection::transfer`] and takes answers with [`Connection::take`].
//!
//! Invariants: an answer is matched to the oldest unanswered request and a wrong correlation id ends the
//! connection (answers out of order are a broken broker); a frame's length is bounded before memory is taken
//! for it; after an error the connection is of no further use.
//!
//! An answer borrows the connection's buffer, so the bytes of a Fetch are read from the socket once and never
//! copied; what a request shares (`Records::Shared`) goes to the socket as it is.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use headwater_core::ErrorCode;
use headwater_core::wire::frame::{self, PREFIX, Split};
use headwater_core::wire::messages::ApiVersionsRequest;
use headwater_core::wire::{Message, Request};
use rustix::event::{PollFd, PollFlags};

use super::error::ClientError;

/// The greatest answer that is accepted: far above any fetch this client asks for, far below what would hurt.
const FRAME_BYTES_MAX: usize = 256 << 20;

/// The receive buffer's first size; a larger answer makes it grow once.
const INBOX_BYTES: usize = 64 << 10;

/// How many slices one vectored write carries.
const SLICES: usize = 32;

/// A request that waits for its answer.
#[derive(Debug)]
struct Unanswered {
    correlation_id: i32,
    api: &'static str,
    version: i16,
    sent: Instant,
}

/// A connection that has agreed on versions with its broker.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    address: String,
    client_id: String,
    /// API key → first and last version the broker has.
    versions: Vec<(i16, i16, i16)>,
    /// Name → level of the features that are in force in the cluster.
    features: Vec<(String, i16)>,
    next_correlation_id: i32,
    unanswered: VecDeque<Unanswered>,
    /// What is to be written, and whether it ends a request.
    outbox: VecDeque<(Bytes, bool)>,
    /// How many requests that is.
    unwritten: usize,
    inbox: Vec<u8>,
    /// The received and not yet taken part of the inbox.
    unread: std::ops::Range<usize>,
    /// Until when a quota keeps the broker from reading what is sent.
    quiet_until: Option<Instant>,
}

/// The answer to a request.
#[derive(Debug)]
pub struct Answer<'a> {
    /// Which request it answers, as [`Connection::send`] said.
    pub correlation_id: i32,
    /// When that request was handed to the connection.
    pub sent: Instant,
    api: &'static str,
    version: i16,
    address: &'a str,
    frame: &'a [u8],
}

impl<'a> Answer<'a> {
    /// Reads the answer of an `R`.
    pub fn read<R: Request>(&self) -> Result<R::Response<'a>, ClientError> {
        match frame::read_response::<R::Response<'a>>(self.frame, self.version) {
            Ok((_, body)) => Ok(body),
            Err(source) => {
                Err(ClientError::Decode { address: self.address.to_owned(), api: self.api, source })
            }
        }
    }

    /// The version that request and answer are in.
    pub fn version(&self) -> i16 {
        self.version
    }
}

impl Connection {
    /// Connects to `address` (`HOST:PORT`) and asks for the versions it has, all within `timeout`.
    pub fn open(address: &str, client_id: &str, timeout: Duration) -> Result<Connection, ClientError> {
        let failed = |source| ClientError::Connect { address: address.to_owned(), source };
        let deadline = Instant::now() + timeout;
        let mut last = std::io::Error::new(ErrorKind::NotFound, "the name has no address");
        let mut stream = None;
        // What is no address at all is told apart from a name that is not known (now).
        let found = address.to_socket_addrs().map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => ClientError::Address(address.to_owned()),
            _ => failed(error),
        })?;
        for at in found {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            match TcpStream::connect_timeout(&at, left) {
                Ok(connected) => {
                    stream = Some(connected);
                    break;
                }
                Err(error) => last = error,
            }
        }
        let Some(stream) = stream else { return Err(failed(last)) };
        stream.set_nodelay(true).map_err(failed)?;
        stream.set_nonblocking(true).map_err(failed)?;
        let mut connection = Connection {
            stream,
            address: address.to_owned(),
            client_id: client_id.to_owned(),
            versions: Vec::new(),
            features: Vec::new(),
            next_correlation_id: 0,
            unanswered: VecDeque::new(),
            outbox: VecDeque::new(),
            unwritten: 0,
            inbox: vec![0; INBOX_BYTES],
            unread: 0..0,
            quiet_until: None,
        };
        connection.agree_on_versions(deadline)?;
        Ok(connection)
    }

    /// A broker that does not know our ApiVersions answers with error 35 in version 0, whatever was asked
    /// (behaviour 1).
    fn agree_on_versions(&mut self, deadline: Instant) -> Result<(), ClientError> {
        let request = ApiVersionsRequest {
            client_software_name: "headwater".into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        for version in [ApiVersionsRequest::MAX_VERSION, 0] {
            self.enqueue(&request, version);
            let address = self.address.clone();
            let answer = self.wait_for_answer(deadline)?;
            let code = answer.frame.get(4..6).map_or(0, |code| i16::from_be_bytes([code[0], code[1]]));
            if code == ErrorCode::UnsupportedVersion.code() && version > 0 {
                continue;
            }
            let body = answer.read::<ApiVersionsRequest>()?;
            ClientError::check(|| format!("ApiVersions at {address}"), body.error_code, None)?;
            let features = body.finalized_features.iter();
            let features = features.map(|f| (f.name.clone().into_owned(), f.max_version_level)).collect();
            self.versions = body.api_keys.iter().map(|k| (k.api_key, k.min_version, k.max_version)).collect();
            self.features = features;
            return Ok(());
        }
        Err(ClientError::UnsupportedApi { address: self.address.clone(), api: ApiVersionsRequest::NAME })
    }

    /// Whose connection it is, `HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The greatest version of `R`, not above `limit`, that both ends know.
    pub fn version<R: Request>(&self, limit: i16) -> Result<i16, ClientError> {
        let theirs = self.versions.iter().find(|(key, ..)| *key == R::KEY);
        let best = theirs.and_then(|&(_, min, max)| {
            let version = max.min(R::MAX_VERSION).min(limit);
            (version >= min.max(R::MIN_VERSION)).then_some(version)
        });
        best.ok_or_else(|| ClientError::UnsupportedApi { address: self.address.clone(), api: R::NAME })
    }

    /// The level of a feature that is in force in the cluster; 0 if it is not.
    pub fn feature(&self, name: &str) -> i16 {
        self.features.iter().find(|(known, _)| known == name).map_or(0, |(_, level)| *level)
    }

    /// Puts a request at the end of the pipeline; answers its correlation id. Nothing is written until
    /// [`Connection::transfer`].
    pub fn send<R: Request>(&mut self, request: &R, version: i16) -> i32 {
        self.enqueue(request, version)
    }

    /// Puts a request into the pipeline that the broker will not answer (Produce with acks=0).
    pub fn send_unanswered<R: Request>(&mut self, request: &R, version: i16) {
        self.enqueue(request, version);
        self.unanswered.pop_back();
    }

    fn enqueue<R: Request>(&mut self, request: &R, version: i16) -> i32 {
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id = correlation_id.checked_add(1).unwrap_or(0);
        let chunks = frame::request_chunks(version, correlation_id, Some(&self.client_id), request);
        let last = chunks.len() - 1;
        self.outbox.extend(chunks.into_iter().enumerate().map(|(n, chunk)| (chunk, n == last)));
        self.unwritten += 1;
        self.unanswered.push_back(Unanswered { correlation_id, api: R::NAME, version, sent: Instant::now() });
        correlation_id
    }

    /// How many requests wait for their answer.
    pub fn unanswered(&self) -> usize {
        self.unanswered.len()
    }

    /// Since when the oldest unanswered request could have been answered: when it was sent, or when the broker began to
    /// read again after a quota was overdrawn.
    pub fn oldest_sent(&self) -> Option<Instant> {
        self.unanswered
            .front()
            .map(|request| self.quiet_until.map_or(request.sent, |at| at.max(request.sent)))
    }

    /// Notes that an answer which came at `now` said that a quota is overdrawn and that the broker will read nothing for so
    /// many milliseconds (KIP-219); answers by how much that prolongs what earlier answers said.
    pub fn throttle(&mut self, ms: i32, now: Instant) -> Duration {
        let until = now + Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let known = self.quiet_until.map_or(now, |at| at.max(now));
        self.quiet_until = Some(known.max(until));
        until.saturating_duration_since(known)
    }

    /// Until when nothing is to be sent, because a quota is overdrawn.
    pub fn quiet_until(&self, now: Instant) -> Option<Instant> {
        self.quiet_until.filter(|at| *at > now)
    }

    /// Whether an idle connection has been closed from the other side (brokers close idle ones), found
    /// without waiting.
    pub fn is_stale(&self) -> bool {
        let nothing_due = self.unanswered.is_empty() && self.unread.is_empty();
        !nothing_due || wait(&[self], Some(Instant::now()))[0]
    }

    /// How many requests wait, at least in part, to be written.
    pub fn output(&self) -> usize {
        self.unwritten
    }

    /// Writes what the socket takes, and, if `readable`, reads what it has. Never blocks.
    pub fn transfer(&mut self, readable: bool) -> Result<(), ClientError> {
        self.write()?;
        if readable { self.read() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), ClientError> {
        while !self.outbox.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            for (slice, (bytes, _)) in slices.iter_mut().zip(&self.outbox) {
                *slice = IoSlice::new(bytes);
            }
            let count = self.outbox.len().min(SLICES);
            let mut written = match self.stream.write_vectored(&slices[..count]) {
                Ok(0) => return Err(ClientError::Closed { address: self.address.clone() }),
                Ok(written) => written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(source) => return Err(ClientError::Io { address: self.address.clone(), source }),
            };
            while let Some((front, ends)) = self.outbox.front_mut() {
                if written < front.len() {
                    front.advance(written);
                    break;
                }
                written -= front.len();
                self.unwritten -= usize::from(*ends);
                self.outbox.pop_front();
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), ClientError> {
        loop {
            let received = &self.inbox[self.unread.clone()];
            let wanted = match frame::split(received, FRAME_BYTES_MAX) {
                // An owner that has not taken what is here gets to do so first; that bounds the inbox.
                Ok(Split::Frame { .. }) => return Ok(()),
                Ok(Split::Partial { wanted }) => wanted,
                Err(source) => return Err(ClientError::Frame { address: self.address.clone(), source }),
            };
            if self.unread.is_empty() {
                self.unread = 0..0;
            }
            if self.inbox.len() - self.unread.start < wanted {
                self.inbox.copy_within(self.unread.clone(), 0);
                self.unread = 0..self.unread.len();
                if self.inbox.len() < wanted {
                    self.inbox.resize(wanted, 0);
                }
            }
            let space = &mut self.inbox[self.unread.end..];
            let room = space.len();
            match self.stream.read(space) {
                Ok(0) => return Err(ClientError::Closed { address: self.address.clone() }),
                Ok(got) => {
                    self.unread.end += got;
                    // A short read has emptied the socket: asking again would only cost a system call.
                    if got < room {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(ClientError::Io { address: self.address.clone(), source }),
            }
        }
    }

    /// Whether [`Connection::take`] has an answer (or an error) to give.
    pub fn has_answer(&self) -> bool {
        !matches!(frame::split(&self.inbox[self.unread.clone()], FRAME_BYTES_MAX), Ok(Split::Partial { .. }))
    }

    /// Takes the next answer that has been received whole.
    pub fn take(&mut self) -> Result<Option<Answer<'_>>, ClientError> {
        let address = self.address.as_str();
        let received = &self.inbox[self.unread.clone()];
        let frame = match frame::split(received, FRAME_BYTES_MAX) {
            Ok(Split::Frame { frame, .. }) => frame,
            Ok(Split::Partial { .. }) => return Ok(None),
            Err(source) => return Err(ClientError::Frame { address: address.to_owned(), source }),
        };
        self.unread.start += PREFIX + frame.len();
        let got = frame.first_chunk::<4>().map_or(-1, |id| i32::from_be_bytes(*id));
        let request = self.unanswered.pop_front();
        match request {
            Some(Unanswered { correlation_id, api, version, sent }) if correlation_id == got => {
                Ok(Some(Answer { correlation_id, sent, api, version, address, frame }))
            }
            other => {
                let expected = other.map_or(-1, |request| request.correlation_id);
                Err(ClientError::Correlation { address: address.to_owned(), expected, got })
            }
        }
    }

    /// Sends a request and waits for its answer. Only for connections without other requests under way.
    ///
    /// # Panics
    /// If there are other requests under way: their answers would be thrown away.
    pub fn call<R: Request>(
        &mut self,
        request: &R,
        version: i16,
        timeout: Duration,
    ) -> Result<Answer<'_>, ClientError> {
        assert!(self.unanswered.is_empty(), "a call on a connection in pipelined use");
        self.enqueue(request, version);
        self.wait_for_answer(Instant::now() + timeout)
    }

    /// Waits for the next answer. Whoever has several requests under way asks as many times.
    pub fn wait_for_answer(&mut self, deadline: Instant) -> Result<Answer<'_>, ClientError> {
        self.transfer(false)?;
        while !self.has_answer() {
            let now = Instant::now();
            if now >= deadline {
                let request = self.unanswered.front();
                return Err(ClientError::Timeout {
                    address: self.address.clone(),
                    api: request.map_or("a request", |request| request.api),
                    after: request.map_or(Duration::ZERO, |request| now - request.sent),
                });
            }
            let readable = wait(&[&*self], Some(deadline));
            self.transfer(readable[0])?;
        }
        let address = self.address.clone();
        self.take()?.ok_or(ClientError::Closed { address })
    }
}

/// Waits until one of the connections can be read, or written if it has output, or until the deadline;
/// answers for each connection whether it may be read. A hung-up connection counts as readable: reading it
/// tells the error.
pub fn wait(connections: &[&Connection], deadline: Option<Instant>) -> Vec<bool> {
    let mut fds: Vec<PollFd<'_>> = connections
        .iter()
        .map(|connection| {
            let write = if connection.output() > 0 { PollFlags::OUT } else { PollFlags::empty() };
            PollFd::new(&connection.stream, PollFlags::IN | write)
        })
        .collect();
    let timeout = deadline.map(|deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        rustix::event::Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() }
    });
    // An interrupted wait (a signal) is an early return: the owner looks at its clock and comes back.
    let _ = rustix::event::poll(&mut fds, timeout.as_ref());
    fds.iter().map(|fd| !(fd.revents() - PollFlags::OUT).is_empty()).collect()
}
