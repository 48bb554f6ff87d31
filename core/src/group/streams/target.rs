//! Dealing anew, and leading one member towards what it was dealt.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::reply::StreamsStatus;
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::assign::{self, Player};
use super::configure::Configured;
use super::reconcile::Towards;
use super::task::Target;
use super::{Progress, Streams, store};
use crate::ErrorCode;
use crate::ids::MemberId;

/// What a task takes in a record at most, with its subtopology's id spread over few of them.
const TASK_BYTES: usize = 32;

/// Kafka's name, in records, for the setting that dealing depends on.
const STANDBYS: &str = "num.standby.replicas";

impl Streams {
    /// The settings that dealing depends on, as they are now.
    pub(super) fn deals_with(&self, step: &Step<'_>) -> BTreeMap<Arc<str>, Arc<str>> {
        let standbys = step.cluster.streams(&self.id).standby_replicas;
        BTreeMap::from([(STANDBYS.into(), standbys.to_string().into())])
    }

    /// Deals anew if that is due, and leads a member one step on. Answers what is put off.
    ///
    /// # Errors
    /// If what would be dealt can't be stored.
    pub(super) fn advance(
        &mut self,
        step: &mut Step<'_>,
        id: &MemberId,
        reported: Option<&Target>,
    ) -> Result<Option<StreamsStatus>, ErrorCode> {
        let put_off = |detail: &str| {
            Some(StreamsStatus { code: StreamsStatus::ASSIGNMENT_DELAYED, detail: detail.into() })
        };
        if self.initial.is_set() {
            self.lead(step, id, &Target::new(), reported);
            return Ok(put_off("Assignment delayed due to the configured initial rebalance delay."));
        }
        let mut status = None;
        if self.epoch > self.target_epoch {
            let interval_ms = step.cluster.streams(&self.id).assignment_interval_ms;
            if step.may_deal(self.target_made, interval_ms) {
                self.deal(step)?;
            } else {
                status = put_off("Assignment delayed due to the configured assignment interval.");
            }
        }
        let target = self.target.get(id).cloned().unwrap_or_default();
        self.lead(step, id, &target, reported);
        Ok(status)
    }

    /// The wait for more members is over.
    pub(in crate::group) fn on_deal_timer(&mut self, step: &mut Step<'_>) {
        let is_due = step.timers.elapsed(&mut self.initial, step.now, TimerKey::Deal(self.id.clone()));
        if is_due && !self.members.is_empty() && self.epoch > self.target_epoch {
            // What can't be stored is told to the next member that calls.
            let _ = self.deal(step);
        }
    }

    fn deal(&mut self, step: &mut Step<'_>) -> Result<(), ErrorCode> {
        let nothing = Target::new();
        let players = self.members.iter().map(|(id, member)| {
            let dealt = self.target.get(id).unwrap_or(&nothing);
            (id, Player { process: &member.terms.process, dealt })
        });
        let ready = self.configured.as_ref().filter(|configured| Configured::is_ready(configured));
        let tasks = ready.map(|configured| configured.tasks.clone()).unwrap_or_default();
        let standbys = self.dealt_with.get(STANDBYS).and_then(|count| count.parse().ok()).unwrap_or(0);
        let dealt = assign::deal(&players.collect(), &tasks, standbys);
        let most = dealt.values().map(Target::len).max().unwrap_or(0);
        if most.saturating_mul(TASK_BYTES) > step.config.record_bytes_max {
            return Err(ErrorCode::UnknownServerError);
        }
        step.adopt(&mut self.target, dealt, |id, target| store::target(&self.id, id, target));
        self.target_epoch = self.epoch;
        self.target_made = step.wall;
        self.store_target_epoch(step);
        Ok(())
    }

    /// One step towards the target.
    fn lead(&mut self, step: &mut Step<'_>, id: &MemberId, target: &Target, reported: Option<&Target>) {
        let member = &self.members[id];
        if member.current.is_reconciled(self.target_epoch) {
            return;
        }
        let is_free = |role, task: &_| self.is_free(id, &member.terms.process, role, task);
        let towards = Towards { epoch: self.target_epoch, target, reported, is_free: &is_free };
        let next = towards.next(&member.current);
        if next == member.current {
            return;
        }
        step.record(store::current(&self.id, id, &next));
        self.members.get_mut(id).expect("just seen").current = next;
        self.time_revocation(step, id);
    }

    /// A member that has tasks to give up has its rebalance timeout for it.
    pub(super) fn time_revocation(&mut self, step: &mut Step<'_>, id: &MemberId) {
        let member = self.members.get_mut(id).expect("the caller has it");
        let key = || TimerKey::Rebalance(self.id.clone(), id.clone());
        if member.current.progress == Progress::Unrevoked {
            member.rebalance_epoch = member.current.epoch;
            let timeout_ms = u64::try_from(member.terms.rebalance_timeout_ms).unwrap_or(0);
            step.timers.set(&mut member.rebalance, step.now.plus_millis(timeout_ms), key);
        } else {
            step.timers.cancel(&mut member.rebalance, key);
        }
    }
}
