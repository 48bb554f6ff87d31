//! Commit rounds: what was appended since the last round becomes one journal frame and is released when that frame is
//! durable. The next round begins at once if something waits; batching comes from the time the last round took. Only what
//! relaxed logs have appended may wait a little for company: nobody waits for it.

use std::cell::Cell;
use std::time::Duration;

use futures_lite::future::{or, zip};
use headwater_core::ids::{Offset, TopicPartition};

use crate::disk::{Buf, Disk};
use crate::journal::frame::{self, Entry, HEAD_BYTES, Kind};
use crate::journal::ring::Ring;
use crate::log::cost;
use crate::shared::{Pending, Shared};
use crate::store::{RELAXED_DELAY, Store};
use crate::write_out::{is_full, passes};

/// Entries of one round, in bytes: large enough for the disk's full speed, small enough not to delay what comes next.
pub(crate) const ROUND_BYTES: usize = 2 << 20;

impl<D: Disk> Store<D> {
    /// Runs commit rounds until the store stops or fails. `on_durable` hears of each log's new durable end.
    ///
    /// # Panics
    /// If it is run twice.
    pub async fn run_commit(&self, on_durable: impl Fn(&[(TopicPartition, Offset)])) {
        if self.shared.stopping.get() {
            return;
        }
        let ring = self.take_ring().expect("one commit loop a store");
        let filler = ring.filler();
        let _running = Running::begin(&self.shared, &self.shared.committing);
        let rounds = async {
            self.run_rounds(ring, on_durable).await;
            // A lane comes to its end first: a write that is still under way would overtake those of a stop.
            self.shared.rounds_ended.set(true);
            self.shared.large_work.notify();
        };
        let work = async {
            zip(rounds, self.run_lanes()).await;
        };
        or(work, filler.run()).await;
    }

    async fn run_rounds(&self, mut ring: Ring<D>, on_durable: impl Fn(&[(TopicPartition, Offset)])) {
        let mut round = Vec::new();
        loop {
            if self.shared.failed() {
                return;
            }
            let due = self.shared.round_due.get() || self.shared.stopping.get();
            if !due || !self.take_round(&mut round, ring.frame_max()) {
                if self.shared.stopping.get() && self.shared.large.borrow().is_empty() {
                    return;
                }
                self.shared.commit_work.wait().await;
                continue;
            }
            if self.commit(&mut ring, &round).await.is_none() {
                return;
            }
            self.release(&mut round, &on_durable);
        }
    }

    /// Moves what is pending, up to a round's size, into `round`; false if there is nothing.
    fn take_round(&self, round: &mut Vec<Pending<D>>, frame_max: usize) -> bool {
        let mut bytes = HEAD_BYTES;
        // What lanes have told comes first: of the same log more may be pending that comes behind it.
        for queue in [&self.shared.told, &self.shared.pending] {
            let mut queue = queue.borrow_mut();
            while let Some(next) = queue.front() {
                let more = next.entry.encoded_len();
                let past = self.shared.goes_past(next);
                if !past && !round.is_empty() && (bytes + more > ROUND_BYTES || bytes + more > frame_max) {
                    self.shared.round_due.set(true);
                    return true;
                }
                if next.entry.kind.is_append() {
                    next.log.state.borrow_mut().waiting_bytes -= next.entry.bytes.len();
                }
                let Some(next) = queue.pop_front() else { break };
                if past {
                    self.shared.put_past(next);
                } else {
                    bytes += more;
                    round.push(next);
                }
            }
        }
        self.shared.round_due.set(false);
        !round.is_empty()
    }

    /// Begins a round for what relaxed logs have acknowledged, once it has waited for [`RELAXED_DELAY`]: appends of as long
    /// share one write. `pause` waits for the time that it is given. Runs until the store stops or fails.
    pub async fn run_relaxed<P: Future<Output = ()>>(&self, pause: impl Fn(Duration) -> P) {
        let shared = &self.shared;
        while !(shared.stopping.get() || shared.failed()) {
            if !shared.has_pending() || shared.round_due.get() {
                shared.relaxed_work.wait().await;
            } else {
                pause(RELAXED_DELAY).await;
                shared.begin_round();
            }
        }
    }

