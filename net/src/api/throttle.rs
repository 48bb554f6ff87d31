//! Holding clients to their quotas (behaviour 10, KIP-219): who overdraws one is answered at once, is told for how long, and
//! is not read for that long.
//!
//! What is counted, and when:
//!
//! | quota | counts | when |
//! |---|---|---|
//! | bytes produced | the request's body | before it is appended |
//! | bytes fetched | the records of the answer | when they are read; who is over it gets none, see [`fetched`] |
//! | thread time | time in which the handler ran on the connection's shard | when it has ended; a produce's with the next one |
//! | partitions made or deleted | each partition | before the controller is asked, see [`mutations`] |
//! | connections | each connection of an address | when it is accepted: it is not read at once |
//!
//! Nobody is authenticated, so every user is Kafka's `ANONYMOUS`. While no quota is set, all of this is one look at the
//! Image a request.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use headwater_core::quota::{Key, Limit};
use headwater_core::wire::api::ApiKey;

use super::Context;
use crate::conn::connection::Connection;
use crate::conn::replies::{Chunk, Reply};

/// The user of a connection that nobody has authenticated.
static ANONYMOUS: LazyLock<Arc<str>> = LazyLock::new(|| "ANONYMOUS".into());
/// The name of a client that gives none.
static NAMELESS: LazyLock<Arc<str>> = LazyLock::new(|| "".into());

/// A frame's length, and the number of its request.
const BEFORE_BODY_BYTES: usize = 8;

fn limit(context: &Context, key: Key) -> Option<Limit> {
    let client_id = context.client_id.as_ref().unwrap_or(&NAMELESS);
    context.image().quotas().find(key, &ANONYMOUS, client_id)
}

/// The limits that a request is held to.
#[derive(Default)]
pub struct Limits {
    bytes: Option<Limit>,
    time: Option<Limit>,
}

impl Limits {
    /// Those of this request; cheap where nobody is limited.
    pub fn of(context: &Context) -> Limits {
        if !context.shard().limits_anybody() {
            return Limits::default();
        }
        let bytes = match context.key {
            ApiKey::Produce => limit(context, Key::ProducerByteRate),
            _ => None,
        };
        Limits { bytes, time: limit(context, Key::RequestPercentage) }
    }

    /// Runs a handler; what it owes for its time is noted on the connection.
    pub async fn run<T>(&self, connection: &Connection, handling: impl Future<Output = T>) -> T {
        if self.time.is_none() {
            return handling.await;
        }
        let mut handling = pin!(handling);
        let mut spent = Duration::ZERO;
        let done = std::future::poll_fn(|cx| {
            let began = Instant::now();
            let poll = handling.as_mut().poll(cx);
            spent += began.elapsed();
            poll
        })
        .await;
        connection.quiet.owe(spent);
        done
    }

    /// Counts `bytes` and the time that the connection owes; answers for how many milliseconds it is to be quiet.
    pub async fn charge(&self, connection: &Rc<Connection>, bytes: usize) -> u64 {
        let shard = &connection.shard;
        let mut throttle_ms = connection.quiet.take_noted();
        if let Some(limit) = self.bytes.clone() {
            throttle_ms = throttle_ms.max(shard.charge(limit, bytes as f64).await);
        }
        if let Some(limit) = self.time.clone() {
            // Hundredths of a thread, over the second that the limit is for.
            let amount = connection.quiet.take_owed().as_secs_f64() * 100.0;
            throttle_ms = throttle_ms.max(shard.charge(limit, amount).await);
        }
        if throttle_ms > 0 {
            connection.quiet.mute(throttle_ms);
        }
        throttle_ms
    }
}

/// How many bytes a fetch may ask for at all: more than a whole window's worth could never be sent.
pub fn fetchable(context: &Context) -> usize {
    let limit = if context.shard().limits_anybody() { limit(context, Key::ConsumerByteRate) } else { None };
    limit.map_or(usize::MAX, |limit| limit.at_once() as usize)
}

/// Counts what a fetch brings; whether its client may have it. If not, nothing is counted, and the client is to come again
/// for it once it has been quiet (KIP-219: an answer that says "throttled" has no records).
pub async fn fetched(context: &Context, bytes: usize) -> bool {
    let shard = context.shard();
    let limit = if shard.limits_anybody() { limit(context, Key::ConsumerByteRate) } else { None };
    let Some(limit) = limit else { return true };
    let amount = bytes as f64;
    let throttle_ms = shard.charge(limit.clone(), amount).await;
    if throttle_ms == 0 {
        return true;
    }
    context.connection.quiet.note(throttle_ms);
    let owed = shard.charge(limit.clone(), -amount).await > 0;
    // A batch that is greater than all that a window has is sent once nothing is owed: else it would never be.
    if owed || amount <= limit.at_once() {
        return false;
    }
    shard.charge(limit, amount).await;
    true
}

/// As the wire has it.
pub fn on_wire(throttle_ms: u64) -> i32 {
    i32::try_from(throttle_ms).unwrap_or(i32::MAX)
}

/// Writes into a reply for how long the client is throttled, in versions that begin with it.
pub fn tell(reply: &mut Reply, key: ApiKey, version: i16, throttle_ms: u64) {
    let Reply::Frame { chunks, .. } = reply else { return };
    let Some(Chunk::Memory(first)) = chunks.first_mut() else { return };
    if throttle_ms == 0 || version < key.throttle_time_from() {
        return;
    }
    // A flexible header ends in its tags, of which there are none.
    let at = BEFORE_BODY_BYTES + usize::from(key.response_header_version(version) > 0);
    let mut frame = BytesMut::from(&first[..]);
    if let Some(place) = frame.get_mut(at..at + 4) {
        place.copy_from_slice(&on_wire(throttle_ms).to_be_bytes());
        *first = frame.freeze();
    }
}

/// Pays for partitions that are to be made or deleted, topic by topic (KIP-599). With `strict` a topic that comes when the
/// limit is overdrawn is refused (false in the answer); older clients do not know the error and are only throttled.
pub async fn mutations(context: &Context, partitions: &[usize], strict: bool) -> Vec<bool> {
    let mut allowed = vec![true; partitions.len()];
    let shard = context.shard();
    let limit = if shard.limits_anybody() { limit(context, Key::ControllerMutationRate) } else { None };
    let Some(limit) = limit else { return allowed };
    for (count, allowed) in partitions.iter().zip(&mut allowed).filter(|(count, _)| **count > 0) {
        let throttle_ms = if strict {
            let paid = shard.try_charge(limit.clone(), *count as f64).await;
            *allowed = paid.is_ok();
            paid.err().unwrap_or(0)
        } else {
            shard.charge(limit.clone(), *count as f64).await
        };
        context.connection.quiet.note(throttle_ms);
    }
    allowed
}

/// A client has connected: addresses that connect too often are not read at once.
pub async fn connected(connection: &Rc<Connection>) {
    let shard = &connection.shard;
    if !shard.limits_anybody() {
        return;
    }
    let address = connection.peer.ip().to_canonical().to_string().into();
    if let Some(limit) = shard.image().quotas().find_address(&address) {
        connection.quiet.mute(shard.charge(limit, 1.0).await);
    }
}
