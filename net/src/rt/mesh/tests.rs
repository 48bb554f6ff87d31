//! Two or three ends on one thread, polled by hand; then two threads that flood each other.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::task::Wake;
use std::thread;

use super::*;

const A: ShardId = ShardId::new(0);
const B: ShardId = ShardId::new(1);
const C: ShardId = ShardId::new(2);

/// Counts its wakes, and unparks the thread that made it.
struct Sleeper {
    woken: AtomicUsize,
    thread: thread::Thread,
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
        self.thread.unpark();
    }
}

fn sleeper() -> Arc<Sleeper> {
    Arc::new(Sleeper { woken: AtomicUsize::new(0), thread: thread::current() })
}

fn poll<T>(sleeper: &Arc<Sleeper>, future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(&Waker::from(sleeper.clone())))
}

fn take(end: &MeshEnd<u64>) -> Option<(ShardId, u64)> {
    match poll(&sleeper(), pin!(end.recv())) {
        Poll::Ready(message) => Some(message),
        Poll::Pending => None,
    }
}

fn two(in_flight: usize) -> (MeshEnd<u64>, MeshEnd<u64>) {
    let mut ends = mesh(2, in_flight);
    let b = ends.pop().unwrap();
    (ends.pop().unwrap(), b)
}

#[test]
fn a_request_holds_its_reply_slot_until_the_reply_is_taken() {
    let (a, b) = two(2);
    assert_eq!((a.try_send(B, 1), a.try_send(B, 2)), (Ok(()), Ok(())));
    assert_eq!(a.try_send(B, 3), Err(SendError::Full(3)));
    assert_eq!((take(&b), take(&b), take(&b)), (Some((A, 1)), Some((A, 2)), None));
    assert_eq!(a.try_send(B, 3), Err(SendError::Full(3)), "taken is not answered");
    b.send_reply(A, 10);
    assert_eq!(a.try_send(B, 3), Err(SendError::Full(3)), "answered is not taken");
    assert_eq!((take(&a), a.in_flight(B)), (Some((B, 10)), 1));
    assert_eq!(a.try_send(B, 3), Ok(()));
}

