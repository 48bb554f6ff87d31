//! Sockets: echo, port sharing, handing a connection to another shard, files.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::Write;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use headwater_core::ids::ShardId;
use headwater_net::rt::{self, Listener, PerShard, RtConfig, Shutdown, TcpStream};

fn config(shards: usize) -> RtConfig {
    RtConfig { shards, ring_depth: 64, ..RtConfig::default() }
}

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

async fn echo(mut stream: TcpStream) {
    let mut buffer = BytesMut::new();
    while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
        stream.send_all(&mut VecDeque::from([buffer.split().freeze()])).await.unwrap();
    }
}

async fn ask(stream: &mut TcpStream, text: &'static str) {
    stream.send_all(&mut VecDeque::from([Bytes::from_static(text.as_bytes())])).await.unwrap();
    let mut buffer = BytesMut::new();
    while buffer.len() < text.len() {
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
    }
    assert_eq!(buffer, text);
}

#[test]
fn an_echo_goes_round() {
    let threads = rt::run_shards(&config(1), |_| async {
        let listener = Listener::bind(any_port(), false).unwrap();
        let addr = listener.local_addr();
        rt::spawn(async move { echo(listener.accept().await.unwrap()).await }).detach();
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.set_keepalive(Duration::from_secs(60)).unwrap();
        assert_eq!(stream.peer_addr(), addr);
        for _ in 0..100 {
            ask(&mut stream, "there and back").await;
        }
    });
    threads.unwrap().join();
}

#[test]
fn a_refused_connection_is_an_error() {
    let threads = rt::run_shards(&config(1), |_| async {
        // Held, so that nobody else is given the port, and not listened at.
        let held = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        held.bind(&any_port().into()).unwrap();
        let silent = held.local_addr().unwrap().as_socket().unwrap();
        let error = TcpStream::connect(silent).await.err().expect("nobody listens there");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    });
    threads.unwrap().join();
}

#[test]
fn shards_share_a_port() {
    const CONNECTIONS: u32 = 100;
    let addr: Arc<OnceLock<SocketAddr>> = Arc::default();
    let shutdown = Shutdown::new();
    let accepted = rt::run_shards(&config(2), move |shard| {
        let (addr, shutdown) = (addr.clone(), shutdown.clone());
        async move {
            // The first resolves port 0, the second joins it.
            let listener = if shard.get() == 0 {
                let listener = Listener::bind(any_port(), true).unwrap();
                addr.set(listener.local_addr()).unwrap();
                listener
            } else {
                while addr.get().is_none() {
                    rt::sleep(Duration::from_millis(1)).await;
                }
                Listener::bind(*addr.get().unwrap(), true).unwrap()
            };
            let accepted = Rc::new(Cell::new(0));
            let counted = accepted.clone();
            let local = listener.local_addr();
            let accepting = rt::spawn(async move {
                loop {
                    let stream = listener.accept().await.unwrap();
                    counted.set(counted.get() + 1);
                    rt::spawn(echo(stream)).detach();
                }
            });
            if shard.get() == 1 {
                for _ in 0..CONNECTIONS {
                    ask(&mut TcpStream::connect(local).await.unwrap(), "which one?").await;
                }
                shutdown.request();
            }
            shutdown.requested().await;
            accepting.cancel().await;
            accepted.get()
        }
    });
    let accepted = accepted.unwrap().join();
    assert_eq!(accepted.iter().sum::<u32>(), CONNECTIONS);
    assert!(accepted.iter().all(|count| *count > 0), "{accepted:?}");
}

#[test]
fn a_connection_moves_to_another_shard_with_its_unread_bytes() {
    let ends = PerShard::new(rt::mesh::<OwnedFd>(2, 4));
    let threads = rt::run_shards(&config(2), move |shard| {
        let end = ends.take(shard);
        async move {
            if shard.get() == 0 {
                let listener = Listener::bind(any_port(), false).unwrap();
                let mut client = TcpStream::connect(listener.local_addr()).await.unwrap();
                let accepted = listener.accept().await.unwrap();
                let asking = rt::spawn(async move {
                    ask(&mut client, "sent before the move").await;
                    ask(&mut client, "sent after").await;
                });
                rt::yield_now().await;
                end.send_notice(ShardId::new(1), accepted.into_fd()).await.unwrap();
                asking.await;
            } else {
                let (_, fd) = end.recv().await;
                echo(TcpStream::from_fd(fd).unwrap()).await;
            }
        }
    });
    threads.unwrap().join();
}

#[test]
fn halves_read_and_write_at_the_same_time() {
    const TOTAL: usize = 8 * 1024 * 1024;
    let threads = rt::run_shards(&config(1), |_| async {
        let listener = Listener::bind(any_port(), false).unwrap();
        let addr = listener.local_addr();
        rt::spawn(async move { echo(listener.accept().await.unwrap()).await }).detach();
        let (mut read, mut write) = TcpStream::connect(addr).await.unwrap().into_split();
        // More than both socket buffers hold: if a read kept a write from going on, this would hang.
        let writing = rt::spawn(async move {
            let mut buffers =
                (0..TOTAL / 65536).map(|number| Bytes::from(vec![number as u8; 65536])).collect();
            write.send_all(&mut buffers).await.unwrap();
            write.finish();
        });
        let (mut buffer, mut count) = (BytesMut::with_capacity(65536), 0);
        while read.read(&mut buffer).await.unwrap() > 0 {
            for byte in buffer.iter() {
                assert_eq!(*byte, (count / 65536) as u8, "at byte {count}");
                count += 1;
            }
            buffer.clear();
        }
        assert_eq!(count, TOTAL);
        writing.await;
    });
    threads.unwrap().join();
}

#[test]
fn a_file_is_sent_after_its_header() {
    let path = std::env::temp_dir().join(format!("headwater-rt-{}", std::process::id()));
    let bytes: Vec<u8> = (0..3_000_000_usize).map(|at| (at % 253) as u8).collect();
    std::fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
    let file = Arc::new(std::fs::File::open(&path).unwrap());
    std::fs::remove_file(&path).unwrap();
    let threads = rt::run_shards(&config(1), move |_| {
        let (file, bytes) = (file.clone(), bytes.clone());
        async move {
            let listener = Listener::bind(any_port(), false).unwrap();
            let (_, mut write) = TcpStream::connect(listener.local_addr()).await.unwrap().into_split();
            let mut accepted = listener.accept().await.unwrap();
            let length = bytes.len();
            let sending = rt::spawn(async move {
                let mut header = VecDeque::from([Bytes::from_static(b"header")]);
                write.send_all_before_more(&mut header).await.unwrap();
                // Asked for more than there is: the end of the file shows in the answer.
                let sent = write.send_file(&file, 1000, length).await.unwrap();
                write.finish();
                sent
            });
            let mut got = BytesMut::new();
            while accepted.read(&mut got).await.unwrap() > 0 {}
            assert_eq!(sending.await, length - 1000);
            assert!(&got[..6] == b"header" && got[6..] == bytes[1000..]);
        }
    });
    threads.unwrap().join();
}
