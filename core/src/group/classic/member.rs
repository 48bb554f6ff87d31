//! One member of a classic group.

use std::sync::Arc;

use bytes::Bytes;

use super::super::reply::{DescribedMember, JoinedMember};
use super::super::request::Protocol;
use super::super::step::Ticket;
use super::super::timers::Timer;
use crate::ids::{InstanceId, MemberId};

/// A member.
#[derive(Debug)]
pub(in crate::group) struct Member {
    pub(super) id: MemberId,
    pub(super) instance: Option<InstanceId>,
    pub(super) client_id: Arc<str>,
    pub(super) client_host: Arc<str>,
    pub(super) rebalance_timeout_ms: u64,
    pub(super) session_timeout_ms: u64,
    /// Each name once, the best first.
    pub(super) protocols: Vec<Protocol>,
    pub(super) assignment: Bytes,
    /// It never got a reply to a JoinGroup, so its session runs although its request is parked.
    pub(super) is_new: bool,
    /// Its parked JoinGroup.
    pub(super) join: Option<Ticket>,
    /// Its parked SyncGroup.
    pub(super) sync: Option<Ticket>,
    pub(super) session: Timer,
}

impl Member {
    /// A parked request is as good as a heartbeat, but for a new member.
    pub(super) fn is_excused(&self) -> bool {
        !self.is_new && (self.join.is_some() || self.sync.is_some())
    }

    /// What it says of itself in a protocol.
    pub(super) fn metadata(&self, protocol: &str) -> Option<&Bytes> {
        self.protocols.iter().find(|p| &*p.name == protocol).map(|p| &p.metadata)
    }

    /// As its leader sees it.
    pub(super) fn joined(&self, protocol: &str) -> JoinedMember {
        JoinedMember {
            member: self.id.clone(),
            instance: self.instance.clone(),
            metadata: self.metadata(protocol).cloned().unwrap_or_default(),
        }
    }

    /// As an administrator sees it; its metadata only if there is a protocol.
    pub(super) fn described(&self, protocol: Option<&str>) -> DescribedMember {
        DescribedMember {
            member: self.id.clone(),
            instance: self.instance.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            metadata: protocol.and_then(|p| self.metadata(p)).cloned().unwrap_or_default(),
            assignment: self.assignment.clone(),
        }
    }
}

/// The protocols as kept: of several with one name the first.
pub(in crate::group) fn distinct(protocols: Vec<Protocol>) -> Vec<Protocol> {
    let mut names = std::collections::BTreeSet::new();
    protocols.into_iter().filter(|p| names.insert(p.name.clone())).collect()
}

/// An id for a new member: the name it has anyhow and a random (version 4) UUID, as Kafka's.
pub(in crate::group) fn member_id(prefix: &str, random: u128) -> MemberId {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0x3 << 62;
    let uuid = random & !VERSION & !VARIANT | 0x4 << 76 | 0x2 << 62;
    let (a, b, c) = ((uuid >> 96) as u32, (uuid >> 80) as u16, (uuid >> 64) as u16);
    let (d, e) = ((uuid >> 48) as u16, uuid as u64 & 0xffff_ffff_ffff);
    MemberId::new(format!("{prefix}-{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_prefix_and_a_random_uuid() {
        assert_eq!(member_id("c", 0).get(), "c-00000000-0000-4000-8000-000000000000");
        assert_eq!(member_id("", u128::MAX).get(), "-ffffffff-ffff-4fff-bfff-ffffffffffff");
        let random = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;
        assert_eq!(member_id("i", random).get(), "i-01234567-89ab-4def-8123-456789abcdef");
    }
}
