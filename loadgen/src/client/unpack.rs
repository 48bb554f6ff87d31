//! From the bytes of a Fetch to records: every batch's CRC-32C is checked, whatever does not hold is told and
//! skipped.

use headwater_core::ids::ProducerId;
use headwater_core::record::RecordError;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_core::record::records::Records;

/// What a batch may decompress to: above the largest message any broker takes by default, far below what
/// would hurt.
const UNPACKED_BYTES_MAX: usize = 256 << 20;

/// A record that was read; it borrows the bytes of the answer.
pub type Record<'a> = headwater_core::record::records::Record<'a>;

/// What unpacking meets.
#[derive(Debug)]
pub(super) enum Unpacked<'a> {
    Record(Record<'a>),
    Damaged { offset: i64, records: u64, why: String },
}

/// The transactions in an answer that were aborted, as the broker lists them for readers of committed
/// records: each begins at its first offset and ends at its abort marker.
#[derive(Debug, Default)]
pub(super) struct Aborted {
    /// First offset and producer id, the last one first.
    ahead: Vec<(i64, i64)>,
    open: Vec<i64>,
}

impl Aborted {
    pub fn new(transactions: impl Iterator<Item = (i64, i64)>) -> Self {
        let mut ahead: Vec<(i64, i64)> = transactions.collect();
        ahead.sort_unstable_by(|a, b| b.cmp(a));
        Self { ahead, open: Vec::new() }
    }

    /// Whether the next batch of the partition belongs to an aborted transaction.
    fn covers(&mut self, header: &BatchHeader) -> bool {
        while self.ahead.last().is_some_and(|(first, _)| *first <= header.last_offset().get()) {
            self.open.extend(self.ahead.pop().map(|(_, producer)| producer));
        }
        let Some(producer) = header.producer_id.map(ProducerId::get) else { return false };
        if header.is_control() {
            // Of the producer's next transaction, if that is aborted as well, there is an entry ahead.
            self.open.retain(|open| *open != producer);
            return false;
        }
        header.is_transactional() && self.open.contains(&producer)
    }
}

