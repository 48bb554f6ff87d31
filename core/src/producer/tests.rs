use super::*;
use crate::record::builder::BatchBuilder;

const MAX: i32 = i32::MAX;

/// A batch of producer 7: epoch, first sequence, records. The header's base offset stays 0, as a client sends it.
fn batch((epoch, first, count): (i16, i32, i32)) -> BatchHeader {
    let bytes = BatchBuilder::new()
        .producer(ProducerId::new(7), ProducerEpoch::new(epoch), first)
        .record(0, None, None)
        .build();
    let mut header = BatchHeader::parse(&bytes).unwrap();
    header.record_count = count;
    header.last_offset_delta = count - 1;
    header
}

/// Appends the batches from offset 100 on.
fn after(batches: &[(i16, i32, i32)]) -> ProducerStates {
    let (mut states, mut base) = (ProducerStates::default(), Offset::new(100));
    for &(epoch, first, count) in batches {
        let header = batch((epoch, first, count));
        assert_eq!(states.check(&header), Decision::Append, "{batches:?}");
        states.append(&header, base, Timestamp::from_millis(0));
        base = base.plus(i64::from(count));
    }
    states
}

fn check(before: &[(i16, i32, i32)], next: (i16, i32, i32), expected: Decision) {
    assert_eq!(after(before).check(&batch(next)), expected, "{before:?} then {next:?}");
}

fn duplicate(base: i64, last: i64) -> Decision {
    Decision::Duplicate { base_offset: Offset::new(base), last_offset: Offset::new(last) }
}

const OUT_OF_ORDER: Decision = Decision::Refuse(ErrorCode::OutOfOrderSequenceNumber);
const FENCED: Decision = Decision::Refuse(ErrorCode::InvalidProducerEpoch);

#[test]
fn b34_the_last_five_batches_are_known_again() {
    let six = [(0, 0, 2), (0, 2, 1), (0, 3, 3), (0, 6, 1), (0, 7, 1), (0, 8, 2)];
    check(&six, (0, 10, 1), Decision::Append);
    check(&six, (0, 8, 2), duplicate(108, 109));
    check(&six, (0, 7, 1), duplicate(107, 107));
    check(&six, (0, 6, 1), duplicate(106, 106));
    check(&six, (0, 3, 3), duplicate(103, 105));
    check(&six, (0, 2, 1), duplicate(102, 102));
    check(&six, (0, 0, 2), OUT_OF_ORDER);
    // Same first, other last: not that batch.
    check(&six, (0, 8, 1), OUT_OF_ORDER);
    check(&six, (0, 9, 1), OUT_OF_ORDER);
    check(&six, (0, 11, 1), OUT_OF_ORDER);
}

#[test]
fn b34_producers_do_not_see_each_other() {
    let states = after(&[(0, 0, 2)]);
    let mut other = batch((0, 0, 2));
    other.producer_id = Some(ProducerId::new(8));
    assert_eq!(states.check(&other), Decision::Append);
    other.producer_id = None;
    assert_eq!(states.check(&other), Decision::Append);
    let mut same = states.clone();
    same.append(&other, Offset::new(102), Timestamp::default());
    assert_eq!(same, states, "batches without a producer leave no trace");
}

#[test]
fn b35_a_new_epoch_starts_at_zero_unless_nothing_is_known() {
    check(&[], (0, 0, 1), Decision::Append);
    check(&[], (3, 41, 1), Decision::Append);
    check(&[(0, 0, 5)], (1, 0, 1), Decision::Append);
    check(&[(0, 0, 5)], (1, 5, 1), OUT_OF_ORDER);
    // A batch of the old epoch with the same sequences is no duplicate of it.
    check(&[(0, 0, 5)], (1, 0, 5), Decision::Append);
    check(&[(0, 0, 5), (1, 0, 1)], (1, 0, 5), OUT_OF_ORDER);
    check(&[(0, 0, 5), (1, 0, 1)], (1, 1, 1), Decision::Append);
}

#[test]
fn b35_a_marker_moves_the_epoch_and_has_no_sequence() {
    let mut states = after(&[(0, 0, 5)]);
    let mut marker = batch((1, -1, 1));
    marker.attributes |= 1 << 5;
    assert_eq!(states.check(&marker), Decision::Append);
    states.append(&marker, Offset::new(105), Timestamp::default());
    for (next, expected) in [((0, 5, 1), FENCED), ((1, 5, 1), OUT_OF_ORDER), ((1, 0, 1), Decision::Append)] {
        assert_eq!(states.check(&batch(next)), expected, "{next:?}");
    }
}

