//! Control records: what brokers tell consumers in the log itself. A control batch holds exactly one.
//!
//! ```text
//!   key:    version i16 = 0 | type i16     0 abort, 1 commit; others belong to Kafka's own quorum
//!   value:  version i16 = 0 | coordinator epoch i32
//! ```
//!
//! Newer versions only add fields behind these, so a longer key or value is read as version 0; a consumer skips types
//! that it does not know.

use bytes::Bytes;

use crate::ids::{ProducerEpoch, ProducerId};
use crate::time::Timestamp;

use super::RecordError;
use super::builder::BatchBuilder;
use super::records::Record;

const VERSION: [u8; 2] = 0i16.to_be_bytes();

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its records are to be skipped.
    Abort,
    /// Its records count.
    Commit,
}

/// The end of one producer's transaction in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndMarker {
    /// How it ended.
    pub outcome: Outcome,
    /// The epoch of the transaction coordinator that decided it, which fences an older coordinator's markers.
    pub coordinator_epoch: i32,
}

impl EndMarker {
    /// The batch that carries it, on behalf of the producer whose transaction it ends.
    pub fn build(self, id: ProducerId, epoch: ProducerEpoch, now: Timestamp) -> Bytes {
        let kind: i16 = match self.outcome {
            Outcome::Abort => 0,
            Outcome::Commit => 1,
        };
        let key = [VERSION, kind.to_be_bytes()].concat();
        let value = [&VERSION[..], &self.coordinator_epoch.to_be_bytes()].concat();
        BatchBuilder::new()
            .producer(id, epoch, -1)
            .transactional()
            .control()
            .record(now.millis(), Some(&key), Some(&value))
            .build()
    }

    /// Reads a control batch's record; none if it is of a type other than a transaction's end.
    ///
    /// # Errors
    /// [`RecordError::Record`] with index 0 if key or value are too short or of a negative version.
    pub fn read(record: &Record<'_>) -> Result<Option<EndMarker>, RecordError> {
        let broken = RecordError::Record { index: 0 };
        let [v0, v1, k0, k1] = record.key.and_then(|key| key.first_chunk()).ok_or(broken.clone())?;
        let outcome = match (i16::from_be_bytes([*v0, *v1]), i16::from_be_bytes([*k0, *k1])) {
            (..0, _) => return Err(broken),
            (_, 0) => Outcome::Abort,
            (_, 1) => Outcome::Commit,
            _ => return Ok(None),
        };
        let [v0, v1, epoch @ ..] =
            record.value.and_then(|value| value.first_chunk::<6>()).ok_or(broken.clone())?;
        if i16::from_be_bytes([*v0, *v1]) < 0 {
            return Err(broken);
        }
        Ok(Some(EndMarker { outcome, coordinator_epoch: i32::from_be_bytes(*epoch) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Offset;
    use crate::record::header::BatchView;
    use crate::record::records::Records;

    #[test]
    fn b44_markers_are_control_batches_of_one_record() {
        for outcome in [Outcome::Abort, Outcome::Commit] {
            let marker = EndMarker { outcome, coordinator_epoch: 7 };
            let batch = marker.build(ProducerId::new(9), ProducerEpoch::new(2), Timestamp::from_millis(5));
            let (view, rest) = BatchView::split(&batch).unwrap();
            view.verify_crc().unwrap();
            assert!(rest.is_empty() && view.header.is_control() && view.header.is_transactional());
            assert_eq!((view.header.record_count, view.header.base_sequence), (1, -1));
            // As Java's client writes it: length 20, no attributes, key of 4 bytes, value of 6, no headers.
            let kind = outcome as u8;
            assert_eq!(view.payload(), [32, 0, 0, 0, 8, 0, 0, 0, kind, 12, 0, 0, 0, 0, 0, 7, 0]);
            let records = Records::of(&view, 100).unwrap();
            let record = records.iter().next().unwrap().unwrap();
            assert_eq!(EndMarker::read(&record), Ok(Some(marker)));
        }
    }

    #[test]
    fn b44_what_is_not_a_marker() {
        let broken = Err(RecordError::Record { index: 0 });
        let commit = Ok(Some(EndMarker { outcome: Outcome::Commit, coordinator_epoch: 7 }));
        type Case = (Option<&'static [u8]>, Option<&'static [u8]>, Result<Option<EndMarker>, RecordError>);
        let cases: [Case; 9] = [
            (Some(&[0, 0, 0, 1]), Some(&[0, 0, 0, 0, 0, 7]), commit.clone()),
            (Some(&[0, 1, 0, 1, 9]), Some(&[0, 1, 0, 0, 0, 7, 9]), commit),
            (Some(&[0, 0, 0, 2]), None, Ok(None)),
            (Some(&[0, 0, 0xff, 0xff]), None, Ok(None)),
            (None, Some(&[0, 0, 0, 0, 0, 7]), broken.clone()),
            (Some(&[0, 0, 0]), Some(&[0, 0, 0, 0, 0, 7]), broken.clone()),
            (Some(&[0x80, 0, 0, 1]), Some(&[0, 0, 0, 0, 0, 7]), broken.clone()),
            (Some(&[0, 0, 0, 1]), Some(&[0, 0, 0, 0, 0]), broken.clone()),
            (Some(&[0, 0, 0, 1]), Some(&[0x80, 0, 0, 0, 0, 7]), broken),
        ];
        for (key, value, expected) in cases {
            let record = Record { offset: Offset::ZERO, timestamp: 0, key, value, headers: Vec::new() };
            assert_eq!(EndMarker::read(&record), expected, "{key:?} {value:?}");
        }
    }
}