    async fn commit(&self, ring: &mut Ring<D>, round: &[Pending<D>]) -> Option<()> {
        let entries: usize = round.iter().map(|pending| pending.entry.encoded_len()).sum();
        let len = frame::frame_len(entries);
        if !ring.fits(len) {
            self.next_lap(ring).await?;
        }
        let at = ring.at();
        let mut buf = self.shared.buffers.take(len);
        frame::encode_refs(
            &mut buf.bytes()[..len],
            at.lap,
            at.sequence,
            round.iter().map(|pending| &pending.entry),
        );
        loop {
            let (result, back) = ring.write(buf, len).await;
            buf = back;
            match result {
                Ok(()) => break self.shared.journal_full.set(false),
                Err(error) if is_full(&error) => self.wait_for_space().await?,
                Err(error) => {
                    self.shared.fail("writing the journal", &error);
                    return None;
                }
            }
        }
        self.shared.buffers.give(buf);
        self.shared.rounds.set(self.shared.rounds.get() + 1);
        self.shared.reads.note_round();
        self.shared.journal_at.set(ring.at());
        ring.free_before(self.shared.free_before.get());
        ring.look_ahead();
        Some(())
    }

    /// A file system that never writes in place may have no space for a frame, though the ring's files are there. The
    /// same frame is then written to the same place again: whatever sectors of it are there already are those of this
    /// frame, so after a crash it is whole or torn, as any last frame. Waits until that is worth a try; none when no
    /// more is to be tried.
    async fn wait_for_space(&self) -> Option<()> {
        let shared = &self.shared;
        if shared.failed() || (shared.stopping.get() && shared.disk_full.get()) {
            // Nobody was told that what waits here is durable.
            return None;
        }
        shared.journal_full.set(true);
        shared.write_work.notify();
        shared.laps_freed.wait().await;
        (!shared.failed()).then_some(())
    }

    async fn next_lap(&self, ring: &mut Ring<D>) -> Option<()> {
        let shared = &self.shared;
        loop {
            if shared.failed() {
                return None;
            }
            ring.free_before(shared.free_before.get());
            match ring.next_lap().await {
                Ok(true) => break,
                Ok(false) => {}
                // The ring can't grow for now; a checkpoint frees what it has.
                Err(error) if passes(&error) => {}
                Err(error) => {
                    shared.fail("extending the journal", &error);
                    return None;
                }
            }
            if shared.stopping.get() && shared.disk_full.get() {
                // No checkpoint comes any more. Nobody was told that what waits here is durable.
                return None;
            }
            shared.lap_wanted.set(true);
            shared.write_work.notify();
            shared.laps_freed.wait().await;
        }
        shared.lap_wanted.set(false);
        shared.lap_start.set(ring.lap_start());
        shared.journal_at.set(ring.at());
        shared.laps_in_use.set(ring.laps_in_use());
        shared.write_work.notify();
        Some(())
    }

    fn release(&self, round: &mut Vec<Pending<D>>, on_durable: &impl Fn(&[(TopicPartition, Offset)])) {
        let shared = &self.shared;
        let lap = shared.lap_start.get().lap;
        let mut durable: Vec<(TopicPartition, Offset)> = Vec::with_capacity(round.len());
        let waited = !self.has_room();
        for Pending { entry: Entry { kind, id, bytes, .. }, log, end, ticket, .. } in round.drain(..) {
            shared.pending_bytes.set(shared.pending_bytes.get() - cost(bytes.len()));
            shared.release_removals(ticket);
            let mut state = log.state.borrow_mut();
            state.oldest_lap.get_or_insert(lap);
            match kind {
                Kind::Append | Kind::Roll | Kind::Stored | Kind::StoredRoll => {
                    state.durable_end = state.durable_end.max(end);
                    match durable.last_mut() {
                        // Entries of one log often come together.
                        Some(last) if last.0 == id => last.1 = end,
                        _ => durable.push((id, end)),
                    }
                }
                Kind::Drop => {
                    shared.dropped.borrow_mut().entry(id).and_modify(|of| *of = Some(lap));
                }
                Kind::Start => {}
            }
        }
        if waited {
            shared.room.notify();
        }
        on_durable(&durable);
    }
}

/// Says that a loop runs, for as long as it is kept: a stop waits for both loops to end.
pub(crate) struct Running<'s, D: Disk> {
    shared: &'s Shared<D>,
    flag: &'s Cell<bool>,
}

impl<'s, D: Disk> Running<'s, D> {
    pub fn begin(shared: &'s Shared<D>, flag: &'s Cell<bool>) -> Self {
        flag.set(true);
        Self { shared, flag }
    }
}

impl<D: Disk> Drop for Running<'_, D> {
    fn drop(&mut self) {
        self.flag.set(false);
        self.shared.loop_ended.notify();
        self.shared.write_work.notify();
    }
}
