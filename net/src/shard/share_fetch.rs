//! Records for members of share groups, on the shard that owns the partition: what is free is read, and is the member's
//! until it says what became of it or its lock runs out.

use std::ops::RangeInclusive;
use std::rc::{Rc, Weak};

use bytes::Bytes;
use headwater_core::ErrorCode;
use headwater_core::ids::{GroupId, MemberId, Offset, TopicPartition};
use headwater_core::record::control::{EndMarker, Outcome};
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_core::record::records::Records;
use headwater_core::share::state::ShareKey;
use headwater_core::share::{Acknowledgement, Acquired, ShareOut, Verdict};
use headwater_core::time::Monotonic;
use headwater_replication::partition::{Advanced, Isolation};

use super::Shard;
use super::message::{ReadDone, ReadItem};
use super::shares::{Share, isolation, machine_config};
use crate::rt::{self, Event};

/// The most that a control batch may decompress to: they are a few bytes.
const MARKER_BYTES_MAX: usize = 4096;

/// The most that is read of a partition for one answer, but for a first batch that is larger.
const READ_BYTES_MAX: usize = 1 << 20;

/// A member wants records.
pub struct ShareFetch {
    /// The group.
    pub group: GroupId,
    /// The member.
    pub member: MemberId,
    /// Partitions of the shard, in the order in which they get their turn.
    pub partitions: Vec<TopicPartition>,
    /// Bound on the bytes of all of them together; the first batch found is given whatever its size.
    pub max_bytes: usize,
    /// Below that nothing is given.
    pub min_bytes: usize,
    /// Bound on the records; whole batches may go beyond it unless it is `strict`.
    pub max_records: usize,
    /// No record more than `max_records`.
    pub strict: bool,
    /// Records are told of in pieces that end with a batch and have so many records, if there are.
    pub batch_size: usize,
}

/// What a member gets of a partition.
#[derive(Default)]
pub struct ShareFetched {
    /// Why not, or `None`.
    pub error: Option<ErrorCode>,
    /// What is its own now.
    pub acquired: Vec<Acquired>,
    /// Whole batches; there may be records among them that are others'.
    pub records: Vec<Bytes>,
}

impl ShareFetched {
    /// Bytes of its batches.
    pub fn bytes(&self) -> usize {
        self.records.iter().map(Bytes::len).sum()
    }

    /// How many records it is given.
    pub fn count(&self) -> usize {
        self.acquired
            .iter()
            .map(|one| usize::try_from(one.last.get() - one.first.get() + 1).unwrap_or(0))
            .sum()
    }
}

/// A member waits for records.
pub struct ShareWait {
    /// The group.
    pub group: GroupId,
    /// Partitions of the shard.
    pub partitions: Vec<TopicPartition>,
    /// No longer than till then.
    pub deadline: Monotonic,
    /// There is something already, but not enough: only what comes now counts.
    pub more: bool,
}

/// Wakes one wait.
struct Bell(Event);

impl Advanced for Bell {
    fn advanced(&self) {
        self.0.notify();
    }
}

impl Shard {
    /// Gives a member what is free, partition by partition.
    pub(super) async fn share_fetch(self: &Rc<Self>, fetch: ShareFetch) -> Vec<ShareFetched> {
        let config = self.share_config(&fetch.group);
        let (mut bytes, mut records) = (fetch.max_bytes, fetch.max_records);
        let mut out = Vec::with_capacity(fetch.partitions.len());
        let mut any = false;
        for partition in &fetch.partitions {
            let mut fetched = ShareFetched::default();
            if records > 0 && (bytes > 0 || !any) {
                let key = ShareKey { group: fetch.group.clone(), partition: *partition };
                match self.share(&key).await {
                    Ok(share) => {
                        share.machine.borrow_mut().set_config(machine_config(&config));
                        fetched = self.share_give(&share, &fetch, isolation(&config), bytes, records).await;
                    }
                    // The member comes again, and by then it may be there.
                    Err(ErrorCode::CoordinatorLoadInProgress | ErrorCode::CoordinatorNotAvailable) => {}
                    Err(code) => fetched.error = Some(code),
                }
            }
            any |= !fetched.acquired.is_empty();
            bytes = bytes.saturating_sub(fetched.bytes());
            records = records.saturating_sub(fetched.count());
            out.push(fetched);
        }
        out
    }

