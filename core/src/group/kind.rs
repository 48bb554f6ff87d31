//! A group as a whole: its offsets, and the members, which are of one kind or the other.

use super::State;
use super::classic::Classic;
use super::cluster::Cluster;
use super::commit::CommitCheck;
use super::consumer::Consumer;
use super::offsets::Offsets;
use super::records;
use super::reply::ListedGroup;
use super::request::OffsetCommit;
use super::share::Share;
use super::step::Step;
use super::streams::Streams;
use crate::ErrorCode;
use crate::ids::{Generation, GroupId, InstanceId, MemberId, TopicName};
use crate::time::Timestamp;

/// The members, and how they agree.
#[derive(Debug)]
pub(super) enum Kind {
    /// By JoinGroup and SyncGroup; also groups that only store offsets.
    Classic(Box<Classic>),
    /// By ConsumerGroupHeartbeat.
    Consumer(Box<Consumer>),
    /// By ShareGroupHeartbeat.
    Share(Box<Share>),
    /// By StreamsGroupHeartbeat.
    Streams(Box<Streams>),
}

/// A group: its members and its offsets.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) kind: Kind,
    pub(super) offsets: Offsets,
}

impl Group {
    pub(super) fn new(id: GroupId) -> Self {
        Self { kind: Kind::Classic(Box::new(Classic::new(id))), offsets: Offsets::default() }
    }

    pub(super) fn classic_mut(&mut self) -> &mut Classic {
        match &mut self.kind {
            Kind::Classic(classic) => classic,
            Kind::Consumer(_) | Kind::Share(_) | Kind::Streams(_) => {
                unreachable!("a group that changes its kind gives up its timers")
            }
        }
    }

    pub(super) fn consumer_mut(&mut self) -> &mut Consumer {
        match &mut self.kind {
            Kind::Consumer(consumer) => consumer,
            Kind::Classic(_) | Kind::Share(_) | Kind::Streams(_) => {
                unreachable!("a group that changes its kind gives up its timers")
            }
        }
    }

    /// Nothing is known of it that would not also be known without it.
    pub(super) fn is_vacant(&self) -> bool {
        self.offsets.is_empty()
            && match &self.kind {
                Kind::Classic(classic) => classic.is_vacant(),
                Kind::Consumer(consumer) => consumer.is_vacant(),
                Kind::Share(share) => share.is_vacant(),
                Kind::Streams(streams) => streams.is_vacant(),
            }
    }

    /// Nobody is a member or about to become one; the log may have something of it to delete.
    pub(super) fn is_idle(&self) -> bool {
        match &self.kind {
            Kind::Classic(classic) => classic.is_idle(),
            Kind::Consumer(consumer) => consumer.is_empty(),
            Kind::Streams(streams) => streams.is_empty(),
            // Its state elsewhere has to be deleted with it.
            Kind::Share(_) => false,
        }
    }

    pub(super) fn state(&self) -> State {
        match &self.kind {
            Kind::Classic(classic) => classic.state(),
            Kind::Consumer(consumer) => consumer.state(),
            Kind::Share(share) => share.state(),
            Kind::Streams(streams) => streams.state(),
        }
    }

    /// The log is to forget the members.
    pub(super) fn store_end(&self, step: &mut Step<'_>, id: &GroupId) {
        match &self.kind {
            Kind::Classic(_) => step.record(records::group_tombstone(id)),
            Kind::Consumer(consumer) => consumer.store_end(step),
            Kind::Share(share) => share.store_end(step),
            Kind::Streams(streams) => streams.store_end(step),
        }
    }

    pub(super) fn listed(&self) -> ListedGroup {
        match &self.kind {
            Kind::Classic(classic) => classic.listed(),
            Kind::Consumer(consumer) => consumer.listed(),
            Kind::Share(share) => share.listed(),
            Kind::Streams(streams) => streams.listed(),
        }
    }

    pub(super) fn is_subscribed(&self, topic: &TopicName) -> bool {
        match &self.kind {
            Kind::Classic(classic) => classic.is_subscribed(topic),
            Kind::Consumer(consumer) => consumer.is_subscribed(topic),
            Kind::Share(share) => share.is_subscribed(topic),
            Kind::Streams(streams) => streams.is_subscribed(topic),
        }
    }

    /// From when on the retention of an offset committed at `committed` counts; `None`: it does not. In a consumer or
    /// streams group it counts from the commit: of topics that are read it does not come to that.
    pub(super) fn retention_base(&self, committed: Timestamp) -> Option<Timestamp> {
        match &self.kind {
            Kind::Classic(classic) => classic.retention_base(committed),
            Kind::Consumer(_) | Kind::Streams(_) => Some(committed),
            Kind::Share(_) => None,
        }
    }

    pub(super) fn validate_offset_delete(&self) -> Result<(), ErrorCode> {
        match &self.kind {
            Kind::Classic(classic) => classic.validate_offset_delete(),
            Kind::Consumer(_) | Kind::Streams(_) => Ok(()),
            Kind::Share(_) => Err(ErrorCode::GroupIdNotFound),
        }
    }

