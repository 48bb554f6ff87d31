//! Clients that break the rules, and too many that keep them: the broker's memory stays bounded, and a client beside them
//! is served as if they were not there.
//!
//! The neighbour is `headwater loadgen run`: it fails if a record is lost or late beyond reason.

mod broker;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use broker::wire::{Socket, decode, request};
use broker::{Broker, Running, SMALL, seed, single, skip};
use headwater_core::ErrorCode;
use headwater_core::wire::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use headwater_core::wire::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use headwater_core::wire::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use headwater_loadgen::rng::Rng;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, getrlimit};

/// Bounds that are small enough for a test to reach.
const BOUNDED: &[&str] = &[
    "--set",
    "headwater.inflight.bytes=33554432",
    "--set",
    "socket.request.max.bytes=16777216",
    "--set",
    "headwater.cache.bytes=8388608",
    "--set",
    "headwater.heads.bytes=8388608",
];
/// What a broker with [`BOUNDED`] may have resident at most: the bounds twice (requests, replies), the heads, the cache,
/// the runtime's buffers, and as much again for the allocator's slack and the code of a debug build.
const RESIDENT_KIB_MAX: u64 = 256 * 1024;

fn bounded(more: &[&str]) -> Broker {
    Broker::start(&[SMALL, BOUNDED, more].concat())
}

/// Runs `attack` beside a neighbour; both get to their ends, and the broker stays small. What the attack answers is
/// held until the neighbour is done.
fn check<T>(broker: &Broker, attack: impl FnOnce(&Broker) -> T) {
    let args =
        ["loadgen", "run", "--topic", "neighbour", "--partitions", "2", "--rate", "500", "--size", "200"];
    let mut neighbour = broker.command(&args);
    neighbour.args(["--warmup", "0s", "--duration", "4s"]);
    let output = std::fs::File::create(broker.folder().join("neighbour")).unwrap();
    let mut neighbour =
        Running(neighbour.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap());
    let held = attack(broker);
    let status = neighbour.wait();
    let said = std::fs::read_to_string(broker.folder().join("neighbour")).unwrap();
    assert!(status.success(), "the neighbour: {status}\n{said}\n--- the broker said\n{}", broker.log());
    assert!(!said.contains("connections lost"), "the neighbour was thrown out\n{said}");
    let peak = broker.kib("VmHWM");
    assert!(peak < RESIDENT_KIB_MAX, "the broker had {peak} KiB\n{}", broker.log());
    assert!(Socket::open(&broker.address).is_served());
    drop(held);
    assert!(!broker.log().contains("panicked"), "{}", broker.log());
}

#[test]
fn garbage_ends_its_connection_only() {
    let broker = bounded(&[]);
    let mut rng = Rng::new(seed("hostile garbage"));
    check(&broker, |broker| {
        for round in 0..300 {
            let mut bytes = vec![0; 1 + rng.below(2000) as usize];
            rng.fill(&mut bytes);
            let body = bytes.len().saturating_sub(4) as u32;
            match round % 3 {
                // Whatever a port scanner sends.
                0 => {}
                // A frame of the right length with nonsense in it.
                1 if bytes.len() > 4 => bytes[..4].copy_from_slice(&body.to_be_bytes()),
                // An API and version that are served, then nonsense.
                _ if bytes.len() > 14 => {
                    bytes[..4].copy_from_slice(&body.to_be_bytes());
                    let key =
                        [0u8, 1, 2, 3, 8, 9, 10, 11, 18, 19, 22, 32, 37, 42, 60, 75][rng.below(16) as usize];
                    bytes[4..8].copy_from_slice(&[0, key, 0, rng.below(12) as u8]);
                    bytes[12..14].copy_from_slice(&[0xff, 0xff]);
                }
                _ => {}
            }
            let mut socket = TcpStream::connect(&broker.address).unwrap();
            // The broker may have closed it in the middle of this.
            let _ = socket.write_all(&bytes);
            let _ = socket.shutdown(std::net::Shutdown::Write);
            assert!(Socket(socket).is_closed());
        }
    });
}

#[test]
fn lengths_that_cannot_be_are_refused_at_once() {
    let broker = bounded(&[]);
    for length in [-1, i32::MIN, i32::MAX, 16_777_217, 0x1603_0100, i32::from_be_bytes(*b"GET ")] {
        let mut socket = Socket::open(&broker.address);
        socket.0.write_all(&length.to_be_bytes()).unwrap();
        assert!(socket.is_closed(), "{length}");
    }
    // Lengths inside a frame are not taken on trust either: two thousand million topics.
    for (key, version) in [(3, 1), (1, 4), (0, 3), (2, 1), (19, 2)] {
        let mut socket = Socket::open(&broker.address);
        let mut frame = request(key, version, false, &Raw(&[0x7f; 64]));
        let length = (frame.len() - 4) as i32;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        socket.0.write_all(&frame).unwrap();
        assert!(socket.is_closed(), "API {key}");
    }
    check(&broker, |_| ());
}

