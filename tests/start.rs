//! Every bad day of a start, and the ways to stop: what an operator sees, and what is left on the disk.

mod broker;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use broker::wire::{Socket, request};
use broker::{Broker, PATIENCE, Running, SMALL, headwater, skip};
use headwater_core::wire::fetch::{FetchPartition, FetchRequest, FetchTopic};

/// Starts a broker that must refuse: one sentence on standard error that has these words, this exit code, never `ready`.
fn check(args: &[&str], code: i32, words: &[&str]) {
    let mut child = Running(headwater(&["start"]).args(SMALL).args(args).spawn().unwrap());
    assert_eq!(child.wait().code(), Some(code), "{args:?}");
    let read = |stream: Option<&mut dyn std::io::Read>| {
        let mut text = String::new();
        stream.unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let stdout = read(child.0.stdout.as_mut().map(|s| s as _));
    let stderr = read(child.0.stderr.as_mut().map(|s| s as _));
    assert_eq!(stdout, "", "{args:?}");
    for word in words {
        assert!(stderr.contains(word), "{args:?} does not say {word:?}: {stderr}");
    }
    let said = stderr.strip_prefix("headwater: ").unwrap_or_else(|| panic!("{args:?}: {stderr}"));
    assert_eq!(said.lines().count(), 1, "{args:?}: {stderr}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Paths below a folder with sizes and times of change: equal before and after is untouched.
fn contents(folder: &Path) -> Vec<(String, u64, std::time::SystemTime)> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::metadata(&path).unwrap();
        if meta.is_dir() {
            out.extend(contents(&path));
        } else {
            out.push((text(&path).to_owned(), meta.len(), meta.modified().unwrap()));
        }
    }
    out.sort();
    out
}

#[test]
fn port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    check(
        &["--listen", &address, "--data-dir", text(&data)],
        1,
        &[&address, "in use", "choose another with --listen"],
    );
    assert!(!data.exists(), "a start that failed at the port made a folder");
}

#[test]
fn port_of_another_broker() {
    // It listens with SO_REUSEPORT, which must not let a second one share the port.
    let broker = Broker::start(SMALL);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    check(&["--listen", &broker.address, "--data-dir", text(&data)], 1, &["in use"]);
}

#[test]
fn address_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path()).to_owned() + "/data";
    check(
        &["--listen", "no.such.host.invalid:0", "--data-dir", &data],
        1,
        &["no.such.host.invalid", "HOST:PORT"],
    );
    // Documentation's network: no machine has it.
    check(&["--listen", "192.0.2.1:0", "--data-dir", &data], 1, &["192.0.2.1", "--listen"]);
    assert!(!Path::new(&data).exists());
}

