//! Which offset a time or a special position stands for (behaviour 47), and where a follower's log left ours.

use std::rc::Rc;

use headwater_core::ids::{LeaderEpoch, Offset};
use headwater_core::limits::DECOMPRESSED_BATCH_BYTES_MAX;
use headwater_core::record::header::BatchView;
use headwater_core::record::records::Records;
use headwater_storage::disk::Disk;
use headwater_storage::plan::ReadError;

use super::{Isolation, Partition};

/// The answer to a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookedUp {
    /// The offset, or none if no record matches.
    pub offset: Option<Offset>,
    /// That record's timestamp, where the question was one of time.
    pub timestamp: Option<i64>,
    /// The epoch that the offset belongs to.
    pub epoch: Option<LeaderEpoch>,
}

/// Why a look-up fails.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The question is not one of Kafka's.
    #[error("{0} is neither a time nor a position")]
    Unknown(i64),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Kafka's positions, in place of a timestamp.
mod position {
    pub const LATEST: i64 = -1;
    pub const EARLIEST: i64 = -2;
    pub const MAX_TIMESTAMP: i64 = -3;
    pub const EARLIEST_LOCAL: i64 = -4;
    pub const LATEST_TIERED: i64 = -5;
    pub const EARLIEST_PENDING_UPLOAD: i64 = -6;
}

/// How much one step of the search reads: more than an index interval, so that most searches are one read.
const STEP_BYTES: usize = 128 << 10;

impl<D: Disk> Partition<D> {
    /// Answers `timestamp`: milliseconds, or one of Kafka's negative positions.
    pub async fn look_up(
        self: &Rc<Self>,
        timestamp: i64,
        isolation: Isolation,
    ) -> Result<LookedUp, LookupError> {
        let bounds = self.bounds();
        let at =
            |offset| LookedUp { offset: Some(offset), timestamp: None, epoch: Some(self.leader_epoch()) };
        let none = LookedUp { offset: None, timestamp: None, epoch: None };
        match timestamp {
            position::LATEST => Ok(at(bounds.readable_end(isolation))),
            position::EARLIEST | position::EARLIEST_LOCAL => {
                // That of the records there, which may be older than its leader.
                let epoch = self.leader_epochs().epoch_at(bounds.log_start).or(Some(self.leader_epoch()));
                Ok(LookedUp { epoch, ..at(bounds.log_start) })
            }
            // Nothing is tiered, so nothing is uploaded or waits to be.
            position::LATEST_TIERED => Ok(none),
            position::EARLIEST_PENDING_UPLOAD => Ok(none),
            position::MAX_TIMESTAMP => match self.log().max_timestamp().await {
                Some((newest, from)) => {
                    self.first_at_or_after(newest, from, bounds.readable_end(isolation)).await
                }
                None => Ok(none),
            },
            time if time >= 0 => match self.log().position_for_timestamp(time).await {
                Some(from) => self.first_at_or_after(time, from, bounds.readable_end(isolation)).await,
                None => Ok(none),
            },
            other => Err(LookupError::Unknown(other)),
        }
    }

    /// The first record from `from` on, below `end`, whose timestamp is `time` or later.
    async fn first_at_or_after(&self, time: i64, from: Offset, end: Offset) -> Result<LookedUp, LookupError> {
        let mut at = from.max(self.log().log_start());
        while at < end {
            let outcome = self.log().plan(at, end, STEP_BYTES, true)?.run().await?;
            for chunk in &outcome.chunks {
                let Ok((view, _)) = BatchView::split(chunk) else { continue };
                if view.header.max_timestamp < time {
                    continue;
                }
                let Ok(records) = Records::of(&view, DECOMPRESSED_BATCH_BYTES_MAX) else { continue };
                let found =
                    records.iter().filter_map(Result::ok).find(|r| r.timestamp >= time && r.offset >= from);
                if let Some(record) = found {
                    return Ok(LookedUp {
                        offset: Some(record.offset),
                        timestamp: Some(record.timestamp),
                        epoch: Some(view.header.leader_epoch),
                    });
                }
            }
            if outcome.next_offset <= at {
                break;
            }
            at = outcome.next_offset;
        }
        Ok(LookedUp { offset: None, timestamp: None, epoch: None })
    }
}
