//! TCP on one shard: listeners, streams and their halves.
//!
//! The system call is tried first, and readiness is awaited only when the kernel would have blocked. So a future
//! that is dropped while it waits has taken nothing out of the socket: no byte is lost or reordered by a timeout
//! around a read. Buffering and framing are the caller's.
//!
//! Each attempt first yields when the shard's slice is used up: a socket that is always ready must not keep a shard.
//! Does not do: TLS, deadlines (wrap it in `rt::timeout`), name resolution.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{Shutdown as Close, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use super::poller::Ready;
use super::{maybe_yield, recv_spare, watch_socket};

/// UIO_MAXIOV: more slices in one call are refused by the kernel.
const SLICES_MAX: usize = 1024;
/// The most one sendfile call may move, in bytes, so that warm pages cost a slice of some 100 µs and no more.
const SENDFILE_MAX_BYTES: usize = 256 * 1024;
/// The most that one send takes from memory: a megabyte at a time is half a millisecond, on the loopback more, in which the
/// shard does nothing else.
const SEND_MAX_BYTES: usize = 256 * 1024;
/// Room that a read makes for itself when the buffer has none, in bytes.
const READ_ROOM_BYTES: usize = 16 * 1024;
/// MSG_NOSIGNAL and MSG_MORE of Linux (`asm-generic/socket.h`).
const MSG_NOSIGNAL: i32 = 0x4000;
const MSG_MORE: i32 = 0x8000;

/// A socket that accepts connections on this shard.
pub struct Listener {
    ready: Ready,
    local: SocketAddr,
}

/// What a listener asks of the kernel.
#[derive(Clone, Copy, Debug)]
pub struct ListenOptions {
    /// Connections that the kernel holds until they are accepted.
    pub backlog: u32,
    /// SO_SNDBUF of every connection, in bytes; `None` lets the kernel size it as it goes.
    pub send_bytes: Option<u32>,
    /// SO_RCVBUF likewise.
    pub receive_bytes: Option<u32>,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self { backlog: 1024, send_bytes: None, receive_bytes: None }
    }
}

impl Listener {
    /// Listens on `addr` with the default options, see [`Self::bind_with`].
    ///
    /// # Errors
    /// What the kernel says to socket, bind or listen.
    pub fn bind(addr: SocketAddr, reuse_port: bool) -> io::Result<Self> {
        Self::bind_with(addr, reuse_port, ListenOptions::default())
    }

