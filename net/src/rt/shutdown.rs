//! The wish to stop: said once, from any thread or by a signal, awaited on every shard.
//!
//! A second SIGTERM or SIGINT ends the process at once, for the operator whose first one seems to hang.
//! Does not do: stop anything by itself. Whoever awaits it decides what to finish first.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// A clonable, thread-safe flag that can be awaited.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    requested: AtomicBool,
    waiters: Mutex<Waiters>,
}

#[derive(Debug, Default)]
struct Waiters {
    issued: u64,
    wakers: BTreeMap<u64, Waker>,
}

impl State {
    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shutdown {
    /// A shutdown nobody has asked for yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the shutdown; asking again changes nothing.
    pub fn request(&self) {
        let wakers = {
            let mut waiters = self.state.waiters();
            self.state.requested.store(true, Ordering::Release);
            std::mem::take(&mut waiters.wakers)
        };
        for waker in wakers.into_values() {
            waker.wake();
        }
    }

    /// Whether the shutdown was asked for.
    pub fn is_requested(&self) -> bool {
        self.state.requested.load(Ordering::Acquire)
    }

    /// Waits until the shutdown is asked for.
    pub fn requested(&self) -> Requested {
        Requested { state: self.state.clone(), ticket: None }
    }

    /// Lets SIGTERM and SIGINT ask for this shutdown, and a second one of either end the process with 128 + its number.
    ///
    /// # Errors
    /// When the handlers or the thread that waits for signals cannot be installed.
    pub fn on_signals(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        let shutdown = self.clone();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let mut asked = false;
            for signal in signals.forever() {
                if asked {
                    tracing::warn!(signal, "second signal: ending at once");
                    signal_hook::low_level::exit(128 + signal);
                }
                asked = true;
                tracing::info!(signal, "signal: shutting down");
                shutdown.request();
            }
        })?;
        Ok(())
    }
}

/// The wait of [`Shutdown::requested`].
#[must_use = "futures do nothing unless awaited"]
#[derive(Debug)]
pub struct Requested {
    state: Arc<State>,
    ticket: Option<u64>,
}

impl Future for Requested {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let state = self.state.clone();
        let mut waiters = state.waiters();
        if state.requested.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        let ticket = *self.ticket.get_or_insert_with(|| {
            waiters.issued += 1;
            waiters.issued
        });
        waiters.wakers.insert(ticket, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Requested {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let waker = self.state.waiters().wakers.remove(&ticket);
            drop(waker);
        }
    }
}
