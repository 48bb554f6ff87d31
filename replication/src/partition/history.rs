//! What a partition has to remember of its log beyond the records: its producers and their transactions. Kept with each
//! checkpoint of the log and brought up to date from there at a start.
//!
//! ```text
//! length     4  u32, of what follows up to the transactions
//! producers  …  see headwater_core::producer
//! transactions … see headwater_core::log_transactions
//! ```

use std::rc::Rc;

use bytes::{BufMut, Bytes, BytesMut};
use headwater_core::log_transactions::LogTransactions;
use headwater_core::producer::ProducerStates;
use headwater_core::record::control::EndMarker;
use headwater_core::record::header::BatchView;
use headwater_core::record::records::Records;
use headwater_core::time::Timestamp;
use headwater_storage::disk::Disk;
use headwater_storage::log::Log;

/// How much of the log one step of the rebuilding reads.
const STEP_BYTES: usize = 1 << 20;
/// A marker is some tens of bytes.
const MARKER_BYTES_MAX: usize = 1 << 16;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) producers: ProducerStates,
    pub(super) transactions: LogTransactions,
}

/// Both as one.
pub(super) fn encode(producers: &ProducerStates, transactions: &LogTransactions) -> Bytes {
    let (producers, transactions) = (producers.encode_snapshot(), transactions.encode_snapshot());
    let mut out = BytesMut::with_capacity(4 + producers.len() + transactions.len());
    out.put_u32(u32::try_from(producers.len()).expect("a snapshot is far below 4 GiB"));
    out.put_slice(&producers);
    out.put_slice(&transactions);
    out.freeze()
}

impl History {
    /// Both of them, if the bytes are what was written.
    fn decode(bytes: &[u8]) -> Result<History, String> {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or("it is cut off")?;
        let (producers, transactions) =
            rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or("it is cut off")?;
        Ok(History {
            producers: ProducerStates::decode_snapshot(producers).map_err(|error| error.to_string())?,
            transactions: LogTransactions::decode_snapshot(transactions)
                .map_err(|error| error.to_string())?,
        })
    }

    /// What the log's last checkpoint knew, brought up to date.
    pub(super) async fn recover<D: Disk>(log: &Rc<Log<D>>) -> History {
        let (snapshot, from) = log.recovered_aux().unwrap_or_default();
        let (mut history, mut at) = match History::decode(&snapshot) {
            // It speaks of batches that did not survive.
            Ok(history) if history.transactions.end() > log.end() => (History::default(), log.log_start()),
            Ok(history) => (history, from),
            Err(_) if snapshot.is_empty() => (History::default(), from),
            Err(why) => {
                tracing::warn!(partition = %log.id(), why, "its producers are rebuilt from the whole log");
                (History::default(), log.log_start())
            }
        };
        at = at.max(log.log_start());
        while at < log.end() {
            let read = match log.plan(at, log.end(), STEP_BYTES, true) {
                Ok(plan) => plan.run().await,
                Err(error) => Err(error),
            };
            match read {
                Ok(outcome) if outcome.next_offset > at => {
                    for chunk in &outcome.chunks {
                        history.follow(chunk);
                    }
                    at = outcome.next_offset;
                }
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(%error, "producers of this partition can't be rebuilt behind the damage");
                    break;
                }
            }
        }
        history
    }

    /// Takes in one batch of the log.
    fn follow(&mut self, chunk: &[u8]) {
        let Ok((view, _)) = BatchView::split(chunk) else { return };
        let header = &view.header;
        let Some(id) = header.producer_id else { return };
        // The summary may be ahead of the place that it is replayed from.
        if header.base_offset < self.transactions.end() {
            return;
        }
        let heard = Timestamp::from_millis(header.max_timestamp);
        self.producers.append(header, header.base_offset, heard);
        match header.is_control().then(|| marker(&view)).flatten() {
            Some(marker) => {
                self.producers.note_coordinator(id, marker.coordinator_epoch);
                self.transactions.finish(id, marker.outcome, header.base_offset);
            }
            None => self.transactions.append(header, header.base_offset),
        }
    }
}

fn marker(view: &BatchView<'_>) -> Option<EndMarker> {
    let records = Records::of(view, MARKER_BYTES_MAX).ok()?;
    let record = records.iter().next()?.ok()?;
    EndMarker::read(&record).ok().flatten()
}

#[cfg(test)]
mod tests {
    use headwater_core::ids::{Offset, ProducerEpoch, ProducerId};
    use headwater_core::record::builder::BatchBuilder;
    use headwater_core::record::control::Outcome;
    use headwater_core::record::header::set_base_offset;

    use super::*;

    fn data(id: i64, base: i64, sequence: i32) -> Vec<u8> {
        let builder = BatchBuilder::new().producer(ProducerId::new(id), ProducerEpoch::new(0), sequence);
        at(builder.transactional().record(0, None, Some(b"v")).build_mut(), base)
    }

    fn end_of(id: i64, base: i64, outcome: Outcome) -> Vec<u8> {
        let marker = EndMarker { outcome, coordinator_epoch: 0 };
        let bytes = marker.build(ProducerId::new(id), ProducerEpoch::new(0), Timestamp::default());
        at(BytesMut::from(&bytes[..]), base)
    }

    fn at(mut batch: BytesMut, base: i64) -> Vec<u8> {
        set_base_offset(&mut batch, Offset::new(base));
        batch.to_vec()
    }

    #[test]
    fn b44_a_replay_from_any_place_knows_the_same() {
        let batches = [
            data(1, 0, 0),
            data(2, 1, 0),
            end_of(1, 2, Outcome::Abort),
            data(1, 3, 1),
            end_of(2, 4, Outcome::Commit),
            data(2, 5, 1),
            end_of(2, 6, Outcome::Abort),
        ];
        let replay = |mut history: History, from: usize| {
            batches[from..].iter().for_each(|batch| history.follow(batch));
            (history.producers, history.transactions)
        };
        let mut whole = replay(History::default(), 0);
        assert_eq!(whole.1.aborted(Offset::ZERO, Offset::new(7)).len(), 2);
        whole.1.on_committed(Offset::new(7));
        assert_eq!(whole.1.first_unstable(), Some(Offset::new(3)));
        for taken in 0..=batches.len() {
            let mut before = History::default();
            batches[..taken].iter().for_each(|batch| before.follow(batch));
            let bytes = encode(&before.producers, &before.transactions);
            for from in 0..=taken {
                let history = History::decode(&bytes).unwrap();
                let mut later = replay(history, from);
                later.1.on_committed(Offset::new(7));
                assert_eq!(later, whole, "summary of {taken}, replayed from {from}");
            }
        }
        assert!(History::decode(&[0, 0, 1]).is_err());
        assert!(History::decode(&[0, 0, 1, 0, 7]).is_err());
    }
}
