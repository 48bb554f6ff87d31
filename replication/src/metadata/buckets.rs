//! A map that shares what did not change with the copies made of it.
//!
//! Each metadata change makes a new [`Image`](super::Image). With one map for all topics, creating 10,000 of them one by
//! one would copy 10,000 entries each time. Here a copy is 256 pointers, and a change copies one bucket, a 256th of the
//! entries. Persistent-map crates do the same with better bounds, at the price of their unsafe code and, for most, a
//! copyleft licence; the gain is not needed at the sizes Kafka clusters have.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

const BUCKETS: usize = 256;

/// A map in 256 shared buckets. A clone costs the same however many entries there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets<K, V> {
    buckets: Box<[Arc<BTreeMap<K, V>>]>,
    len: usize,
}

impl<K: Ord + Hash + Clone, V: Clone> Default for Buckets<K, V> {
    fn default() -> Self {
        let empty = Arc::new(BTreeMap::new());
        Self { buckets: vec![empty; BUCKETS].into(), len: 0 }
    }
}

impl<K: Ord + Hash + Clone, V: Clone> Buckets<K, V> {
    // DefaultHasher::new() has fixed keys, and within a bucket order decides: nobody can choose names that make it slow.
    fn index<Q: Hash + ?Sized>(key: &Q) -> usize {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        hasher.finish() as usize % BUCKETS
    }

    /// The value of this key.
    pub fn get<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.buckets[Self::index(key)].get(key)
    }

    /// The value of this key, to be changed in this copy alone.
    pub fn get_mut<Q: Ord + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        Arc::make_mut(&mut self.buckets[Self::index(key)]).get_mut(key)
    }

    /// Sets the value of this key, and answers the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let old = Arc::make_mut(&mut self.buckets[Self::index(&key)]).insert(key, value);
        self.len += usize::from(old.is_none());
        old
    }

    /// Removes this key, and answers its value.
    pub fn remove<Q: Ord + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let old = Arc::make_mut(&mut self.buckets[Self::index(key)]).remove(key);
        self.len -= usize::from(old.is_some());
        old
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All entries, in an order that is always the same but means nothing.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.buckets.iter().flat_map(|b| b.iter())
    }

    /// All values, in the order of [`iter`](Self::iter).
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, v)| v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_shares_what_did_not_change() {
        let mut map: Buckets<u32, u32> = Buckets::default();
        for n in 0..10_000 {
            assert_eq!(map.insert(n, n), None);
        }
        let before = map.clone();
        map.insert(7, 70);
        map.remove(&8);
        *map.get_mut(&9).unwrap() = 90;
        let shared = map.buckets.iter().zip(&before.buckets).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        assert!(shared >= BUCKETS - 3, "{shared}");
        assert_eq!((map.len(), before.len()), (9_999, 10_000));
        assert_eq!((map.get(&7), map.get(&8), map.get(&9)), (Some(&70), None, Some(&90)));
        assert_eq!((before.get(&7), before.get(&8), before.get(&9)), (Some(&7), Some(&8), Some(&9)));
    }
}
