//! Members go: they say so, they fall silent, or they do not give up what they have to.

use super::super::consumer::unknown;
use super::super::reply::{GroupReply, ReplyTo, StreamsAnswer};
use super::super::request::StreamsHeartbeat;
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::{Streams, refused};
use crate::after::After;
use crate::ids::MemberId;

impl Streams {
    /// Handles a heartbeat of a member that goes.
    pub(in crate::group) fn leave(&mut self, step: &mut Step<'_>, to: ReplyTo, request: StreamsHeartbeat) {
        if !self.members.contains_key(&request.member) {
            return step.reply(to, After::Durable, refused(unknown(&request.member)));
        }
        if request.shutdown {
            self.shutdown.get_or_insert_with(|| request.member.clone());
        }
        self.fence(step, &request.member);
        let answer =
            StreamsAnswer { member: Some(request.member), epoch: request.epoch, ..StreamsAnswer::default() };
        step.reply(to, After::Durable, GroupReply::StreamsHeartbeat(Box::new(answer)));
    }

    /// Takes a member out; others get its tasks with their next heartbeats.
    fn fence(&mut self, step: &mut Step<'_>, id: &MemberId) {
        self.cancel_timers(step.timers, id);
        self.members.remove(id);
        self.target.remove(id);
        self.store_removal(step, id);
        self.epoch += 1;
        self.store_epoch(step);
        if self.members.is_empty() {
            self.shutdown = None;
        }
    }

    /// A timer of a member has come up.
    pub(in crate::group) fn on_member_timer(&mut self, step: &mut Step<'_>, key: TimerKey) {
        let (TimerKey::Session(_, id) | TimerKey::Rebalance(_, id)) = key.clone() else {
            unreachable!("members have no other timers")
        };
        let Some(member) = self.members.get_mut(&id) else { return };
        let is_session = matches!(key, TimerKey::Session(..));
        let timer = if is_session { &mut member.session } else { &mut member.rebalance };
        if !step.timers.elapsed(timer, step.now, key) {
            return;
        }
        if is_session || member.current.epoch == member.rebalance_epoch {
            self.fence(step, &id);
        }
    }
}
