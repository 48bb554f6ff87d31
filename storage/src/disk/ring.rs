//! The io_uring of one thread: every disk operation of a shard, and the one place where its thread sleeps.
//!
//! ```text
//!   write/read/flush ──> submission queue ──┐                        ┌──> wakes the operation's future
//!                                           ├── one io_uring_enter ──┤
//!   watched descriptors (multishot poll) ───┘      a turn            └──> sets the watch's flag
//! ```
//!
//! Operations are only queued; [`turn`] submits all of them, takes what has completed and, if asked, sleeps until
//! something does: one system call. A thread that sleeps is woken by an [`Unparker`], by a completion, or by time.
//!
//! Invariants: buffer and descriptor of an operation belong to the ring until its completion, whether or not its future
//! still exists, so the kernel never writes to freed memory; wakers run when no part of the ring is borrowed; the ring
//! ends only when no operation is under way.
//! Does not do: run tasks (that is the caller's executor), or decide what is written where.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::task::{Poll, Waker};
use std::time::Duration;

use io_uring::types::{Fd, FsyncFlags, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use slab::Slab;

use super::aligned::Aligned;
use super::pool::PoolHandle;

/// Marks a completion of a watch; the other bits are its number.
const WATCH: u64 = 1 << 63;
/// `POLLIN` of Linux (`asm-generic/poll.h`).
const POLLIN: u32 = 1;
/// `IORING_ENTER_GETEVENTS` of Linux (`linux/io_uring.h`).
const GETEVENTS: u32 = 1;

thread_local! {
    static RING: RefCell<Option<Ring>> = const { RefCell::new(None) };
    /// What [`turn`] wakes; kept, so that a turn allocates nothing.
    static WOKEN: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}

struct Ring {
    uring: IoUring,
    operations: Slab<Operation>,
    /// What found the submission queue full.
    backlog: VecDeque<squeue::Entry>,
    watches: Vec<Watch>,
    pool: PoolHandle,
}

/// One operation from its call to the moment when its result is taken.
struct Operation {
    held: Held,
    result: Option<i32>,
    waker: Option<Waker>,
    /// Nobody waits any more: the completion frees the slot.
    abandoned: bool,
}

/// What the kernel uses until the completion.
struct Held {
    _file: Rc<dyn AsFd>,
    buf: Option<Aligned>,
}

struct Watch {
    fd: OwnedFd,
    ready: Rc<Cell<bool>>,
}

/// The ring of this thread is there as long as this is; dropping it waits for what is under way.
#[derive(Debug)]
pub struct Installed {
    /// It belongs to the thread.
    _here: PhantomData<*const ()>,
}

/// Sets up a ring with no cost to the kernel's limit on locked memory: nothing is registered.
///
/// # Errors
/// What io_uring_setup says.
pub fn set_up(entries: u32) -> io::Result<IoUring> {
    // Completions are brought by the thread's own system calls only, so none interrupts its computing (Linux 6.1).
    let deferred =
        IoUring::builder().setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag().build(entries);
    match deferred {
        Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => IoUring::new(entries),
        other => other,
    }
}

/// Gives this thread a ring with room for `entries` submissions a turn, and a pool for what blocks.
///
/// # Errors
/// What the kernel says to a new ring.
///
/// # Panics
/// When the thread has one.
pub fn install(entries: u32, pool: PoolHandle) -> io::Result<Installed> {
    let uring = set_up(entries)?;
    let ring = Ring { uring, operations: Slab::new(), backlog: VecDeque::new(), watches: Vec::new(), pool };
    RING.with(|slot| assert!(slot.borrow_mut().replace(ring).is_none(), "one ring a thread"));
    Ok(Installed { _here: PhantomData })
}

impl Drop for Installed {
    fn drop(&mut self) {
        while with(Ring::is_busy) {
            if turn(Wait::Until(None)).is_err() {
                // The kernel still owns buffers and will not say when it is done: they must outlive it.
                std::mem::forget(RING.take());
                return;
            }
        }
        drop(RING.take());
    }
}

fn with<R>(f: impl FnOnce(&mut Ring) -> R) -> R {
    RING.with(|ring| f(ring.borrow_mut().as_mut().expect("called on a thread without a ring")))
}

/// This thread's handle to the pool for blocking work.
pub fn pool() -> PoolHandle {
    with(|ring| ring.pool.clone())
}

/// As [`pool`], or none on a thread without a ring.
pub(crate) fn pool_if_any() -> Option<PoolHandle> {
    RING.try_with(|ring| ring.try_borrow().ok()?.as_ref().map(|ring| ring.pool.clone())).ok().flatten()
}

impl Ring {
    fn push(&mut self, entry: squeue::Entry) {
        if !self.backlog.is_empty() || !self.try_push(&entry) {
            self.backlog.push_back(entry);
        }
    }

    fn try_push(&mut self, entry: &squeue::Entry) -> bool {
        // SAFETY: buffer and descriptor of the entry are held in `operations`, or in `watches`, until the completion.
        unsafe { self.uring.submission().push(entry).is_ok() }
    }

    fn watch(&mut self, number: usize) {
        let fd = Fd(self.watches[number].fd.as_raw_fd());
        self.push(opcode::PollAdd::new(fd, POLLIN).multi(true).build().user_data(WATCH | number as u64));
    }

    fn is_busy(&mut self) -> bool {
        self.operations.iter().any(|(_, operation)| operation.result.is_none())
    }

    /// Submits what is queued, and waits if asked.
    fn enter(&mut self, wait: Wait) -> io::Result<()> {
        loop {
            while let Some(entry) = self.backlog.pop_front() {
                if !self.try_push(&entry) {
                    self.backlog.push_front(entry);
                    break;
                }
            }
            let left_over = !self.backlog.is_empty();
            let entered = match wait {
                Wait::Until(timeout) if !left_over => {
                    let timespec = timeout.map(Timespec::from);
                    let args = match &timespec {
                        Some(timespec) => SubmitArgs::new().timespec(timespec),
                        None => SubmitArgs::new(),
                    };
                    self.uring.submitter().submit_with_args(1, &args)
                }
                _ => {
                    let queued = self.uring.submission().len() as u32;
                    // SAFETY: no signal mask is passed; all entries were pushed as `try_push` says.
                    unsafe { self.uring.submitter().enter::<libc::sigset_t>(queued, 0, GETEVENTS, None) }
                }
            };
            match entered.as_ref().map_err(|error| error.raw_os_error().map(Errno::from_raw_os_error)) {
                Ok(_) if left_over => {}
                // BUSY: completions must be taken before more is submitted. The others are the end of a wait.
                Ok(_) | Err(Some(Errno::TIME | Errno::INTR | Errno::BUSY | Errno::AGAIN)) => return Ok(()),
                Err(_) => return entered.map(|_| ()),
            }
        }
    }

    /// Takes all completions; those whose waiters are to be woken go to `woken`, and what nobody waits for to `given_up`.
    fn complete(&mut self, woken: &mut Vec<Waker>, given_up: &mut Vec<Operation>) {
        loop {
            let Some(entry) = self.uring.completion().next() else { return };
            let data = entry.user_data();
            if data & WATCH != 0 {
                let number = (data & !WATCH) as usize;
                self.watches[number].ready.set(true);
                // A full completion queue ends a standing poll.
                if !cqueue::more(entry.flags()) && entry.result() != -Errno::CANCELED.raw_os_error() {
                    self.watch(number);
                }
                continue;
            }
            let slot = data as usize;
            let operation = &mut self.operations[slot];
            if operation.abandoned {
                given_up.push(self.operations.remove(slot));
                continue;
            }
            operation.result = Some(entry.result());
            woken.extend(operation.waker.take());
        }
    }
}

/// Whether a turn may sleep.
#[derive(Clone, Copy, Debug)]
pub enum Wait {
    /// Not at all.
    No,
    /// Until something completes or is ready, for so long at most.
    Until(Option<Duration>),
}

/// Submits what is queued, sleeps if asked, and wakes whom completions are for. Costs no system call when it need not
/// wait and there is nothing to submit or to fetch.
///
/// # Errors
/// When the kernel refuses the ring, which no caller can mend.
pub fn turn(wait: Wait) -> io::Result<()> {
    let mut woken = WOKEN.take();
    let mut given_up = Vec::new();
    let entered = with(|ring| {
        let idle = {
            let queue = ring.uring.submission();
            queue.is_empty() && !queue.taskrun() && !queue.cq_overflow()
        };
        let entered = match wait {
            Wait::No if idle && ring.backlog.is_empty() => Ok(()),
            wait => ring.enter(wait),
        };
        ring.complete(&mut woken, &mut given_up);
        entered
    });
    // Only now, when the ring is not borrowed: the last of a file is closed by the ring's pool.
    drop(given_up);
    woken.drain(..).for_each(Waker::wake);
    WOKEN.set(woken);
    entered
}

/// Sets the flag it answers whenever `fd` becomes readable; as an edge, so what is there must be taken until there is no
/// more. An eventfd need not be read at all.
pub fn watch(fd: OwnedFd) -> Rc<Cell<bool>> {
    with(|ring| {
        let ready = Rc::<Cell<bool>>::default();
        ring.watches.push(Watch { fd, ready: ready.clone() });
        ring.watch(ring.watches.len() - 1);
        ready
    })
}

// ------------------------------------------------------------------------------------------------------ operations

/// Writes the first `len` bytes of `buf` at `pos`; answers how many bytes were written, and the buffer.
///
/// # Panics
/// When the buffer is smaller.
pub(super) async fn write<F: AsFd + 'static>(
    file: Rc<F>,
    buf: Aligned,
    len: usize,
    pos: u64,
) -> (io::Result<usize>, Aligned) {
    assert!(len <= buf.len(), "the kernel would read behind the buffer");
    let entry = opcode::Write::new(raw(&file), buf.as_ptr(), len as u32).offset(pos).build();
    let (result, buf) = run(entry, Held { _file: file, buf: Some(buf) }).await;
    (result, buf.expect("a write gives its buffer back"))
}

