//! Compaction: of each key the last record stays (behaviour 64).
//!
//! ```text
//!   ├─ clean ──────────────┼─ dirty, sealed ─────────────┼─ too young or still written ─┤
//!                           └ its keys are mapped, as many as the budget allows; then every segment up to there is
//!                             written again, without the records whose key has a later offset in the map
//! ```
//!
//! A segment is written again as a file of the next generation: whole, flushed, with its index; then it takes the old
//! one's place in memory, then in a checkpoint, and only then the old file goes. A crash in between leaves the old one
//! in force and the new one to be swept away. Offsets stay. Records of aborted transactions go; those of committed ones
//! are like any others, for nothing undecided is touched. A commit marker goes when no batch of its transaction is
//! left; an abort marker stays, because readers go by the list of aborted transactions, which names it. Of each
//! producer that may come back the last batch stays, if only as a header without records. Damage ends the pass: nothing
//! is dropped on the word of what can't be read.
//!
//! It works in slices: `pause` is awaited after each stretch of bytes, and decides how long others have the shard. The
//! records of a batch are slices too; what can't be cut (to decompress one that is large, to write it again and
//! compress it) is done by the pool.

mod keys;
mod output;

use std::collections::{HashMap, HashSet};
use std::io;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use headwater_core::ids::{Offset, ProducerId};
use headwater_core::limits::DECOMPRESSED_BATCH_BYTES_MAX;
use headwater_core::log_transactions::Aborted;
use headwater_core::record::compact::{Left, delete_horizon, rewrite};
use headwater_core::record::compress::Codec;
use headwater_core::record::control::{EndMarker, Outcome};
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_core::record::records::{Record, Records};

use crate::checkpoint::SegmentImage;
use crate::disk::{Disk, ring};
use crate::error::StorageError;
use crate::index::Index;
use crate::log::{CompactionConfig, Log};
use crate::reader::{Found, SegmentReader};
use crate::store::Store;
use crate::write_out::passes;

pub use keys::KEY_BYTES;
use keys::KeyMap;
use output::Output;

/// Bytes of batches between two pauses: a fraction of a millisecond's work.
const SLICE_BYTES: usize = 64 << 10;
/// A compressed batch of so many bytes, which may be a thousand times as many without, is not unpacked on the shard.
const PACKED_BYTES_MAX: usize = 1 << 10;
/// What a record costs besides its bytes, as bytes: it is parsed and its key looked up twice.
const RECORD_BYTES: usize = 128;
/// Whether the work on one batch may be more than a slice.
fn is_large(header: &BatchHeader) -> bool {
    let packed = !matches!(header.codec(), Ok(Codec::None));
    header.encoded_len > if packed { PACKED_BYTES_MAX } else { SLICE_BYTES }
}

/// Does something that can't be cut into slices: on the pool, or at once where there is none (the simulated disk).
async fn off_the_shard<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    match ring::pool_if_any() {
        Some(pool) => pool.run(work).await.ok().flatten(),
        None => work(),
    }
}

/// The records of a batch; none if they can't be read.
async fn unpack<'b>(header: BatchHeader, bytes: &'b Bytes) -> Option<Records<'b>> {
    if matches!(header.codec(), Ok(Codec::None)) || !is_large(&header) {
        return Records::of(&BatchView { header, bytes }, DECOMPRESSED_BATCH_BYTES_MAX).ok();
    }
    let bytes = bytes.clone();
    let work = move || {
        let view = BatchView { header, bytes: &bytes };
        Records::of(&view, DECOMPRESSED_BATCH_BYTES_MAX).ok().map(Records::into_owned)
    };
    off_the_shard(work).await
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Segments written again.
    pub segments: usize,
    /// Bytes of them before.
    pub bytes_before: u64,
    /// And after.
    pub bytes_after: u64,
}

/// What a pass has to know.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    /// The time, in milliseconds.
    pub now_ms: i64,
    /// Nothing at or behind this offset is touched: the last stable offset.
    pub upto: Offset,
    /// Memory for the key map, in bytes; at least one key fits.
    pub map_bytes: usize,
    /// The aborted transactions that begin below `upto`, in the order of their markers.
    pub aborted: Vec<Aborted>,
    /// Producers that may come back: the last sequence of each has to stay in the log, from which their table is rebuilt.
    pub producers: HashSet<ProducerId>,
}

