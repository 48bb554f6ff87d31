//! Futures here are polled by hand: with each word of a script at a known place, every order of events can be tried.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::*;

/// A future with a waker that counts.
struct Driven<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    woken: Arc<Count>,
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl<'a, T> Driven<'a, T> {
    fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self { future: Box::pin(future), woken: Arc::default() }
    }

    fn poll(&mut self) -> Poll<T> {
        self.future.as_mut().poll(&mut Context::from_waker(&Waker::from(self.woken.clone())))
    }

    fn woken(&self) -> usize {
        self.woken.0.load(Ordering::Relaxed)
    }
}

#[test]
fn an_event_is_remembered_once() {
    let event = Event::new();
    event.notify();
    event.notify();
    assert!(Driven::new(event.wait()).poll().is_ready());
    assert!(Driven::new(event.wait()).poll().is_pending());
}

#[test]
fn a_notice_ends_the_longest_wait_only() {
    let event = Event::new();
    let (mut first, mut second) = (Driven::new(event.wait()), Driven::new(event.wait()));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    event.notify();
    assert_eq!((first.woken(), second.woken()), (1, 0));
    assert!(first.poll().is_ready() && second.poll().is_pending());
}

#[test]
fn waits_that_are_given_up_are_passed_over_and_do_not_pile_up() {
    let event = Event::new();
    let mut kept: Vec<_> = (0..3).map(|_| Driven::new(event.wait())).collect();
    for one in &mut kept {
        assert!(one.poll().is_pending());
        for _ in 0..100 {
            assert!(Driven::new(event.wait()).poll().is_pending());
        }
    }
    assert_eq!(format!("{event:?}"), "Event { given: false, waiters: 3 }");
    assert!(event.state.borrow().waiters.len() < 10);
    event.notify();
    assert_eq!(kept.iter().map(Driven::woken).collect::<Vec<_>>(), [1, 0, 0]);
    drop(kept.remove(1));
    event.notify_all();
    assert_eq!(kept.iter().map(Driven::woken).collect::<Vec<_>>(), [1, 1]);
    event.notify();
    assert!(Driven::new(event.wait()).poll().is_ready(), "with nobody left it is remembered");
}

#[test]
fn a_notice_to_a_dropped_wait_goes_to_the_next() {
    let event = Event::new();
    let (mut first, mut second) = (Driven::new(event.wait()), Driven::new(event.wait()));
    assert!(first.poll().is_pending() && second.poll().is_pending());
    event.notify();
    drop(first);
    assert_eq!(second.woken(), 1);
    assert!(second.poll().is_ready());
}

#[test]
fn a_dropped_wait_takes_no_notice() {
    let event = Event::new();
    let mut first = Driven::new(event.wait());
    assert!(first.poll().is_pending());
    drop(first);
    event.notify();
    assert!(Driven::new(event.wait()).poll().is_ready());
}

#[test]
fn notify_all_ends_every_wait_and_remembers_nothing() {
    let event = Event::new();
    let mut waits: Vec<_> = (0..3).map(|_| Driven::new(event.wait())).collect();
    assert!(waits.iter_mut().all(|wait| wait.poll().is_pending()));
    event.notify_all();
    assert!(waits.iter_mut().all(|wait| wait.poll().is_ready()));
    event.notify_all();
    assert!(Driven::new(event.wait()).poll().is_pending());
}

#[test]
fn a_oneshot_delivers_or_says_that_the_other_is_gone() {
    let (sender, receiver) = oneshot();
    let mut receiver = Driven::new(receiver);
    assert!(receiver.poll().is_pending());
    assert_eq!(sender.send(7), Ok(()));
    assert_eq!(receiver.woken(), 1);
    assert_eq!(receiver.poll(), Poll::Ready(Ok(7)));

    let (sender, receiver) = oneshot::<u8>();
    let mut receiver = Driven::new(receiver);
    assert!(receiver.poll().is_pending());
    drop(sender);
    assert_eq!(receiver.poll(), Poll::Ready(Err(Closed)));

    let (sender, receiver) = oneshot();
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.send(7), Err(7));
}