#[test]
fn folder_that_cannot_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    let listen = ["--listen", "127.0.0.1:0", "--data-dir"];
    check(&[&listen[..], &[text(&file)]].concat(), 1, &[text(&file), "--data-dir"]);
    check(&[&listen[..], &["/proc/headwater"]].concat(), 1, &["/proc/headwater", "--data-dir"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn folder_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    if rustix::process::geteuid().is_root() {
        return skip("folder_without_permission", "root may write everywhere");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let data = folder.path().join("data");
    check(&["--listen", "127.0.0.1:0", "--data-dir", text(&data)], 1, &["ermission denied", "--data-dir"]);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn folder_locked_by_another() {
    let broker = Broker::start(SMALL);
    let before = contents(&broker.data());
    let data = broker.data();
    check(
        &["--listen", "127.0.0.1:0", "--data-dir", text(&data)],
        1,
        &[text(&data), "locked by another process", "--data-dir"],
    );
    assert_eq!(contents(&data), before);
    broker.run(&["topic", "list"]);
}

#[test]
fn file_system_without_direct_io() {
    // ramfs never has it; tmpfs has since Linux 6.6.
    let folder = tempfile::tempdir().unwrap();
    let mount = |args: &[&str]| {
        std::process::Command::new(args[0]).args(&args[1..]).output().map(|o| o.status.success())
    };
    if !mount(&["mount", "-t", "ramfs", "headwater-test", text(folder.path())]).unwrap_or(false) {
        return skip("file_system_without_direct_io", "may not mount a ramfs here");
    }
    let data = folder.path().join("data");
    let outcome = std::panic::catch_unwind(|| {
        check(
            &["--listen", "127.0.0.1:0", "--data-dir", text(&data)],
            1,
            &[text(&data), "direct IO", "ext4", "--data-dir"],
        );
        let left: Vec<_> =
            contents(&data).into_iter().filter(|(path, ..)| !path.ends_with("/.lock")).collect();
        assert_eq!(left, [], "a start that failed left files");
    });
    assert!(mount(&["umount", text(folder.path())]).unwrap());
    outcome.unwrap();
}

#[test]
fn settings_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path()).to_owned() + "/data";
    let file = folder.path().join("server.properties");
    let refused = |args: &[&str], words: &[&str]| {
        let listen = ["--listen", "127.0.0.1:0", "--data-dir", &data];
        check(&[&listen[..], args].concat(), 2, words);
    };
    refused(&["--set", "log.retention.hous=3"], &["log.retention.hous", "log.retention.hours"]);
    refused(&["--set", "log.retention.hours=x"], &["log.retention.hours", "x"]);
    refused(&["--set", "headwater.journal.files=1"], &["headwater.journal.files", "at least 2"]);
    refused(&["--set", "nothing"], &["nothing", "key=value"]);
    refused(&["--set", "advertised.listeners=foo"], &["advertised.listeners", "foo"]);
    refused(&["--config", "/no/such.properties"], &["/no/such.properties", "No such file"]);
    fs::write(&file, "log.retention.hours=24\nlog.retention.hous=24\n").unwrap();
    refused(&["--config", text(&file)], &["server.properties:2", "log.retention.hous"]);
    fs::write(&file, "zookeeper.connect=zk:2181\n").unwrap();
    refused(&["--config", text(&file)], &["zookeeper.connect", "there is no ZooKeeper"]);
    fs::write(&file, [0xff, 0xfe, 0, 1]).unwrap();
    refused(&["--config", text(&file)], &["server.properties"]);
    let two = "listeners=A://127.0.0.1:0,B://localhost:0";
    let map = "listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT";
    check(&["--data-dir", &data, "--set", two, "--set", map], 2, &["only one listener"]);
    assert!(!Path::new(&data).exists(), "a start without settings made a folder");
    // Taken for the name of a target, it would mute everything.
    let output = headwater(&["start", "--data-dir", &data]).env("HEADWATER_LOG", "debgu").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && stderr.lines().count() == 1 && stderr.contains("debgu"),
        "{stderr}"
    );
}

#[test]
fn flags_that_are_none() {
    for (args, word) in [
        (&["start", "--wat"][..], "--wat"),
        (&["start", "--data-dirr", "x"], "--data-dir"),
        (&["start", "--listen"], "--listen"),
        (&["start", "--set", "a", "--shards", "many"], "many"),
        (&["strat"], "start"),
    ] {
        let output = headwater(args).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(word), "{args:?}: {stderr}");
    }
}

/// Stops a broker in order, lets a test change its folder, and expects that it then refuses to start without touching
/// anything.
fn check_folder(change: impl Fn(&Path), args: &[&str], words: &[&str]) {
    let mut broker = Broker::start(SMALL);
    broker.process().signal("TERM");
    assert!(broker.process().wait().success());
    let data = broker.data();
    change(&data);
    let before = contents(&data);
    check(&[&["--listen", "127.0.0.1:0", "--data-dir", text(&data)], args].concat(), 1, words);
    assert_eq!(contents(&data), before);
}

fn replace(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "{text}");
    fs::write(path, text.replace(old, new)).unwrap();
}