impl<D: Disk> Store<D> {
    /// Compacts a log if it is due. What it holds in memory goes into its segments first if compaction waits for that: a
    /// checkpoint, which would bring it there, comes only when the journal is full, and with little to do that is never.
    pub async fn compact<P: Future<Output = ()>>(
        &self,
        log: &Rc<Log<D>>,
        pass: Pass,
        pause: impl Fn(usize) -> P,
    ) -> Result<Compacted, StorageError> {
        if !self.shared.failed() && !self.shared.stopping.get() && log.waits_for_checkpoint(&pass) {
            let flushed = self.flush_log(log).await;
            // What a failed flush has taken with it, no later one would miss.
            if let Err(error @ StorageError::Io { source, .. }) = &flushed
                && !passes(source)
            {
                self.shared.fail_writing(error);
            }
            flushed?;
        }
        log.compact(pass, pause).await
    }
}

impl<D: Disk> Log<D> {
    /// Compacts what a checkpoint knows of the log, if that is due. `pause` is awaited between slices with the bytes handled
    /// since the last one.
    pub async fn compact<P: Future<Output = ()>>(
        self: &Rc<Self>,
        pass: Pass,
        pause: impl Fn(usize) -> P,
    ) -> Result<Compacted, StorageError> {
        let Some(config) = self.state.borrow().config.compaction else { return Ok(Compacted::default()) };
        if !self.begin_compacting() {
            return Ok(Compacted::default());
        }
        let mut aborted: HashMap<ProducerId, Vec<Aborted>> = HashMap::new();
        for one in &pass.aborted {
            aborted.entry(one.producer).or_default().push(*one);
        }
        let mut compaction = Compaction {
            log: self,
            config,
            pass,
            pause,
            since: 0,
            records_since: 0,
            aborted,
            standing: HashSet::new(),
            done: Compacted::default(),
        };
        let result = compaction.run().await;
        let done = compaction.done;
        self.state.borrow_mut().compacting = false;
        result.map(|()| done)
    }

    fn begin_compacting(&self) -> bool {
        let mut state = self.state.borrow_mut();
        let free = state.swept && !state.compacting && !state.dropped;
        let begins = free && !self.shared.failed() && !self.shared.stopping.get();
        state.compacting |= begins;
        begins
    }

    /// Whether a pass would be due if only a checkpoint had the segments that are no longer appended to.
    fn waits_for_checkpoint(&self, pass: &Pass) -> bool {
        let state = self.state.borrow();
        let Some(config) = state.config.compaction else { return false };
        let free = state.swept && !state.compacting && !state.dropped;
        drop(state);
        let rolled = self.compactable(pass, &config, false);
        let known = self.compactable(pass, &config, true).len();
        free && rolled.len() > known && self.is_due(pass, &config, &rolled)
    }

    /// Segments that compaction may touch, oldest first: their bases, and which are clean. Nothing is appended to them any
    /// more; with `known` they are also sealed, and a checkpoint says so.
    fn compactable(&self, pass: &Pass, config: &CompactionConfig, known: bool) -> Vec<(Offset, bool)> {
        let state = self.state.borrow();
        let mut bases = Vec::new();
        for (segment, next) in state.segments.iter().zip(state.segments.iter().skip(1)) {
            let young = segment.max_timestamp.is_some_and(|newest| {
                pass.now_ms.saturating_sub(newest) < i64::try_from(config.lag_ms_min).unwrap_or(i64::MAX)
            });
            // Only what a checkpoint has as sealed is written again: its image is then replaced as a whole.
            let imaged = || {
                let mut images = state.image.segments.iter();
                images.any(|s| s.base == segment.base && s.sealed && s.generation == segment.generation)
            };
            let unknown = known && !(segment.sealed && imaged());
            if unknown || (young && config.lag_ms_min > 0) || next.base > pass.upto {
                break;
            }
            bases.push((segment.base, segment.clean));
        }
        bases
    }

    fn is_due(&self, pass: &Pass, config: &CompactionConfig, bases: &[(Offset, bool)]) -> bool {
        let state = self.state.borrow();
        let of = |clean: bool| {
            let is = move |base: Offset| bases.iter().any(|(b, c)| *b == base && *c == clean);
            state.segments.iter().filter(move |segment| is(segment.base))
        };
        let dirty: u64 = of(false).map(|segment| segment.size).sum();
        let clean: u64 = of(true).map(|segment| segment.size).sum();
        let overdue = of(false).filter_map(|segment| segment.first_timestamp).any(|first| {
            pass.now_ms.saturating_sub(first) > i64::try_from(config.lag_ms_max).unwrap_or(i64::MAX)
        });
        dirty > 0 && (overdue || dirty * 1000 >= (dirty + clean) * u64::from(config.dirty_permille))
    }
}