    /// Whether offsets may be committed, and which.
    pub(super) fn validate_commit(
        &self,
        cluster: &dyn Cluster,
        member: Option<&MemberId>,
        instance: Option<&InstanceId>,
        generation: Option<Generation>,
        transactional: bool,
        knows_epochs: bool,
    ) -> Result<CommitCheck, ErrorCode> {
        match &self.kind {
            Kind::Classic(classic) => {
                classic.validate_commit(member, instance, generation, transactional)?;
                Ok(CommitCheck::Any)
            }
            Kind::Consumer(consumer) => {
                let epoch = generation.map(Generation::get);
                consumer.validate_commit(member, instance, epoch, transactional, knows_epochs)
            }
            Kind::Streams(streams) => {
                let epoch = generation.map(Generation::get);
                streams.validate_commit(cluster, member, epoch, transactional, knows_epochs)
            }
            // What it has read is not told in offsets.
            Kind::Share(_) => Err(ErrorCode::GroupIdNotFound),
        }
    }

    /// A member of a classic group that commits offsets lives; in a consumer group only heartbeats count.
    pub(super) fn on_commit_by(&mut self, step: &mut Step<'_>, request: &OffsetCommit) {
        if let Kind::Classic(classic) = &mut self.kind {
            classic.on_commit_by(step, request.member.as_ref());
        }
    }

    /// Whether a member, if it is one that asks, may fetch offsets.
    pub(super) fn validate_fetch(
        &self,
        member: Option<&MemberId>,
        epoch: Option<i32>,
    ) -> Result<(), ErrorCode> {
        match &self.kind {
            Kind::Classic(_) => Ok(()),
            Kind::Consumer(consumer) => consumer.validate_fetch(member, epoch),
            Kind::Streams(streams) => streams.validate_fetch(member, epoch),
            // Nobody in particular is told that there are none.
            Kind::Share(_) if member.is_none() && epoch.is_none() => Ok(()),
            Kind::Share(_) => Err(ErrorCode::GroupIdNotFound),
        }
    }

    /// A member of the new protocol joins: an empty classic group gives way, a live one is upgraded.
    ///
    /// # Errors
    /// If it cannot be.
    pub(super) fn become_consumer(&mut self, step: &mut Step<'_>, id: &GroupId) -> Result<(), ErrorCode> {
        let Kind::Classic(classic) = &mut self.kind else { return Ok(()) };
        let consumer = if classic.state() == State::Empty {
            classic.dissolve(step);
            Consumer::new(id.clone())
        } else {
            Consumer::upgrade(step, classic)?
        };
        self.kind = Kind::Consumer(Box::new(consumer));
        Ok(())
    }

    /// A member of a share group joins: only a group that is nothing yet becomes one.
    ///
    /// # Errors
    /// If it is another kind.
    pub(super) fn become_share(&mut self, id: &GroupId) -> Result<&mut Share, ErrorCode> {
        if self.is_vacant() && !matches!(self.kind, Kind::Share(_)) {
            self.kind = Kind::Share(Box::new(Share::new(id.clone())));
        }
        match &mut self.kind {
            Kind::Share(share) => Ok(share),
            _ => Err(ErrorCode::GroupIdNotFound),
        }
    }

    /// A member of a streams group joins: an empty classic group gives way.
    ///
    /// # Errors
    /// If it is another kind.
    pub(super) fn become_streams(
        &mut self,
        step: &mut Step<'_>,
        id: &GroupId,
    ) -> Result<&mut Streams, ErrorCode> {
        if let Kind::Classic(classic) = &mut self.kind
            && classic.state() == State::Empty
        {
            classic.dissolve(step);
            self.kind = Kind::Streams(Box::new(Streams::new(id.clone())));
        }
        self.streams_mut()
    }

    /// The streams group that it is.
    ///
    /// # Errors
    /// If it is another kind.
    pub(super) fn streams_mut(&mut self) -> Result<&mut Streams, ErrorCode> {
        match &mut self.kind {
            Kind::Streams(streams) => Ok(streams),
            _ => Err(ErrorCode::GroupIdNotFound),
        }
    }

    /// A member of the classic protocol joins: an empty consumer or streams group gives way.
    pub(super) fn become_classic_if_empty(&mut self, step: &mut Step<'_>, id: &GroupId) {
        match &mut self.kind {
            Kind::Consumer(consumer) if consumer.is_empty() => consumer.store_end(step),
            Kind::Streams(streams) if streams.is_empty() => {
                streams.store_end(step);
                streams.forget(step.timers);
            }
            _ => return,
        }
        self.kind = Kind::Classic(Box::new(Classic::new(id.clone())));
    }

    /// The rest of a consumer group is a classic group, if it was made one.
    pub(super) fn downgrade(&mut self, to: Option<Classic>) {
        if let Some(classic) = to {
            self.kind = Kind::Classic(Box::new(classic));
        }
    }
}
