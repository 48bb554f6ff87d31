//! Threads for work that blocks: creating, renaming and deleting files, warming, large recompression.
//!
//! One pool for all shards, apart from the executor's own helper thread: a long job there would hold up the file
//! operations that the executor itself sends to it. A closure that panics answers an error and leaves the thread alive.
//! Does not do: cancel. A dropped wait leaves the closure running and its result is thrown away.
//! The queue has no bound of its own: its length is bounded by the waits of those who submit.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::{io, thread};

type Job = Box<dyn FnOnce() + Send>;

/// A closure on the blocking pool panicked; the text is its message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("blocking work panicked: {0}")]
pub struct BlockingPanicked(pub String);

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    ready: Condvar,
}

/// A handle to the pool's queue, one a shard.
#[derive(Clone)]
pub struct PoolHandle {
    shared: Arc<Shared>,
}

/// The pool's threads; dropping it lets them finish what is queued and joins them.
pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Pool {
    /// Starts `threads` threads, each of which first runs `on_start` (to leave the shards' cores, say).
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(threads: usize, on_start: impl Fn() + Clone + Send + 'static) -> io::Result<Self> {
        let mut pool = Self { shared: Arc::default(), threads: Vec::with_capacity(threads) };
        for number in 0..threads.max(1) {
            let shared = pool.shared.clone();
            let on_start = on_start.clone();
            let thread = thread::Builder::new().name(format!("blocking-{number}")).spawn(move || {
                on_start();
                work(&shared);
            })?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// A handle for a shard.
    pub fn handle(&self) -> PoolHandle {
        PoolHandle { shared: self.shared.clone() }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.shared.ready.notify_all();
        for thread in self.threads.drain(..) {
            // Closures' panics are caught inside, so the threads end in order.
            let _ = thread.join();
        }
    }
}

fn work(shared: &Shared) {
    loop {
        let job = {
            let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if let Some(job) = queue.jobs.pop_front() {
                    break job;
                }
                if queue.closed {
                    return;
                }
                queue = shared.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        };
        job();
    }
}

impl PoolHandle {
    /// Queues `work` and answers its result, or that it panicked.
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Blocking<T> {
        let answer = Arc::new(Mutex::new(Answer { result: None, waker: None }));
        let filled = answer.clone();
        let job: Job = Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                BlockingPanicked(text.unwrap_or_else(|| "no message".to_owned()))
            });
            let waker = {
                let mut answer = filled.lock().unwrap_or_else(PoisonError::into_inner);
                answer.result = Some(result);
                answer.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).jobs.push_back(job);
        self.shared.ready.notify_one();
        Blocking { answer }
    }
}

struct Answer<T> {
    result: Option<Result<T, BlockingPanicked>>,
    waker: Option<Waker>,
}

/// The wait for a closure on the pool.
#[must_use = "without awaiting it the result is lost"]
pub struct Blocking<T> {
    answer: Arc<Mutex<Answer<T>>>,
}

impl<T> Future for Blocking<T> {
    type Output = Result<T, BlockingPanicked>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        match answer.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                answer.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
