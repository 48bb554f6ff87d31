//! The last offset of each key, in bounded memory; and each producer's last batch.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use headwater_core::ids::{Offset, ProducerId};
use headwater_core::record::header::BatchHeader;

/// What a key costs in the map: its hash, its offset, and the table's spare room.
pub const KEY_BYTES: usize = 48;

/// A producer's last batch with data, or its last marker if there is none.
#[derive(Clone, Copy)]
pub(super) struct Last {
    pub offset: Offset,
    pub control: bool,
}

/// Parts of the key map, each a table that grows alone: one of a million keys would hold the shard for tens of
/// milliseconds while it grows.
const MAP_PARTS: usize = 1024;

/// The last offset of each key of one part.
type Offsets = HashMap<u128, i64, BuildHasherDefault<Hashed>>;

/// Keys by two hashes with secret seeds: of 128 bits, so that two keys never meet, and nobody can make them.
pub(super) struct KeyMap {
    seeds: [RandomState; 2],
    last: Vec<Offsets>,
    keys: usize,
    pub producers: HashMap<ProducerId, Last>,
    keys_max: usize,
}

/// The hash of what is one already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.first_chunk().map_or(0, |half| u64::from_ne_bytes(*half));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl KeyMap {
    pub fn new(bytes: usize) -> Self {
        Self {
            seeds: [RandomState::new(), RandomState::new()],
            last: vec![Offsets::default(); MAP_PARTS],
            keys: 0,
            producers: HashMap::new(),
            keys_max: (bytes / KEY_BYTES).max(1),
        }
    }

    fn hash(&self, key: &[u8]) -> u128 {
        let [a, b] = [0, 1].map(|n| u128::from(self.seeds[n].hash_one(key)));
        (a << 64) | b
    }

    /// The part of a hash, by bits that its table does not go by.
    fn part(hash: u128) -> usize {
        (hash >> 64) as usize % MAP_PARTS
    }

    /// Notes a record; false if there is no room for its key.
    pub fn note(&mut self, key: &[u8], offset: Offset) -> bool {
        let hash = self.hash(key);
        let room = self.keys < self.keys_max;
        let part = &mut self.last[Self::part(hash)];
        match part.get_mut(&hash) {
            Some(last) => *last = offset.get(),
            None if room => {
                part.insert(hash, offset.get());
                self.keys += 1;
            }
            None => return false,
        }
        true
    }

    pub fn note_producer(&mut self, header: &BatchHeader) {
        let Some(producer) = header.producer_id else { return };
        let last = Last { offset: header.last_offset(), control: header.is_control() };
        let room = self.producers.len() < self.keys_max;
        match self.producers.get_mut(&producer) {
            Some(before) if before.control || !last.control => *before = last,
            Some(_) => {}
            // One that finds no room keeps its headers: more stays than has to.
            None if room => drop(self.producers.insert(producer, last)),
            None => {}
        }
    }

    pub fn is_superseded(&self, key: &[u8], offset: Offset) -> bool {
        let hash = self.hash(key);
        self.last[Self::part(hash)].get(&hash).is_some_and(|last| *last > offset.get())
    }
}