#[test]
fn a_channel_holds_its_bound_and_order() {
    let (sender, mut receiver) = channel(2);
    assert_eq!((sender.try_send(1), sender.try_send(2), sender.try_send(3)), (Ok(()), Ok(()), Err(3)));
    let mut third = Driven::new(sender.send(3));
    assert!(third.poll().is_pending());
    assert_eq!(receiver.try_recv(), Some(1));
    assert_eq!(third.woken(), 1);
    assert_eq!(third.poll(), Poll::Ready(Ok(())));
    drop(third);
    drop(sender);
    let mut got = Vec::new();
    while let Poll::Ready(Some(value)) = Driven::new(receiver.recv()).poll() {
        got.push(value);
    }
    assert_eq!(got, [2, 3]);
    assert_eq!(Driven::new(receiver.recv()).poll(), Poll::Ready(None));
}

#[test]
fn a_send_waiting_on_a_dropped_receiver_gets_its_value_back() {
    let (sender, receiver) = channel(1);
    assert_eq!(sender.try_send(1), Ok(()));
    let mut second = Driven::new(sender.send(2));
    assert!(second.poll().is_pending());
    drop(receiver);
    assert_eq!(second.woken(), 1);
    assert_eq!(second.poll(), Poll::Ready(Err(2)));
}

#[test]
fn permits_are_handed_out_in_order() {
    let budget = Semaphore::new(10);
    let held = budget.try_acquire(8).unwrap();
    let (mut large, mut small) = (Driven::new(budget.acquire(5)), Driven::new(budget.acquire(1)));
    assert!(large.poll().is_pending());
    assert!(small.poll().is_pending(), "a small claim must not overtake");
    assert!(budget.try_acquire(1).is_none());
    drop(held);
    let Poll::Ready(five) = large.poll() else { panic!("5 of 10 are free") };
    let Poll::Ready(one) = small.poll() else { panic!("5 of 10 are free") };
    assert_eq!((five.count(), one.count(), budget.free()), (5, 1, 4));
}

#[test]
fn a_dropped_claim_lets_the_next_one_by_and_keeps_no_permit() {
    let budget = Semaphore::new(10);
    let held = budget.try_acquire(8).unwrap();
    let (mut large, mut small) = (Driven::new(budget.acquire(5)), Driven::new(budget.acquire(1)));
    assert!(large.poll().is_pending() && small.poll().is_pending());
    drop(large);
    assert!(small.poll().is_ready());

    let mut granted = Driven::new(budget.acquire(10));
    assert!(granted.poll().is_pending());
    drop(held);
    assert_eq!(granted.woken(), 1);
    drop(granted); // granted and never taken
    assert_eq!((budget.free(), budget.waiting()), (10, 0));
}

#[test]
fn a_claim_above_the_budget_waits_to_be_alone() {
    let budget = Semaphore::new(10);
    let held = budget.try_acquire(1).unwrap();
    let mut all = Driven::new(budget.acquire(u64::MAX));
    assert!(all.poll().is_pending());
    drop(held);
    let Poll::Ready(mut permit) = all.poll() else { panic!("nobody else holds any") };
    assert_eq!((permit.count(), budget.free()), (10, 0));
    permit.shrink_to(3);
    permit.shrink_to(9);
    assert_eq!((permit.count(), budget.free()), (3, 7));
}

/// Random claims, drops and releases, with the books checked after each step.
#[test]
fn permits_add_up_whatever_happens() {
    for seed in 0..200 {
        permits_add_up(seed);
    }
}

fn permits_add_up(seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let budget = Semaphore::new(16);
    let mut claims: Vec<Driven<'_, Permit>> = Vec::new();
    let mut held: Vec<Permit> = Vec::new();
    for _ in 0..200 {
        match random(4) {
            0 => claims.push(Driven::new(budget.acquire(random(20)))),
            1 if !held.is_empty() => drop(held.swap_remove(random(held.len() as u64) as usize)),
            2 if !claims.is_empty() => drop(claims.swap_remove(random(claims.len() as u64) as usize)),
            _ => {
                for mut claim in std::mem::take(&mut claims) {
                    match claim.poll() {
                        Poll::Ready(permit) => held.push(permit),
                        Poll::Pending => claims.push(claim),
                    }
                }
            }
        }
        let out: u64 = held.iter().map(Permit::count).sum();
        assert!(out + budget.free() <= 16, "seed {seed}");
    }
    claims.clear();
    held.clear();
    assert_eq!(
        (budget.free(), budget.waiting()),
        (16, 0),
        "seed {seed}: cargo test -p headwater-net permits_add_up"
    );
}
