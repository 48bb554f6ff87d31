//! Loading: the groups are made again of what the log holds.

use super::classic::Classic;
use super::consumer::Consumer;
use super::coordinator::Coordinator;
use super::kind::{Group, Kind};
use super::offsets::Place;
use super::records::{self, ConsumerKey, Key, RecordError, ShareKey, StreamsKey};
use super::reply::Out;
use super::share::Share;
use super::streams::Streams;
use super::timers::TimerKey;
use crate::ids::{GroupId, ProducerId};
use crate::time::{Monotonic, Timestamp};

impl Coordinator {
    /// Takes in one record of the log, oldest first; `timestamp` is the record's. Records of transactions go to
    /// [`replay_transactional`](Self::replay_transactional), markers to
    /// [`on_transaction_end`](Self::on_transaction_end).
    ///
    /// # Errors
    /// If the record cannot be read, or is of no known type. It is skipped; the driver may log it and go on.
    ///
    /// # Panics
    /// If [`loaded`](Self::loaded) was called already.
    pub fn replay(
        &mut self,
        key: &[u8],
        value: Option<&[u8]>,
        timestamp: Timestamp,
    ) -> Result<(), RecordError> {
        self.take_in(None, key, value, timestamp)
    }

    /// Takes in one record that is part of a transaction of `producer`.
    ///
    /// # Errors
    /// As [`replay`](Self::replay).
    ///
    /// # Panics
    /// As [`replay`](Self::replay).
    pub fn replay_transactional(
        &mut self,
        producer: ProducerId,
        key: &[u8],
        value: Option<&[u8]>,
        timestamp: Timestamp,
    ) -> Result<(), RecordError> {
        self.take_in(Some(producer), key, value, timestamp)
    }

    fn take_in(
        &mut self,
        producer: Option<ProducerId>,
        key: &[u8],
        value: Option<&[u8]>,
        timestamp: Timestamp,
    ) -> Result<(), RecordError> {
        assert!(!self.is_loaded, "what is written later the machine made itself");
        let (id, place) = match records::decode_key(key)? {
            Key::Group(id) => {
                self.take_in_group(&id, value, timestamp)?;
                self.forget_if_vacant(&id);
                return Ok(());
            }
            Key::Consumer(id, key) => {
                let taken = self.take_in_consumer(&id, key, value);
                self.forget_if_vacant(&id);
                return taken;
            }
            Key::Share(id, key) => {
                let taken = self.take_in_share(&id, key, value);
                self.forget_if_vacant(&id);
                return taken;
            }
            Key::Streams(id, key) => {
                let taken = self.take_in_streams(&id, key, value);
                self.forget_if_vacant(&id);
                return taken;
            }
            Key::Offset(id, topic, partition) => (id, (topic, partition)),
        };
        match value {
            Some(value) => self.take_in_offset(&id, producer, place, value)?,
            None => {
                if let Some(group) = self.groups.get_mut(&id) {
                    group.offsets.remove(&place);
                }
            }
        }
        self.forget_if_vacant(&id);
        Ok(())
    }

    fn take_in_group(
        &mut self,
        id: &GroupId,
        value: Option<&[u8]>,
        timestamp: Timestamp,
    ) -> Result<(), RecordError> {
        let classic = match value {
            Some(value) => Classic::load(id.clone(), records::decode_group(id, value)?, timestamp)?,
            None => Classic::new(id.clone()),
        };
        // Whatever becomes of the members, offsets go by their own tombstones only.
        let group = self.groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
        if value.is_some() || matches!(group.kind, Kind::Classic(_)) {
            group.kind = Kind::Classic(Box::new(classic));
        }
        Ok(())
    }

    /// The last word in the log says which kind a group is: tombstones of the other kind come before it.
    fn take_in_consumer(
        &mut self,
        id: &GroupId,
        key: ConsumerKey,
        value: Option<&[u8]>,
    ) -> Result<(), RecordError> {
        let group = self.groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
        if !matches!(group.kind, Kind::Consumer(_)) && value.is_some() {
            group.kind = Kind::Consumer(Box::new(Consumer::new(id.clone())));
        }
        match &mut group.kind {
            Kind::Consumer(consumer) => consumer.load(key, value),
            Kind::Classic(_) | Kind::Share(_) | Kind::Streams(_) => Ok(()),
        }
    }

    fn take_in_share(
        &mut self,
        id: &GroupId,
        key: ShareKey,
        value: Option<&[u8]>,
    ) -> Result<(), RecordError> {
        let group = self.groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
        if !matches!(group.kind, Kind::Share(_)) && value.is_some() {
            group.kind = Kind::Share(Box::new(Share::new(id.clone())));
        }
        match &mut group.kind {
            Kind::Share(share) => share.load(key, value),
            Kind::Classic(_) | Kind::Consumer(_) | Kind::Streams(_) => Ok(()),
        }
    }

    fn take_in_streams(
        &mut self,
        id: &GroupId,
        key: StreamsKey,
        value: Option<&[u8]>,
    ) -> Result<(), RecordError> {
        let group = self.groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
        if !matches!(group.kind, Kind::Streams(_)) && value.is_some() {
            group.kind = Kind::Streams(Box::new(Streams::new(id.clone())));
        }
        match &mut group.kind {
            Kind::Streams(streams) => streams.load(key, value),
            Kind::Classic(_) | Kind::Consumer(_) | Kind::Share(_) => Ok(()),
        }
    }

    fn take_in_offset(
        &mut self,
        id: &GroupId,
        producer: Option<ProducerId>,
        place: Place,
        value: &[u8],
    ) -> Result<(), RecordError> {
        let offset = records::decode_offset(id, value)?;
        let group = self.groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
        match producer {
            None => group.offsets.commit(place, offset),
            Some(producer) => {
                group.offsets.commit_pending(producer, place, offset);
                self.transactions.entry(producer).or_default().insert(id.clone());
            }
        }
        Ok(())
    }

    /// Everything is loaded: sessions of the members start, and requests may come.
    pub fn loaded(&mut self, now: Monotonic, wall: Timestamp) {
        assert!(!self.is_loaded, "a coordinator is loaded once");
        self.is_loaded = true;
        let due = now.plus_millis(self.config.retention_check_interval_ms);
        self.timers.set(&mut self.sweep, due, || TimerKey::Sweep);
        let mut out = Out::default();
        let (groups, mut step) = self.step(now, wall, &mut out);
        for group in groups.values_mut() {
            match &mut group.kind {
                Kind::Classic(classic) => classic.start(&mut step),
                Kind::Consumer(consumer) => consumer.start(&mut step),
                Kind::Share(share) => share.start(&mut step),
                Kind::Streams(streams) => streams.start(&mut step),
            }
        }
        // A rebalance of a loaded group waits for its members first.
        assert!(out.records.is_empty() && out.replies.is_empty(), "loading has no effects");
    }
}
