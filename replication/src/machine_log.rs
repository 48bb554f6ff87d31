//! The log of a machine that is hosted on a partition: its records go in, and come back when it is loaded.
//!
//! The only place that knows how machines' records lie in batches. Groups and transactions are driven by
//! [`crate::coordinator`] and [`crate::transactions`].

use std::rc::Rc;

use headwater_core::ErrorCode;
use headwater_core::ids::{Offset, ProducerEpoch, ProducerId};
use headwater_core::limits::DECOMPRESSED_BATCH_BYTES_MAX;
use headwater_core::log_transactions::Guard;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::control::{EndMarker, Outcome};
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_core::record::records::Records;
use headwater_core::time::Timestamp;
use headwater_storage::disk::Disk;

use crate::partition::{Append, Partition};

/// How many bytes of the log one step of the replay reads.
const STEP_BYTES: usize = 1 << 20;

/// Something that the log holds.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// A record with a key.
    Record {
        /// Where.
        offset: Offset,
        /// Its key.
        key: &'a [u8],
        /// Its value; a tombstone has none.
        value: Option<&'a [u8]>,
        /// When it was written.
        timestamp: Timestamp,
        /// The producer of whose transaction it is part.
        transaction: Option<ProducerId>,
    },
    /// The end of a producer's transaction.
    End {
        /// Whose.
        producer: ProducerId,
        /// How.
        outcome: Outcome,
    },
}

/// Records that are part of a producer's transaction.
#[derive(Clone, Copy, Debug)]
pub struct PartOf {
    /// Whose.
    pub producer: ProducerId,
    /// In which epoch.
    pub epoch: ProducerEpoch,
    /// What allows the transaction to begin on this partition.
    pub guard: Option<Guard>,
}

/// Shows `visit` one stretch of the log, and says where the next one begins.
///
/// # Errors
/// What is wrong with the log; whoever loads must not go on without that stretch.
pub async fn replay<D: Disk>(
    partition: &Rc<Partition<D>>,
    at: Offset,
    mut visit: impl FnMut(Entry<'_>),
) -> Result<Offset, String> {
    let log = partition.log();
    let plan = log.plan(at, log.end(), STEP_BYTES, true).map_err(|error| error.to_string())?;
    let outcome = plan.run().await.map_err(|error| error.to_string())?;
    if outcome.next_offset <= at {
        return Err("the log has a hole".into());
    }
    for chunk in &outcome.chunks {
        let (view, _) = BatchView::split(chunk).map_err(|error| error.to_string())?;
        let header = view.header;
        let records = Records::of(&view, DECOMPRESSED_BATCH_BYTES_MAX).map_err(|error| error.to_string())?;
        for record in records.iter() {
            let record = record.map_err(|error| error.to_string())?;
            if header.is_control() {
                let marker = EndMarker::read(&record).map_err(|error| error.to_string())?;
                if let (Some(marker), Some(producer)) = (marker, header.producer_id) {
                    visit(Entry::End { producer, outcome: marker.outcome });
                }
                continue;
            }
            let Some(key) = record.key else { continue };
            visit(Entry::Record {
                offset: record.offset,
                key,
                value: record.value,
                timestamp: Timestamp::from_millis(record.timestamp),
                transaction: header.producer_id.filter(|_| header.is_transactional()),
            });
        }
    }
    Ok(outcome.next_offset)
}

/// Appends the records of one step.
///
/// # Errors
/// Why the partition refused one of its batches; those before it are in the log.
pub fn append<'a, D: Disk>(
    partition: &Rc<Partition<D>>,
    records: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    part_of: Option<PartOf>,
    wall: Timestamp,
) -> Result<(), ErrorCode> {
    let mut records = records.into_iter().peekable();
    let mut guard = part_of.and_then(|part_of| part_of.guard);
    while records.peek().is_some() {
        let mut builder = BatchBuilder::new();
        if let Some(PartOf { producer, epoch, .. }) = part_of {
            builder = builder.producer(producer, epoch, -1).transactional();
        }
        // Many tombstones at once must not make a batch that the topic refuses.
        while let Some((key, value)) = records.peek() {
            let more = key.len() + value.map_or(0, <[u8]>::len);
            if !builder.is_empty() && builder.record_bytes() + more > STEP_BYTES / 2 {
                break;
            }
            builder.push(wall.millis(), Some(key), *value, &[]);
            records.next();
        }
        let batch = builder.build_mut();
        let header = BatchHeader::parse(&batch).map_err(|_| ErrorCode::UnknownServerError)?;
        partition.append(Append { batch, header, guard: guard.take() }, wall)?;
    }
    Ok(())
}
