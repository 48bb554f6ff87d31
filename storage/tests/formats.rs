//! The byte tables of docs/formats.md are what this program writes, and it reads them back.
//!
//! A table's bytes are the golden file: a change of a format shows here before a folder written yesterday shows it.

use bytes::Bytes;
use headwater_core::epochs::LeaderEpochs;
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, TopicId, TopicPartition};
use headwater_storage::checkpoint::{Checkpoint, CheckpointError, LogImage, SegmentImage};
use headwater_storage::index::Index;
use headwater_storage::journal::frame::{self, Entry, Head, Kind, Stored};
use headwater_storage::journal::ring::Position;

/// The bytes of the table that begins with "```text <name>": offset, bytes in hex, two spaces, what they are.
fn table(name: &str) -> Vec<u8> {
    let document = include_str!("../../docs/formats.md");
    let begin = format!("```text {name}\n");
    let rest = document.split_once(&begin).unwrap_or_else(|| panic!("no table {name}")).1;
    let mut bytes = Vec::new();
    for line in rest.lines().take_while(|line| *line != "```") {
        let (offset, line) = line.trim_start().split_once(' ').expect("a line begins with an offset");
        assert_eq!(offset.parse::<usize>().unwrap(), bytes.len(), "{name}: {line}");
        let (hex, _) = line.trim_start().split_once("  ").expect("two spaces behind the bytes");
        bytes.extend(hex.split(' ').map(|b| u8::from_str_radix(b, 16).unwrap()));
    }
    bytes
}

fn check(name: &str, written: &[u8]) -> Vec<u8> {
    if std::env::var_os("SHOW").is_some() {
        println!("{name}: {}", written.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" "));
        return written.to_vec();
    }
    let documented = table(name);
    assert_eq!(written, documented, "{name} is not as docs/formats.md says");
    documented
}

fn id() -> TopicPartition {
    TopicPartition { topic: TopicId::new([0xab; 16]), partition: PartitionId::new(5) }
}

fn index() -> Index {
    let mut index = Index::default();
    index.note(0, 0, 100, 1000, 100);
    index.note(7, 100, 50, 2000, 100);
    index
}

#[test]
fn journal_frame() {
    let entry = |kind, offset, epoch, bytes: &'static [u8]| Entry {
        kind,
        id: id(),
        offset: Offset::new(offset),
        epoch: LeaderEpoch::new(epoch),
        bytes: Bytes::from_static(bytes),
    };
    let entries = vec![entry(Kind::Append, 0x1234, 3, b"batch"), entry(Kind::Start, 0x1000, 0, b"")];
    let used = frame::HEAD_BYTES + entries.iter().map(Entry::encoded_len).sum::<usize>();
    let mut out = vec![0xff; frame::frame_len(used - frame::HEAD_BYTES)];
    frame::encode(&mut out, 0x0102_0304, 9, &entries);
    assert!(out[used..].iter().all(|b| *b == 0), "zeroes to the end of the page");
    let documented = check("frame", &out[..used]);
    out[..used].copy_from_slice(&documented);
    let read = Bytes::from(out);
    let head = Head::parse(&read).unwrap();
    assert_eq!((head.lap, head.sequence), (0x0102_0304, 9));
    assert_eq!(head.entries(&read), Ok(entries));
    let kinds = [Kind::Append, Kind::Start, Kind::Drop, Kind::Roll, Kind::Stored, Kind::StoredRoll];
    assert_eq!(kinds.map(|kind| kind as u8), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn stored_entry() {
    let stored = Stored { place: 0x1000, length: 0x2_0000, next: Offset::new(0x1240), checksum: 0x0a0b_0c0d };
    let entry = Entry {
        kind: Kind::Stored,
        id: id(),
        offset: Offset::new(0x1239),
        epoch: LeaderEpoch::new(3),
        bytes: stored.encode(),
    };
    let mut out = vec![0; frame::frame_len(entry.encoded_len())];
    frame::encode(&mut out, 1, 2, std::slice::from_ref(&entry));
    let used = frame::HEAD_BYTES..frame::HEAD_BYTES + entry.encoded_len();
    let documented = check("stored", &out[used.clone()]);
    out[used].copy_from_slice(&documented);
    let read = Bytes::from(out);
    let entries = Head::parse(&read).unwrap().entries(&read).unwrap();
    assert_eq!(Stored::decode(&entries[0].bytes), Some(stored));
    assert_eq!(entries, [entry]);
}

#[test]
fn a_checkpoint_of_the_version_before_is_read_and_a_later_one_is_not() {
    let good = table("checkpoint");
    let read = Checkpoint::decode(&good).unwrap();
    let version = |version: u8| {
        let mut bytes = good.clone();
        bytes[11] = version;
        let crc = crc32fast::hash(&bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_be_bytes());
        Checkpoint::decode(&bytes)
    };
    assert_eq!(version(2).unwrap(), read);
    assert!(matches!(version(4), Err(CheckpointError::Version(4))));
}

#[test]
fn segment_index() {
    let mut out = Vec::new();
    index().encode(&mut out);
    let read = Index::decode(&check("index", &out), index().max_timestamp()).unwrap();
    let mut again = Vec::new();
    read.encode(&mut again);
    assert_eq!(again, out);
}

#[test]
fn checkpoint() {
    let segment = |base, sealed| SegmentImage {
        base: Offset::new(base),
        generation: u32::from(sealed),
        bytes: 150,
        first_timestamp: Some(1000),
        max_timestamp: Some(2000),
        sealed,
        compacted: sealed,
        clean: sealed,
        index: if sealed { Index::default() } else { index().up_to(150, Some(2000)) },
    };
    let mut epochs = LeaderEpochs::default();
    epochs.assign(LeaderEpoch::new(3), Offset::new(2));
    let mut sealed = segment(0, true);
    sealed.index = Index::decode(&[], Some(2000)).unwrap();
    let checkpoint = Checkpoint {
        journal: Position { lap: 0x0102_0304, pos: 4096, sequence: 9 },
        logs: vec![LogImage {
            id: id(),
            log_start: Offset::new(2),
            next: Offset::new(20),
            segments: vec![sealed, segment(10, false)],
            epochs,
            aux_at: Offset::new(19),
            aux: Bytes::from_static(b"aux"),
        }],
        dropped: vec![id()],
    };
    let read = check("checkpoint", &checkpoint.encode());
    assert_eq!(Checkpoint::decode(&read).unwrap(), checkpoint);
}