struct Compaction<'l, D: Disk, F> {
    log: &'l Rc<Log<D>>,
    config: CompactionConfig,
    pass: Pass,
    pause: F,
    since: usize,
    /// The same of records, since the last pause for them.
    records_since: usize,
    /// Of each producer, by offset.
    aborted: HashMap<ProducerId, Vec<Aborted>>,
    /// Producers with a batch of a transaction that stays and whose marker the round has not come to.
    standing: HashSet<ProducerId>,
    done: Compacted,
}

impl<D: Disk, P: Future<Output = ()>, F: Fn(usize) -> P> Compaction<'_, D, F> {
    async fn run(&mut self) -> Result<(), StorageError> {
        let bases = self.log.compactable(&self.pass, &self.config, true);
        if !self.log.is_due(&self.pass, &self.config, &bases) {
            return Ok(());
        }
        let Some(first_dirty) = bases.iter().position(|(_, clean)| !clean) else { return Ok(()) };
        let mut from = bases[first_dirty].0;
        let mut at = first_dirty;
        while at < bases.len() {
            let mut map = KeyMap::new(self.pass.map_bytes);
            // As many keys as fit, beginning where the round before came to.
            let mut whole = at;
            let mut stopped = None;
            while whole < bases.len() && stopped.is_none() {
                let Some(end) = self.map_keys(bases[whole].0, from, &mut map).await? else { return Ok(()) };
                match end {
                    MapEnd::Segment => whole += 1,
                    MapEnd::Full(offset) => stopped = Some(offset),
                }
            }
            let touched = if stopped.is_some() { whole + 1 } else { whole };
            self.standing.clear();
            for (number, (base, _)) in bases.iter().take(touched).enumerate() {
                if !self.rewrite(*base, &map, number < whole).await? {
                    return Ok(());
                }
            }
            match stopped {
                Some(offset) if offset > from => from = offset,
                Some(_) => return Ok(()),
                None => {}
            }
            at = whole;
        }
        Ok(())
    }

    async fn breathe(&mut self, bytes: usize) {
        self.since += bytes;
        if self.since >= SLICE_BYTES {
            let since = std::mem::take(&mut self.since);
            (self.pause)(since).await;
        }
    }

    /// After each record of a batch. Its bytes are read and written as those of its batch: here they only take time.
    async fn breathe_after(&mut self, record: &Record<'_>) {
        let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        self.records_since += RECORD_BYTES + length(record.key) + length(record.value);
        if self.records_since >= SLICE_BYTES {
            self.records_since = 0;
            (self.pause)(0).await;
        }
    }

    async fn reader(&self, base: Offset) -> Result<Option<SegmentReader<Rc<D::File>>>, StorageError> {
        let generation = self.log.state.borrow_mut().segment(base).map(|segment| segment.generation);
        let (Some(generation), Some(expected)) = (generation, self.log.expected(base)) else {
            return Ok(None);
        };
        let [path, _] = self.log.shared.segment_files(self.log.id(), (base, generation));
        match self.log.shared.file(&path, false).await {
            Ok(file) => Ok(Some(SegmentReader::new(file, expected, 0, base))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StorageError::Io { what: "opening", path, source }),
        }
    }

    /// The next batch; none at the end. Damage ends the pass.
    async fn step(&mut self, reader: &mut SegmentReader<Rc<D::File>>, base: Offset) -> Step {
        match reader.step().await {
            Ok(Found::Batch(header, bytes)) => {
                self.breathe(bytes.len()).await;
                Step::Batch(header, bytes)
            }
            Ok(Found::End) => Step::End,
            Ok(Found::Damaged(damage)) => {
                tracing::error!(log = %self.log.id(), segment = %base, ?damage, "not compacted: it is damaged");
                Step::Stop
            }
            Err(error) => {
                tracing::error!(log = %self.log.id(), segment = %base, %error, "not compacted: it can't be read");
                Step::Stop
            }
        }
    }

    /// Maps the keys of a segment from `from` on; none ends the pass.
    async fn map_keys(
        &mut self,
        base: Offset,
        from: Offset,
        map: &mut KeyMap,
    ) -> Result<Option<MapEnd>, StorageError> {
        let Some(mut reader) = self.reader(base).await? else { return Ok(None) };
        loop {
            let (header, bytes) = match self.step(&mut reader, base).await {
                Step::Batch(header, bytes) => (header, bytes),
                Step::End => return Ok(Some(MapEnd::Segment)),
                Step::Stop => return Ok(None),
            };
            if header.last_offset() < from {
                continue;
            }
            map.note_producer(&header);
            if header.is_control() || self.is_aborted(&header) {
                continue;
            }
            let Some(records) = unpack(header, &bytes).await else { return Ok(None) };
            for record in records.iter() {
                let Ok(record) = record else { return Ok(None) };
                if record.offset < from {
                    continue;
                }
                if record.key.is_some_and(|key| !map.note(key, record.offset)) {
                    return Ok(Some(MapEnd::Full(record.offset)));
                }
                self.breathe_after(&record).await;
            }
        }
    }

    fn is_aborted(&self, header: &BatchHeader) -> bool {
        let Some(of) = header.producer_id.and_then(|producer| self.aborted.get(&producer)) else {
            return false;
        };
        // A producer's transactions do not overlap.
        let after = of.partition_point(|aborted| aborted.first <= header.base_offset);
        header.is_transactional() && after > 0 && header.base_offset <= of[after - 1].last
    }

    /// Whether the producers' table needs what this batch says of its producer.
    fn is_last(&self, header: &BatchHeader, map: &KeyMap) -> bool {
        header.producer_id.filter(|producer| self.pass.producers.contains(producer)).is_some_and(|producer| {
            map.producers.get(&producer).is_none_or(|last| {
                (last.control || !header.is_control()) && last.offset <= header.last_offset()
            })
        })
    }

    /// What is left of a batch; none if it can't be read.
    async fn left(&mut self, header: &BatchHeader, bytes: &Bytes, map: &KeyMap) -> Option<Left> {
        if header.is_control() {
            return self.left_of_marker(&BatchView { header: *header, bytes }, map);
        }
        let left = if header.record_count == 0 {
            Left::Nothing(bytes[..].into())
        } else {
            self.records_left(*header, bytes, map).await?
        };
        let left = match left {
            Left::Nothing(_) if header.record_count == 0 && self.is_last(header, map) => Left::All,
            Left::Nothing(bytes) if header.record_count > 0 && self.is_last(header, map) => Left::Some(bytes),
            left => left,
        };
        if header.is_transactional() && !matches!(left, Left::Nothing(_)) {
            self.standing.extend(header.producer_id);
        }
        Some(left)
    }

    fn left_of_marker(&mut self, view: &BatchView<'_>, map: &KeyMap) -> Option<Left> {
        let records = Records::of(view, DECOMPRESSED_BATCH_BYTES_MAX).ok()?;
        let record = records.iter().next()?.ok()?;
        let is_commit =
            EndMarker::read(&record).ok()?.is_some_and(|marker| marker.outcome == Outcome::Commit);
        let stood = view.header.producer_id.is_some_and(|producer| self.standing.remove(&producer));
        let goes = is_commit && !stood && !self.is_last(&view.header, map);
        Some(if goes { Left::Nothing(BytesMut::new()) } else { Left::All })
    }

    async fn records_left(&mut self, header: BatchHeader, bytes: &Bytes, map: &KeyMap) -> Option<Left> {
        let retention = i64::try_from(self.config.delete_retention_ms).unwrap_or(i64::MAX);
        let horizon = self.pass.now_ms.saturating_add(retention);
        let aborted = self.is_aborted(&header);
        // Tombstones may go only when their turn came in an earlier pass, and their time is up.
        let expired = delete_horizon(&header).is_some_and(|horizon| self.pass.now_ms >= horizon);
        let keep = |record: &Record<'_>| {
            !aborted
                && record.key.is_some_and(|key| {
                    !(map.is_superseded(key, record.offset) || expired && record.value.is_none())
                })
        };
        if !is_large(&header) {
            let view = BatchView { header, bytes };
            return rewrite(&view, horizon, DECOMPRESSED_BATCH_BYTES_MAX, keep).ok();
        }
        // The map stays here: what is to be kept is decided record by record, and carried out elsewhere.
        let mut kept = Vec::new();
        let records = unpack(header, bytes).await?;
        for record in records.iter() {
            let record = record.ok()?;
            kept.push(keep(&record));
            self.breathe_after(&record).await;
        }
        drop(records);
        let bytes = bytes.clone();
        let work = move || {
            let mut kept = kept.into_iter();
            let view = BatchView { header, bytes: &bytes };
            rewrite(&view, horizon, DECOMPRESSED_BATCH_BYTES_MAX, |_| kept.next().unwrap_or(true)).ok()
        };
        off_the_shard(work).await
    }

    /// Writes a segment again; false ends the pass. `clean` says that all its keys have been mapped.
    async fn rewrite(&mut self, base: Offset, map: &KeyMap, clean: bool) -> Result<bool, StorageError> {
        let Some(mut reader) = self.reader(base).await? else {
            // A round before has left nothing of it, or its log is gone.
            return Ok(!self.log.state.borrow().dropped);
        };
        let (generation, fresh, interval) = {
            let mut state = self.log.state.borrow_mut();
            let interval = state.config.index_interval_bytes;
            let Some(segment) = state.segment(base) else { return Ok(false) };
            let generation = segment.generation;
            // Never one that was begun before: its removal may still be under way.
            state.last_generation += 1;
            (generation, state.last_generation, interval)
        };
        let mut out = Output::new(self.log, base, fresh, interval);
        let mut changed = false;
        loop {
            let (header, bytes) = match self.step(&mut reader, base).await {
                Step::Batch(header, bytes) => (header, bytes),
                Step::End => break,
                Step::Stop => return out.give_up().await.map(|()| false),
            };
            match self.left(&header, &bytes, map).await {
                None => return out.give_up().await.map(|()| false),
                Some(Left::All) => out.push(&header, &bytes).await?,
                Some(Left::Some(bytes)) => {
                    changed = true;
                    let header = BatchHeader::parse(&bytes).unwrap_or(header);
                    out.push(&header, &bytes).await?;
                }
                Some(Left::Nothing(_)) => changed = true,
            }
            if self.log.shared.stopping.get() || self.log.shared.failed() {
                return out.give_up().await.map(|()| false);
            }
        }
        if !changed {
            out.give_up().await?;
            return Ok(self.mark(base, generation, clean));
        }
        let (size, index, max_timestamp) = out.finish().await?;
        Ok(self.swap(base, (generation, fresh), clean, size, index, max_timestamp))
    }

    /// The segment stays as it is.
    fn mark(&self, base: Offset, generation: u32, clean: bool) -> bool {
        let mut state = self.log.state.borrow_mut();
        match state.segment(base) {
            Some(segment) if segment.generation == generation => segment.clean |= clean,
            _ => return false,
        }
        if let Some(image) = state.image.segments.iter_mut().find(|s| s.base == base) {
            image.clean |= clean;
        }
        true
    }

    /// The new file takes the old one's place, unless the segment has gone meanwhile.
    fn swap(
        &mut self,
        base: Offset,
        (generation, fresh): (u32, u32),
        clean: bool,
        size: u64,
        index: Index,
        max_timestamp: Option<i64>,
    ) -> bool {
        let (shared, id) = (&self.log.shared, self.log.id());
        let mut state = self.log.state.borrow_mut();
        // The checkpoint of a stop may have been made already, with the old file.
        let refused = state.dropped || shared.stopping.get();
        let Some(segment) = state.segment(base).filter(|s| s.generation == generation && !refused) else {
            drop(state);
            shared.removals.borrow_mut().extend(shared.segment_files(id, (base, fresh)));
            shared.write_work.notify();
            return false;
        };
        self.done.segments += 1;
        self.done.bytes_before += segment.size;
        self.done.bytes_after += size;
        segment.generation = fresh;
        (segment.size, segment.written) = (size, size);
        (segment.compacted, segment.clean) = (true, clean);
        (segment.max_timestamp, segment.written_max_timestamp) = (max_timestamp, max_timestamp);
        segment.tail = Some(Vec::new());
        segment.index = Some(index);
        let image: SegmentImage = segment.image();
        if size == 0 {
            let before = state.segments.partition_point(|segment| segment.base < base);
            state.segments.remove(before);
            state.image.segments.retain(|segment| segment.base != base);
            // The offsets between its end and the next segment are a gap now.
            if let Some(before) = before.checked_sub(1).and_then(|at| state.segments.get_mut(at)) {
                before.compacted = true;
                let base = before.base;
                let image = state.image.segments.iter_mut().find(|s| s.base == base);
                image.into_iter().for_each(|image| image.compacted = true);
            }
        } else if let Some(of) = state.image.segments.iter_mut().find(|s| s.base == base) {
            *of = image;
        }
        let (left, cost) = state.forget_written_up_to(base);
        drop(state);
        shared.cache_bytes.set(shared.cache_bytes.get() - cost);
        shared.cached.borrow_mut().drop_of(left);
        self.log.keep_index(base);
        shared.compacted_away.borrow_mut().extend(shared.segment_files(id, (base, generation)));
        shared.write_work.notify();
        true
    }
}

enum Step {
    Batch(BatchHeader, Bytes),
    End,
    Stop,
}

enum MapEnd {
    /// All keys of the segment are in the map.
    Segment,
    /// This offset is the first that is not.
    Full(Offset),
}
