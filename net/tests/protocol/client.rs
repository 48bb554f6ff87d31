//! A server of its own for each test, and a client that sends what it is told and hides nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use headwater_core::ErrorCode;
use headwater_core::config::{BrokerConfig, Sources};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::wire::messages::create_topics_request::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use headwater_core::wire::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, Records, TopicProduceData,
};
use headwater_core::wire::{Message, Request, frame};
use headwater_net::Server;

/// Only a hang takes this long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server with its folder, and one connection to it.
pub struct Client {
    pub stream: TcpStream,
    server: Option<Server>,
    folder: tempfile::TempDir,
    settings: &'static [&'static str],
}

impl Drop for Client {
    fn drop(&mut self) {
        let server = self.server.take().unwrap();
        server.shutdown().request();
        let clean = server.join();
        assert!(clean || std::thread::panicking(), "the server did not stop in order");
    }
}

impl Client {
    /// Starts a server with Kafka's defaults and a small journal.
    pub fn start() -> Client {
        Client::with_settings(&[])
    }

    /// Starts one with these settings, `key=value`, besides.
    pub fn with_settings(settings: &'static [&'static str]) -> Client {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(&folder, settings);
        let stream = connect(&server);
        Client { stream, server: Some(server), folder, settings }
    }

    /// Stops the server in order and starts it again on what it has kept: its partitions are led in a new epoch.
    pub fn restart(&mut self) {
        let server = self.server.take().unwrap();
        server.shutdown().request();
        assert!(server.join(), "the server did not stop in order");
        self.server = Some(serve(&self.folder, self.settings));
        self.reconnect();
    }

    /// Starts one with a topic `t` of one partition, with these settings.
    pub fn with_topic(configs: &[(&str, &str)]) -> Client {
        let mut client = Client::start();
        assert_eq!(client.create("t", 1, configs), 0);
        client
    }

    /// Connects anew: the former connection was closed, or is given up.
    pub fn reconnect(&mut self) {
        self.stream = connect(self.server.as_ref().unwrap());
    }

    /// Connects once more; answers the connection so far, for the test to keep.
    pub fn another(&mut self) -> TcpStream {
        let stream = connect(self.server.as_ref().unwrap());
        std::mem::replace(&mut self.stream, stream)
    }

    /// Where the server answers HTTP.
    pub fn http(&self) -> SocketAddr {
        self.server.as_ref().unwrap().http().expect("a setting says where")
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next frame, without its length; none if the server closed the connection.
    pub fn receive(&mut self) -> Option<&'static [u8]> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).ok()?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame).ok()?;
        // A test is short: replies borrow from their frames, and these may as well stay.
        Some(frame.leak())
    }

    /// One request, one reply.
    pub fn call<R: Request>(&mut self, version: i16, request: &R) -> R::Response<'static> {
        self.send(&frame::request(version, 41, Some("test"), request));
        self.reply::<R::Response<'static>>(version, 41)
    }

    /// The next reply, which must be to this request.
    pub fn reply<M: Message + headwater_core::wire::Decode<'static>>(
        &mut self,
        version: i16,
        correlation_id: i32,
    ) -> M {
        let frame = self.receive().expect("an answer, not the end of the connection");
        let (answered, reply) = frame::read_response(frame, version).unwrap();
        assert_eq!(answered, correlation_id);
        reply
    }

    /// Whether the server closes the connection on these bytes, without a word. Connects anew.
    pub fn is_refused(&mut self, bytes: &[u8]) -> bool {
        self.send(bytes);
        let closed = self.receive().is_none();
        self.reconnect();
        closed
    }

    /// Creates a topic; answers the error code.
    pub fn create(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> i16 {
        let configs = configs
            .iter()
            .map(|(name, value)| CreatableTopicConfig { name: (*name).into(), value: Some((*value).into()) });
        let topic = CreatableTopic {
            name: name.into(),
            num_partitions: partitions,
            replication_factor: 1,
            configs: configs.collect(),
            ..Default::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 30_000, validate_only: false };
        self.call(5, &request).topics[0].error_code
    }

    /// Sends records to partition 0 of `t` with acks=all.
    pub fn produce(&mut self, version: i16, records: &[u8]) -> PartitionProduceResponse<'static> {
        self.call(version, &produce_request(-1, records)).responses.remove(0).partition_responses.remove(0)
    }

    /// Sends one batch that must be taken; answers its base offset.
    pub fn append(&mut self, batch: BatchBuilder) -> i64 {
        let answer = self.produce(9, &batch.build());
        assert_eq!(error(answer.error_code), ErrorCode::None, "{:?}", answer.error_message);
        answer.base_offset
    }
}

fn serve(folder: &tempfile::TempDir, settings: &[&str]) -> Server {
    let data = folder.path().join("data");
    let mut sources = Sources::new();
    for pair in [
        "listeners=PLAINTEXT://127.0.0.1:0",
        "headwater.shards=2",
        "headwater.journal.file.bytes=4194304",
        "headwater.journal.files=2",
        &format!("log.dirs={}", data.display()),
    ] {
        sources.set(pair).unwrap();
    }
    for pair in settings {
        sources.set(pair).unwrap();
    }
    Server::start(BrokerConfig::load(&sources).unwrap()).unwrap()
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A request for partition 0 of `t`.
pub fn produce_request(acks: i16, records: &[u8]) -> ProduceRequest<'_> {
    let partition = PartitionProduceData { index: 0, records: Records::Borrowed(records) };
    let topic = TopicProduceData { name: "t".into(), partition_data: vec![partition], ..Default::default() };
    ProduceRequest { acks, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() }
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64
}

/// A batch of so many records of now.
pub fn batch(records: usize) -> BatchBuilder {
    let now = now();
    (0..records).fold(BatchBuilder::new(), |batch, n| batch.record(now, Some(b"k"), Some(&[b'v', n as u8])))
}

/// The error of a code.
pub fn error(code: i16) -> ErrorCode {
    ErrorCode::from_code(code).expect("a code of Kafka's")
}
