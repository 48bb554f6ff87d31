//! Framing, versions, order; limits of connections and sizes of their buffers.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use headwater_core::ErrorCode;
use headwater_core::wire::frame;
use headwater_core::wire::messages::api_versions_request::ApiVersionsRequest;
use headwater_core::wire::messages::api_versions_response::ApiVersionsResponse;
use headwater_core::wire::messages::metadata_request::MetadataRequest;
use headwater_core::wire::messages::metadata_response::MetadataResponse;
use headwater_core::wire::messages::sasl_authenticate_request::SaslAuthenticateRequest;
use headwater_core::wire::messages::sasl_handshake_request::SaslHandshakeRequest;
use headwater_core::wire::produce::ProduceResponse;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use socket2::Socket;

use super::client::{Client, batch, error, produce_request};

fn versions() -> ApiVersionsRequest<'static> {
    ApiVersionsRequest { client_software_name: "test".into(), client_software_version: "1.0".into() }
}

#[test]
fn b01_an_unknown_version_of_api_versions_is_answered_in_version_0() {
    let mut client = Client::start();
    let mut request = frame::request(4, 9, None, &versions()).to_vec();
    request[6..8].copy_from_slice(&77i16.to_be_bytes());
    client.send(&request);
    let reply: ApiVersionsResponse<'_> = client.reply(0, 9);
    assert_eq!(error(reply.error_code), ErrorCode::UnsupportedVersion);
    let own = reply.api_keys.iter().find(|api| api.api_key == 18).unwrap();
    assert!(own.min_version == 0 && own.max_version >= 4);
    // The connection goes on.
    assert_eq!(client.call(4, &versions()).error_code, 0);
}

#[test]
fn b02_the_header_of_api_versions_has_no_tags() {
    let mut client = Client::start();
    for version in 0..=4 {
        client.send(&frame::request(version, 5, None, &versions()));
        let reply = client.receive().unwrap();
        // Correlation id, then the error code at once.
        assert_eq!(reply[..6], [0, 0, 0, 5, 0, 0], "version {version}");
    }
}

#[test]
fn b03_what_is_not_served_ends_the_connection() {
    let mut client = Client::start();
    for (key, version) in [(999i16, 0i16), (-1, 0), (4, 0), (3, 99), (3, -1), (1, 3), (0, 14), (71, 0)] {
        let mut request = frame::request(0, 5, None, &versions()).to_vec();
        request[4..6].copy_from_slice(&key.to_be_bytes());
        request[6..8].copy_from_slice(&version.to_be_bytes());
        assert!(client.is_refused(&request), "API {key} version {version}");
    }
}

#[test]
fn b04_software_names_are_checked() {
    let mut client = Client::start();
    for (name, expect) in [("kafka-4.1", ErrorCode::None), ("a b", ErrorCode::InvalidRequest)] {
        let request = ApiVersionsRequest { client_software_name: name.into(), ..versions() };
        assert_eq!(error(client.call(3, &request).error_code), expect, "{name}");
    }
}

#[test]
fn b05_old_produce_is_advertised_and_refused() {
    let mut client = Client::with_topic(&[]);
    let reply = client.call(4, &versions());
    assert_eq!(reply.api_keys.iter().find(|api| api.api_key == 0).unwrap().min_version, 0);
    for version in 0..3i16 {
        let mut request = frame::request(3, 5, None, &produce_request(1, &batch(1).build())).to_vec();
        request[6..8].copy_from_slice(&version.to_be_bytes());
        assert!(client.is_refused(&request), "version {version}");
    }
}

#[test]
fn b06_replies_come_in_the_order_of_requests() {
    let mut client = Client::with_topic(&[]);
    let records = batch(3).build();
    let mut all = Vec::new();
    for round in 0..20 {
        all.extend_from_slice(&frame::request(9, 3 * round, None, &produce_request(-1, &records)));
        all.extend_from_slice(&frame::request(4, 3 * round + 1, None, &versions()));
        all.extend_from_slice(&frame::request(1, 3 * round + 2, None, &MetadataRequest::default()));
    }
    client.send(&all);
    for round in 0..20 {
        let produced: ProduceResponse<'_> = client.reply(9, 3 * round);
        assert_eq!(produced.responses[0].partition_responses[0].base_offset, 3 * i64::from(round));
        client.reply::<ApiVersionsResponse<'_>>(4, 3 * round + 1);
        client.reply::<MetadataResponse<'_>>(1, 3 * round + 2);
    }
}

#[test]
fn b07_unknown_tags_are_skipped() {
    let mut client = Client::start();
    // Metadata 9 of no topics: tag 900 of two bytes in the header, tags 5 and 901 in the body.
    let tagged = |tag: &[u8]| [&[1][..], tag, &[2, 7, 7]].concat();
    let body = [&[1, 0, 0, 0][..], &[2, 5, 0, 0x85, 7, 1, 9]].concat();
    let header = [&[0, 3, 0, 9, 0, 0, 0, 8, 0xff, 0xff][..], &tagged(&[0x84, 7])].concat();
    let frame = [&((header.len() + body.len()) as u32).to_be_bytes()[..], &header, &body].concat();
    client.send(&frame);
    let reply: MetadataResponse<'_> = client.reply(9, 8);
    assert_eq!((reply.brokers.len(), reply.topics.len()), (1, 0));
}

