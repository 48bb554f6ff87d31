//! Behaviours 49 to 52.

use super::*;

#[test]
fn b49_a_newcomer_is_told_its_id_first() {
    let mut b = Bench::new(CONFIG);
    let first = b.join(JoinGroup { require_known_member_id: true, ..newcomer(1) });
    let reply = b.joined(first);
    assert_eq!(reply.error, ErrorCode::MemberIdRequired);
    let id = reply.member.expect("its id");
    let second = b.join(JoinGroup { require_known_member_id: true, ..again(&id) });
    b.wait(3_000);
    let reply = b.joined(second);
    assert_eq!((reply.error, reply.generation), (ErrorCode::None, Some(Generation::new(1))));
    assert_eq!(reply.leader, Some(id));
    let forged = b.join(again(&MemberId::new("never-given")));
    assert_eq!(b.joined(forged).error, ErrorCode::UnknownMemberId);
}

#[test]
fn b49_an_unused_id_runs_out() {
    let mut b = Bench::new(CONFIG);
    let first = b.join(JoinGroup { require_known_member_id: true, session_timeout_ms: 6_000, ..newcomer(1) });
    let id = b.joined(first).member.expect("its id");
    b.wait(6_000);
    let late = b.join(again(&id));
    assert_eq!(b.joined(late).error, ErrorCode::UnknownMemberId);
}

#[test]
fn b50_session_timeouts_have_bounds() {
    let mut b = Bench::new(CONFIG);
    for session_timeout_ms in [i32::MIN, -1, 5_999, 1_800_001] {
        let to = b.join(JoinGroup { session_timeout_ms, ..newcomer(1) });
        assert_eq!(b.joined(to).error, ErrorCode::InvalidSessionTimeout);
    }
    assert!(b.coordinator.is_empty(), "a refused join leaves no group");
}

#[test]
fn b50_the_first_rebalance_waits_for_company() {
    let mut b = Bench::new(CONFIG);
    let one = b.join(newcomer(1));
    b.wait(2_000);
    let two = b.join(newcomer(2));
    b.wait(1_500);
    assert!(!b.replies.contains_key(&one), "extended, because someone joined");
    b.wait(2_500);
    assert_eq!(b.joined(one).generation, b.joined(two).generation);
    assert_eq!((b.joined(one).members.len(), b.joined(two).members.len()), (2, 0));
}

#[test]
fn b51_a_static_member_returns_without_a_rebalance() {
    let mut b = Bench::new(CONFIG);
    let formed = b.form(vec![fixed(1, "i1"), fixed(2, "i2")]);
    let back = b.join(fixed(3, "i1"));
    let reply = b.joined(back);
    assert_eq!((reply.error, reply.generation), (ErrorCode::None, Some(formed.generation)));
    assert_eq!(b.replies[&back].0, After::Durable);
    let id = reply.member.expect("its id");
    assert_ne!(id, formed.ids[0]);
    let generation = formed.generation.get();
    assert_eq!(b.heartbeat(&formed.ids[0], Some("i1"), generation), ErrorCode::FencedInstanceId);
    let to = b.sync(sync(&id, generation, vec![]));
    assert_eq!(&*b.synced(to).1.assignment, formed.ids[0].get().as_bytes(), "the place's assignment stays");
    b.reload();
    assert_eq!(b.heartbeat(&id, Some("i1"), generation), ErrorCode::None);
}

#[test]
fn b51_an_old_client_that_led_is_not_named_leader() {
    let mut b = Bench::new(CONFIG);
    let formed = b.form(vec![fixed(1, "i1")]);
    let back = b.join(JoinGroup { can_skip_assignment: false, ..fixed(2, "i1") });
    let reply = b.joined(back);
    assert_eq!((reply.leader, reply.skip_assignment), (Some(formed.leader), false));
    assert!(reply.members.is_empty());
}

#[test]
fn b51_leave_by_instance() {
    let mut b = Bench::new(CONFIG);
    let formed = b.form(vec![fixed(1, "i1"), newcomer(2)]);
    let by = |instance: &str| LeavingMember { member: None, instance: Some(InstanceId::new(instance)) };
    let nobody = LeavingMember { member: Some(MemberId::new("nobody")), instance: None };
    let errors = b.leave(vec![by("i1"), by("i9"), nobody]);
    assert_eq!(errors, [ErrorCode::None, ErrorCode::UnknownMemberId, ErrorCode::UnknownMemberId]);
    let generation = formed.generation.get();
    assert_eq!(b.heartbeat(&formed.ids[1], None, generation), ErrorCode::RebalanceInProgress);
}