    /// Listens on `addr`; with `reuse_port` several shards may listen on the same one, and the kernel spreads
    /// connections over them. For port 0 the first shard binds, and the others bind what [`Self::local_addr`] says.
    ///
    /// # Errors
    /// What the kernel says to socket, bind or listen.
    pub fn bind_with(addr: SocketAddr, reuse_port: bool, options: ListenOptions) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(reuse_port)?;
        if addr.is_ipv6() {
            // Else [::]:9092 takes 0.0.0.0:9092 too, or fails beside it, depending on a sysctl.
            socket.set_only_v6(true)?;
        }
        // Accepted sockets inherit them.
        if let Some(bytes) = options.send_bytes {
            socket.set_send_buffer_size(bytes as usize)?;
        }
        if let Some(bytes) = options.receive_bytes {
            socket.set_recv_buffer_size(bytes as usize)?;
        }
        socket.bind(&addr.into())?;
        socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
        let local = socket.local_addr()?.as_socket().ok_or(ErrorKind::AddrNotAvailable)?;
        Ok(Self { ready: watch_socket(socket)?, local })
    }

    /// The address this listens on, with the port the kernel chose if 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Waits for the next connection. Dropped while waiting, it leaves the connection for the next call.
    ///
    /// # Errors
    /// What the kernel says, except about connections that broke before they were accepted. With EMFILE or ENFILE
    /// the connection stays queued: pause before the next call.
    pub async fn accept(&self) -> io::Result<TcpStream> {
        loop {
            maybe_yield().await;
            match self.ready.socket().accept() {
                Ok((socket, peer)) => {
                    // Owned from here on: an error below closes it.
                    let peer = peer.as_socket().ok_or(ErrorKind::AddrNotAvailable)?;
                    match TcpStream::adopt(socket, peer) {
                        // The peer may be gone already, which setsockopt says with EINVAL.
                        Err(error) if error.kind() == ErrorKind::InvalidInput => {}
                        other => return other,
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.readable().await,
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Errors of accept(2) that concern one connection, not the listener.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

/// A connection; reading and writing may go on at the same time in two tasks ([`Self::into_split`]).
pub struct TcpStream {
    inner: Rc<Inner>,
}

struct Inner {
    ready: Ready,
    peer: SocketAddr,
    /// The last read took all there was: the next one waits for more before it asks the kernel.
    drained: Cell<bool>,
}

impl Inner {
    fn shared(ready: Ready, peer: SocketAddr) -> Rc<Self> {
        Rc::new(Self { ready, peer, drained: Cell::new(false) })
    }
}

impl TcpStream {
    /// Connects to `addr`. Dropped while it waits, it closes the socket.
    ///
    /// # Errors
    /// What the kernel says. There is no time limit but the kernel's, of minutes: wrap it in a timeout.
    pub async fn connect(addr: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        let ready = watch_socket(socket)?;
        match ready.socket().connect(&addr.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {
                ready.writable().await;
                if let Some(error) = ready.socket().take_error()? {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
        ready.socket().set_tcp_nodelay(true)?;
        Ok(Self { inner: Inner::shared(ready, addr) })
    }

    fn adopt(socket: Socket, peer: SocketAddr) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        Ok(Self { inner: Inner::shared(watch_socket(socket)?, peer) })
    }

    /// Takes over a connection that another shard let go with [`Self::into_fd`].
    ///
    /// # Errors
    /// When it is no longer connected, or no socket.
    pub fn from_fd(fd: OwnedFd) -> io::Result<Self> {
        let socket = Socket::from(fd);
        let peer = socket.peer_addr()?.as_socket().ok_or(ErrorKind::AddrNotAvailable)?;
        Self::adopt(socket, peer)
    }

    /// Lets the connection go, to be adopted by another shard; bytes not read yet stay in the socket.
    pub fn into_fd(self) -> OwnedFd {
        let inner = Rc::into_inner(self.inner).expect("an unsplit stream is the only owner");
        OwnedFd::from(inner.ready.into_socket())
    }

    /// The other end's address.
    pub fn peer_addr(&self) -> SocketAddr {
        self.inner.peer
    }

    /// This end's address.
    ///
    /// # Errors
    /// What getsockname says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.inner.ready.socket().local_addr()?.as_socket().ok_or(ErrorKind::AddrNotAvailable)?)
    }

    /// Lets the kernel probe a silent connection after `idle`, every third of it, and drop it after three failures.
    ///
    /// # Errors
    /// What setsockopt says.
    pub fn set_keepalive(&self, idle: Duration) -> io::Result<()> {
        let least = Duration::from_secs(1);
        let keepalive = TcpKeepalive::new()
            .with_time(idle.max(least))
            .with_interval((idle / 3).max(least))
            .with_retries(3);
        self.inner.ready.socket().set_tcp_keepalive(&keepalive)
    }

    /// Two halves, for a task that reads and one that writes.
    pub fn into_split(self) -> (ReadHalf, WriteHalf) {
        (ReadHalf { inner: self.inner.clone() }, WriteHalf { inner: self.inner })
    }

    /// See [`ReadHalf::read`].
    ///
    /// # Errors
    /// As there.
    pub async fn read(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.inner.read(buffer).await
    }

    /// See [`WriteHalf::send_all`].
    ///
    /// # Errors
    /// As there.
    pub async fn send_all(&mut self, buffers: &mut VecDeque<Bytes>) -> io::Result<()> {
        self.inner.send_all(buffers, false).await
    }

    /// See [`WriteHalf::shutdown`].
    pub fn shutdown(&mut self) {
        self.inner.shutdown(Close::Both);
    }
}

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.ready.socket().as_fd()
    }
}

/// The reading half of a connection.
pub struct ReadHalf {
    inner: Rc<Inner>,
}

impl ReadHalf {
    /// Appends what has arrived to `buffer`, up to its spare capacity (16 KiB are added when it has none), waiting
    /// for at least one byte. 0 means that the other end closed. Dropped while it waits, nothing was taken.
    ///
    /// # Errors
    /// What the kernel says: a reset, mostly.
    pub async fn read(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.inner.read(buffer).await
    }

    /// The other end's address.
    pub fn peer_addr(&self) -> SocketAddr {
        self.inner.peer
    }
}

/// The writing half of a connection.
pub struct WriteHalf {
    inner: Rc<Inner>,
}

impl WriteHalf {
    /// Sends all buffers in order and leaves `buffers` empty; what was sent is taken off the front as it goes, so
    /// after an error or a dropped wait `buffers` holds exactly what is left.
    ///
    /// # Errors
    /// What the kernel says. A closed peer is an error, never a signal.
    pub async fn send_all(&mut self, buffers: &mut VecDeque<Bytes>) -> io::Result<()> {
        self.inner.send_all(buffers, false).await
    }

    /// The same, and tells the kernel that more follows at once (a file's bytes), so that a header and what it
    /// announces share a packet.
    ///
    /// # Errors
    /// As [`Self::send_all`].
    pub async fn send_all_before_more(&mut self, buffers: &mut VecDeque<Bytes>) -> io::Result<()> {
        self.inner.send_all(buffers, true).await
    }

    /// Sends what the socket takes in one call without waiting, and takes it off `buffers`.
    ///
    /// # Errors
    /// What the kernel says, `WouldBlock` when the socket is full.
    pub fn send_now(&mut self, buffers: &mut VecDeque<Bytes>) -> io::Result<()> {
        self.inner.send_some(buffers, false)
    }

    /// Sends up to `count` bytes of `file` from `offset` on without copying them through user space, in steps of at
    /// most 256 KiB; answers how many were sent. Fewer than `count` means that the file ended.
    ///
    /// The pages should be in memory: a cold page makes the whole shard wait for the disk. `file` must not be open
    /// for direct IO (the kernel then copies).
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn send_file(&mut self, file: &File, offset: u64, count: usize) -> io::Result<usize> {
        let mut offset = offset;
        let mut sent = 0;
        while sent < count {
            maybe_yield().await;
            let step = (count - sent).min(SENDFILE_MAX_BYTES);
            match rustix::fs::sendfile(self.inner.ready.socket(), file, Some(&mut offset), step) {
                Ok(0) => break,
                Ok(step) => sent += step,
                Err(rustix::io::Errno::AGAIN) => self.inner.ready.writable().await,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sent)
    }

    /// Ends both directions: the other end reads the end of the stream, and a read of the other half returns.
    /// An already closed connection is no error.
    pub fn shutdown(&mut self) {
        self.inner.shutdown(Close::Both);
    }

    /// Ends the sending direction only: what was sent still arrives, and reading goes on.
    pub fn finish(&mut self) {
        self.inner.shutdown(Close::Write);
    }

    /// The other end's address.
    pub fn peer_addr(&self) -> SocketAddr {
        self.inner.peer
    }
}

impl Inner {
    async fn read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        loop {
            maybe_yield().await;
            if self.drained.get() {
                // Ten thousand idle connections would hold as many empty buffers.
                if buffer.is_empty() {
                    *buffer = BytesMut::new();
                }
                // Dropped here, it is still drained.
                self.ready.readable().await;
                self.drained.set(false);
            }
            if buffer.capacity() == buffer.len() {
                buffer.reserve(READ_ROOM_BYTES);
            }
            let room = buffer.capacity() - buffer.len();
            self.ready.about_to_read();
            match recv_spare(self.ready.socket(), buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.drained.set(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(count) => {
                    self.drained.set(count < room);
                    return Ok(count);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn send_all(&self, buffers: &mut VecDeque<Bytes>, more_follows: bool) -> io::Result<()> {
        while !buffers.is_empty() {
            maybe_yield().await;
            match self.send_some(buffers, more_follows) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.writable().await,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes off `buffers` what the socket takes in one call, and those that are empty.
    fn send_some(&self, buffers: &mut VecDeque<Bytes>, more_follows: bool) -> io::Result<()> {
        let mut left = SEND_MAX_BYTES;
        let mut slices: Vec<IoSlice<'_>> = Vec::new();
        for bytes in buffers.iter().take(SLICES_MAX) {
            slices.push(IoSlice::new(&bytes[..bytes.len().min(left)]));
            left -= bytes.len().min(left);
            if left == 0 {
                break;
            }
        }
        // Never when nothing follows: the kernel would keep the last packet back.
        let whole = slices.len() == buffers.len()
            && slices.last().map(|slice| slice.len()) == buffers.back().map(Bytes::len);
        let more = more_follows || !whole;
        let flags = if more { MSG_NOSIGNAL | MSG_MORE } else { MSG_NOSIGNAL };
        let count = self.ready.socket().send_vectored_with_flags(&slices, flags)?;
        take_sent(buffers, count);
        Ok(())
    }

    fn shutdown(&self, direction: Close) {
        // The only likely error is ENOTCONN: the other end was faster, which is what we wanted.
        let _ = self.ready.socket().shutdown(direction);
    }
}

/// Takes `count` bytes off the front, and the empty buffers that are there then.
fn take_sent(buffers: &mut VecDeque<Bytes>, mut count: usize) {
    while let Some(first) = buffers.front_mut() {
        if count < first.len() {
            first.advance(count);
            return;
        }
        count -= first.len();
        buffers.pop_front();
    }
    assert_eq!(count, 0, "the kernel sent more than it was given");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lengths: &[usize], sent: usize, expect: &[usize]) {
        let mut buffers: VecDeque<Bytes> =
            lengths.iter().map(|length| Bytes::from(vec![7; *length])).collect();
        take_sent(&mut buffers, sent);
        let left: Vec<usize> = buffers.iter().map(Bytes::len).collect();
        assert_eq!(left, expect, "{lengths:?} after {sent}");
    }

    #[test]
    fn partial_writes_leave_the_rest() {
        check(&[3, 4], 0, &[3, 4]);
        check(&[3, 4], 2, &[1, 4]);
        check(&[3, 4], 3, &[4]);
        check(&[3, 4], 5, &[2]);
        check(&[3, 0, 4], 7, &[]);
    }
}
