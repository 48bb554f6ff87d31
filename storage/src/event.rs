//! A local wake-up for the store's loops: plain `std` wakers, so that the log runs on any executor.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Something has changed; whoever waits looks again. A notice without a waiter is remembered once.
#[derive(Default)]
pub struct Event {
    given: Cell<bool>,
    /// Counts the notices, so that one ends every wait that had begun.
    notices: Cell<u64>,
    wakers: RefCell<Vec<Waker>>,
}

impl Event {
    /// Wakes everybody who waits, or the next one to come.
    pub fn notify(&self) {
        self.given.set(true);
        self.notices.set(self.notices.get() + 1);
        let wakers = std::mem::take(&mut *self.wakers.borrow_mut());
        for waker in wakers {
            waker.wake();
        }
    }

    /// Waits for a notice.
    pub async fn wait(&self) {
        let begun = self.notices.get();
        poll_fn(|cx| {
            if self.given.replace(false) || self.notices.get() != begun {
                return Poll::Ready(());
            }
            self.wakers.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
