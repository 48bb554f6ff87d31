//! A local wake-up for the store's loops: plain `std` wakers, so that the log runs on any executor.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Something has changed; whoever waits looks again.
///
/// Every waiter hears of every notice: one that took it for itself would leave the others asleep beside what they wait
/// for. A notice that nobody waited for is remembered once, so that a loop which was busy meanwhile does not miss it.
#[derive(Default)]
pub struct Event {
    notices: Cell<u64>,
    unheard: Cell<bool>,
    wakers: RefCell<Vec<Waker>>,
}

impl Event {
    /// Wakes everybody who waits, or the next one to come.
    pub fn notify(&self) {
        self.notices.set(self.notices.get() + 1);
        let wakers = std::mem::take(&mut *self.wakers.borrow_mut());
        self.unheard.set(wakers.is_empty());
        for waker in wakers {
            waker.wake();
        }
    }

    /// Waits for a notice.
    pub async fn wait(&self) {
        if self.unheard.replace(false) {
            return;
        }
        let seen = self.notices.get();
        poll_fn(|cx| {
            if self.notices.get() != seen {
                return Poll::Ready(());
            }
            let mut wakers = self.wakers.borrow_mut();
            // Polled again for another reason: one waker a task is enough, or a busy task would pile them up.
            if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                wakers.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Wake};

    use super::*;

    struct Task;

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn everybody_who_waits_hears_and_one_unheard_notice_is_kept() {
        let event = Event::default();
        let waker = Waker::from(Arc::new(Task));
        let mut cx = Context::from_waker(&waker);
        let (mut a, mut b) = (pin!(event.wait()), pin!(event.wait()));
        for _ in 0..1000 {
            assert!(a.as_mut().poll(&mut cx).is_pending());
            assert!(b.as_mut().poll(&mut cx).is_pending());
        }
        assert_eq!(event.wakers.borrow().len(), 1, "a task that is polled often is kept once");
        event.notify();
        assert!(a.as_mut().poll(&mut cx).is_ready());
        assert!(b.as_mut().poll(&mut cx).is_ready());
        event.notify();
        event.notify();
        assert!(pin!(event.wait()).poll(&mut cx).is_ready());
        assert!(pin!(event.wait()).poll(&mut cx).is_pending());
    }
}
