//! HTTP beside the Kafka protocol, for monitoring: `headwater.http.listener`.
//!
//! | path | answers |
//! |---|---|
//! | `/metrics` | counters of all shards, as Prometheus and OpenTelemetry collectors read them |
//! | `/livez` | 200 while the process runs |
//! | `/readyz` | 200 while it takes appends, 503 when a store has failed, or the broker stops |
//!
//! One request a connection, then it is closed: a scrape every few seconds needs no more. Only shard 0 listens; it asks the
//! others. Whatever a stranger sends is bounded in bytes, time and number; nobody is asked who they are, so listen where
//! only the monitoring comes.

mod metrics;

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

pub use metrics::ShardFigures;

use crate::conn::listener;
use crate::rt::{self, Listener, Semaphore, TcpStream};
use crate::shard::Shard;
use crate::shard::message::{Reply, Request};

/// Bytes of a request's head at most.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// Header lines of a request at most.
const HEADERS_MAX: usize = 64;
/// Requests at a time; more wait.
const REQUESTS_MAX: u64 = 16;
/// For reading a request and sending its answer.
const PATIENCE: Duration = Duration::from_secs(5);

const PLAIN: &str = "text/plain; charset=utf-8";

/// Answers until it is cancelled.
pub async fn run(shard: Rc<Shard>, listener: Listener) {
    let places = Semaphore::new(REQUESTS_MAX);
    loop {
        let place = places.acquire(1).await;
        let stream = listener::accept(&listener).await;
        let shard = shard.clone();
        rt::spawn(async move {
            // Who is slow or gone is nobody's fault here.
            let _ = rt::timeout(PATIENCE, serve(&shard, stream)).await;
            drop(place);
        })
        .detach();
    }
}

async fn serve(shard: &Rc<Shard>, mut stream: TcpStream) -> std::io::Result<()> {
    let mut head = BytesMut::new();
    let asked = loop {
        if let Some(asked) = Asked::read(&head) {
            break asked;
        }
        if stream.read(&mut head).await? == 0 {
            return Ok(());
        }
    };
    let (status, kind, body) = match asked {
        Asked::Metrics => ("200 OK", metrics::CONTENT_TYPE, metrics::text(ask_all(shard).await)),
        Asked::Alive => ("200 OK", PLAIN, "alive\n".into()),
        Asked::Ready => match why_not_ready(shard, &ask_all(shard).await) {
            None => ("200 OK", PLAIN, "ready\n".into()),
            Some(why) => ("503 Service Unavailable", PLAIN, format!("{why}\n")),
        },
        Asked::Unknown => ("404 Not Found", PLAIN, "try /metrics, /livez or /readyz\n".into()),
        Asked::Method => ("405 Method Not Allowed", PLAIN, "only GET and HEAD\n".into()),
        Asked::Garbage => ("400 Bad Request", PLAIN, "this is no HTTP request\n".into()),
        Asked::TooLong => ("431 Request Header Fields Too Large", PLAIN, "too long\n".into()),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n{}",
        body.len(),
        if head.starts_with(b"HEAD ") { "" } else { &body },
    );
    stream.send_all(&mut VecDeque::from([Bytes::from(answer)])).await
}

async fn ask_all(shard: &Rc<Shard>) -> Vec<ShardFigures> {
    let figures = |reply| match reply {
        Reply::Figures(figures) => *figures,
        _ => unreachable!("figures are answered as figures"),
    };
    shard.call_all(|| Request::Figures).await.into_iter().map(figures).collect()
}

fn why_not_ready(shard: &Shard, shards: &[ShardFigures]) -> Option<&'static str> {
    if shard.stopping.get() {
        Some("stopping")
    } else if shards.iter().any(|shard| shard.failed) {
        Some(
            "a write or flush has failed: the log names file and cause; the broker takes no more until a restart",
        )
    } else {
        None
    }
}

/// What a request wants.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Metrics,
    Alive,
    Ready,
    Unknown,
    Method,
    Garbage,
    TooLong,
}

impl Asked {
    /// Reads a request's head; none if there is more to come.
    fn read(head: &[u8]) -> Option<Asked> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Partial) if head.len() < HEAD_BYTES_MAX => None,
            Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => Some(Asked::TooLong),
            Err(_) => Some(Asked::Garbage),
            Ok(httparse::Status::Complete(_)) if !matches!(request.method, Some("GET" | "HEAD")) => {
                Some(Asked::Method)
            }
            Ok(httparse::Status::Complete(_)) => {
                let path = request.path.unwrap_or_default();
                Some(match path.split('?').next().unwrap_or_default() {
                    "/metrics" => Asked::Metrics,
                    "/livez" => Asked::Alive,
                    "/readyz" => Asked::Ready,
                    _ => Asked::Unknown,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart() {
        let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(HEAD_BYTES_MAX));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(HEADERS_MAX + 1));
        for (head, asked) in [
            ("", None),
            ("GET /metrics HTTP/1.1\r\nHost: a\r\n", None),
            ("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", Some(Asked::Metrics)),
            ("GET /metrics?name=x HTTP/1.0\r\n\r\n", Some(Asked::Metrics)),
            ("GET /livez HTTP/1.1\r\n\r\n", Some(Asked::Alive)),
            ("GET /readyz HTTP/1.1\r\n\r\n", Some(Asked::Ready)),
            ("GET / HTTP/1.1\r\n\r\n", Some(Asked::Unknown)),
            ("POST /metrics HTTP/1.1\r\n\r\n", Some(Asked::Method)),
            ("\0\0\0\u{12}\0\u{12}\0\u{4}", Some(Asked::Garbage)),
            (&long, Some(Asked::TooLong)),
            (&many, Some(Asked::TooLong)),
        ] {
            assert_eq!(Asked::read(head.as_bytes()), asked, "{head:?}");
        }
    }
}