/// Reads up to `len` bytes from `pos` into `buf`; answers how many bytes were read, and the buffer.
///
/// # Panics
/// When the buffer is smaller.
pub(super) async fn read<F: AsFd + 'static>(
    file: Rc<F>,
    mut buf: Aligned,
    len: usize,
    pos: u64,
) -> (io::Result<usize>, Aligned) {
    assert!(len <= buf.len(), "the kernel would write behind the buffer");
    let entry = opcode::Read::new(raw(&file), buf.as_mut_ptr(), len as u32).offset(pos).build();
    let (result, buf) = run(entry, Held { _file: file, buf: Some(buf) }).await;
    (result, buf.expect("a read gives its buffer back"))
}

/// Makes completed writes of the file durable, without its times.
pub(super) async fn flush<F: AsFd + 'static>(file: Rc<F>) -> io::Result<()> {
    let entry = opcode::Fsync::new(raw(&file)).flags(FsyncFlags::DATASYNC).build();
    run(entry, Held { _file: file, buf: None }).await.0.map(|_| ())
}

fn raw(file: &Rc<impl AsFd>) -> Fd {
    Fd(file.as_fd().as_raw_fd())
}

async fn run(entry: squeue::Entry, held: Held) -> (io::Result<usize>, Option<Aligned>) {
    /// Leaves the operation to its completion if its future is dropped.
    struct Waiting(usize);
    impl Drop for Waiting {
        fn drop(&mut self) {
            let gone = RING.try_with(|ring| {
                let mut ring = ring.borrow_mut();
                let ring = ring.as_mut()?;
                match ring.operations.get_mut(self.0) {
                    Some(operation) if operation.result.is_none() => {
                        operation.abandoned = true;
                        operation.waker.take().map(|waker| (None, Some(waker)))
                    }
                    _ => ring.operations.try_remove(self.0).map(|operation| (Some(operation), None)),
                }
            });
            // Dropped here, when the ring is not borrowed: both may run code of others.
            drop(gone);
        }
    }
    let slot = with(|ring| {
        let operation = Operation { held, result: None, waker: None, abandoned: false };
        let slot = ring.operations.insert(operation);
        ring.push(entry.user_data(slot as u64));
        slot
    });
    let waiting = Waiting(slot);
    let done = poll_fn(|cx| {
        with(|ring| {
            let operation = &mut ring.operations[slot];
            if operation.result.is_none() {
                match &mut operation.waker {
                    Some(held) => held.clone_from(cx.waker()),
                    None => operation.waker = Some(cx.waker().clone()),
                }
                return Poll::Pending;
            }
            Poll::Ready(ring.operations.remove(slot))
        })
    })
    .await;
    std::mem::forget(waiting);
    let result = match done.result {
        Some(count) if count >= 0 => Ok(count as usize),
        Some(error) => Err(io::Error::from_raw_os_error(-error)),
        None => unreachable!("taken out when it had a result"),
    };
    (result, done.held.buf)
}

