//! Share sessions: a member names its partitions once, then only what changes, and says with each request how many it has
//! made since (its epoch).
//!
//! | epoch | step |
//! |---|---|
//! | 0 | opens a session, in place of one that it may have |
//! | n | needs the session and its next epoch |
//! | -1 | needs the session, and ends it: what the member has in hand is free again |
//!
//! Epochs count 1, 2, … `i32::MAX`, 1. A session ends with the connection that it was opened on.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::ErrorCode;
use crate::ids::{GroupId, MemberId, TopicPartition};

/// The epoch that opens a session.
pub const OPEN: i32 = 0;
/// The epoch that ends it.
pub const CLOSE: i32 = -1;

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    /// The group.
    pub group: GroupId,
    /// The member.
    pub member: MemberId,
}

impl SessionKey {
    /// A number that says where the session is kept, the same wherever it is asked for in one process.
    pub fn place(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

#[derive(Debug)]
struct Session {
    next_epoch: i32,
    /// The connection that it was opened on.
    connection: u64,
    partitions: BTreeSet<TopicPartition>,
    /// Where the next answer begins, so that one that is full starves nobody.
    turn: usize,
}

/// The share sessions that one shard keeps.
#[derive(Debug, Default)]
pub struct ShareSessions {
    sessions: HashMap<SessionKey, Session>,
}

impl ShareSessions {
    /// How many sessions are open.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// A request to fetch has come on `connection`: opens or continues the session, and answers what to read, in order.
    /// `sessions_max` bounds how many there are.
    ///
    /// # Errors
    /// SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH, SHARE_SESSION_LIMIT_REACHED. The session stays as it was.
    pub fn fetch(
        &mut self,
        key: &SessionKey,
        epoch: i32,
        connection: u64,
        sessions_max: usize,
        wanted: &[TopicPartition],
        forgotten: &[TopicPartition],
    ) -> Result<Vec<TopicPartition>, ErrorCode> {
        if epoch == OPEN {
            if self.sessions.len() >= sessions_max && !self.sessions.contains_key(key) {
                return Err(ErrorCode::ShareSessionLimitReached);
            }
            let partitions: BTreeSet<TopicPartition> = wanted.iter().copied().collect();
            let order = partitions.iter().copied().collect();
            let session = Session { next_epoch: 1, connection, partitions, turn: 0 };
            self.sessions.insert(key.clone(), session);
            return Ok(order);
        }
        let session = self.next(key, epoch)?;
        session.partitions.extend(wanted);
        session.partitions.retain(|partition| !forgotten.contains(partition));
        let mut order: Vec<TopicPartition> = session.partitions.iter().copied().collect();
        if !order.is_empty() {
            session.turn = (session.turn + 1) % order.len();
            order.rotate_left(session.turn);
        }
        Ok(order)
    }

    /// A request that only acknowledges has come.
    ///
    /// # Errors
    /// SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH.
    pub fn acknowledge(&mut self, key: &SessionKey, epoch: i32) -> Result<(), ErrorCode> {
        if epoch == OPEN {
            return Err(ErrorCode::InvalidShareSessionEpoch);
        }
        self.next(key, epoch).map(|_| ())
    }

    fn next(&mut self, key: &SessionKey, epoch: i32) -> Result<&mut Session, ErrorCode> {
        let session = self.sessions.get_mut(key).ok_or(ErrorCode::ShareSessionNotFound)?;
        if epoch != session.next_epoch {
            return Err(ErrorCode::InvalidShareSessionEpoch);
        }
        session.next_epoch = epoch.checked_add(1).unwrap_or(1);
        Ok(session)
    }

    /// The session ends; answers its partitions.
    ///
    /// # Errors
    /// SHARE_SESSION_NOT_FOUND.
    pub fn close(&mut self, key: &SessionKey) -> Result<Vec<TopicPartition>, ErrorCode> {
        let session = self.sessions.remove(key).ok_or(ErrorCode::ShareSessionNotFound)?;
        Ok(session.partitions.into_iter().collect())
    }

    /// A connection has ended; answers the sessions that were opened on it, which end with it.
    pub fn disconnected(&mut self, connection: u64) -> Vec<(SessionKey, Vec<TopicPartition>)> {
        let its = |session: &Session| session.connection == connection;
        let keys: Vec<SessionKey> =
            self.sessions.iter().filter(|(_, session)| its(session)).map(|(key, _)| key.clone()).collect();
        let closed = keys.into_iter().map(|key| {
            let partitions = self.close(&key).expect("just listed");
            (key, partitions)
        });
        closed.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PartitionId, TopicId};

    fn at(partition: i32) -> TopicPartition {
        TopicPartition { topic: TopicId::new([1; 16]), partition: PartitionId::new(partition) }
    }

    fn key(member: &str) -> SessionKey {
        SessionKey { group: GroupId::new("g"), member: MemberId::new(member) }
    }

    #[test]
    fn a_session_keeps_its_partitions_and_counts_its_epochs() {
        let mut sessions = ShareSessions::default();
        let mut fetch = |epoch, wanted: &[TopicPartition], forgotten: &[TopicPartition]| {
            let mut order = sessions.fetch(&key("a"), epoch, 1, 10, wanted, forgotten)?;
            order.sort();
            Ok(order)
        };
        assert_eq!(fetch(1, &[], &[]), Err(ErrorCode::ShareSessionNotFound));
        assert_eq!(fetch(0, &[at(0)], &[]), Ok(vec![at(0)]));
        assert_eq!(fetch(1, &[at(1)], &[]), Ok(vec![at(0), at(1)]));
        assert_eq!(fetch(1, &[], &[]), Err(ErrorCode::InvalidShareSessionEpoch));
        assert_eq!(fetch(2, &[], &[at(0)]), Ok(vec![at(1)]));
        assert_eq!(fetch(0, &[], &[]), Ok(vec![]), "opened anew");
        assert_eq!(sessions.acknowledge(&key("a"), 0), Err(ErrorCode::InvalidShareSessionEpoch));
        assert_eq!(sessions.acknowledge(&key("a"), 1), Ok(()));
        assert_eq!(sessions.close(&key("a")), Ok(vec![]));
        assert_eq!(sessions.close(&key("a")), Err(ErrorCode::ShareSessionNotFound));
    }

    #[test]
    fn sessions_are_bounded_and_end_with_their_connection() {
        let mut sessions = ShareSessions::default();
        assert!(sessions.fetch(&key("a"), 0, 1, 2, &[at(0)], &[]).is_ok());
        assert!(sessions.fetch(&key("b"), 0, 2, 2, &[at(0)], &[]).is_ok());
        assert_eq!(sessions.fetch(&key("c"), 0, 2, 2, &[], &[]), Err(ErrorCode::ShareSessionLimitReached));
        assert_eq!(sessions.disconnected(1), vec![(key("a"), vec![at(0)])]);
        assert!(sessions.disconnected(1).is_empty());
        assert!(sessions.fetch(&key("c"), 0, 2, 2, &[], &[]).is_ok());
        assert_eq!(sessions.len(), 2);
    }
}