#[test]
fn b52_heartbeat_codes() {
    let mut b = Bench::new(CONFIG);
    let nobody = MemberId::new("nobody");
    assert_eq!(b.heartbeat(&nobody, None, 1), ErrorCode::UnknownMemberId);
    let formed = b.form(vec![newcomer(1), newcomer(2)]);
    let id = &formed.ids[0];
    assert_eq!(b.heartbeat(id, None, 1), ErrorCode::None);
    assert_eq!(b.heartbeat(id, None, 2), ErrorCode::IllegalGeneration);
    assert_eq!(b.heartbeat(&nobody, None, 1), ErrorCode::UnknownMemberId);
    b.join(newcomer(3));
    assert_eq!(b.heartbeat(id, None, 1), ErrorCode::RebalanceInProgress);
}

#[test]
fn b52_concurrent_joins_lose_nobody() {
    let mut b = Bench::new(CONFIG);
    let formed = b.form(vec![newcomer(1), newcomer(2)]);
    let mut joins = vec![b.join(newcomer(3))];
    joins.extend(formed.ids.iter().map(|id| b.join(again(id))).collect::<Vec<_>>());
    let formed = b.settle(&joins);
    assert_eq!((formed.generation.get(), formed.ids.len()), (2, 3));
    let follower = formed.ids.iter().find(|id| **id != formed.leader).expect("a follower");
    let to = b.join(again(follower));
    assert_eq!(b.joined(to).generation, Some(Generation::new(2)), "a lost reply is repeated");
    let to = b.join(again(&formed.leader));
    assert!(!b.replies.contains_key(&to), "a leader's rejoin rebalances");
    assert_eq!(b.heartbeat(follower, None, 2), ErrorCode::RebalanceInProgress);
    b.wait(60_000);
    assert_eq!(b.joined(to).members.len(), 1, "those who did not rejoin are out");
}

#[test]
fn b52_silence_ends_a_session() {
    let mut b = Bench::new(CONFIG);
    let formed = b.form(vec![newcomer(1)]);
    b.wait(999_999);
    assert_eq!(b.heartbeat(&formed.ids[0], None, 1), ErrorCode::None);
    b.wait(1_000_000);
    assert_eq!(b.heartbeat(&formed.ids[0], None, 1), ErrorCode::UnknownMemberId);
}

#[test]
fn b52_no_sync_in_time_means_out() {
    let mut b = Bench::new(CONFIG);
    let (one, two) = (b.join(newcomer(1)), b.join(newcomer(2)));
    b.wait(6_000);
    let (leader, two) = (b.joined(one).leader.expect("a leader"), b.joined(two).member.expect("an id"));
    let follower = if leader == two { b.joined(one).member.expect("an id") } else { two };
    let waits = b.sync(sync(&follower, 1, vec![]));
    b.wait(60_000);
    assert_eq!(b.synced(waits).1.error, ErrorCode::RebalanceInProgress);
    assert_eq!(b.heartbeat(&leader, None, 1), ErrorCode::UnknownMemberId);
}

#[test]
fn protocols_must_agree() {
    let mut b = Bench::new(CONFIG);
    let formed = b.form(vec![newcomer(1)]);
    let mut other = newcomer(2);
    other.protocols = vec![Protocol { name: name("sticky"), metadata: Bytes::new() }];
    let to = b.join(other);
    assert_eq!(b.joined(to).error, ErrorCode::InconsistentGroupProtocol);
    let to = b.sync(SyncGroup { protocol: Some(name("sticky")), ..sync(&formed.ids[0], 1, vec![]) });
    assert_eq!(b.synced(to).1.error, ErrorCode::InconsistentGroupProtocol);
    let mut second = newcomer(2);
    second.protocols.remove(0);
    let (new, old) = (b.join(second), b.join(again(&formed.ids[0])));
    assert_eq!(b.joined(new).protocol.as_deref(), Some("roundrobin"));
    assert_eq!(b.joined(old).protocol.as_deref(), Some("roundrobin"));
}

#[test]
fn groups_have_a_largest_size() {
    let mut b = Bench::new(GroupConfig { members_max: 1, ..CONFIG });
    b.form(vec![newcomer(1)]);
    let to = b.join(newcomer(2));
    assert_eq!(b.joined(to).error, ErrorCode::GroupMaxSizeReached);
}
