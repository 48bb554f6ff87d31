//! Which sockets of a shard may be read or written again: one epoll instance a shard, edge-triggered.
//!
//! ```text
//! socket ──registered once──> epoll ──watched by the ring──> `dispatch` ──sets flags, wakes──> futures
//! ```
//!
//! A wait on the ring for each socket would cost an allocation, a submission and a completion each time, a
//! cancellation when it is dropped, and a standing entry for each idle connection. Here a wait is a waker in a cell:
//! it may be dropped at no cost, and ten thousand idle connections hold nothing in the ring.
//!
//! Invariants: a flag is set by every edge and taken by the wait it ends, so whoever saw WouldBlock after taking it
//! sees the next edge; a stale flag costs one more attempt, never a lost wake-up. At most one reader and one writer
//! wait on a socket (the halves see to it). An event for a socket that is gone is told by its number.
//! Does not do: sleep (that is the ring).

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::task::{Poll, Waker};

use headwater_storage::disk::ring;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::time::Timespec;
use socket2::Socket;

/// Events taken from the kernel in one call.
const EVENTS_MAX: usize = 128;

/// The readiness of all sockets of one shard.
pub(super) struct Poller {
    epoll: OwnedFd,
    /// Set by the ring when epoll has events.
    ready: Rc<Cell<bool>>,
    slots: RefCell<Slots>,
}

#[derive(Default)]
struct Slots {
    sockets: Vec<Option<Rc<Interest>>>,
    free: Vec<u32>,
    issued: u32,
}

/// One direction of one socket.
#[derive(Default)]
struct Direction {
    ready: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Direction {
    fn edge(&self) {
        self.ready.set(true);
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            if self.ready.take() {
                return Poll::Ready(());
            }
            let mut held = self.waker.borrow_mut();
            match held.as_mut() {
                Some(waker) => waker.clone_from(cx.waker()),
                None => *held = Some(cx.waker().clone()),
            }
            Poll::Pending
        })
        .await;
    }
}

struct Interest {
    /// Tells this socket from an earlier one in the same slot.
    number: u32,
    read: Direction,
    write: Direction,
    /// The other end has closed, or the connection is broken: reading never blocks again, and no edge may come any more.
    ended: Cell<bool>,
}

impl Poller {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let ready = ring::watch(epoll.try_clone()?);
        Ok(Self { epoll, ready, slots: RefCell::default() })
    }

    /// Takes every event at hand, if there is any, and wakes who waits for it.
    pub(super) fn dispatch(&self) -> io::Result<()> {
        if !self.ready.take() {
            return Ok(());
        }
        let mut room = [const { MaybeUninit::<Event>::uninit() }; EVENTS_MAX];
        loop {
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            let (events, _) = match epoll::wait(&self.epoll, &mut room, Some(&at_once)) {
                Ok(events) => events,
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let full = events.len() == EVENTS_MAX;
            for event in events.iter() {
                let (key, flags) = (event.data.u64(), event.flags);
                let interest = self.slots.borrow().sockets.get(slot(key)).cloned().flatten();
                let Some(interest) = interest.filter(|interest| interest.number == number(key)) else {
                    continue;
                };
                let ended = EventFlags::ERR | EventFlags::HUP;
                if flags.intersects(EventFlags::RDHUP | ended) {
                    interest.ended.set(true);
                }
                if flags.intersects(EventFlags::IN | EventFlags::RDHUP | ended) {
                    interest.read.edge();
                }
                if flags.intersects(EventFlags::OUT | ended) {
                    interest.write.edge();
                }
            }
            if !full {
                return Ok(());
            }
        }
    }
}

fn key(slot: u32, number: u32) -> u64 {
    u64::from(number) << 32 | u64::from(slot)
}

fn slot(key: u64) -> usize {
    (key & u64::from(u32::MAX)) as usize
}

fn number(key: u64) -> u32 {
    (key >> 32) as u32
}

/// A socket whose readiness this shard can wait for.
pub(super) struct Ready {
    poller: Rc<Poller>,
    interest: Rc<Interest>,
    slot: u32,
    /// `None` once it was taken out.
    socket: Option<Socket>,
}

impl Ready {
    /// `socket` must not block.
    pub(super) fn new(poller: Rc<Poller>, socket: Socket) -> io::Result<Self> {
        let (slot, interest) = {
            let mut slots = poller.slots.borrow_mut();
            slots.issued = slots.issued.wrapping_add(1);
            let interest = Rc::new(Interest {
                number: slots.issued,
                read: Direction::default(),
                write: Direction::default(),
                ended: Cell::new(false),
            });
            let slot = slots.free.pop().unwrap_or_else(|| {
                slots.sockets.push(None);
                u32::try_from(slots.sockets.len() - 1).expect("fewer sockets than descriptors")
            });
            slots.sockets[slot as usize] = Some(interest.clone());
            (slot, interest)
        };
        let number = interest.number;
        // From here on a drop frees the slot.
        let ready = Self { poller, interest, slot, socket: Some(socket) };
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&ready.poller.epoll, ready.socket(), EventData::new_u64(key(slot, number)), flags)?;
        Ok(ready)
    }

    pub(super) fn socket(&self) -> &Socket {
        self.socket.as_ref().expect("only into_socket takes it, and with it self")
    }

    /// Waits until a read may succeed, or reports an error or the end of the stream. May be a false alarm.
    pub(super) async fn readable(&self) {
        if !self.interest.ended.get() {
            self.interest.read.wait().await;
        }
    }

    /// Forgets that it was readable, before an attempt that takes what there is.
    pub(super) fn about_to_read(&self) {
        self.interest.read.ready.set(false);
    }

    /// Waits until a write may succeed, or reports an error. May be a false alarm.
    pub(super) async fn writable(&self) {
        self.interest.write.wait().await;
    }

    /// Takes the socket out; this shard hears of it no more.
    pub(super) fn into_socket(mut self) -> Socket {
        let socket = self.socket.take().expect("taken once, here");
        // The descriptor lives on elsewhere, so closing does not end the registration.
        epoll::delete(&self.poller.epoll, &socket).expect("it was registered in new");
        socket
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        // Closing the socket ends its registration.
        let mut slots = self.poller.slots.borrow_mut();
        slots.sockets[self.slot as usize] = None;
        slots.free.push(self.slot);
    }
}
