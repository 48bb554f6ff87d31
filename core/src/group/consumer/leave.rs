//! Members go: they say so, they fall silent, or they do not give up what they have to.

use std::collections::BTreeSet;

use super::super::reply::{ConsumerAnswer, GroupReply, ReplyTo};
use super::super::request::ConsumerHeartbeat;
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::heartbeat::{refused, unknown};
use super::member::{AWAY, Progress};
use super::{Consumer, store};
use crate::ErrorCode;
use crate::after::After;
use crate::group::classic::Classic;
use crate::ids::{InstanceId, MemberId};

impl Consumer {
    /// Handles a heartbeat of a member that goes; the classic group that the rest is from now on, if it is.
    #[must_use]
    pub(in crate::group) fn leave(
        &mut self,
        step: &mut Step<'_>,
        to: ReplyTo,
        request: ConsumerHeartbeat,
    ) -> Option<Classic> {
        let id = match (&request.instance, request.member) {
            (None, Some(id)) if self.members.contains_key(&id) => id,
            (None, id) => {
                let id = id.unwrap_or_else(|| MemberId::new(""));
                step.reply(to, After::Durable, refused(unknown(&id)));
                return None;
            }
            (Some(instance), id) => match self.of_instance(instance, id.as_ref()) {
                Ok(id) => id,
                Err(error) => {
                    step.reply(to, After::Durable, refused((error, format!("of instance {instance}"))));
                    return None;
                }
            },
        };
        let downgraded = if request.epoch == AWAY {
            self.go_away(step, &id);
            None
        } else {
            self.fence(step, BTreeSet::from([id.clone()]))
        };
        let answer = ConsumerAnswer {
            error: ErrorCode::None,
            message: None,
            member: Some(id),
            epoch: request.epoch,
            heartbeat_interval_ms: 0,
            assignment: None,
        };
        step.reply(to, After::Durable, GroupReply::ConsumerHeartbeat(answer));
        downgraded
    }

    /// The member that an instance is, if it is who it says; it may not know.
    pub(super) fn of_instance(
        &self,
        instance: &InstanceId,
        id: Option<&MemberId>,
    ) -> Result<MemberId, ErrorCode> {
        let current = self.statics.get(instance).ok_or(ErrorCode::UnknownMemberId)?;
        if id.is_none_or(|id| id == current) { Ok(current.clone()) } else { Err(ErrorCode::FencedInstanceId) }
    }

    /// A static member goes and may come back until its session is over: nobody gets its partitions till then.
    fn go_away(&mut self, step: &mut Step<'_>, id: &MemberId) {
        let member = &self.members[id];
        let mut current = member.current.clone();
        current.epoch = AWAY;
        current.revoking.clear();
        if current.progress == Progress::Unrevoked {
            current.progress = Progress::Stable;
        }
        step.record(store::current(&self.id, id, &current));
        self.set_current(id, current);
        let member = self.members.get_mut(id).expect("just seen");
        let key = || TimerKey::Rebalance(self.id.clone(), id.clone());
        step.timers.cancel(&mut member.rebalance, key);
    }

    /// Takes members out; what they had is free. If only classic members are left, the group becomes a classic one.
    #[must_use]
    pub(super) fn fence(&mut self, step: &mut Step<'_>, gone: BTreeSet<MemberId>) -> Option<Classic> {
        if gone.is_empty() {
            return None;
        }
        if self.may_downgrade(step, &gone) {
            return Some(self.downgrade(step, &gone, true));
        }
        for id in &gone {
            self.cancel_timers(step.timers, id);
            self.set_current(id, Default::default());
            let member = self.members.remove(id).expect("the caller saw it");
            self.target.remove(id);
            if let Some(instance) = &member.terms.instance {
                self.statics.remove(instance);
            }
            self.store_removal(step, id);
        }
        self.follow_regexes(step);
        self.bump_epoch(step);
        None
    }

    /// A timer of a member has come up.
    #[must_use]
    pub(in crate::group) fn on_member_timer(
        &mut self,
        step: &mut Step<'_>,
        key: TimerKey,
    ) -> Option<Classic> {
        let (TimerKey::Session(_, id)
        | TimerKey::Rebalance(_, id)
        | TimerKey::MemberJoin(_, id)
        | TimerKey::MemberSync(_, id)) = key.clone()
        else {
            unreachable!("the group itself has no timers")
        };
        let member = self.members.get_mut(&id)?;
        let is_rebalance = matches!(key, TimerKey::Rebalance(..));
        let timer = match key {
            TimerKey::Session(..) => &mut member.session,
            TimerKey::Rebalance(..) => &mut member.rebalance,
            TimerKey::MemberJoin(..) => &mut member.join,
            _ => &mut member.sync,
        };
        if !step.timers.elapsed(timer, step.now, key) {
            return None;
        }
        if is_rebalance && member.current.epoch != member.rebalance_epoch {
            return None;
        }
        self.fence(step, BTreeSet::from([id]))
    }
}