#[test]
fn folder_of_a_newer_version() {
    check_folder(
        |data| replace(&data.join("meta.properties"), "version=1", "version=2"),
        &[],
        &["layout 2", "use the version that"],
    );
    check_folder(
        |data| replace(&data.join("meta.properties"), "version=1", "version=1\nwings=2"),
        &[],
        &["wings", "newer version"],
    );
}

#[test]
fn checkpoint_of_a_newer_version() {
    check_folder(
        |data| {
            let path = data.join("shard-0/checkpoint");
            let mut bytes = fs::read(&path).unwrap();
            bytes[8..12].copy_from_slice(&99u32.to_be_bytes());
            let crc = crc32(&bytes[8..]);
            bytes[4..8].copy_from_slice(&crc.to_be_bytes());
            fs::write(&path, bytes).unwrap();
        },
        &[],
        &["checkpoint", "version 99", "use the program that wrote it"],
    );
}

#[test]
fn checkpoint_that_is_damaged() {
    check_folder(
        |data| {
            let path = data.join("shard-0/checkpoint");
            let mut bytes = fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&path, bytes).unwrap();
        },
        &[],
        &["checkpoint", "damaged", "put a whole copy of it in its place", "headwater log"],
    );
}

#[test]
fn folder_of_somebody_else() {
    check_folder(|_| (), &["--set", "node.id=77"], &["node.id=77"]);
    check_folder(
        |_| (),
        &["--set", "headwater.cluster.id=AAAAAAAAAAAAAAAAAAAAAA"],
        &["AAAAAAAAAAAAAAAAAAAAAA"],
    );
}

#[test]
fn folder_that_is_not_whole() {
    for missing in ["shard-0", "shard-0/journal", "shard-0/checkpoint", "meta.properties"] {
        let remove = |data: &Path| {
            let path = data.join(missing);
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        };
        check_folder(remove, &[], &[missing, "is missing"]);
    }
    // Without the number of shards the others' logs would look like deleted ones.
    for other in ["topics", "shard-1"] {
        let lose = |data: &Path| {
            fs::create_dir_all(data.join(other)).unwrap();
            fs::remove_file(data.join("shards")).unwrap();
        };
        check_folder(lose, &[], &["and not the file `shards`"]);
    }
}

#[test]
fn folder_that_is_no_data_folder() {
    let check_with = |name: &str, words: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(name)).unwrap();
        let before = contents(folder.path());
        check(&["--listen", "127.0.0.1:0", "--data-dir", text(folder.path())], 1, words);
        let after: Vec<_> =
            contents(folder.path()).into_iter().filter(|(name, ..)| !name.ends_with(".lock")).collect();
        assert_eq!(after, before);
    };
    check_with("letters", &["letters", "no data folder of Headwater"]);
    check_with("__cluster_metadata-0", &["Apache Kafka"]);
}

#[test]
fn folder_with_an_unreadable_shard_count() {
    for text in ["three", "0", "70000", ""] {
        check_folder(|data| fs::write(data.join("shards"), text).unwrap(), &[], &["shards"]);
    }
}

#[test]
fn ready_names_the_port_and_the_banner_the_next_step() {
    let broker = Broker::start(SMALL);
    let port: u16 = broker.address.strip_prefix("127.0.0.1:").unwrap().parse().unwrap();
    assert_ne!(port, 0);
    for word in [
        &*broker.address,
        text(&broker.data()),
        "shards",
        "durable",
        "headwater produce",
        "--bootstrap 127.0.0.1:",
    ] {
        broker.until_said(word);
    }
    let log = broker.log();
    assert!(!log.contains('\x1b'), "colour though it is no terminal: {log}");
}

#[test]
fn a_closed_standard_output_is_no_reason_not_to_serve() {
    let mut broker = Broker::start(SMALL);
    drop(broker.process().0.stdout.take());
    broker.run(&["topic", "create", "t"]);
}