    /// Where to read for whoever asks next, if there is anything.
    fn share_next(&self, share: &Rc<Share>, isolation: Isolation) -> Option<Offset> {
        let bounds = share.partition.bounds();
        let mut out = ShareOut::default();
        let (from, room) = {
            let mut machine = share.machine.borrow_mut();
            machine.on_log_start(bounds.log_start, &mut out);
            (machine.next_read(), machine.room())
        };
        debug_assert!(out.batches.is_empty(), "a log's start is not stored");
        (room > 0 && from < bounds.readable_end(isolation)).then_some(from)
    }

    async fn share_give(
        self: &Rc<Self>,
        share: &Rc<Share>,
        fetch: &ShareFetch,
        isolation: Isolation,
        max_bytes: usize,
        max_records: usize,
    ) -> ShareFetched {
        let Some(from) = self.share_next(share, isolation) else { return ShareFetched::default() };
        // Far more than the records that are asked for would be read for nothing.
        let max_bytes = max_bytes.min(READ_BYTES_MAX);
        let item = ReadItem {
            partition: share.key.partition,
            offset: from,
            max_bytes,
            current_epoch: None,
            last_fetched_epoch: None,
        };
        let read = self.read(vec![item], max_bytes, isolation).await.remove(0);
        if let Some(code) = read.error {
            return ShareFetched { error: Some(code), ..ShareFetched::default() };
        }
        let batches = headers(&read.records);
        let Some((last, _)) =
            batches.last().filter(|_| read.bytes() >= fetch.min_bytes.min(READ_BYTES_MAX / 2))
        else {
            return ShareFetched::default();
        };
        let (mut until, mut count) = (last.last_offset(), max_records);
        if !fetch.strict {
            // Whole batches: the one that reaches the bound is given to its end.
            let enough = batches.iter().map(|(header, _)| header.last_offset());
            let enough = enough
                .clone()
                .find(|last| usize::try_from(last.get() - from.get() + 1).is_ok_and(|n| n >= count));
            until = enough.unwrap_or(until);
            count = usize::MAX;
        }
        let nobodys = nobodys(&batches, &read, isolation);
        let (given, out) = {
            let mut machine = share.machine.borrow_mut();
            let mut given = machine.acquire(rt::now(), &fetch.member, from, until, count);
            let mut out = ShareOut::default();
            for gap in &nobodys {
                give_up(&mut given, gap, |first, last| {
                    let said = Acknowledgement { first, last, verdicts: vec![Verdict::Gap] };
                    let done = machine.acknowledge(rt::now(), &fetch.member, &[said], &mut out);
                    debug_assert!(done.is_ok(), "it was just given");
                });
            }
            (given, out)
        };
        self.share_deadline(share);
        if out != ShareOut::default() {
            let (shard, share) = (self.clone(), share.clone());
            rt::spawn(async move {
                // What can't be stored is found out again.
                let _ = shard.share_store(&share, out).await;
            })
            .detach();
        }
        let is_given = |header: &BatchHeader| {
            given.iter().any(|one| one.first <= header.last_offset() && header.base_offset <= one.last)
        };
        let records = batches.iter().filter(|(header, _)| is_given(header)).map(|(_, bytes)| bytes.clone());
        let records = records.collect();
        ShareFetched { error: None, acquired: in_pieces(given, &batches, fetch.batch_size), records }
    }

    /// Waits until a partition may have something to give.
    pub(super) async fn share_wait(self: &Rc<Self>, wait: ShareWait) {
        let isolation = isolation(&self.share_config(&wait.group));
        let bell = Rc::new(Bell(Event::new()));
        for partition in &wait.partitions {
            let key = ShareKey { group: wait.group.clone(), partition: *partition };
            let Ok(share) = self.share(&key).await else { continue };
            if !wait.more && self.share_next(&share, isolation).is_some() {
                return;
            }
            let bell: Weak<dyn Advanced> = Rc::downgrade(&bell) as Weak<dyn Advanced>;
            share.watch(bell.clone());
            share.partition.watch(bell);
        }
        let _ = rt::deadline(wait.deadline, bell.0.wait()).await;
    }
}

