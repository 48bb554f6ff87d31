//! Which partition a record goes to: Kafka's own rules, so that a keyed record lands where any other client
//! would put it.

use crate::rng::Rng;

/// Chooses partitions for one topic.
#[derive(Clone, Debug)]
pub struct Partitioner {
    /// Bytes that go to one partition before keyless records turn to another (KIP-794).
    stick_bytes: usize,
    current: Option<i32>,
    bytes: usize,
    rng: Rng,
}

impl Partitioner {
    /// Keyless records stay with a partition for `stick_bytes` bytes, so that batches fill.
    pub fn new(stick_bytes: usize, rng: Rng) -> Self {
        Self { stick_bytes, current: None, bytes: 0, rng }
    }

    /// The partition, below `count`, of a record with this key and of about this many bytes.
    pub fn pick(&mut self, key: Option<&[u8]>, bytes: usize, count: i32) -> i32 {
        if let Some(key) = key {
            return for_key(key, count);
        }
        let current = match self.current {
            Some(current) if current < count && self.bytes < self.stick_bytes => current,
            _ => {
                self.bytes = 0;
                self.rng.below(count.max(1) as u64) as i32
            }
        };
        self.current = Some(current);
        self.bytes += bytes;
        current
    }
}

/// The partition of a keyed record: the key's Murmur2 hash, its sign dropped, modulo the count.
pub fn for_key(key: &[u8], count: i32) -> i32 {
    (murmur2(key) & 0x7fff_ffff) as i32 % count.max(1)
}

/// Murmur2 with Kafka's seed, over little-endian words.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut h = 0x9747_b28c ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        h = h.wrapping_mul(M) ^ k;
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        for (i, byte) in tail.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * i);
        }
        h = h.wrapping_mul(M);
    }
    h = (h ^ (h >> 13)).wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hash_as_in_kafka() {
        // Values that Kafka's own Utils.murmur2 gives.
        for (key, hash) in
            [("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536)]
        {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
        assert_eq!(for_key(b"21", 1000), (-973_932_308i32 & 0x7fff_ffff) % 1000);
    }

    #[test]
    fn keyless_records_stick_until_a_batch_is_full() {
        let mut partitioner = Partitioner::new(100, Rng::new(1));
        let picks: Vec<i32> = (0..1000).map(|_| partitioner.pick(None, 50, 8)).collect();
        assert!(picks.chunks(2).all(|pair| pair[0] == pair[1]));
        for partition in 0..8 {
            assert!(picks.contains(&partition));
        }
    }
}