#[test]
fn a_closed_standard_error_is_no_reason_not_to_serve_nor_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let data = folder.path().join("data");
    let mut command = headwater(&["start", "--listen", "127.0.0.1:0", "--data-dir", text(&data)]);
    let mut child = Running(command.args(SMALL).stderr(closed).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("ready ").expect("it serves");
    assert!(Socket::open(address).is_served());
    // Which it says, or would.
    child.signal("TERM");
    assert_eq!(child.wait().code(), Some(0));
}

#[test]
fn folders_of_no_partition_go() {
    const SHARDS: usize = 2;
    let mut broker = Broker::start(&["--shards", "2", SMALL[2], SMALL[3], SMALL[4], SMALL[5]]);
    let topics = broker.data().join("topics");
    let wait_for = |done: &dyn Fn() -> bool, broker: &Broker| {
        let began = Instant::now();
        while !done() {
            assert!(began.elapsed() < PATIENCE, "{:?}: {}", contents(&topics), broker.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let folders = || fs::read_dir(&topics).unwrap().count();
    let written = |broker: &Broker| {
        broker.run(&[
            "loadgen",
            "run",
            "--topic",
            "t",
            "--partitions",
            "4",
            "--rate",
            "400",
            "--warmup",
            "0s",
            "--duration",
            "1s",
        ]);
    };
    broker.run(&["topic", "create", "kept"]);
    written(&broker);
    // A stop writes everything out.
    broker.process().signal("TERM");
    broker.process().wait();
    let whole = contents(&topics).len();
    assert_eq!(folders(), 2, "the topic's and the metadata log's");
    // What a topic leaves that was deleted right before a crash; what is left of one before that; what is somebody else's.
    for partition in 0..2 * SHARDS {
        let folder = topics.join("0123456789abcdef0123456789abcdef").join(partition.to_string());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("00000000000000000000.log"), [0; 4096]).unwrap();
    }
    fs::create_dir(topics.join("fedcba9876543210fedcba9876543210")).unwrap();
    fs::create_dir_all(topics.join("lost+found/0")).unwrap();
    broker.start_again();
    wait_for(&|| folders() == 3, &broker);
    assert!(topics.join("lost+found/0").is_dir());
    assert_eq!(contents(&topics).len(), whole, "a log that there is was touched");
    written(&broker);
    broker.run(&["topic", "delete", "t"]);
    wait_for(&|| folders() == 2, &broker);
    broker.kill();
    broker.start_again();
    assert!(broker.run(&["topic", "list"]).contains("kept"), "the metadata log is not whole");
}

#[test]
fn the_first_signal_stops_in_order() {
    for signal in ["TERM", "INT"] {
        let mut broker = Broker::start(SMALL);
        broker.run(&["topic", "create", "t"]);
        // Clients that wait for news do not hold it up: one as it comes, and one that would wait for an hour.
        let consumer = Running(broker.command(&["consume", "t"]).spawn().unwrap());
        let mut patient = Socket::open(&broker.address);
        assert!(patient.is_served());
        let topic = FetchTopic {
            topic: "t".into(),
            partitions: vec![FetchPartition::default()],
            ..Default::default()
        };
        let fetch = FetchRequest {
            max_wait_ms: 3_600_000,
            min_bytes: 1,
            session_epoch: -1,
            topics: vec![topic],
            ..Default::default()
        };
        patient.0.write_all(&request(1, 11, false, &fetch)).unwrap();
        broker.process().signal(signal);
        assert_eq!(broker.process().wait().code(), Some(0), "{signal}: {}", broker.log());
        drop((consumer, patient));
        broker.start_again();
        assert!(broker.run(&["topic", "list"]).contains('t'));
    }
}

#[test]
fn the_second_signal_stops_at_once() {
    let mut broker = Broker::start(SMALL);
    // Both are there before it can look at either: the orderly stop has not got anywhere when the second is seen.
    for signal in ["STOP", "TERM", "INT", "CONT"] {
        broker.process().signal(signal);
    }
    let code = broker.process().wait().code();
    assert!(matches!(code, Some(130 | 143)), "{code:?}: {}", broker.log());
    broker.start_again();
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}
