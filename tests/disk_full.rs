//! A disk that is full: appends are refused with an error of Kafka's, reads go on, and when there is space again so do
//! appends, without a restart.
//!
//! The disk is an image of some megabytes in the test's folder, mounted through a loop device; where mounting is not
//! allowed the test says so and is skipped.

mod broker;

use std::path::Path;
use std::time::{Duration, Instant};

use broker::image::{FILE_SYSTEMS, Image};
use broker::single::{fetch, produce};
use broker::wire::Socket;
use broker::{Broker, PATIENCE, skip};
use headwater_core::ErrorCode;

/// Two journals of two files, two million bytes of segments, and what ext4 wants for itself.
const IMAGE_BYTES: u64 = 64 << 20;
/// What is given back when the disk is full.
const BALLAST_BYTES: usize = 16 << 20;

#[test]
fn a_full_disk_refuses_appends_until_there_is_space() {
    for kind in FILE_SYSTEMS {
        let folder = tempfile::tempdir().unwrap();
        match Image::mount(folder.path(), kind, IMAGE_BYTES) {
            Ok(disk) => fill(folder.path(), &disk),
            Err(why) => skip("a_full_disk_refuses_appends_until_there_is_space", &why),
        }
    }
}

fn fill(folder: &Path, disk: &Image) {
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
        let mut broker = Broker::start_in(folder, &args);
        broker.run(&["topic", "create", "t", "--partitions", "1"]);
        let mut socket = Socket::open(&broker.address);
        // What somebody else has on this disk.
        let ballast = disk.at.join("ballast");
        std::fs::write(&ballast, vec![7; BALLAST_BYTES]).unwrap();
        // The disk has less than this many batches of room.
        let mut acknowledged = Vec::new();
        let refusal = loop {
            match produce(&mut socket).expect("an answer, not the end of the connection") {
                (ErrorCode::None, offset) => acknowledged.push(offset),
                (code, _) => break code,
            }
            assert!(acknowledged.len() < 2 * (IMAGE_BYTES / 100_000) as usize, "the disk is never full");
        };
        assert_eq!(refusal, ErrorCode::KafkaStorageError);
        broker.until_said("the disk is full");
        // Everything that was acknowledged is there to be read.
        for offset in &acknowledged {
            assert!(fetch(&mut socket, *offset).0 > 100_000, "offset {offset}");
        }
        // Space comes back; appends do, without a restart and on the same connection.
        std::fs::remove_file(&ballast).unwrap();
        let began = Instant::now();
        loop {
            match produce(&mut socket).expect("an answer, not the end of the connection") {
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
}
