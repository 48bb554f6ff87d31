//! Behaviours 53 to 56 and 75.

use super::*;

#[test]
fn b53_who_may_commit() {
    let mut b = Bench::new(CONFIG);
    let nobody = MemberId::new("nobody");
    assert_eq!(b.commit(Some((&nobody, 1)), "t", ""), ErrorCode::IllegalGeneration);
    assert_eq!(b.commit(None, "t", "from outside"), ErrorCode::None);
    let (one, two) = (b.join(newcomer(1)), b.join(newcomer(2)));
    b.wait(6_000);
    let id = b.joined(one).member.expect("an id");
    assert_eq!(b.commit(Some((&id, 1)), "t", ""), ErrorCode::RebalanceInProgress, "while completing");
    b.settle(&[one, two]);
    assert_eq!(b.commit(None, "t", ""), ErrorCode::UnknownMemberId);
    assert_eq!(b.commit(Some((&nobody, 1)), "t", ""), ErrorCode::UnknownMemberId);
    assert_eq!(b.commit(Some((&id, 2)), "t", ""), ErrorCode::IllegalGeneration);
    assert_eq!(b.commit(Some((&id, 1)), "t", &"x".repeat(4097)), ErrorCode::OffsetMetadataTooLarge);
    let note = "x".repeat(4096);
    assert_eq!(b.commit(Some((&id, 1)), "t", &note), ErrorCode::None);
    b.join(newcomer(3));
    assert_eq!(b.commit(Some((&id, 1)), "u", "preparing"), ErrorCode::None);
    b.reload();
    assert_eq!(b.offsets(), [("t".into(), 7, note), ("u".into(), 7, "preparing".into())]);
}

#[test]
fn b54_what_was_never_committed_is_no_error() {
    let mut b = Bench::new(CONFIG);
    assert!(b.offsets().is_empty());
    let topic =
        FetchTopic { topic: TopicName::new("t"), topic_id: None, partitions: vec![PartitionId::new(3)] };
    let groups = vec![FetchGroup { group: group(), topics: Some(vec![topic]) }];
    let to =
        b.send(|c, _, _, to, out| c.on_offset_fetch(to, OffsetFetch { require_stable: true, groups }, out));
    let GroupReply::OffsetFetch(groups) = &b.replies[&to].1 else { panic!("no fetch reply") };
    let partition = &groups[0].topics[0].partitions[0];
    assert_eq!((partition.offset, partition.error), (None, ErrorCode::None));
}

#[test]
fn b55_offsets_expire_after_the_group_is_empty() {
    const DAY: u64 = 24 * 3_600_000;
    let mut b = Bench::new(CONFIG);
    let formed = b.form(vec![JoinGroup { session_timeout_ms: 1_800_000, ..newcomer(1) }]);
    assert_eq!(b.commit(Some((&formed.ids[0], 1)), "t", ""), ErrorCode::None);
    assert_eq!(b.commit(Some((&formed.ids[0], 1)), "unread", ""), ErrorCode::None);
    for _ in 0..8 * 48 {
        b.wait(DAY / 48 - 1);
        assert_eq!(b.heartbeat(&formed.ids[0], None, 1), ErrorCode::None);
    }
    let topics: Vec<String> = b.offsets().into_iter().map(|row| row.0).collect();
    assert_eq!(topics, ["t"], "what the group does not read any more is gone");
    b.leave(vec![LeavingMember { member: Some(formed.ids[0].clone()), instance: None }]);
    b.reload();
    b.wait(6 * DAY);
    assert_eq!(b.offsets().len(), 1);
    b.wait(DAY + 600_000);
    assert!(b.offsets().is_empty());
    assert!(b.coordinator.is_empty(), "the group goes with its last offset");
    b.reload();
    assert!(b.coordinator.is_empty());
}

#[test]
fn b56_unknown_and_busy_groups() {
    let mut b = Bench::new(CONFIG);
    let error = |b: &mut Bench, report| (b.describe(report).error, b.describe(report).state);
    assert_eq!(error(&mut b, false), (ErrorCode::None, State::Dead));
    assert_eq!(error(&mut b, true), (ErrorCode::GroupIdNotFound, State::Dead));
    let delete = |b: &mut Bench| {
        let to = b.send(|c, now, wall, to, out| c.on_delete_groups(now, wall, to, vec![group()], out));
        match &b.replies[&to].1 {
            GroupReply::DeleteGroups(groups) => groups[0].error,
            other => panic!("{other:?}"),
        }
    };
    let forget = |b: &mut Bench, topic: &str| {
        let topics =
            vec![DeleteTopic { topic: TopicName::new(topic), partitions: vec![PartitionId::new(0)] }];
        let request = OffsetDelete { group: group(), topics };
        let to = b.send(|c, now, wall, to, out| c.on_offset_delete(now, wall, to, request, out));
        match &b.replies[&to].1 {
            GroupReply::OffsetDelete { error: ErrorCode::None, topics } => topics[0].partitions[0].error,
            GroupReply::OffsetDelete { error, .. } => *error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(delete(&mut b), ErrorCode::GroupIdNotFound);
    assert_eq!(forget(&mut b, "t"), ErrorCode::GroupIdNotFound);
    let formed = b.form(vec![newcomer(1)]);
    for topic in ["t", "unread"] {
        assert_eq!(b.commit(Some((&formed.ids[0], 1)), topic, ""), ErrorCode::None);
    }
    assert_eq!(delete(&mut b), ErrorCode::NonEmptyGroup);
    assert_eq!(forget(&mut b, "t"), ErrorCode::GroupSubscribedToTopic);
    b.leave(vec![LeavingMember { member: Some(formed.ids[0].clone()), instance: None }]);
    assert_eq!(delete(&mut b), ErrorCode::None);
    b.reload();
    assert!(b.coordinator.is_empty());
}

#[test]
fn b75_versions_of_records() {
    let mut b = Bench::new(CONFIG);
    let formed = b.form(vec![newcomer(1)]);
    b.commit(Some((&formed.ids[0], 1)), "t", "");
    let heads: Vec<(&[u8], &[u8])> =
        b.log.iter().map(|r| (&r.key[..2], &r.value.as_ref().expect("no tombstone")[..2])).collect();
    assert_eq!(heads.last(), Some(&([0u8, 1].as_slice(), [0u8, 4].as_slice())));
    assert!(heads[..heads.len() - 1].iter().all(|head| *head == ([0, 2].as_slice(), [0, 3].as_slice())));
}
