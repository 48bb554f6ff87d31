use super::*;
use crate::ids::PartitionId;

const GROUP: &str = "g";

fn key(partition: i32) -> ShareKey {
    let partition = TopicPartition { topic: TopicId::new([7; 16]), partition: PartitionId::new(partition) };
    ShareKey { group: GroupId::new(GROUP), partition }
}

/// A coordinator, and everything that it has written.
struct World {
    coordinator: StateCoordinator,
    log: Vec<StateRecord>,
}

impl World {
    fn new(updates_per_snapshot: u32) -> Self {
        Self { coordinator: StateCoordinator::new(updates_per_snapshot), log: Vec::new() }
    }

    fn call(&mut self, call: StateCall) -> StateReply {
        let (after, reply) = self.coordinator.on_call(Timestamp::from_millis(5), call, &mut self.log);
        assert_eq!(after, After::Durable);
        self.coordinator.check();
        assert_eq!(self.replayed().shares, self.coordinator.shares, "the log says the same");
        reply
    }

    fn replayed(&self) -> StateCoordinator {
        let mut other = StateCoordinator::new(self.coordinator.updates_per_snapshot);
        self.log.iter().for_each(|record| other.replay(&record.key, record.value.as_deref()).unwrap());
        other
    }

    fn initialize(&mut self, partition: i32, state_epoch: i32, start: Option<i64>) -> Result<(), ErrorCode> {
        let item = InitializeState { state_epoch, start: start.map(Offset::new) };
        match self.call(StateCall::Initialize(vec![(key(partition), item)])) {
            StateReply::Done(results) => results[0],
            other => panic!("{other:?}"),
        }
    }

    fn write(
        &mut self,
        partition: i32,
        epochs: (i32, i32),
        start: i64,
        batches: &[(i64, i64, RecordState)],
    ) -> Result<(), ErrorCode> {
        let batches = batches.iter().map(|(first, last, state)| StateBatch {
            first: Offset::new(*first),
            last: Offset::new(*last),
            state: *state,
            deliveries: 1,
        });
        let item = WriteState {
            state_epoch: epochs.0,
            leader_epoch: LeaderEpoch::new(epochs.1),
            start: Some(Offset::new(start)),
            complete: Some(0),
            batches: batches.collect(),
        };
        match self.call(StateCall::Write(vec![(key(partition), item)])) {
            StateReply::Done(results) => results[0],
            other => panic!("{other:?}"),
        }
    }

    fn read(&mut self, partition: i32, leader_epoch: i32) -> Result<StoredShare, ErrorCode> {
        match self.call(StateCall::Read(vec![(key(partition), LeaderEpoch::new(leader_epoch))])) {
            StateReply::Read(mut results) => results.remove(0),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn state_is_read_as_it_was_written() {
    let mut world = World::new(500);
    assert_eq!(world.read(0, 0), Err(ErrorCode::InvalidRequest), "nobody has begun");
    world.initialize(0, 3, None).unwrap();
    assert_eq!(world.read(0, 0).unwrap().start, None);
    world.write(0, (3, 0), 2, &[(0, 1, RecordState::Acknowledged), (4, 6, RecordState::Available)]).unwrap();
    let read = world.read(0, 1).unwrap();
    assert_eq!((read.start, read.batches.len(), read.leader_epoch), (Some(Offset::new(2)), 1, 1));
}

#[test]
fn old_writers_are_fenced() {
    let mut world = World::new(500);
    world.initialize(0, 3, Some(0)).unwrap();
    world.read(0, 2).unwrap();
    assert_eq!(world.write(0, (3, 1), 1, &[]), Err(ErrorCode::FencedLeaderEpoch));
    assert_eq!(world.read(0, 1), Err(ErrorCode::FencedLeaderEpoch));
    world.initialize(0, 4, Some(9)).unwrap();
    assert_eq!(world.write(0, (3, 2), 1, &[]), Err(ErrorCode::FencedStateEpoch));
    assert_eq!(world.initialize(0, 3, None), Err(ErrorCode::FencedStateEpoch));
    assert_eq!(world.read(0, 0).unwrap().start, Some(Offset::new(9)));
}

#[test]
fn many_updates_end_in_a_snapshot_and_a_prune_makes_the_rest_needless() {
    let mut world = World::new(3);
    world.initialize(0, 1, Some(0)).unwrap();
    world.initialize(1, 1, Some(0)).unwrap();
    for at in 0..20 {
        world.write(0, (1, 0), at, &[(at + 2, at + 2, RecordState::Available)]).unwrap();
    }
    let snapshots = world.log.iter().filter(|record| record.key[..2] == [0, 0]).count();
    assert_eq!(snapshots, 2 + 5);
    assert!(!world.coordinator.wants_prune());
    let before = world.log.len();
    world.coordinator.on_prune(Timestamp::from_millis(9), &mut world.log);
    world.log.drain(..before);
    assert_eq!(world.replayed().shares, world.coordinator.shares);
    world.write(0, (1, 0), 20, &[(30, 31, RecordState::Archived)]).unwrap();
}

#[test]
fn what_is_deleted_is_gone_and_begins_anew() {
    let mut world = World::new(500);
    world.initialize(0, 1, Some(0)).unwrap();
    world.write(0, (1, 0), 4, &[]).unwrap();
    world.call(StateCall::Delete(vec![key(0), key(1)]));
    assert!(world.coordinator.is_empty());
    assert_eq!(world.write(0, (1, 0), 5, &[]), Err(ErrorCode::InvalidRequest));
    world.initialize(0, 1, None).unwrap();
    assert_eq!(world.read(0, 0).unwrap().start, None);
    let (mut out, topic) = (Vec::new(), key(0).partition.topic);
    world.coordinator.on_topic_deleted(topic, &mut out);
    assert_eq!((out.len(), world.coordinator.len()), (1, 0));
}

#[test]
fn damaged_records_are_named() {
    let mut coordinator = StateCoordinator::new(500);
    assert_eq!(coordinator.replay(&[0, 9], None), Err(StateRecordError::UnknownType(9)));
    assert!(matches!(coordinator.replay(&[0, 0, 0], None), Err(StateRecordError::Damaged(_))));
    let mut world = World::new(500);
    world.initialize(0, 1, Some(0)).unwrap();
    let value = &world.log[0].value.as_ref().unwrap()[..20];
    assert!(matches!(coordinator.replay(&world.log[0].key, Some(value)), Err(StateRecordError::Damaged(_))));
    assert!(coordinator.is_empty());
}

#[test]
fn state_falls_where_java_puts_it() {
    // "g:BwcHBwcHBwcHBwcHBwcHBw:0".hashCode() is what any Java says.
    let text = format!("{GROUP}:{}:0", key(0).partition.topic);
    assert_eq!(text, "g:BwcHBwcHBwcHBwcHBwcHBw:0");
    assert_eq!(partition_for(&key(0), 50), crate::group::partition_for(&GroupId::new(text), 50));
}
