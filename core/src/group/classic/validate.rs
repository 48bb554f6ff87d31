//! Whether a request is from who it says, and fits the group.

use super::super::request::Protocol;
use super::{Classic, State};
use crate::ErrorCode;
use crate::ids::{Generation, InstanceId, MemberId};

impl Classic {
    /// Whether `member` is a member, and, if it claims to be an instance, the current one (behaviour 51).
    pub(super) fn validate_member(
        &self,
        member: &MemberId,
        instance: Option<&InstanceId>,
    ) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.statics.get(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(current) if current != member => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// [`validate_member`](Self::validate_member), and whether the member is of this generation.
    pub(super) fn validate_generation(
        &self,
        member: &MemberId,
        instance: Option<&InstanceId>,
        generation: Generation,
    ) -> Result<(), ErrorCode> {
        self.validate_member(member, instance)?;
        if generation == self.generation { Ok(()) } else { Err(ErrorCode::IllegalGeneration) }
    }

    /// Whether the members could still agree on a protocol with one that offers these.
    pub(super) fn supports(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        if self.state == State::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols
                .iter()
                .any(|p| self.supporters.get(&p.name).copied().unwrap_or(0) == self.members.len())
    }

    /// Whether offsets may be committed (behaviour 53).
    ///
    /// | generation | member or instance | transactional | group | answer |
    /// |---|---|---|---|---|
    /// | none | any | any | empty | yes |
    /// | any | given | any | any | is it a member, of this generation (`none` never is) |
    /// | none | none | no | not empty | UNKNOWN_MEMBER_ID |
    /// | none | none | yes | not empty | yes: before version 3 it could not say |
    ///
    /// and then, if not transactional: not between a rebalance and the leader's assignment (REBALANCE_IN_PROGRESS).
    pub(in crate::group) fn validate_commit(
        &self,
        member: Option<&MemberId>,
        instance: Option<&InstanceId>,
        generation: Option<Generation>,
        transactional: bool,
    ) -> Result<(), ErrorCode> {
        if generation.is_none() && self.state == State::Empty {
            return Ok(());
        }
        if generation.is_some() || member.is_some() || instance.is_some() {
            let nobody = MemberId::new("");
            self.validate_member(member.unwrap_or(&nobody), instance)?;
            if generation != Some(self.generation) {
                return Err(ErrorCode::IllegalGeneration);
            }
        } else if !transactional {
            return Err(ErrorCode::UnknownMemberId);
        }
        if !transactional && self.state == State::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    /// Whether single offsets may be deleted: a live group of consumers says what it reads, of any other it is not known.
    pub(in crate::group) fn validate_offset_delete(&self) -> Result<(), ErrorCode> {
        if self.state == State::Empty || self.uses_consumer_protocol() {
            Ok(())
        } else {
            Err(ErrorCode::NonEmptyGroup)
        }
    }
}