#[test]
fn half_frames_hold_no_memory_that_did_not_come() {
    let broker = bounded(&[]);
    broker.run(&["topic", "create", "t", "--partitions", "1"]);
    check(&broker, |broker| {
        // Each announces as much as is allowed and sends a little of it: together fifty times what requests may hold.
        let held: Vec<_> = (0..100)
            .map(|_| {
                let mut socket = Socket::open(&broker.address);
                socket.0.write_all(&16_777_216i32.to_be_bytes()).unwrap();
                socket.0.write_all(&[0, 0, 0, 9]).unwrap();
                socket
            })
            .collect();
        // One that comes whole, and is large enough to need some of what they announced.
        let whole = single::produce(&mut Socket::open(&broker.address));
        assert_eq!(whole, Some((ErrorCode::None, 0)));
        held
    });
}

#[test]
fn memory_for_requests_is_taken_from_those_who_stop_in_the_middle() {
    let broker = bounded(&[]);
    broker.run(&["topic", "create", "t", "--partitions", "1"]);
    // Of each there is enough that room is made for all of it: two take what there is, and the third waits for it.
    let held: Vec<_> = (0..3)
        .map(|_| {
            let mut socket = Socket::open(&broker.address);
            socket.0.write_all(&16_000_000i32.to_be_bytes()).unwrap();
            socket.0.write_all(&[0; 64 << 10]).unwrap();
            assert!(Socket::open(&broker.address).is_served(), "small requests need none of it");
            socket
        })
        .collect();
    // Less than a broker waits for anybody who does not go on, however much memory there is (30 s).
    let mut whole = Socket::open(&broker.address);
    whole.0.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
    assert_eq!(single::produce(&mut whole), Some((ErrorCode::None, 0)));
    assert!(is_one_closed(held));
}

/// Whether the broker closes one of these. All are asked at once: one that stays open says so only after a minute.
fn is_one_closed(sockets: Vec<Socket>) -> bool {
    let (said, saying) = mpsc::channel();
    for mut socket in sockets {
        let said = said.clone();
        // It ends with the broker, if it is not waited for.
        std::thread::spawn(move || said.send(socket.is_closed()));
    }
    drop(said);
    saying.iter().any(|is_closed| is_closed)
}

/// A fetch of partition 0 of a topic from its beginning.
fn fetch(topic: &str, max_wait_ms: i32) -> Vec<u8> {
    let partition = FetchPartition { partition: 0, partition_max_bytes: 1 << 20, ..Default::default() };
    let body = FetchRequest {
        max_wait_ms,
        min_bytes: 1,
        max_bytes: 50 << 20,
        session_epoch: -1,
        topics: vec![FetchTopic { topic: topic.into(), partitions: vec![partition], ..Default::default() }],
        ..Default::default()
    };
    request(1, 11, false, &body)
}

/// A broker with some 8 MB in topic `big`.
fn with_a_big_topic() -> Broker {
    let broker = bounded(&[]);
    broker.run(&["topic", "create", "big", "--partitions", "1"]);
    let load = ["--rate", "4000", "--warmup", "0s", "--duration", "2s", "--consumers", "0"];
    broker.run(&[&["loadgen", "run", "--topic", "big"], &load[..]].concat());
    broker
}

/// A client that asks for some hundred replies of a MiB.
fn greedy(broker: &Broker) -> Socket {
    let socket = Socket::open(&broker.address);
    socket.0.set_nonblocking(true).unwrap();
    // What does not fit the socket's buffers need not be sent.
    let _ = (&socket.0).write(&fetch("big", 0).repeat(100));
    socket.0.set_nonblocking(false).unwrap();
    socket
}

#[test]
fn slow_readers_are_not_fed() {
    let broker = with_a_big_topic();
    // They stay until the neighbour is done, and take nothing.
    check(&broker, |broker| (0..60).map(|_| greedy(broker)).collect::<Vec<_>>());
}

/// Whether the broker has closed the connection. The end of one that nobody reads from does not come, behind what was sent
/// before; but a byte for somebody who is gone is refused.
fn is_thrown_out(socket: &Socket) -> bool {
    let _ = (&socket.0).write(&[0]);
    let mut polled = [PollFd::new(&socket.0, PollFlags::RDHUP)];
    poll(&mut polled, Some(&Timespec::default())).unwrap();
    polled[0].revents().intersects(PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR)
}

