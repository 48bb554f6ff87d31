//! A disk that is full: appends are refused with an error of Kafka's, reads go on, and when there is space again so do
//! appends, without a restart.
//!
//! The disk is an image of some megabytes in the test's folder, mounted through a loop device; where mounting is not
//! allowed the test says so and is skipped.

mod broker;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use broker::wire::{Socket, decode, request};
use broker::{Broker, PATIENCE, skip};
use headwater_core::ErrorCode;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::wire::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use headwater_core::wire::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, Records, TopicProduceData,
};

/// Two journals of two files, two million bytes of segments, and what ext4 wants for itself.
const IMAGE_BYTES: u64 = 64 << 20;
/// What is given back when the disk is full.
const BALLAST_BYTES: usize = 16 << 20;

fn run(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}

/// A mounted image; unmounted when it is dropped.
struct Disk {
    at: PathBuf,
}

impl Disk {
    fn mount(folder: &std::path::Path) -> Option<Disk> {
        let (image, at) = (folder.join("image"), folder.join("data"));
        File::create(&image).unwrap().set_len(IMAGE_BYTES).unwrap();
        std::fs::create_dir(&at).unwrap();
        let (image, place) = (image.to_str().unwrap(), at.to_str().unwrap());
        let mounted =
            run("mkfs.ext4", &["-q", "-m", "0", image]) && run("mount", &["-o", "loop", image, place]);
        mounted.then(|| Disk { at })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let at = self.at.to_str().unwrap();
        // Lazily, if somebody is still in it: nothing shall be left behind.
        assert!(run("umount", &[at]) || run("umount", &["-l", at]) || std::thread::panicking());
    }
}

/// Sends one batch of 100 kB to partition 0 of `t`.
fn produce(socket: &mut Socket) -> (ErrorCode, i64) {
    // What does not compress, should anything try.
    let value: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    let batch = BatchBuilder::new().record(now, None, Some(&value)).build();
    let partition = PartitionProduceData { index: 0, records: Records::Borrowed(&batch) };
    let topic = TopicProduceData { name: "t".into(), partition_data: vec![partition], ..Default::default() };
    let body =
        ProduceRequest { transactional_id: None, acks: -1, timeout_ms: 10_000, topic_data: vec![topic] };
    socket.0.write_all(&request(0, 8, false, &body)).unwrap();
    let reply = socket.receive().expect("an answer, not the end of the connection");
    let reply: ProduceResponse<'_> = decode(&reply, 8, false);
    let answer = &reply.responses[0].partition_responses[0];
    (ErrorCode::from_code(answer.error_code).unwrap(), answer.base_offset)
}

/// Reads one batch at an offset: its bytes and the high watermark.
fn fetch(socket: &mut Socket, offset: i64) -> (usize, i64) {
    let partition = FetchPartition { fetch_offset: offset, partition_max_bytes: 1, ..Default::default() };
    let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
    let body = FetchRequest {
        replica_id: -1,
        max_bytes: 1 << 20,
        session_epoch: -1,
        topics: vec![topic],
        ..Default::default()
    };
    socket.0.write_all(&request(1, 11, false, &body)).unwrap();
    let reply = socket.receive().expect("reads go on");
    let reply: FetchResponse<'_> = decode(&reply, 11, false);
    let answer = &reply.responses[0].partitions[0];
    assert_eq!(answer.error_code, 0);
    (answer.records.len(), answer.high_watermark)
}

#[test]
fn a_full_disk_refuses_appends_until_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(folder.path()) else {
        return skip("a_full_disk_refuses_appends_until_there_is_space", "may not mount an image here");
    };
    let small = [
        "headwater.journal.file.bytes=4194304",
        "headwater.journal.files=2",
        "headwater.head.bytes=16384",
        "headwater.heads.bytes=4194304",
        "headwater.cache.bytes=1048576",
    ];
    let mut args = vec!["--shards", "1"];
    args.extend(small.iter().flat_map(|setting| ["--set", setting]));
    {
        let mut broker = Broker::start_in(folder.path(), &args);
        broker.run(&["topic", "create", "t", "--partitions", "1"]);
        let mut socket = Socket::open(&broker.address);
        // What somebody else has on this disk.
        let ballast = disk.at.join("ballast");
        std::fs::write(&ballast, vec![7; BALLAST_BYTES]).unwrap();
        // The disk has less than this many batches of room.
        let mut acknowledged = Vec::new();
        let refusal = loop {
            match produce(&mut socket) {
                (ErrorCode::None, offset) => acknowledged.push(offset),
                (code, _) => break code,
            }
            assert!(acknowledged.len() < 2 * (IMAGE_BYTES / 100_000) as usize, "the disk is never full");
        };
        assert_eq!(refusal, ErrorCode::KafkaStorageError);
        assert!(broker.log().contains("the disk is full"), "{}", broker.log());
        // Everything that was acknowledged is there to be read.
        for offset in &acknowledged {
            assert!(fetch(&mut socket, *offset).0 > 100_000, "offset {offset}");
        }
        // Space comes back; appends do, without a restart and on the same connection.
        std::fs::remove_file(&ballast).unwrap();
        let began = Instant::now();
        loop {
            match produce(&mut socket) {
                (ErrorCode::None, offset) => {
                    assert!(offset > *acknowledged.last().unwrap(), "{offset} was given before");
                    acknowledged.push(offset);
                    break;
                }
                (code, _) => assert_eq!(code, ErrorCode::KafkaStorageError),
            }
            assert!(began.elapsed() < PATIENCE, "appends did not come back\n{}", broker.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        // And the log is whole after a fall.
        broker.kill();
        broker.start_again();
        let mut socket = Socket::open(&broker.address);
        for offset in &acknowledged {
            assert!(fetch(&mut socket, *offset).0 > 100_000, "offset {offset}");
        }
        broker.process().signal("TERM");
        assert!(broker.process().wait().success(), "{}", broker.log());
    }
    drop(disk);
    drop(folder);
}
