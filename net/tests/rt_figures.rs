//! Figures of the runtime for docs/design/0008-reactor.md. They assert nothing.
//! `cargo test --release -p headwater-net --test rt_figures -- --ignored --nocapture --test-threads 1`

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use headwater_core::ids::ShardId;
use headwater_net::rt::{self, Listener, PerShard, RtConfig, ShardThreads, Shutdown, TcpStream};
use rustix::time::{ClockId, clock_gettime};

fn cpu() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}

/// Processor time of the process less that of the thread that asks: what the shards used.
fn cpu_of_others() -> Duration {
    let own = clock_gettime(ClockId::ThreadCPUTime);
    cpu() - Duration::new(own.tv_sec as u64, own.tv_nsec as u32)
}

fn percentiles(mut nanos: Vec<u64>) -> String {
    nanos.sort_unstable();
    let at = |share: usize| nanos[nanos.len() * share / 1000] as f64 / 1000.0;
    format!("p50 {:.1} µs, p99 {:.1} µs, p99.9 {:.1} µs", at(500), at(990), at(999))
}

fn echo_server() -> (SocketAddr, Shutdown, ShardThreads<()>) {
    let (tell, told) = mpsc::channel();
    let shutdown = Shutdown::new();
    let threads = rt::run_shards(&RtConfig::default(), {
        let shutdown = shutdown.clone();
        move |_| {
            let (tell, shutdown) = (tell.clone(), shutdown.clone());
            async move {
                let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), true).unwrap();
                tell.send(listener.local_addr()).unwrap();
                rt::spawn(async move {
                    loop {
                        let stream = listener.accept().await.unwrap();
                        rt::spawn(echo(stream)).detach();
                    }
                })
                .detach();
                shutdown.requested().await;
            }
        }
    });
    (told.recv().unwrap(), shutdown, threads.unwrap())
}

async fn echo(mut stream: TcpStream) {
    let mut buffer = BytesMut::with_capacity(64 * 1024);
    while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
        let bytes = buffer.split().freeze();
        if stream.send_all(&mut VecDeque::from([bytes])).await.is_err() {
            return;
        }
        buffer.reserve(16 * 1024);
    }
}

#[test]
#[ignore = "measures"]
fn echo_of_100_bytes_from_a_blocking_client() {
    let (addr, shutdown, threads) = echo_server();
    let mut client = std::net::TcpStream::connect(addr).unwrap();
    client.set_nodelay(true).unwrap();
    let (mut nanos, cpu_before) = (Vec::new(), cpu_of_others());
    for _ in 0..30_000 {
        let start = Instant::now();
        client.write_all(&[7; 100]).unwrap();
        client.read_exact(&mut [0; 100]).unwrap();
        nanos.push(start.elapsed().as_nanos() as u64);
    }
    let each = (cpu_of_others() - cpu_before).as_secs_f64() * 1e6 / 30_000.0;
    println!("echo 100 B: {}, {each:.1} µs of the server's processor each", percentiles(nanos));
    drop(client);
    shutdown.request();
    threads.join();
}

#[test]
#[ignore = "measures"]
fn echo_at_a_hundred_a_second() {
    let (addr, shutdown, threads) = echo_server();
    let mut client = std::net::TcpStream::connect(addr).unwrap();
    client.set_nodelay(true).unwrap();
    let (mut nanos, cpu_before) = (Vec::new(), cpu_of_others());
    for _ in 0..500 {
        let start = Instant::now();
        client.write_all(&[7; 100]).unwrap();
        client.read_exact(&mut [0; 100]).unwrap();
        nanos.push(start.elapsed().as_nanos() as u64);
        thread::sleep(Duration::from_millis(10));
    }
    let share = (cpu_of_others() - cpu_before).as_secs_f64() / 5.0 * 100.0;
    println!("echo 100/s: {}, {share:.2} % of a core", percentiles(nanos));
    drop(client);
    shutdown.request();
    threads.join();
}

