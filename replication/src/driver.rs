//! What every driver of a machine on a partition has: its partition, where it is with the log, and who waits for a reply.
//!
//! The rule for replies: one marked [`After::Durable`] leaves when everything that the machine has appended so far is
//! committed. If an append is refused the machine has moved on without its log, so its state is void: whoever waits gets
//! `COORDINATOR_NOT_AVAILABLE`, and the log is replayed.
//!
//! Does not do: anything that depends on the machine; see [`crate::coordinator`] and [`crate::transactions`].

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use headwater_core::ErrorCode;
use headwater_core::after::After;
use headwater_core::time::Timestamp;
use headwater_storage::disk::Disk;

use crate::hosted::Phase;
use crate::machine_log::{self, Entry, PartOf};
use crate::partition::Partition;
use crate::waiters::{Countdown, Outcome};

type Then<R> = Box<dyn FnOnce(Result<R, ErrorCode>)>;

/// See the module's text; `R` is what the machine answers.
pub(crate) struct Driver<D: Disk, R> {
    pub partition: Rc<Partition<D>>,
    /// What it is, in logs.
    what: &'static str,
    phase: Cell<Phase>,
    waiting: RefCell<HashMap<u64, Then<R>>>,
    next_reply: Cell<u64>,
}

impl<D: Disk, R: 'static> Driver<D, R> {
    pub fn new(what: &'static str, partition: Rc<Partition<D>>) -> Self {
        let phase = Cell::new(Phase::Loading);
        Self { partition, what, phase, waiting: RefCell::default(), next_reply: Cell::new(0) }
    }

    pub fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub fn is_active(&self) -> bool {
        self.phase.get() == Phase::Active
    }

    /// Shows the whole log to `take_in`, what is not committed yet included: the next machine's records come behind it.
    /// False when it may not serve: a part of the log can't be read, or it has resigned.
    pub async fn replay(&self, mut take_in: impl FnMut(Entry<'_>)) -> bool {
        if self.phase.get() == Phase::Resigned {
            return false;
        }
        self.phase.set(Phase::Loading);
        let mut at = self.partition.bounds().log_start;
        while at < self.partition.log().end() {
            match machine_log::replay(&self.partition, at, &mut take_in).await {
                Ok(next) => at = next,
                Err(why) => {
                    tracing::error!(partition = %self.partition.id(), offset = %at, why,
                        "this {} can't load; what it serves is unavailable until its log is readable", self.what);
                    if self.phase.get() != Phase::Resigned {
                        self.phase.set(Phase::Failed);
                    }
                    return false;
                }
            }
        }
        self.phase.get() != Phase::Resigned
    }

    /// The machine is loaded.
    pub fn activate(&self) {
        self.phase.set(Phase::Active);
    }

    /// Takes a number for somebody who waits for a reply.
    pub fn wait(&self, then: impl FnOnce(Result<R, ErrorCode>) + 'static) -> u64 {
        let to = self.next_reply.get();
        self.next_reply.set(to + 1);
        self.waiting.borrow_mut().insert(to, Box::new(then));
        to
    }

    /// Appends the records of one step and lets its replies go when they may. `committed` runs when what is in the log now
    /// is durable, if there is one.
    pub fn perform<'a>(
        &self,
        wall: Timestamp,
        records: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        part_of: Option<PartOf>,
        replies: impl IntoIterator<Item = (u64, After, R)>,
        committed: Option<impl FnOnce() + 'static>,
    ) {
        if let Err(code) = machine_log::append(&self.partition, records, part_of, wall) {
            tracing::warn!(partition = %self.partition.id(), %code, "a {} could not write", self.what);
            self.phase.set(Phase::Failed);
            return self.refuse(ErrorCode::CoordinatorNotAvailable);
        }
        let mut held = Vec::new();
        for (to, after, body) in replies {
            let Some(then) = self.waiting.borrow_mut().remove(&to) else { continue };
            match after {
                After::Now => then(Ok(body)),
                After::Durable => held.push((then, body)),
            }
        }
        if held.is_empty() && committed.is_none() {
            return;
        }
        let countdown = Countdown::new();
        self.partition.park(self.partition.log().end(), &countdown);
        countdown.arm(move |outcome| {
            for (then, body) in held {
                then(match outcome {
                    Outcome::Committed => Ok(body),
                    Outcome::Failed => Err(ErrorCode::CoordinatorNotAvailable),
                });
            }
            // After a failure the next machine finds in the log what was decided.
            if let (Outcome::Committed, Some(committed)) = (outcome, committed) {
                committed();
            }
        });
    }

    /// Serves no more, for good.
    pub fn resign(&self) {
        self.phase.set(Phase::Resigned);
        self.refuse(ErrorCode::NotCoordinator);
    }

    fn refuse(&self, code: ErrorCode) {
        let waiting: Vec<Then<R>> = self.waiting.borrow_mut().drain().map(|(_, then)| then).collect();
        for then in waiting {
            then(Err(code));
        }
    }
}
