//! Fetch sessions (KIP-227, behaviour 43): a consumer or follower names its partitions once, then only what changes.
//!
//! A fetch takes two steps. [`FetchSessions::begin`] turns the request into the list of partitions to read, in the order
//! to read them; [`FetchSessions::finish`] is told what was seen there, and says which partitions to put in the answer.
//!
//! | request (id, epoch) | step | answer's session id |
//! |---|---|---|
//! | (0, -1) | full, no session | 0 |
//! | (id, -1) | closes the session `id`, full, no session | 0 |
//! | (any, 0) | closes the session `id`, full, opens a new one if there is a slot | the new id, or 0 if declined |
//! | (id, n) | incremental: needs the session, its next epoch, and the same way to name topics | `id` |
//!
//! Epochs count 1, 2, … `i32::MAX`, 1. A request whose answer was lost is retried by the client as a full one.
//!
//! Invariants: `recency` has exactly the sessions; a session's `place` and `order` name the same partitions; what a session
//! last told of a partition is what the client knows of it, or `None` to tell it again whatever it is.
//!
//! A partition that returned records goes behind the others, so that a full answer starves none of them.
//!
//! Deliberately not here: no privilege of followers over consumers and of large sessions over small ones, as Kafka's cache
//! has: an active session keeps its slot, whoever it is. Sessions die with the broker; clients open new ones.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset, TopicPartition};
use crate::time::Monotonic;

/// A session unused for this long (milliseconds) gives its slot to a new one: Kafka's
/// `min.incremental.fetch.session.eviction.ms`.
pub const EVICTION_MS: u64 = 120_000;

const NO_SESSION: i32 = 0;
const OPEN: i32 = 0;
const CLOSE: i32 = -1;

/// What a client wants of one partition. Its topic is resolved: the caller answers unknown topics itself, and they are
/// not kept in the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The partition.
    pub partition: TopicPartition,
    /// Offset to read from.
    pub offset: Offset,
    /// Most bytes of records, as the client sent it.
    pub max_bytes: i32,
    /// The leader epoch that the client knows.
    pub current_epoch: Option<LeaderEpoch>,
    /// The epoch of the last record that a follower has.
    pub last_fetched_epoch: Option<LeaderEpoch>,
}

/// What reading a partition for a fetch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// High watermark, -1 if unknown.
    pub high_watermark: i64,
    /// Last stable offset, -1 if unknown.
    pub last_stable: i64,
    /// Log start offset, -1 if unknown.
    pub log_start: i64,
    /// Whether there are records to answer.
    pub has_records: bool,
    /// Error code, 0 if none.
    pub error: i16,
    /// Whether the answer tells a follower where its log diverges.
    pub diverging: bool,
}

/// A fetch between [`FetchSessions::begin`] and [`FetchSessions::finish`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchContext {
    /// What to read, in this order.
    pub partitions: Vec<Wanted>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sessionless,
    /// Opened by this fetch.
    Full {
        id: i32,
    },
    /// `next_epoch` tells whether a later request overtook this one.
    Incremental {
        id: i32,
        next_epoch: i32,
    },
}

impl FetchContext {
    /// Whether the answer has every partition, changed or not.
    pub fn is_full(&self) -> bool {
        !matches!(self.kind, Kind::Incremental { .. })
    }
}

/// How to answer a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The answer's session id, 0 for none.
    pub session_id: i32,
    /// For each of the context's partitions, whether the answer has it.
    pub include: Vec<bool>,
}

/// High watermark, last stable offset, log start offset.
type Told = Option<(i64, i64, i64)>;

#[derive(Debug)]
struct Session {
    next_epoch: i32,
    uses_ids: bool,
    used: Monotonic,
    /// Partitions by their place in the order of reading.
    order: BTreeMap<u64, (Wanted, Told)>,
    place: HashMap<TopicPartition, u64>,
    next_place: u64,
}

impl Session {
    fn want(&mut self, wanted: Wanted) {
        let place = *self.place.entry(wanted.partition).or_insert(self.next_place);
        if place == self.next_place {
            self.next_place += 1;
        }
        self.order.entry(place).or_insert((wanted, None)).0 = wanted;
    }

    fn forget(&mut self, partition: &TopicPartition) {
        if let Some(place) = self.place.remove(partition) {
            self.order.remove(&place);
        }
    }

    /// Notes what was seen of a partition; says whether the client has to be told.
    fn tell(&mut self, partition: TopicPartition, seen: &Seen) -> bool {
        let Some(place) = self.place.get_mut(&partition) else { return true };
        let (wanted, told) = self.order.remove(place).expect("place and order name the same partitions");
        let now = (seen.high_watermark, seen.last_stable, seen.log_start);
        let failed = seen.error != 0;
        let include = seen.has_records || failed || seen.diverging || told != Some(now);
        if seen.has_records {
            *place = self.next_place;
            self.next_place += 1;
        }
        // After an error the client is told that it is over, even if nothing else has changed.
        self.order.insert(*place, (wanted, (!failed).then_some(now)));
        include
    }
}

/// The fetch sessions of one shard's connections.
#[derive(Debug)]
pub struct FetchSessions {
    slots_max: usize,
    sessions: HashMap<i32, Session>,
    /// Sessions by last use, longest unused first.
    recency: BTreeSet<(Monotonic, i32)>,
}

impl FetchSessions {
    /// No sessions, and room for `slots_max` (`max.incremental.fetch.session.cache.slots`); 0 declines all.
    pub fn new(slots_max: usize) -> Self {
        Self { slots_max, sessions: HashMap::new(), recency: BTreeSet::new() }
    }