#[test]
fn a_waiting_request_goes_when_a_reply_comes() {
    let (a, b) = two(1);
    assert_eq!(a.try_send(B, 1), Ok(()));
    let (sender, mut sending) = (sleeper(), pin!(a.send_request(B, 2)));
    assert!(poll(&sender, sending.as_mut()).is_pending());
    assert_eq!(take(&b), Some((A, 1)));
    b.send_reply(A, 10);
    assert_eq!(take(&a), Some((B, 10)));
    assert_eq!(sender.woken.load(Ordering::Relaxed), 1);
    assert_eq!(poll(&sender, sending.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(take(&b), Some((A, 2)));
}

#[test]
fn a_dropped_wait_sends_nothing() {
    let (a, b) = two(1);
    assert_eq!(a.try_send(B, 1), Ok(()));
    {
        let mut sending = pin!(a.send_request(B, 2));
        assert!(poll(&sleeper(), sending.as_mut()).is_pending());
    }
    assert_eq!(take(&b), Some((A, 1)));
    b.send_reply(A, 10);
    assert_eq!((take(&a), take(&b), a.in_flight(B)), (Some((B, 10)), None, 0));
}

#[test]
fn notices_that_fill_the_lane_wait_until_it_is_drained() {
    let (a, b) = two(1);
    assert_eq!((a.try_notice(B, 1), a.try_notice(B, 2)), (Ok(()), Ok(())));
    let (receiver, mut receiving) = (sleeper(), pin!(a.recv()));
    assert!(poll(&receiver, receiving.as_mut()).is_pending());
    let (sender, mut sending) = (sleeper(), pin!(a.send_notice(B, 3)));
    assert!(poll(&sender, sending.as_mut()).is_pending());
    assert_eq!(take(&b), Some((A, 1)));
    assert_eq!(receiver.woken.load(Ordering::Relaxed), 1, "room wakes the sender's receiver");
    assert!(poll(&receiver, receiving.as_mut()).is_pending());
    assert_eq!(sender.woken.load(Ordering::Relaxed), 1, "which wakes who waits for room");
    assert_eq!(poll(&sender, sending.as_mut()), Poll::Ready(Ok(())));
    assert_eq!((take(&b), take(&b), take(&b)), (Some((A, 2)), Some((A, 3)), None));
}

#[test]
#[should_panic(expected = "which waits for nothing")]
fn answering_a_notice_is_a_bug() {
    let (a, b) = two(1);
    assert_eq!(a.try_notice(B, 1), Ok(()));
    assert_eq!(take(&b), Some((A, 1)));
    b.send_reply(A, 10);
}

#[test]
fn many_messages_ring_once() {
    let (a, b) = two(64);
    let (receiver, mut receiving) = (sleeper(), pin!(b.recv()));
    assert!(poll(&receiver, receiving.as_mut()).is_pending());
    for number in 0..50 {
        assert_eq!(a.try_send(B, number), Ok(()));
    }
    assert_eq!(receiver.woken.load(Ordering::Relaxed), 1);
    let mut batch = Vec::new();
    assert!(poll(&receiver, receiving.as_mut()).is_ready());
    assert!(poll(&receiver, pin!(b.recv_batch(&mut batch))).is_ready());
    assert_eq!(batch.len(), 49);
}

#[test]
fn a_flood_from_one_shard_leaves_the_other_its_turn() {
    let mut ends = mesh(3, 500);
    let (c, b, a) = (ends.pop().unwrap(), ends.pop().unwrap(), ends.pop().unwrap());
    for number in 0..500 {
        assert_eq!(a.try_send(C, number), Ok(()));
    }
    assert_eq!(b.try_send(C, 7), Ok(()));
    let before = (0..=TURN).position(|_| take(&c) == Some((B, 7)));
    assert!(before.is_some(), "more than one turn of the other's went first");
}

#[test]
fn what_is_sent_to_an_ended_shard_comes_back() {
    let (a, b) = two(1);
    assert_eq!(a.try_send(B, 1), Ok(()));
    let (receiver, mut receiving) = (sleeper(), pin!(a.recv()));
    assert!(poll(&receiver, receiving.as_mut()).is_pending());
    let (sender, mut sending) = (sleeper(), pin!(a.send_request(B, 2)));
    assert!(poll(&sender, sending.as_mut()).is_pending());
    drop(b);
    assert_eq!(receiver.woken.load(Ordering::Relaxed), 1);
    assert!(poll(&receiver, receiving.as_mut()).is_pending());
    assert_eq!(sender.woken.load(Ordering::Relaxed), 1, "or it would wait for ever");
    // The reply slot of the lost request stays taken, but the shard is gone and so is the need for it.
    assert_eq!(poll(&sender, sending.as_mut()), Poll::Ready(Err(SendError::Ended(2))));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let (sleeper, mut future) = (sleeper(), pin!(future));
    loop {
        if let Poll::Ready(value) = poll(&sleeper, future.as_mut()) {
            return value;
        }
        thread::park();
    }
}

/// A lost ring would leave both sides parked for ever.
#[test]
fn two_threads_lose_no_ring() {
    const ROUNDS: u64 = 50_000;
    let (a, b) = two(3);
    let answering = thread::spawn(move || {
        block_on(async {
            for _ in 0..ROUNDS {
                let (from, number) = b.recv().await;
                b.send_reply(from, number * 2);
            }
        });
    });
    block_on(async {
        let (mut sent, mut taken) = (0, 0);
        while taken < ROUNDS {
            while sent < ROUNDS && a.try_send(B, sent).is_ok() {
                sent += 1;
            }
            assert_eq!(a.recv().await, (B, taken * 2));
            taken += 1;
        }
    });
    answering.join().unwrap();
}
