//! Shards as a whole: start, end, tasks, the mesh, blocking work.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use headwater_core::ids::ShardId;
use headwater_net::rt::{self, PerShard, RtConfig, StartError};

fn config(shards: usize) -> RtConfig {
    RtConfig { shards, ring_depth: 64, ..RtConfig::default() }
}

#[test]
fn every_shard_runs_and_answers() {
    let answers = rt::run_shards(&config(3), |shard| async move {
        rt::sleep(Duration::from_millis(5)).await;
        assert_eq!(rt::shard(), shard);
        shard.get()
    });
    assert_eq!(answers.unwrap().join(), [0, 1, 2]);
}

#[test]
fn the_mesh_answers_every_request() {
    const REQUESTS: u64 = 2000;
    let ends = PerShard::new(rt::mesh::<u64>(3, 8));
    let done = Arc::new(AtomicUsize::new(0));
    let sums = rt::run_shards(&config(3), move |shard| {
        let (end, done) = (Rc::new(ends.take(shard)), done.clone());
        async move {
            let sum = Rc::new(RefCell::new(0));
            let finished = rt::Event::new();
            let receiver = rt::spawn({
                let (end, sum, finished) = (end.clone(), sum.clone(), finished.clone());
                async move {
                    let mut answered = 0;
                    loop {
                        let (from, message) = end.recv().await;
                        if message % 2 == 0 {
                            end.send_reply(from, message + 1); // even: a request; odd: its answer
                        } else {
                            *sum.borrow_mut() += message;
                            answered += 1;
                            if answered == 2 * REQUESTS {
                                finished.notify();
                            }
                        }
                    }
                }
            });
            for number in 0..REQUESTS {
                for to in 0..3 {
                    if to != shard.get() {
                        end.send_request(ShardId::new(to), number * 2).await.unwrap();
                    }
                }
            }
            finished.wait().await;
            // Others may still need this shard's answers.
            done.fetch_add(1, Ordering::AcqRel);
            while done.load(Ordering::Acquire) < 3 {
                rt::sleep(Duration::from_millis(1)).await;
            }
            receiver.cancel().await;
            sum.take()
        }
    });
    let expect: u64 = 2 * (0..REQUESTS).map(|number| number * 2 + 1).sum::<u64>();
    assert_eq!(sums.unwrap().join(), [expect; 3]);
}

#[test]
fn blocking_work_answers_and_a_panic_is_an_error() {
    let threads = rt::run_shards(&config(1), |_| async {
        assert_eq!(rt::spawn_blocking(|| 6 * 7).await, Ok(42));
        let error = rt::spawn_blocking(|| -> u8 { panic!("no disk") }).await.unwrap_err();
        assert_eq!(error.to_string(), "blocking work panicked: no disk");
        assert_eq!(rt::spawn_blocking(|| "still alive").await, Ok("still alive"));
    });
    threads.unwrap().join();
}

#[test]
fn a_task_gives_its_result_or_is_dropped_when_cancelled() {
    let threads = rt::run_shards(&config(1), |_| async {
        assert_eq!(rt::spawn(async { 7 }).await, 7);
        assert_eq!(rt::spawn_background(async { 8 }).await, 8);

        let held = Rc::new(());
        let inside = held.clone();
        let task = rt::spawn(async move {
            let _inside = inside;
            rt::sleep(Duration::from_secs(3600)).await;
        });
        rt::yield_now().await;
        assert_eq!(task.cancel().await, None);
        assert_eq!(Rc::strong_count(&held), 1, "cancelled means dropped");

        let inside = held.clone();
        drop(rt::spawn(async move {
            let _inside = inside;
            rt::sleep(Duration::from_secs(3600)).await;
        }));
        // Otherwise for an hour.
        while Rc::strong_count(&held) > 1 {
            rt::sleep(Duration::from_millis(1)).await;
        }

        let inside = held.clone();
        rt::spawn(async move {
            rt::sleep(Duration::from_millis(2)).await;
            drop(inside);
        })
        .detach();
        while Rc::strong_count(&held) > 1 {
            rt::sleep(Duration::from_millis(1)).await;
        }
    });
    threads.unwrap().join();
}

#[test]
fn a_configuration_that_contradicts_itself_is_refused() {
    for bad in [config(0), RtConfig { cpus: vec![0], ..config(2) }] {
        let answer = rt::run_shards(&bad, |_| async {});
        assert!(matches!(answer.err(), Some(StartError::Config(_))), "{bad:?}");
    }
}

#[test]
fn pinned_shards_run() {
    let threads = rt::run_shards(&RtConfig { cpus: vec![0], ..config(1) }, |_| async {
        rt::spawn_blocking(|| ()).await.unwrap();
    });
    threads.unwrap().join();
}

#[test]
fn background_work_gets_a_part_and_requests_the_rest() {
    let threads = rt::run_shards(&config(1), |_| async {
        let (requests, background) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        // Each computes a slice and is ready again at once, so that both queues are always full.
        let busy = |count: Rc<Cell<u64>>| async move {
            loop {
                let end = rt::now().nanos() + 50_000;
                while rt::now().nanos() < end {}
                count.set(count.get() + 1);
                rt::yield_now().await;
            }
        };
        let _requests: Vec<_> = (0..10).map(|_| rt::spawn(busy(requests.clone()))).collect();
        let _background: Vec<_> = (0..10).map(|_| rt::spawn_background(busy(background.clone()))).collect();
        while requests.get() + background.get() < 600 {
            rt::sleep(Duration::from_millis(1)).await;
        }
        // A fifth beside the requests' five, by time; counted, so that a thread that was descheduled matters little.
        let share = background.get() * 100 / (requests.get() + background.get());
        assert!((5..=35).contains(&share), "background work had {share} % of a busy shard");
    });
    threads.unwrap().join();
}

#[test]
fn wakes_of_other_threads_are_never_lost() {
    let threads = rt::run_shards(&config(2), |_| async {
        // Each round sleeps until the pool answers; one lost wake would end this test by the runner's patience.
        for round in 0..5000_u32 {
            assert_eq!(rt::spawn_blocking(move || round).await, Ok(round));
        }
    });
    threads.unwrap().join();
}
