//! Listing, describing and deleting groups (behaviour 56).

use super::State;
use super::commit::delete;
use super::coordinator::Coordinator;
use super::kind::{Group, Kind};
use super::reply::{
    DeletedGroup, DescribedConsumerGroup, DescribedGroup, DescribedShareGroup, DescribedStreamsGroup,
    GroupReply, Out, Reply, ReplyTo,
};
use super::request::{DescribeGroups, ListGroups};
use super::step::Step;
use crate::ErrorCode;
use crate::after::After;
use crate::ids::GroupId;
use crate::time::{Monotonic, Timestamp};

impl Coordinator {
    /// Tells what groups are like.
    pub fn on_describe_groups(&self, to: ReplyTo, request: DescribeGroups, out: &mut Out) {
        let missing = if request.report_missing_group { ErrorCode::GroupIdNotFound } else { ErrorCode::None };
        let groups = request.groups.into_iter().map(|id| match self.groups.get(&id) {
            Some(Group { kind: Kind::Classic(classic), .. }) => classic.described(),
            _ => DescribedGroup {
                group: id,
                error: missing,
                state: State::Dead,
                protocol_type: Default::default(),
                protocol: Default::default(),
                members: Vec::new(),
            },
        });
        let body = GroupReply::DescribeGroups(groups.collect());
        out.replies.push(Reply { to, after: After::Now, body });
    }

    /// Tells what consumer groups are like.
    pub fn on_describe_consumers(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        asked: Vec<GroupId>,
        out: &mut Out,
    ) {
        let tell = |id, kind: Option<&Kind>, step: &Step<'_>| match kind {
            Some(Kind::Consumer(consumer)) => consumer.described(step),
            _ => DescribedConsumerGroup {
                group: id,
                error: ErrorCode::GroupIdNotFound,
                state: State::Dead,
                epoch: 0,
                target_epoch: 0,
                assignor: "",
                members: Vec::new(),
            },
        };
        self.describe((now, wall), to, asked, out, tell, GroupReply::DescribeConsumers);
    }

    /// Tells what share groups are like.
    pub fn on_describe_shares(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        asked: Vec<GroupId>,
        out: &mut Out,
    ) {
        let tell = |id, kind: Option<&Kind>, _: &Step<'_>| match kind {
            Some(Kind::Share(share)) => share.described(),
            _ => DescribedShareGroup {
                group: id,
                error: ErrorCode::GroupIdNotFound,
                state: State::Dead,
                epoch: 0,
                target_epoch: 0,
                members: Vec::new(),
            },
        };
        self.describe((now, wall), to, asked, out, tell, GroupReply::DescribeShares);
    }

    /// Tells what streams groups are like.
    pub fn on_describe_streams(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        asked: Vec<GroupId>,
        out: &mut Out,
    ) {
        let tell = |id, kind: Option<&Kind>, _: &Step<'_>| match kind {
            Some(Kind::Streams(streams)) => streams.described(),
            _ => DescribedStreamsGroup::missing(id, ErrorCode::GroupIdNotFound),
        };
        self.describe((now, wall), to, asked, out, tell, GroupReply::DescribeStreams);
    }

    /// Answers, when what it says is durable, with what `tell` makes of each group, or of there being none.
    fn describe<T>(
        &mut self,
        (now, wall): (Monotonic, Timestamp),
        to: ReplyTo,
        asked: Vec<GroupId>,
        out: &mut Out,
        tell: impl Fn(GroupId, Option<&Kind>, &Step<'_>) -> T,
        body: impl FnOnce(Vec<T>) -> GroupReply,
    ) {
        let (groups, mut step) = self.step(now, wall, out);
        let described = asked.into_iter().map(|id| {
            let kind = groups.get(&id).map(|group| &group.kind);
            tell(id, kind, &step)
        });
        let body = body(described.collect());
        step.reply(to, After::Durable, body);
    }

    /// Lists the groups that are in one of the states and of one of the types asked for.
    pub fn on_list_groups(&self, to: ReplyTo, request: &ListGroups, out: &mut Out) {
        let asked = |filter: &[std::sync::Arc<str>], is: &str| {
            filter.is_empty() || filter.iter().any(|name| name.trim().eq_ignore_ascii_case(is))
        };
        let groups = self.groups.values().map(Group::listed).filter(|listed| {
            asked(&request.states, listed.state.name()) && asked(&request.types, listed.group_type)
        });
        let body = GroupReply::ListGroups(groups.collect());
        out.replies.push(Reply { to, after: After::Now, body });
    }

    /// Deletes groups without members, and their offsets.
    pub fn on_delete_groups(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        groups: Vec<GroupId>,
        out: &mut Out,
    ) {
        let mut results = Vec::with_capacity(groups.len());
        for id in groups {
            let error = self.delete_group(now, wall, &id, out).err().unwrap_or(ErrorCode::None);
            results.push(DeletedGroup { group: id, error });
        }
        let body = GroupReply::DeleteGroups(results);
        out.replies.push(Reply { to, after: After::Durable, body });
    }

    fn delete_group(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        id: &GroupId,
        out: &mut Out,
    ) -> Result<(), ErrorCode> {
        let (groups, mut step) = self.step(now, wall, out);
        let group = groups.get_mut(id).ok_or(ErrorCode::GroupIdNotFound)?;
        if group.state() != State::Empty {
            return Err(ErrorCode::NonEmptyGroup);
        }
        for place in group.offsets.places() {
            delete(&mut step, id, group, place);
        }
        group.store_end(&mut step, id);
        match &mut group.kind {
            Kind::Classic(classic) => classic.forget(step.timers),
            Kind::Share(share) => share.forget(step.timers),
            Kind::Streams(streams) => streams.forget(step.timers),
            Kind::Consumer(_) => {}
        }
        groups.remove(id);
        Ok(())
    }
}
