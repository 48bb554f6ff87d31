//! What concerns the whole process, tried in a child: a panic, signals, a low limit on locked memory.
//!
//! Each child is this test program again, running one `child_…` test; elsewhere those return at once.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use headwater_net::rt::{self, RtConfig, Shutdown};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, setrlimit};

fn config() -> RtConfig {
    RtConfig { ring_depth: 64, ..RtConfig::default() }
}

/// Set in the environment of a child.
const IN_CHILD: &str = "HEADWATER_RT_CHILD";

fn in_child() -> bool {
    std::env::var_os(IN_CHILD).is_some()
}

fn child(name: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    Command::new(program)
        .args([name, "--exact", "--nocapture"])
        .env(IN_CHILD, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn until_ready(child: &mut Child) -> BufReader<std::process::ChildStdout> {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("shards run") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "the child ended before it was ready");
    }
    out
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn a_panic_in_a_shard_ends_the_process_and_names_the_shard() {
    let output = child("child_panics").wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{error}");
    assert!(error.contains("the index is broken"), "{error}");
    assert!(error.contains("shard 1 panicked; the process stops"), "{error}");
}

#[test]
fn child_panics() {
    if !in_child() {
        return;
    }
    let threads = rt::run_shards(&RtConfig { shards: 2, ..config() }, |shard| async move {
        rt::spawn(async move {
            rt::sleep(Duration::from_millis(5)).await;
            assert!(shard.get() == 0, "the index is broken");
        })
        .detach();
        rt::sleep(Duration::from_secs(60)).await;
    });
    threads.unwrap().join();
}

#[test]
fn the_first_signal_asks_for_the_shutdown() {
    for number in [Signal::TERM, Signal::INT] {
        let mut child = child("child_stops_when_asked");
        let mut out = until_ready(&mut child);
        signal(&child, number);
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert!(child.wait().unwrap().success());
        assert!(rest.contains("2 shards ended"), "{rest}");
    }
}

#[test]
fn child_stops_when_asked() {
    if !in_child() {
        return;
    }
    let shutdown = Shutdown::new();
    shutdown.on_signals().unwrap();
    let threads = rt::run_shards(&RtConfig { shards: 2, ..config() }, move |_| {
        let shutdown = shutdown.clone();
        async move { shutdown.requested().await }
    });
    println!("shards run");
    println!("{} shards ended", threads.unwrap().join().len());
}

#[test]
fn the_second_signal_ends_the_process_at_once() {
    let mut child = child("child_never_stops");
    let _out = until_ready(&mut child);
    signal(&child, Signal::TERM);
    // Two signals at once may reach the child as one.
    let status = loop {
        std::thread::sleep(Duration::from_millis(20));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let _ = kill_process(Pid::from_child(&child), Signal::TERM);
    };
    assert_eq!(status.code(), Some(128 + 15));
}

#[test]
fn child_never_stops() {
    if !in_child() {
        return;
    }
    Shutdown::new().on_signals().unwrap();
    println!("shards run");
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_low_limit_on_locked_memory_does_not_matter() {
    let output = child("child_has_little_locked_memory").wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn child_has_little_locked_memory() {
    if !in_child() {
        return;
    }
    let limit = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Memlock, limit).unwrap();
    rt::run_shards(&config(), |_| rt::sleep(Duration::from_millis(1))).unwrap().join();
}