#[test]
fn b36_sequence_wraps_to_zero() {
    check(&[(0, MAX, 1)], (0, 0, 1), Decision::Append);
    check(&[(0, MAX, 1)], (0, 1, 1), OUT_OF_ORDER);
    check(&[(0, MAX - 1, 4)], (0, 2, 1), Decision::Append);
    check(&[(0, MAX - 1, 4)], (0, MAX - 1, 4), duplicate(100, 103));
    check(&[(0, MAX - 1, 4), (0, 2, 2)], (0, MAX - 1, 4), duplicate(100, 103));
    check(&[(0, MAX - 1, 4), (0, 2, 2)], (0, 0, 2), OUT_OF_ORDER);
}

#[test]
fn b37_a_stale_epoch_is_fenced() {
    check(&[(5, 0, 1)], (4, 0, 1), FENCED);
    check(&[(5, 0, 1)], (4, 1, 1), FENCED);
    check(&[(4, 0, 1), (5, 0, 1)], (4, 0, 1), FENCED);
}

#[test]
fn b38_silent_producers_expire() {
    let header = batch((0, 0, 1));
    for (heard, now, remembered) in
        [(1000, 1000, true), (1000, 1099, true), (1000, 1100, false), (1000, 900, true), (0, i64::MAX, false)]
    {
        let mut states = ProducerStates::default();
        states.append(&header, Offset::ZERO, Timestamp::from_millis(heard));
        let mut open = states.clone();
        open.expire(Timestamp::from_millis(now), 100, |_| true);
        assert_eq!(open, states, "an open transaction keeps its producer");
        states.expire(Timestamp::from_millis(now), 100, |_| false);
        assert_eq!(states.len() == 1, remembered, "heard {heard}, now {now}");
        assert_eq!(states.is_empty(), !remembered);
        if !remembered {
            assert_eq!(states.check(&batch((0, 9, 1))), Decision::Append, "behaviour 35: nothing known");
        }
    }
}

#[test]
fn b34_snapshots_keep_everything() {
    let mut states = after(&[(0, 0, 2), (0, 2, 1), (0, 3, 3), (0, 6, 1), (0, 7, 1), (0, 8, 2)]);
    let mut other = batch((9, MAX, 3));
    for id in [0, 3, i64::MAX] {
        other.producer_id = Some(ProducerId::new(id));
        states.append(&other, Offset::new(500 + (id & 1)), Timestamp::from_millis(-5));
    }
    states.note_coordinator(ProducerId::new(3), 70_000);
    for states in [states, ProducerStates::default()] {
        let bytes = states.encode_snapshot();
        assert_eq!(ProducerStates::decode_snapshot(&bytes).as_ref(), Ok(&states));
        assert_eq!(bytes, states.clone().encode_snapshot());
    }
}

#[test]
fn b34_damaged_snapshots_are_refused() {
    let bytes = after(&[(0, 0, 2), (0, 2, 1)]).encode_snapshot();
    for cut in 0..bytes.len() {
        assert!(ProducerStates::decode_snapshot(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(ProducerStates::decode_snapshot(&bad).is_err(), "bit {bit}");
    }
    // Right checksum, wrong contents: at, new bytes, error.
    let length = bytes.len();
    let cases: [(usize, &[u8], SnapshotError); 6] = [
        (0, b"HWPT", SnapshotError::Magic),
        (4, &[0, 3], SnapshotError::Version(3)),
        (6, &[0xff; 4], SnapshotError::Length(length)),
        (6, &[0; 4], SnapshotError::Length(length)),
        (32, &[6], SnapshotError::Value(7)),
        (33, &[0x80], SnapshotError::Value(7)),
    ];
    for (at, new, error) in cases {
        let mut bad = bytes[..length - CRC_BYTES].to_vec();
        bad[at..at + new.len()].copy_from_slice(new);
        bad.extend(crc32c::crc32c(&bad).to_be_bytes());
        assert_eq!(ProducerStates::decode_snapshot(&bad), Err(error), "{new:?} at {at}");
    }
}

#[test]
fn snapshots_of_the_first_version_are_read() {
    let states = after(&[(0, 0, 2), (0, 2, 1)]);
    let bytes = states.encode_snapshot();
    // Without the checksum, the newer field and the newer number.
    let mut old = bytes[..bytes.len() - CRC_BYTES].to_vec();
    old.drain(28..32);
    old[4..6].copy_from_slice(&[0, 1]);
    old.extend(crc32c::crc32c(&old).to_be_bytes());
    assert_eq!(ProducerStates::decode_snapshot(&old), Ok(states));
}

#[test]
fn the_coordinator_of_the_last_marker_is_remembered_over_epochs() {
    let mut states = after(&[(0, 0, 2)]);
    let coordinator = |states: &ProducerStates| states.describe()[0].coordinator;
    assert_eq!(coordinator(&states), None);
    states.note_coordinator(ProducerId::new(7), 3);
    states.append(&batch((1, 0, 1)), Offset::new(9), Timestamp::default());
    assert_eq!(coordinator(&states), Some(3));
}
