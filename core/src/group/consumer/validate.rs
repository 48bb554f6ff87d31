//! Who may commit and fetch a consumer group's offsets.

use super::Consumer;
use super::member::Current;
use crate::ErrorCode;
use crate::group::commit::CommitCheck;
use crate::ids::{InstanceId, MemberId};

impl Consumer {
    /// Whether offsets may be committed (behaviours 53 and 57).
    ///
    /// | epoch | member | then |
    /// |---|---|---|
    /// | none | any, in an empty group | yes |
    /// | none | none given, within a transaction | yes: before version 3 it could not say |
    /// | any | not a member | UNKNOWN_MEMBER_ID |
    /// | any | speaks the new protocol, request before version 9 | UNSUPPORTED_VERSION |
    /// | its own | member | yes |
    /// | greater, none | member | STALE_MEMBER_EPOCH |
    /// | smaller | member | if it has had all the partitions since then, else STALE_MEMBER_EPOCH |
    ///
    /// To members that speak the classic protocol an epoch is a generation: ILLEGAL_GENERATION. So it is within a
    /// transaction, where producers know no other word for it: any else ends them.
    pub(in crate::group) fn validate_commit(
        &self,
        member: Option<&MemberId>,
        instance: Option<&InstanceId>,
        epoch: Option<i32>,
        transactional: bool,
        knows_epochs: bool,
    ) -> Result<CommitCheck, ErrorCode> {
        if epoch.is_none()
            && (self.members.is_empty() || transactional && member.is_none() && instance.is_none())
        {
            return Ok(CommitCheck::Any);
        }
        let member = member.and_then(|id| self.members.get(id)).ok_or(ErrorCode::UnknownMemberId)?;
        if !transactional && !member.is_classic() && !knows_epochs {
            return Err(ErrorCode::UnsupportedVersion);
        }
        let stale = stale(transactional || member.is_classic());
        match epoch {
            Some(epoch) if epoch == member.current.epoch => Ok(CommitCheck::Any),
            Some(epoch) if epoch < member.current.epoch => {
                let Current { assigned, revoking, .. } = &member.current;
                let owned = assigned.iter().chain(revoking).flat_map(|(topic, partitions)| {
                    let since_then = partitions.iter().filter(move |(_, since)| epoch >= **since);
                    since_then.map(|(partition, _)| (*topic, *partition))
                });
                Ok(CommitCheck::Only { places: owned.collect(), otherwise: stale })
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
        if epoch == Some(member.current.epoch) { Ok(()) } else { Err(stale(member.is_classic())) }
    }
}

/// What a member is told whose epoch is not its own: to those that speak the classic protocol, and to producers, it is a
/// generation.
pub(in crate::group) fn stale(by_generation: bool) -> ErrorCode {
    if by_generation { ErrorCode::IllegalGeneration } else { ErrorCode::StaleMemberEpoch }
}
