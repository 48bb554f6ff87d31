//! Share sessions: each is kept by the shard that its group and member say. A member may fetch on one connection and
//! acknowledge on another (franz-go does), and those may be served by different shards.
//!
//! A session ends with the connection that it was opened on, which tells all shards: only they know what they keep.

use std::rc::Rc;

use headwater_core::ErrorCode;
use headwater_core::ids::{ShardId, TopicPartition};
use headwater_core::share::SessionKey;

use super::message::{Reply, Request};
use super::shares::{ShareReply, ShareRequest};
use super::{Scatter, Shard};
use crate::rt;

/// What happens to a session.
pub enum SessionCall {
    /// A request to fetch opens or continues it; answered with what to read, in order.
    Fetch {
        /// The epoch of the request.
        epoch: i32,
        /// The connection that the request came on, by its [`Shard::connection_number`].
        connection: u64,
        /// Partitions that are to be in it.
        wanted: Vec<TopicPartition>,
        /// Partitions that are to be in it no more.
        forgotten: Vec<TopicPartition>,
    },
    /// A request that only acknowledges, of this epoch.
    Acknowledge(i32),
    /// It ends; answered with its partitions.
    Close,
}

impl Shard {
    /// Asks the shard that keeps a session.
    ///
    /// # Errors
    /// SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH, SHARE_SESSION_LIMIT_REACHED.
    pub async fn share_session(
        self: &Rc<Self>,
        key: &SessionKey,
        call: SessionCall,
    ) -> Result<Vec<TopicPartition>, ErrorCode> {
        let home = ShardId::new((key.place() % u64::from(self.count)) as u16);
        let request = Request::Share(ShareRequest::Session { key: key.clone(), call });
        match self.call(home, request).await {
            Reply::Share(ShareReply::Session(result)) => result,
            _ => unreachable!("a session answers as one"),
        }
    }

    /// A number for a connection of this shard that no other connection of the broker ever has.
    pub fn connection_number(&self) -> u64 {
        u64::from(self.id.get()) << 48 | self.ticket()
    }

    /// What a session that is kept here says.
    pub(super) fn on_share_session(
        &self,
        key: &SessionKey,
        call: SessionCall,
    ) -> Result<Vec<TopicPartition>, ErrorCode> {
        let mut sessions = self.share_sessions.borrow_mut();
        match call {
            SessionCall::Fetch { epoch, connection, wanted, forgotten } => {
                let max = self.config().share_group.sessions_max as usize;
                sessions.fetch(key, epoch, connection, max, &wanted, &forgotten)
            }
            SessionCall::Acknowledge(epoch) => sessions.acknowledge(key, epoch).map(|()| Vec::new()),
            SessionCall::Close => sessions.close(key),
        }
    }

    /// A connection has ended, and the sessions that were opened on it: what their members have in hand is free.
    pub(super) fn on_share_disconnect(self: &Rc<Self>, connection: u64) {
        let closed = self.share_sessions.borrow_mut().disconnected(connection);
        for (key, partitions) in closed {
            let shard = self.clone();
            rt::spawn(async move { shard.release_shares(&key, partitions).await }).detach();
        }
    }

    /// A member gives back what it has of these partitions.
    pub async fn release_shares(self: &Rc<Self>, key: &SessionKey, partitions: Vec<TopicPartition>) {
        let split = Scatter::split(partitions, self.count, |partition| self.owner(*partition));
        let calls = split.parts.into_iter().map(|(to, partitions)| {
            let (group, member) = (key.group.clone(), key.member.clone());
            self.call(to, Request::Share(ShareRequest::Release { group, member, partitions }))
        });
        rt::all(calls).await;
    }
}
