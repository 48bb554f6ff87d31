//! A classic group's record in the log, and the group made of it again.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::super::records::{self, RecordError, text};
use super::super::request::Protocol;
use super::super::step::Step;
use super::super::timers::Timer;
use super::member::Member;
use super::{Classic, State};
use crate::ids::{Generation, GroupId, InstanceId, MemberId};
use crate::time::Timestamp;
use crate::wire::records::group_metadata_value::{GroupMetadataValue, MemberMetadata};

/// What a member's record adds to its names and bytes: six lengths of at most four bytes, two timeouts.
const MEMBER_BYTES: usize = 6 * 4 + 2 * 4;

/// What a group's record holds besides members and names.
const GROUP_BYTES: usize = 64;

impl Classic {
    /// Whether the members would fit into a record.
    pub(super) fn fits_a_record(&self, step: &Step<'_>) -> bool {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let names = [&self.protocol_type, &self.protocol].into_iter().flatten().map(|name| name.len());
        let leader = self.leader.as_ref().map_or(0, |leader| leader.get().len());
        let members = self.members.values().map(|m| {
            let instance = m.instance.as_ref().map_or(0, |instance| instance.get().len());
            let metadata = m.metadata(protocol).map_or(0, Bytes::len);
            let names = m.id.get().len() + instance + m.client_id.len() + m.client_host.len();
            names + metadata + m.assignment.len() + MEMBER_BYTES
        });
        let bytes = names.chain(members).fold(GROUP_BYTES + leader, usize::saturating_add);
        bytes <= step.config.record_bytes_max
    }

    /// Writes the group as it is now.
    pub(super) fn store(&mut self, step: &mut Step<'_>) {
        let protocol = self.protocol.as_deref();
        let members = self.members.values().map(|m| MemberMetadata {
            member_id: Cow::Borrowed(m.id.get()),
            group_instance_id: m.instance.as_ref().map(|instance| Cow::Borrowed(instance.get())),
            client_id: Cow::Borrowed(&m.client_id),
            client_host: Cow::Borrowed(&m.client_host),
            rebalance_timeout: i32::try_from(m.rebalance_timeout_ms).unwrap_or(i32::MAX),
            session_timeout: i32::try_from(m.session_timeout_ms).unwrap_or(i32::MAX),
            subscription: Cow::Borrowed(protocol.and_then(|p| m.metadata(p)).map_or(&[], |b| b)),
            assignment: Cow::Borrowed(&m.assignment),
        });
        let value = GroupMetadataValue {
            protocol_type: Cow::Borrowed(self.protocol_type.as_deref().unwrap_or_default()),
            generation: self.generation.get(),
            protocol: protocol.map(Cow::Borrowed),
            leader: self.leader.as_ref().map(|leader| Cow::Borrowed(leader.get())),
            current_state_timestamp: self.since.map_or(-1, Timestamp::millis),
            members: members.collect(),
        };
        step.record(records::group(&self.id, &value));
        self.stored = true;
    }

    /// The group that `value`, written at `timestamp`, tells of. Its sessions do not run before [`start`](Self::start).
    pub(in crate::group) fn load(
        id: GroupId,
        value: GroupMetadataValue<'_>,
        timestamp: Timestamp,
    ) -> Result<Self, RecordError> {
        let contradiction = |problem| RecordError::Contradiction { group: id.clone(), problem };
        if value.generation < 0 {
            return Err(contradiction("its generation is negative"));
        }
        let mut group = Classic::new(id.clone());
        group.stored = true;
        group.generation = Generation::new(value.generation);
        // Records before version 2 do not say since when. That of their batch is the nearest there is.
        let since = value.current_state_timestamp;
        group.since = Some(if since == -1 { timestamp } else { Timestamp::from_millis(since) });
        group.protocol_type = (!value.protocol_type.is_empty()).then(|| text(value.protocol_type));
        if !value.members.is_empty() {
            let Some(protocol) = value.protocol.map(text) else {
                return Err(contradiction("it has members and no protocol"));
            };
            if group.protocol_type.is_none() {
                return Err(contradiction("it has members and no protocol type"));
            }
            for member in value.members {
                let member = loaded(member, &protocol);
                if let Some(instance) = &member.instance
                    && group.statics.insert(instance.clone(), member.id.clone()).is_some()
                {
                    return Err(contradiction("an instance is there twice"));
                }
                group.count_supporters(&member.protocols, true);
                if group.members.insert(member.id.clone(), member).is_some() {
                    return Err(contradiction("a member is there twice"));
                }
            }
            group.protocol = Some(protocol);
            group.state = State::Stable;
            let leader = value.leader.map(MemberId::new).filter(|l| group.members.contains_key(l));
            group.leader = leader.or_else(|| group.members.keys().next().cloned());
        }
        group.subscribed = group.subscriptions();
        Ok(group)
    }

    /// The group is loaded, from now on its members must be heard of.
    pub(in crate::group) fn start(&mut self, step: &mut Step<'_>) {
        let members: Vec<MemberId> = self.members.keys().cloned().collect();
        for member in &members {
            self.renew_session(step, member);
        }
        if members.len() > step.config.members_max {
            // The setting was lowered. The members may commit, then the last ones to join again find no room.
            self.prepare_rebalance(step);
        }
    }
}

fn loaded(member: MemberMetadata<'_>, protocol: &Arc<str>) -> Member {
    let millis = |millis: i32| millis.max(0) as u64;
    // Records of version 0 have no rebalance timeout.
    let rebalance =
        if member.rebalance_timeout == -1 { member.session_timeout } else { member.rebalance_timeout };
    Member {
        id: MemberId::new(member.member_id),
        instance: member.group_instance_id.map(InstanceId::new),
        client_id: text(member.client_id),
        client_host: text(member.client_host),
        rebalance_timeout_ms: millis(rebalance),
        session_timeout_ms: millis(member.session_timeout),
        protocols: vec![Protocol {
            name: protocol.clone(),
            metadata: Bytes::copy_from_slice(&member.subscription),
        }],
        assignment: Bytes::copy_from_slice(&member.assignment),
        is_new: false,
        join: None,
        sync: None,
        session: Timer::default(),
    }
}