#[test]
#[ignore = "measures"]
fn echo_of_64_connections_on_one_shard() {
    let (addr, shutdown, threads) = echo_server();
    // One client thread for all, each connection with one message on the way.
    let mut clients: Vec<_> = (0..64).map(|_| std::net::TcpStream::connect(addr).unwrap()).collect();
    clients.iter().for_each(|client| client.set_nodelay(true).unwrap());
    let (mut count, begin, cpu_before) = (0_u64, Instant::now(), cpu_of_others());
    while begin.elapsed() < Duration::from_secs(3) {
        clients.iter_mut().for_each(|client| client.write_all(&[7; 100]).unwrap());
        clients.iter_mut().for_each(|client| client.read_exact(&mut [0; 100]).unwrap());
        count += 64;
    }
    let rate = count as f64 / begin.elapsed().as_secs_f64();
    let each = (cpu_of_others() - cpu_before).as_secs_f64() * 1e6 / count as f64;
    println!("echo 100 B, 64 connections: {rate:.0} a second, {each:.1} µs of processor each");
    drop(clients);
    shutdown.request();
    threads.join();
}

#[test]
#[ignore = "measures"]
fn mesh_round_trip() {
    for busy in [1, 32] {
        let ends = PerShard::new(rt::mesh::<u64>(2, 64));
        let config = RtConfig { shards: 2, ..RtConfig::default() };
        let threads = rt::run_shards(&config, move |shard| {
            let end = Rc::new(ends.take(shard));
            async move {
                if shard.get() == 1 {
                    loop {
                        let (from, number) = end.recv().await;
                        if number == u64::MAX {
                            return;
                        }
                        end.send_reply(from, number);
                    }
                }
                let other = ShardId::new(1);
                let mut nanos = Vec::new();
                for round in 0..20_000 {
                    let start = Instant::now();
                    for _ in 0..busy {
                        end.send_request(other, round).await.unwrap();
                    }
                    for _ in 0..busy {
                        end.recv().await;
                    }
                    nanos.push(start.elapsed().as_nanos() as u64 / busy);
                }
                println!("mesh round trip, {busy} at a time, each: {}", percentiles(nanos));
                end.send_notice(other, u64::MAX).await.unwrap();
            }
        });
        threads.unwrap().join();
    }
}

#[test]
#[ignore = "measures"]
fn idle_shards() {
    let config = RtConfig { shards: 2, ..RtConfig::default() };
    let threads = rt::run_shards(&config, |_| rt::sleep(Duration::from_secs(6))).unwrap();
    thread::sleep(Duration::from_millis(500));
    let before = cpu();
    thread::sleep(Duration::from_secs(5));
    let share = (cpu() - before).as_secs_f64() / 5.0;
    println!("two idle shards: {:.3} % of a core", share * 100.0);
    threads.join();
}

#[test]
#[ignore = "measures"]
fn sending_one_gibibyte() {
    let threads = rt::run_shards(&RtConfig { shards: 2, ..RtConfig::default() }, {
        let ends = PerShard::new(rt::mesh::<SocketAddr>(2, 4));
        move |shard| {
            let end = ends.take(shard);
            async move {
                if shard.get() == 0 {
                    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
                    end.send_notice(ShardId::new(1), listener.local_addr()).await.unwrap();
                    let mut stream = listener.accept().await.unwrap();
                    let (mut buffer, mut count, begin) =
                        (BytesMut::with_capacity(256 * 1024), 0, Instant::now());
                    while stream.read(&mut buffer).await.unwrap() > 0 {
                        count += buffer.len();
                        buffer.clear();
                    }
                    let rate = count as f64 / begin.elapsed().as_secs_f64() / 1e9;
                    println!("one stream between two shards: {rate:.2} GB/s");
                } else {
                    let (_, addr) = end.recv().await;
                    let mut stream = TcpStream::connect(addr).await.unwrap();
                    let chunk = Bytes::from(vec![7; 128 * 1024]);
                    for _ in 0..1024 {
                        stream.send_all(&mut vec![chunk.clone(); 8].into()).await.unwrap();
                    }
                }
            }
        }
    });
    threads.unwrap().join();
}