#[test]
fn memory_for_replies_is_taken_from_those_who_do_not_read() {
    let broker = with_a_big_topic();
    // One of them reads, if slowly: 512 KiB a second, by the clock, so that it makes up for what it was kept from.
    let mut slow = greedy(&broker);
    let (stop, stopped) = mpsc::channel::<()>();
    let slow = std::thread::spawn(move || {
        let (mut bytes, began, mut read) = (vec![0; 32 << 10], Instant::now(), 0);
        while stopped.recv_timeout(Duration::from_millis(50)) == Err(RecvTimeoutError::Timeout) {
            while read < began.elapsed().as_millis() as usize * 512 {
                slow.0.read_exact(&mut bytes).expect("who reads is not thrown out");
                read += bytes.len();
            }
        }
    });
    let mut held: Vec<Socket> = (0..60).map(|_| greedy(&broker)).collect();
    // Until somebody else is served because one of them was thrown out: there was nothing left.
    while !held.iter().any(is_thrown_out) {
        let mut reader = Socket::open(&broker.address);
        reader.0.write_all(&fetch("big", 0)).unwrap();
        // Half of what a broker waits for anybody who does not read, however much memory there is.
        reader.0.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        let reply = reader.receive().expect("who reads is served");
        let reply: FetchResponse<'_> = decode(&reply, 11, false);
        assert!(reply.responses[0].partitions[0].high_watermark > 0);
        held.push(greedy(&broker));
        assert!(held.len() < 200, "two hundred who do not read, and there is memory left");
    }
    stop.send(()).unwrap();
    slow.join().unwrap();
}

#[test]
fn consumers_that_wait_do_not_stop_those_who_need_not() {
    let broker = bounded(&[]);
    broker.run(&["topic", "create", "quiet", "--partitions", "1"]);
    broker.run(&["topic", "create", "full", "--partitions", "1"]);
    let mut produce =
        Running(broker.command(&["produce", "full"]).stdin(std::process::Stdio::piped()).spawn().unwrap());
    produce.0.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    assert!(produce.wait().success());
    // Each may get a large reply, some day.
    let waiting: Vec<_> = (0..200)
        .map(|_| {
            let mut socket = Socket::open(&broker.address);
            socket.0.write_all(&fetch("quiet", 3_600_000)).unwrap();
            socket
        })
        .collect();
    let mut reader = Socket::open(&broker.address);
    reader.0.write_all(&fetch("full", 0)).unwrap();
    let reply = reader.receive().expect("the reader is served");
    let reply: FetchResponse<'_> = decode(&reply, 11, false);
    assert_eq!(reply.responses[0].partitions[0].high_watermark, 1);
    drop(waiting);
}

#[test]
fn a_crowd_of_idle_connections_costs_little() {
    // Both ends of each, and some for everything else; the broker has the same limit.
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let many = limit.saturating_sub(1000).min(10_000) as usize;
    if many < 100 {
        return skip("a_crowd_of_idle_connections_costs_little", "the limit on open files is too low");
    }
    let broker = bounded(&[]);
    let before = broker.kib("VmRSS");
    check(&broker, |broker| {
        let mut crowd: Vec<_> = (0..many).map(|_| Socket::open(&broker.address)).collect();
        // All have been served once: what that cost stays.
        for socket in &mut crowd {
            assert!(socket.is_served());
        }
        let each = broker.kib("VmRSS").saturating_sub(before) / many as u64;
        println!("{many} connections, {each} KiB each");
        assert!(each < 24, "{each} KiB each");
    });
}

#[test]
fn the_limit_on_connections_answers_by_closing() {
    let broker = bounded(&["--set", "max.connections.per.ip=20"]);
    let mut served: Vec<_> = (0..20).map(|_| Socket::open(&broker.address)).collect();
    assert!(served.iter_mut().all(Socket::is_served));
    for _ in 0..5 {
        assert!(Socket::open(&broker.address).is_closed());
    }
    assert!(served.iter_mut().all(Socket::is_served));
    // A place that is given back is taken; the broker sees the end a moment later than we do.
    served.pop();
    while !Socket::open(&broker.address).is_served() {
        std::thread::yield_now();
    }
    // Another limit holds at once, and who is there stays.
    let name = "max.connections.per.ip".into();
    let config = AlterableConfig { name, config_operation: 0, value: Some("25".into()) };
    let resource = AlterConfigsResource { resource_type: 4, resource_name: "".into(), configs: vec![config] };
    let alter = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    served[0].0.write_all(&request(44, 0, false, &alter)).unwrap();
    let reply = served[0].receive().unwrap();
    let reply: IncrementalAlterConfigsResponse<'_> = decode(&reply, 0, false);
    assert_eq!(reply.responses[0].error_code, 0);
    while served.len() < 25 {
        let mut more = Socket::open(&broker.address);
        if more.is_served() {
            served.push(more);
        }
    }
    assert!(Socket::open(&broker.address).is_closed());
    assert!(served.iter_mut().all(Socket::is_served));
}

/// Bytes as they are.
struct Raw<'a>(&'a [u8]);

impl headwater_core::wire::Encode for Raw<'_> {
    fn encode(&self, writer: &mut headwater_core::wire::Writer, _: i16) {
        writer.raw(self.0);
    }
}
