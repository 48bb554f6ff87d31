//! What went wrong in a runtime that we used before (docs/design/0008-reactor.md), kept from coming back with ours.
//! Times here are hang bounds, never performance.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use headwater_net::rt::{self, Listener, RtConfig, Shutdown, TcpStream};

/// Descriptors and processor time are the whole process's: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn config() -> RtConfig {
    RtConfig { ring_depth: 64, ..RtConfig::default() }
}

fn run<F: Future<Output = ()> + 'static>(make: impl Fn() -> F + Clone + Send + 'static) {
    rt::run_shards(&config(), move |_| make()).unwrap().join();
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
    let addr = listener.local_addr();
    let connecting = rt::spawn(async move { TcpStream::connect(addr).await.unwrap() });
    let accepted = listener.accept().await.unwrap();
    (connecting.await, accepted)
}

/// The most that one look counts, a few turns of a busy scheduler.
const LOOK_MAX: Duration = Duration::from_millis(20);

/// Runs a shard whose only task is always ready, on a machine with more spinning threads than cores, and answers
/// the longest time in which that task made no step. Ends early after a stall of `enough`. What counts is the time of a
/// thread that looks again and again, and little at each look: a machine that stands still has no stalled shard.
fn longest_stall(runs_for: Duration, enough: Duration) -> Duration {
    let config = RtConfig { preempt: Duration::from_micros(250), ..config() };
    let (stop, steps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let spinners: Vec<_> = (0..cores * 3)
        .map(|_| {
            let stop = stop.clone();
            thread::spawn(move || while !stop.load(Ordering::Relaxed) {})
        })
        .collect();
    let shutdown = Shutdown::new();
    let threads = rt::run_shards(&config, {
        let (shutdown, steps) = (shutdown.clone(), steps.clone());
        move |_| {
            let (shutdown, steps) = (shutdown.clone(), steps.clone());
            async move {
                let (mut out, mut back) = pair().await;
                let _stepping = rt::spawn(async move {
                    let mut buffer = BytesMut::with_capacity(4096);
                    loop {
                        out.send_all(&mut VecDeque::from([Bytes::from_static(b"written")])).await.unwrap();
                        back.read(&mut buffer).await.unwrap();
                        buffer.clear();
                        steps.fetch_add(1, Ordering::Relaxed);
                        rt::yield_now().await;
                    }
                });
                // The wake of this wait comes from another thread, and so ends a stall too.
                shutdown.requested().await;
            }
        }
    })
    .unwrap();
    let begin = Instant::now();
    let (mut seen, mut looked) = (0, begin);
    let (mut stalled, mut longest) = (Duration::ZERO, Duration::ZERO);
    while begin.elapsed() < runs_for && longest < enough {
        thread::sleep(Duration::from_millis(1));
        let (now, before) = (steps.load(Ordering::Relaxed), std::mem::replace(&mut looked, Instant::now()));
        stalled = if now == seen { stalled + (looked - before).min(LOOK_MAX) } else { Duration::ZERO };
        seen = now;
        longest = longest.max(stalled);
    }
    shutdown.request();
    stop.store(true, Ordering::Relaxed);
    threads.join();
    spinners.into_iter().for_each(|spinner| spinner.join().unwrap());
    println!("{seen} steps in {:?}, longest stall {longest:?}", begin.elapsed());
    longest
}

#[test]
fn a_shard_with_work_never_sleeps_on_a_busy_machine() {
    let _alone = alone();
    let longest = longest_stall(Duration::from_secs(4), Duration::from_secs(3));
    assert!(longest < Duration::from_secs(2), "stalled for {longest:?}");
}

#[test]
fn many_sleeps_polled_again_and_again_do_not_stall() {
    let _alone = alone();
    run(|| async {
        let ended = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..2000_u64)
            .map(|number| {
                let ended = ended.clone();
                rt::spawn(async move {
                    let mut sleep = rt::sleep(Duration::from_millis(200 + number % 100));
                    let mut polls = 0;
                    // Polled anew at each round of the executor until it is due.
                    poll_fn(|cx| {
                        polls += 1;
                        if polls < 200 {
                            cx.waker().wake_by_ref();
                        }
                        Pin::new(&mut sleep).poll(cx)
                    })
                    .await;
                    ended.set(ended.get() + 1);
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
        assert_eq!(ended.get(), 2000);
    });
}

#[test]
fn sleeps_may_be_dropped_and_moved() {
    let _alone = alone();
    run(|| async {
        for _ in 0..100_000 {
            let mut long = rt::sleep(Duration::from_secs(3600));
            poll_fn(|cx| {
                assert!(Pin::new(&mut long).poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        // An earlier deadline than the one the kernel timer is set to must be noticed.
        let far = rt::spawn(rt::sleep(Duration::from_secs(3600)));
        rt::yield_now().await;
        rt::sleep(Duration::from_millis(2)).await;
        let mut moved = rt::sleep(Duration::from_secs(3600));
        assert!(rt::timeout(Duration::from_millis(2), &mut moved).await.is_err());
        moved.reset(rt::now().plus_millis(2));
        moved.await;
        far.cancel().await;
    });
}

#[test]
fn a_cancelled_read_loses_and_reorders_nothing() {
    const TOTAL: usize = 400_000;
    let _alone = alone();
    run(|| async {
        let (mut out, back) = pair().await;
        let (mut back, _kept) = back.into_split();
        let writer = rt::spawn(async move {
            let bytes: Vec<u8> = (0..TOTAL).map(|at| (at % 251) as u8).collect();
            let (mut at, mut size) = (0, 1);
            while at < TOTAL {
                let end = (at + size).min(TOTAL);
                out.send_all(&mut VecDeque::from([Bytes::copy_from_slice(&bytes[at..end])])).await.unwrap();
                (at, size) = (end, size * 7 % 1009);
                rt::sleep(Duration::from_micros(50)).await;
            }
            out
        });
        let mut buffer = BytesMut::with_capacity(64);
        let (mut at, mut cancelled) = (0, 0);
        while at < TOTAL {
            match rt::timeout(Duration::from_micros(40), back.read(&mut buffer)).await {
                Ok(count) => assert!(count.unwrap() > 0, "the stream ended at {at}"),
                Err(rt::Elapsed) => cancelled += 1,
            }
            for byte in buffer.split() {
                assert_eq!(byte, (at % 251) as u8, "at byte {at}, after {cancelled} cancelled reads");
                at += 1;
            }
        }
        assert!(cancelled > 0, "no read was cancelled, so nothing was shown");
        drop(writer.await);
    });
}

#[test]
fn a_vectored_write_sends_every_buffer() {
    let _alone = alone();
    run(|| async {
        let (mut out, mut back) = pair().await;
        // More slices than one call takes, empty ones among them, and more bytes than the socket holds.
        let buffers: VecDeque<Bytes> =
            (0..5000_usize).map(|number| Bytes::from(vec![number as u8; number % 2000])).collect();
        let expect: Vec<u8> = buffers.iter().flatten().copied().collect();
        let writer = rt::spawn(async move {
            let mut buffers = buffers;
            out.send_all(&mut buffers).await.unwrap();
            assert!(buffers.is_empty());
        });
        let mut got = BytesMut::new();
        while back.read(&mut got).await.unwrap() > 0 {}
        writer.await;
        assert!(got == expect, "{} of {} bytes, or other ones", got.len(), expect.len());
    });
}

#[test]
fn a_dropped_send_keeps_what_is_left() {
    let _alone = alone();
    run(|| async {
        let (mut out, mut back) = pair().await;
        let bytes: Vec<u8> = (0..32 * 1024 * 1024).map(|at: usize| (at % 251) as u8).collect();
        let mut buffers: VecDeque<Bytes> = bytes.chunks(100_000).map(Bytes::copy_from_slice).collect();
        // Nobody reads, so it cannot end.
        assert!(rt::timeout(Duration::from_millis(20), out.send_all(&mut buffers)).await.is_err());
        let writer = rt::spawn(async move { out.send_all(&mut buffers).await.unwrap() });
        let mut got = BytesMut::new();
        while got.len() < bytes.len() {
            assert!(back.read(&mut got).await.unwrap() > 0);
        }
        writer.await;
        assert!(got == bytes);
    });
}

/// Waits until something is so; only a hang takes this long.
async fn until(is_so: impl Fn() -> bool, otherwise: &str) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{otherwise}");
        rt::sleep(Duration::from_millis(5)).await;
    }
}

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn dropped_accepts_and_connections_leak_no_descriptor() {
    let _alone = alone();
    run(|| async {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
        let before = open_descriptors();
        for _ in 0..200 {
            // One accept is dropped while it waits, the next is cut off with its connection at hand.
            assert!(rt::timeout(Duration::from_micros(10), listener.accept()).await.is_err());
            let client = TcpStream::connect(listener.local_addr()).await.unwrap();
            drop(rt::timeout(Duration::from_secs(5), listener.accept()).await);
            drop(client);
        }
        until(|| open_descriptors() <= before + 4, "descriptors of dropped connections stay open").await;
    });
}

#[test]
fn what_still_waits_at_the_end_of_a_shard_is_dropped() {
    struct Told(Arc<AtomicU64>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let _alone = alone();
    let dropped = Arc::new(AtomicU64::new(0));
    let before = open_descriptors();
    let told = dropped.clone();
    run(move || {
        let told = told.clone();
        async move {
            let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), true).unwrap();
            let (told_read, told_sleep, told_new) =
                (Told(told.clone()), Told(told.clone()), Told(told.clone()));
            let client = TcpStream::connect(listener.local_addr()).await.unwrap();
            let mut server = listener.accept().await.unwrap();
            rt::spawn(async move {
                let _told = told_read;
                let _client = client;
                server.read(&mut BytesMut::new()).await
            })
            .detach();
            rt::spawn_background(async move {
                let _told = told_sleep;
                rt::sleep(Duration::from_secs(3600)).await;
            })
            .detach();
            rt::spawn(async move {
                let _told = told_new;
                let _ = listener.accept().await;
            })
            .detach();
            rt::sleep(Duration::from_millis(5)).await;
        }
    });
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
    // Threads of the runtime that are still ending close theirs a moment later.
    let began = Instant::now();
    while open_descriptors() > before {
        assert!(began.elapsed() < Duration::from_secs(60), "descriptors stay open after the shard");
        std::thread::sleep(Duration::from_millis(5));
    }
}
