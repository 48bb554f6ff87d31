//! Metrics and health, over a real socket.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::client::{Client, PATIENCE, batch};

fn ask(at: std::net::SocketAddr, text: &str) -> (String, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head.to_string(), body.to_string())
}

fn get(at: std::net::SocketAddr, path: &str) -> (String, String) {
    ask(at, &format!("GET {path} HTTP/1.1\r\nHost: headwater\r\n\r\n"))
}

/// The sum of a metric over all shards.
fn sum(text: &str, name: &str) -> f64 {
    let of =
        |line: &str| line.strip_prefix(name)?.strip_prefix("{shard=")?.split(' ').nth(1)?.parse::<f64>().ok();
    text.lines().filter_map(of).sum::<f64>()
}

#[test]
fn metrics_count_what_clients_do_and_health_is_told() {
    let mut client = Client::with_settings(&["headwater.http.listener=127.0.0.1:0"]);
    assert_eq!(client.create("t", 1, &[]), 0);
    let at = client.http();
    for (path, status) in
        [("/livez", "200 OK"), ("/readyz", "200 OK"), ("/", "404 Not Found"), ("/metrics", "200 OK")]
    {
        let (head, _) = get(at, path);
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{path}: {head}");
    }
    let (head, body) = ask(at, "HEAD /livez HTTP/1.1\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 ") && body.is_empty());
    assert!(ask(at, "DELETE /metrics HTTP/1.1\r\n\r\n").0.starts_with("HTTP/1.1 405 "));
    assert!(ask(at, "\0\0\0\x12 no HTTP at all\r\n\r\n").0.starts_with("HTTP/1.1 400 "));

    let before = get(at, "/metrics").1;
    for _ in 0..3 {
        client.append(batch(1));
    }
    let after = get(at, "/metrics").1;
    let grown = |name: &str| sum(&after, name) - sum(&before, name);
    assert_eq!(grown("headwater_produce_batches_total"), 3.0);
    assert_eq!(grown("headwater_produce_seconds_count"), 3.0);
    assert!(grown("headwater_produce_bytes_total") > 3.0 * 61.0);
    assert!(grown("headwater_log_rounds_total") >= 1.0);
    assert!(grown("headwater_requests_total") >= 3.0);
    assert_eq!(sum(&after, "headwater_log_failed"), 0.0);
    assert!(after.ends_with("# EOF\n"));
}