/// Unpacks the batches in `bytes` and moves `position` behind what was handed over. Records before `position` and
/// control records are dropped, so are those of aborted transactions, and so is the last batch if the answer's size
/// limit cut it short.
pub(super) fn unpack(
    mut bytes: &[u8],
    mut aborted: Aborted,
    position: &mut i64,
    on: &mut dyn FnMut(Unpacked<'_>),
) {
    while !bytes.is_empty() {
        let (batch, rest) = match BatchView::split(bytes) {
            Ok(split) => split,
            Err(RecordError::Short { .. }) => return,
            Err(error) => {
                // Where the next batch begins cannot be known: skip one offset, so that reading does not
                // stand still for ever.
                on(Unpacked::Damaged { offset: *position, records: 1, why: error.to_string() });
                *position += 1;
                return;
            }
        };
        bytes = rest;
        let header = batch.header;
        let next = header.next_offset().get();
        let hidden = aborted.covers(&header);
        if next <= *position {
            continue;
        }
        if hidden {
            *position = next;
            continue;
        }
        if let Err(error) = batch.verify_crc().and_then(|()| records(&batch, position, on)) {
            let (offset, records) = (header.base_offset.get(), count(&header));
            on(Unpacked::Damaged { offset, records, why: error.to_string() });
        }
        *position = next;
    }
}

fn records(
    batch: &BatchView<'_>,
    position: &mut i64,
    on: &mut dyn FnMut(Unpacked<'_>),
) -> Result<(), RecordError> {
    if batch.header.is_control() {
        return Ok(());
    }
    for record in Records::of(batch, UNPACKED_BYTES_MAX)?.iter() {
        let record = record?;
        // A Fetch answers with the whole batch that the position lies in (behaviour 39).
        if record.offset.get() >= *position {
            *position = record.offset.get() + 1;
            on(Unpacked::Record(record));
        }
    }
    Ok(())
}

fn count(header: &BatchHeader) -> u64 {
    u64::try_from(header.record_count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_core::ids::Offset;
    use headwater_core::record::builder::BatchBuilder;
    use headwater_core::record::header::set_base_offset;

    /// Batches of three records at 10 and 13; a byte of the second is flipped if `damaged`, `cut` bytes are
    /// missing at the end.
    fn check(position: i64, damaged: bool, cut: usize, expect: &str, position_after: i64) {
        let mut bytes = Vec::new();
        for base in [10, 13] {
            let mut batch = BatchBuilder::new();
            for value in 0..3u8 {
                batch.push(5, None, Some(&[value]), &[]);
            }
            let mut batch = batch.build().to_vec();
            set_base_offset(&mut batch, Offset::new(base));
            bytes.extend(batch);
        }
        if damaged {
            *bytes.last_mut().unwrap() ^= 1;
        }
        bytes.truncate(bytes.len() - cut);
        let (mut at, mut got) = (position, Vec::new());
        unpack(&bytes, Aborted::default(), &mut at, &mut |unpacked| match unpacked {
            Unpacked::Record(record) => got.push(record.offset.get().to_string()),
            Unpacked::Damaged { offset, records, .. } => got.push(format!("{records}x@{offset}")),
        });
        assert_eq!((got.join(" ").as_str(), at), (expect, position_after), "from {position}");
    }

    #[test]
    fn b39_records_before_the_position_are_dropped() {
        check(10, false, 0, "10 11 12 13 14 15", 16);
        check(12, false, 0, "12 13 14 15", 16);
        check(13, false, 0, "13 14 15", 16);
        check(16, false, 0, "", 16);
        check(10, false, 1, "10 11 12", 13);
        check(10, false, 70, "10 11 12", 13);
        check(14, false, 1, "", 14);
        check(10, true, 0, "10 11 12 3x@13", 16);
    }

    #[test]
    fn records_of_aborted_transactions_are_dropped() {
        use headwater_core::ids::{ProducerEpoch, ProducerId};
        // Producers 7 and 8 by turns, an abort marker of 7 at 14, then a committed transaction of 7.
        let mut bytes = Vec::new();
        for (base, producer, control) in
            [(10, 7, false), (11, 8, false), (12, 7, false), (13, 8, false), (14, 7, true), (15, 7, false)]
        {
            let batch = BatchBuilder::new()
                .producer(ProducerId::new(producer), ProducerEpoch::new(0), 0)
                .transactional()
                .record(5, Some(&[0, 0, 0, 0]), Some(b"v"));
            let mut batch = if control { batch.control() } else { batch }.build().to_vec();
            set_base_offset(&mut batch, Offset::new(base));
            bytes.extend(batch);
        }
        for (aborted, from, expect) in [
            (vec![(10, 7)], 10, vec![11, 13, 15]),
            (vec![(10, 7)], 12, vec![13, 15]),
            (vec![(10, 7), (11, 8)], 10, vec![15]),
            (vec![(15, 7)], 10, vec![10, 11, 12, 13]),
            (vec![], 10, vec![10, 11, 12, 13, 15]),
        ] {
            let (mut at, mut got) = (from, Vec::new());
            unpack(&bytes, Aborted::new(aborted.into_iter()), &mut at, &mut |unpacked| match unpacked {
                Unpacked::Record(record) => got.push(record.offset.get()),
                Unpacked::Damaged { .. } => panic!("{unpacked:?}"),
            });
            assert_eq!((got, at), (expect, 16));
        }
    }

    #[test]
    fn bytes_that_are_no_batch_do_not_stop_reading() {
        let mut position = 7;
        let mut told = 0;
        unpack(&[0xff; 100], Aborted::default(), &mut position, &mut |_| told += 1);
        assert_eq!((position, told), (8, 1));
    }
}