/// The batches that were read, each by itself.
fn headers(chunks: &[Bytes]) -> Vec<(BatchHeader, Bytes)> {
    let mut batches = Vec::new();
    for chunk in chunks {
        let mut at = 0;
        while let Ok((view, _)) = BatchView::split(&chunk[at..]) {
            let end = at + view.bytes.len();
            batches.push((view.header, chunk.slice(at..end)));
            at = end;
        }
    }
    batches
}

/// Offsets that are nobody's records: markers, and for a reader of committed records those of aborted transactions.
fn nobodys(
    batches: &[(BatchHeader, Bytes)],
    read: &ReadDone,
    isolation: Isolation,
) -> Vec<RangeInclusive<Offset>> {
    let mut aborted: Vec<_> = read.aborted.clone();
    aborted.sort_by_key(|(_, first)| *first);
    let mut to_begin = aborted.into_iter().peekable();
    let mut open = std::collections::BTreeSet::new();
    let mut ranges = Vec::new();
    for (header, bytes) in batches {
        while let Some((producer, _)) = to_begin.next_if(|(_, first)| *first <= header.last_offset()) {
            open.insert(producer);
        }
        let its = header.producer_id.filter(|producer| open.contains(producer));
        let is_aborted = isolation == Isolation::ReadCommitted && header.is_transactional() && its.is_some();
        if header.is_control() || is_aborted {
            ranges.push(header.base_offset..=header.last_offset());
        }
        if let (true, Some(producer)) = (header.is_control(), its)
            && ends_in_abort(bytes)
        {
            open.remove(&producer);
        }
    }
    ranges
}

fn ends_in_abort(bytes: &Bytes) -> bool {
    let Ok((view, _)) = BatchView::split(bytes) else { return false };
    let Ok(records) = Records::of(&view, MARKER_BYTES_MAX) else { return false };
    let first = records.iter().next();
    let marker = first.and_then(Result::ok).and_then(|record| EndMarker::read(&record).ok().flatten());
    marker.is_some_and(|marker| marker.outcome == Outcome::Abort)
}

/// Takes `gap` out of what was given; `gone` is called with each piece of it.
fn give_up(given: &mut Vec<Acquired>, gap: &RangeInclusive<Offset>, mut gone: impl FnMut(Offset, Offset)) {
    let mut left = Vec::with_capacity(given.len() + 1);
    for one in given.drain(..) {
        if one.last < *gap.start() || *gap.end() < one.first {
            left.push(one);
            continue;
        }
        let (first, last) = (one.first.max(*gap.start()), one.last.min(*gap.end()));
        if one.first < first {
            left.push(Acquired { last: Offset::new(first.get() - 1), ..one });
        }
        if last < one.last {
            left.push(Acquired { first: last.plus(1), ..one });
        }
        gone(first, last);
    }
    *given = left;
}

/// Cuts what was given where batches end, into pieces of `size` records or somewhat more.
fn in_pieces(given: Vec<Acquired>, batches: &[(BatchHeader, Bytes)], size: usize) -> Vec<Acquired> {
    let size = i64::try_from(size.max(1)).unwrap_or(i64::MAX);
    let mut pieces = Vec::with_capacity(given.len());
    for mut one in given {
        for (header, _) in batches {
            let end = header.last_offset();
            if end < one.last && end.get() - one.first.get() + 1 >= size {
                pieces.push(Acquired { last: end, ..one });
                one.first = end.plus(1);
            }
        }
        pieces.push(one);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(first: i64, last: i64) -> Acquired {
        Acquired { first: Offset::new(first), last: Offset::new(last), deliveries: 1 }
    }

    #[test]
    fn gaps_are_taken_out_of_what_is_given() {
        for (gap, left, gone) in [
            ((2, 3), vec![one(0, 1), one(4, 5), one(8, 9)], vec![(2, 3)]),
            ((0, 5), vec![one(8, 9)], vec![(0, 5)]),
            ((5, 8), vec![one(0, 4), one(9, 9)], vec![(5, 5), (8, 8)]),
            ((6, 7), vec![one(0, 5), one(8, 9)], vec![]),
        ] {
            let mut given = vec![one(0, 5), one(8, 9)];
            let mut seen = Vec::new();
            let range = Offset::new(gap.0)..=Offset::new(gap.1);
            give_up(&mut given, &range, |first, last| seen.push((first.get(), last.get())));
            assert_eq!((given, seen), (left, gone), "{gap:?}");
        }
    }
}
