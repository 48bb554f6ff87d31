//! The codec against everything that is not the codec: an independent implementation, hostile bytes, an allocation
//! counter.
//!
//! Each run draws new random messages. A failure prints the seed; to see it again:
//!
//! ```text
//! SEED=<seed> cargo test -p headwater-core --test wire_codec
//! ```

mod bounds;
mod codecs;
mod differential;
mod sample;
#[allow(dead_code)]
#[path = "../wire_schema/schema.rs"]
mod schema;

use std::hash::{BuildHasher, RandomState};

use sample::Rng;

/// This run's randomness. Printing it is enough: the test harness shows the output of failing tests.
fn rng() -> Rng {
    let seed = match std::env::var("SEED") {
        Ok(seed) => seed.parse().expect("SEED is a number"),
        Err(_) => RandomState::new().hash_one(0),
    };
    println!("replay with SEED={seed}");
    Rng::new(seed)
}

/// Every message that has a codec.
fn messages() -> Vec<schema::Message> {
    let mut messages = schema::load("messages.json");
    messages.retain(|m| m.broker);
    messages.extend(schema::load("records.json"));
    messages
}