// --------------------------------------------------------------------------------------------------------- sleeping

/// Wakes a thread that sleeps in its ring; for any thread.
#[derive(Debug)]
pub struct Unparker {
    asleep: AtomicBool,
    event: OwnedFd,
}

impl Unparker {
    /// One for the thread that calls [`Self::watch`].
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { asleep: AtomicBool::new(false), event })
    }

    /// Lets this thread's ring be woken by it.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn watch(&self) -> io::Result<()> {
        watch(self.event.try_clone()?);
        Ok(())
    }

    /// After something was put where the thread looks. The fence pairs with the one in [`Self::park`]: either the thread
    /// sees it before it sleeps, or this sees that it sleeps. A burst costs one system call.
    pub fn unpark(&self) {
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::AcqRel) {
            // It cannot fail: the counter would have to overflow.
            let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes());
        }
    }

    /// One turn of this thread's ring that sleeps unless `has_work`.
    ///
    /// # Errors
    /// As [`turn`].
    pub fn park(&self, timeout: Option<Duration>, has_work: impl FnOnce() -> bool) -> io::Result<()> {
        self.asleep.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
        let turned = turn(if has_work() { Wait::No } else { Wait::Until(timeout) });
        self.asleep.store(false, Ordering::Relaxed);
        turned
    }
}