#[test]
fn b11_telemetry_is_not_advertised() {
    let mut client = Client::start();
    let keys: Vec<_> = client.call(4, &versions()).api_keys.iter().map(|api| api.api_key).collect();
    assert!(!keys.contains(&71) && !keys.contains(&72), "{keys:?}");
}

/// Nobody can authenticate here, and no client may believe that it did.
#[test]
fn b65_sasl_is_refused_where_there_is_none() {
    let mut client = Client::start();
    let illegal = ErrorCode::IllegalSaslState;
    for version in 0..=1 {
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "none"] {
            let reply = client.call(version, &SaslHandshakeRequest { mechanism: mechanism.into() });
            assert_eq!((error(reply.error_code), reply.mechanisms.len()), (illegal, 0), "version {version}");
        }
    }
    for version in 0..=2 {
        let request = SaslAuthenticateRequest { auth_bytes: b"\0user\0word"[..].into() };
        let reply = client.call(version, &request);
        assert_eq!((error(reply.error_code), reply.auth_bytes.len()), (illegal, 0), "version {version}");
    }
    assert_eq!(client.call(4, &versions()).error_code, 0, "the connection goes on");
    // After a handshake of version 0 a token comes as bare bytes: it is no request.
    let token = [&9u32.to_be_bytes()[..], b"\0user\0pwd"].concat();
    assert!(client.is_refused(&token));
}

#[test]
fn b67_lengths_are_bounded() {
    let mut client = Client::start();
    for length in [-1, i32::MIN, i32::MAX, 104_857_601] {
        assert!(client.is_refused(&length.to_be_bytes()), "{length}");
    }
    // An array longer than its frame.
    let mut request =
        frame::request(1, 5, None, &MetadataRequest { topics: None, ..Default::default() }).to_vec();
    let at = request.len() - 4;
    request[at..].copy_from_slice(&i32::MAX.to_be_bytes());
    assert!(client.is_refused(&request));
}

#[test]
fn connections_come_no_faster_than_they_may() {
    const CONNECTIONS: u32 = 12;
    // A second's worth may come at once, and each of the two acceptors is told to wait only after it has taken one.
    const AT_ONCE: u32 = 4 + 2;
    let mut client = Client::with_settings(&["max.connection.creation.rate=4"]);
    let begin = Instant::now();
    let mut before = Vec::new();
    for _ in 0..CONNECTIONS {
        before.push(client.another());
        assert_eq!(client.call(4, &versions()).error_code, 0, "they wait, and are not refused");
    }
    let least = Duration::from_secs(1) * (CONNECTIONS - AT_ONCE) / 4;
    // A shard may go by the time at which its turn began; without the limit all of it takes milliseconds.
    assert!(begin.elapsed() >= least - Duration::from_millis(100), "{:?} for all", begin.elapsed());
}

#[test]
fn buffers_of_sockets_have_the_sizes_that_are_set() {
    let settings = &["socket.send.buffer.bytes=30000", "socket.receive.buffer.bytes=20000"];
    let set = sizes_of_buffers(&mut Client::with_settings(settings));
    // The kernel takes twice as much, for its own needs (socket(7)).
    let Some(set) = set else { return println!("not tested: this kernel shows no descriptors") };
    assert_eq!(set, (60_000, 40_000));
    assert_ne!(sizes_of_buffers(&mut Client::start()), Some(set), "left to the kernel");
}

/// Bytes of the buffers, to send and to receive, of the server's end of this client's connection. None if the kernel does not let
/// this process have copies of its own descriptors.
fn sizes_of_buffers(client: &mut Client) -> Option<(usize, usize)> {
    assert_eq!(client.call(4, &versions()).error_code, 0, "it is accepted");
    let peer: SocketAddr = client.stream.local_addr().unwrap();
    let own = pidfd_open(getpid(), PidfdFlags::empty()).ok()?;
    pidfd_getfd(&own, 0, PidfdGetfdFlags::empty()).ok()?;
    // The server is in this process, and so are its descriptors; those of other tests come and go.
    let numbers = std::fs::read_dir("/proc/self/fd").unwrap();
    // Sockets only: a copy of a locked file would keep the lock that its owner has given back.
    let is_socket =
        |path: &Path| std::fs::read_link(path).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
    let numbers = numbers.filter_map(|entry| {
        let entry = entry.ok().filter(|entry| is_socket(&entry.path()))?;
        entry.file_name().to_str()?.parse().ok()
    });
    let copy = |number| -> Option<OwnedFd> { pidfd_getfd(&own, number, PidfdGetfdFlags::empty()).ok() };
    let socket = numbers
        .filter_map(copy)
        .map(Socket::from)
        .find(|socket| socket.peer_addr().ok().and_then(|address| address.as_socket()) == Some(peer))
        .expect("the server's end");
    Some((socket.send_buffer_size().unwrap(), socket.recv_buffer_size().unwrap()))
}
