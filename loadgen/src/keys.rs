//! Which key, and so which partition, each record of a run gets.
//!
//! Without keys a producer fills one batch, then turns to the next partition, as Kafka's clients do. With
//! keys every record goes where its key's hash says, so batches stay small: that is one of the loads on which
//! brokers fall.
//!
//! Keys are `key-0000000000` … drawn evenly or by Zipf's law (the r-th most frequent key has weight 1 /
//! r^0.99, as in YCSB).

use std::fmt;
use std::str::FromStr;

use crate::rng::Rng;

/// How keys are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// No keys.
    None,
    /// Every key equally often.
    Uniform,
    /// A few keys very often.
    Zipf,
}

/// How many different keys a run uses unless told otherwise.
pub const KEY_COUNT: u64 = 100_000;

/// The most keys: Zipf's table of them takes 80 MB.
pub const KEY_COUNT_MAX: u64 = 10_000_000;

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Keys::None => "none",
            Keys::Uniform => "uniform",
            Keys::Zipf => "zipf",
        })
    }
}

impl FromStr for Keys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Keys::None, Keys::Uniform, Keys::Zipf]
            .into_iter()
            .find(|keys| keys.to_string() == text)
            .ok_or_else(|| "give none, uniform or zipf".into())
    }
}

const ZIPF_EXPONENT: f64 = 0.99;

/// Draws keys.
#[derive(Clone, Debug)]
pub struct KeySpace {
    keys: Keys,
    count: u64,
    /// Zipf only: the weights summed up to and including each rank, scaled to 1.
    cumulated: Vec<f64>,
}

/// The bytes of a key: 14, of which the last ten are its number.
pub type Key = [u8; 14];

impl KeySpace {
    /// A space of `count` keys; Zipf's table takes 8 bytes a key, so producers share it.
    pub fn new(keys: Keys, count: u64) -> Self {
        let count = count.clamp(1, KEY_COUNT_MAX);
        let mut cumulated = Vec::new();
        if keys == Keys::Zipf {
            let mut sum = 0.0;
            for rank in 1..=count {
                sum += 1.0 / (rank as f64).powf(ZIPF_EXPONENT);
                cumulated.push(sum);
            }
            for weight in &mut cumulated {
                *weight /= sum;
            }
        }
        Self { keys, count, cumulated }
    }

    /// The next record's key.
    pub fn draw(&self, rng: &mut Rng) -> Option<Key> {
        let number = match self.keys {
            Keys::None => return None,
            Keys::Uniform => rng.below(self.count),
            Keys::Zipf => {
                let at = rng.unit();
                (self.cumulated.partition_point(|weight| *weight <= at) as u64).min(self.count - 1)
            }
        };
        let mut key = *b"key-0000000000";
        let (mut rest, mut at) = (number, key.len());
        while rest > 0 {
            at -= 1;
            key[at] += (rest % 10) as u8;
            rest /= 10;
        }
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: Keys, least_share_of_key_0: f64, most_share_of_key_0: f64) {
        let space = KeySpace::new(keys, KEY_COUNT);
        let mut rng = Rng::new(3);
        let draws = 100_000;
        let hits = (0..draws).filter(|_| space.draw(&mut rng).as_ref() == Some(b"key-0000000000")).count();
        let share = hits as f64 / f64::from(draws);
        assert!((least_share_of_key_0..=most_share_of_key_0).contains(&share), "{keys:?}: {share}");
    }

    #[test]
    fn draws_follow_their_law() {
        check(Keys::None, 0.0, 0.0);
        check(Keys::Uniform, 0.0, 0.001);
        check(Keys::Zipf, 0.06, 0.10);
    }

    #[test]
    fn keys_end_in_their_number() {
        let space = KeySpace::new(Keys::Uniform, KEY_COUNT);
        let mut rng = Rng::new(1);
        for _ in 0..1000 {
            let key = String::from_utf8(space.draw(&mut rng).unwrap().to_vec()).unwrap();
            let number: u64 = key.strip_prefix("key-").unwrap().parse().unwrap();
            assert!(number < KEY_COUNT);
        }
    }
}