    /// How many sessions are open.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Begins a fetch.
    ///
    /// `uses_ids`: whether the request's version names topics by id. `new_id` is the id of the session, should one be
    /// opened: random and above 0, so that ids of an earlier life of the broker are not taken for it; one that is
    /// in use already is declined, not shared.
    ///
    /// # Errors
    /// To be answered for the whole fetch: `FETCH_SESSION_ID_NOT_FOUND`, `INVALID_FETCH_SESSION_EPOCH`, and
    /// `FETCH_SESSION_TOPIC_ID_ERROR` if the client changed between names and ids. The session stays as it was.
    #[allow(clippy::too_many_arguments)] // They are the request's fields.
    pub fn begin(
        &mut self,
        session_id: i32,
        epoch: i32,
        uses_ids: bool,
        wanted: Vec<Wanted>,
        forgotten: &[TopicPartition],
        new_id: i32,
        now: Monotonic,
    ) -> Result<FetchContext, ErrorCode> {
        if epoch == OPEN || epoch == CLOSE {
            self.close(session_id);
            let wanted = once_each(wanted);
            let opened = epoch == OPEN && self.open(new_id, uses_ids, &wanted, now);
            let kind = if opened { Kind::Full { id: new_id } } else { Kind::Sessionless };
            return Ok(FetchContext { partitions: wanted, kind });
        }
        let session = self.sessions.get_mut(&session_id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.next_epoch != epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.uses_ids != uses_ids {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        session.next_epoch = epoch.checked_add(1).unwrap_or(1);
        self.recency.remove(&(session.used, session_id));
        self.recency.insert((now, session_id));
        session.used = now;
        wanted.into_iter().for_each(|wanted| session.want(wanted));
        forgotten.iter().for_each(|partition| session.forget(partition));
        let partitions = session.order.values().map(|(wanted, _)| *wanted).collect();
        let kind = Kind::Incremental { id: session_id, next_epoch: session.next_epoch };
        if session.order.is_empty() {
            // As Kafka: a client that forgot everything needs no slot.
            self.close(session_id);
            return Ok(FetchContext { partitions, kind: Kind::Sessionless });
        }
        Ok(FetchContext { partitions, kind })
    }

    /// Ends a fetch: `seen` is what was found for each of the context's partitions, in their order.
    ///
    /// If the session was closed, evicted or overtaken by another request since, the answer has everything and
    /// session id 0, on which the client opens a new one.
    ///
    /// # Panics
    /// If `seen` is not as long as the context's partitions.
    pub fn finish(&mut self, context: &FetchContext, seen: &[Seen]) -> Finished {
        assert_eq!(context.partitions.len(), seen.len(), "one outcome for each partition");
        let (id, next_epoch) = match context.kind {
            Kind::Sessionless => (NO_SESSION, 0),
            Kind::Full { id } => (id, 1),
            Kind::Incremental { id, next_epoch } => (id, next_epoch),
        };
        let Some(session) = self.sessions.get_mut(&id).filter(|session| session.next_epoch == next_epoch)
        else {
            return Finished { session_id: NO_SESSION, include: vec![true; seen.len()] };
        };
        let told = context.partitions.iter().zip(seen);
        let include =
            told.map(|(wanted, seen)| session.tell(wanted.partition, seen) || context.is_full()).collect();
        Finished { session_id: id, include }
    }

    /// Ends a fetch whose answer is put off: it has no partitions, and nothing counts as told. Answers the session id
    /// for it: 0 where the session would only now have been opened, or is no longer there.
    pub fn put_off(&mut self, context: &FetchContext) -> i32 {
        match context.kind {
            Kind::Incremental { id, next_epoch } => {
                let current = self.sessions.get(&id).is_some_and(|session| session.next_epoch == next_epoch);
                if current { id } else { NO_SESSION }
            }
            Kind::Sessionless | Kind::Full { .. } => {
                self.end(context);
                NO_SESSION
            }
        }
    }

    /// Ends the session of a fetch that is under way: its answer will have everything and session id 0.
    pub fn end(&mut self, context: &FetchContext) {
        match context.kind {
            Kind::Sessionless => {}
            Kind::Full { id } | Kind::Incremental { id, .. } => self.close(id),
        }
    }

    fn open(&mut self, id: i32, uses_ids: bool, wanted: &[Wanted], now: Monotonic) -> bool {
        if id <= NO_SESSION || self.sessions.contains_key(&id) {
            return false;
        }
        if self.sessions.len() >= self.slots_max {
            match self.recency.first() {
                Some(&(used, oldest)) if now.millis_since(used) >= EVICTION_MS => self.close(oldest),
                _ => return false,
            }
        }
        let mut session = Session {
            next_epoch: 1,
            uses_ids,
            used: now,
            order: BTreeMap::new(),
            place: HashMap::with_capacity(wanted.len()),
            next_place: 0,
        };
        wanted.iter().for_each(|wanted| session.want(*wanted));
        self.sessions.insert(id, session);
        self.recency.insert((now, id));
        true
    }

    fn close(&mut self, id: i32) {
        if let Some(session) = self.sessions.remove(&id) {
            self.recency.remove(&(session.used, id));
        }
    }
}

/// A partition that is named twice is read once, as it is named last: else a small request could ask for any amount.
fn once_each(wanted: Vec<Wanted>) -> Vec<Wanted> {
    let mut places = HashMap::with_capacity(wanted.len());
    let mut once: Vec<Wanted> = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        match places.entry(wanted.partition) {
            Entry::Vacant(place) => {
                place.insert(once.len());
                once.push(wanted);
            }
            Entry::Occupied(place) => once[*place.get()] = wanted,
        }
    }
    once
}

#[cfg(test)]
mod tests;
