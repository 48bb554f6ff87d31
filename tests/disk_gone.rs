//! The file system goes away under a running broker (its shutdown ioctl): nothing more is acknowledged, the broker says
//! why, and when the disk is back after a restart everything that was acknowledged is there.
//!
//! Where a test may not mount an image it says so and is skipped.

mod broker;

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use broker::image::{FILE_SYSTEMS, Image, Shutdown};
use broker::single::{fetch, produce};
use broker::wire::Socket;
use broker::{Broker, PATIENCE, skip};
use headwater_core::ErrorCode;

const NAME: &str = "what_was_acknowledged_survives_the_file_system";
const IMAGE_BYTES: u64 = 96 << 20;
/// Appended at least, should the file system stay: then it can't be shut down.
const APPENDS_MIN: usize = 10;

#[test]
fn what_was_acknowledged_survives_the_file_system() {
    for kind in FILE_SYSTEMS {
        for how in [Shutdown::Flushed, Shutdown::Cut] {
            let folder = tempfile::tempdir().unwrap();
            let disk = match Image::mount(folder.path(), kind, IMAGE_BYTES) {
                Ok(disk) => disk,
                Err(why) => {
                    skip(NAME, &why);
                    continue;
                }
            };
            if !pull_away(folder.path(), &disk, how) {
                skip(NAME, &format!("{kind} can't be shut down here"));
            }
        }
    }
}

/// False if this file system can't be shut down.
fn pull_away(folder: &Path, disk: &Image, how: Shutdown) -> bool {
    let settings = [
        "headwater.journal.file.bytes=4194304",
        "headwater.journal.files=2",
        "headwater.head.bytes=16384",
        "headwater.heads.bytes=4194304",
        "headwater.cache.bytes=1048576",
    ];
    let mut args = vec!["--shards", "1"];
    args.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    let mut broker = Broker::start_in(folder, &args);
    broker.run(&["topic", "create", "t", "--partitions", "1", "--config", "segment.bytes=1048576"]);
    let mut socket = Socket::open(&broker.address);
    let mut acknowledged = Vec::new();
    let mut refused = None;
    let (tell, told) = mpsc::channel();
    let went = thread::scope(|scope| {
        let shutdown = scope.spawn(move || {
            // In the midst of the appends; where exactly is for the scheduler to say. The first may take a slow disk long.
            let _ = told.recv();
            thread::sleep(Duration::from_millis(300));
            disk.shut_down(how)
        });
        while refused.is_none() && !(shutdown.is_finished() && acknowledged.len() > APPENDS_MIN) {
            match produce(&mut socket) {
                Some((ErrorCode::None, offset)) => acknowledged.push(offset),
                other => refused = other,
            }
            let _ = tell.send(());
        }
        shutdown.join().unwrap()
    });
    if !went {
        return false;
    }
    // What comes now can't be kept, so it is not acknowledged, and the broker has said what is wrong.
    let began = Instant::now();
    while refused.is_none() && began.elapsed() < PATIENCE {
        match produce(&mut socket) {
            Some((ErrorCode::None, offset)) => acknowledged.push(offset),
            other => refused = other,
        }
    }
    assert_eq!(refused.map(|(code, _)| code), Some(ErrorCode::KafkaStorageError), "{}", broker.log());
    broker.until_said("takes no more appends");
    broker.kill();
    disk.bring_back();
    broker.start_again();
    let mut socket = Socket::open(&broker.address);
    for offset in &acknowledged {
        let (bytes, high_watermark) = fetch(&mut socket, *offset);
        assert!(bytes > 100_000 && high_watermark > *offset, "offset {offset} is lost\n{}", broker.log());
    }
    let (code, offset) = produce(&mut socket).expect("it goes on");
    assert_eq!(code, ErrorCode::None);
    assert!(offset > *acknowledged.last().unwrap(), "{offset} was given before");
    broker.process().signal("TERM");
    assert!(broker.process().wait().success(), "{}", broker.log());
    true
}
