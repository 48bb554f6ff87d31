//! Who may commit and fetch a streams group's offsets.

use super::Streams;
use super::reconcile::Current;
use super::task::Role;
use crate::ErrorCode;
use crate::group::cluster::Cluster;
use crate::group::commit::CommitCheck;
use crate::group::consumer::stale;
use crate::ids::MemberId;

impl Streams {
    /// Whether offsets may be committed (behaviours 53 and 57): as in a consumer group (`consumer/validate` has the table),
    /// but that what counts is since when the member runs the task that reads a partition.
    pub(in crate::group) fn validate_commit(
        &self,
        cluster: &dyn Cluster,
        member: Option<&MemberId>,
        epoch: Option<i32>,
        transactional: bool,
        knows_epochs: bool,
    ) -> Result<CommitCheck, ErrorCode> {
        if epoch.is_none() && (self.members.is_empty() || transactional && member.is_none()) {
            return Ok(CommitCheck::Any);
        }
        let member = member.and_then(|id| self.members.get(id)).ok_or(ErrorCode::UnknownMemberId)?;
        if !transactional && !knows_epochs {
            return Err(ErrorCode::UnsupportedVersion);
        }
        let stale = stale(transactional);
        match (epoch, &self.topology) {
            (Some(epoch), _) if epoch == member.current.epoch => Ok(CommitCheck::Any),
            (Some(epoch), Some(topology)) if epoch < member.current.epoch => {
                let Current { assigned, revoking, .. } = &member.current;
                let since_then = assigned.iter().chain(revoking).filter(|(_, since)| epoch >= **since);
                let runs =
                    since_then.filter(|((role, _), _)| *role == Role::Active).map(|((_, task), _)| task);
                let places = runs.flat_map(|(id, partition)| {
                    let topics = topology.subtopologies.get(id).into_iter().flat_map(|part| part.reads());
                    let known = topics.filter_map(|topic| cluster.topic(topic.get()));
                    known.map(|topic| (topic.id, *partition))
                });
                Ok(CommitCheck::Only { places: places.collect(), otherwise: stale })
            }
            _ => Err(stale),
        }
    }

    /// Whether a member, if it is one that asks, may fetch offsets.
    pub(in crate::group) fn validate_fetch(
        &self,
        member: Option<&MemberId>,
        epoch: Option<i32>,
    ) -> Result<(), ErrorCode> {
        if member.is_none() && epoch.is_none() {
            return Ok(());
        }
        let member = member.and_then(|id| self.members.get(id)).ok_or(ErrorCode::UnknownMemberId)?;
        if epoch == Some(member.current.epoch) { Ok(()) } else { Err(stale(false)) }
    }
}
