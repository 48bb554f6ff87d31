//! How many connections there are: in all, per address, per shard. Finite limits, since a port that takes every
//! connection lets one client take the memory of all.
//!
//! Shared between shards and locked for an instant when a connection comes or goes, never for a request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_core::ids::ShardId;

/// See the module's text.
pub struct Census {
    max_total: usize,
    max_per_address: usize,
    counts: Mutex<Counts>,
}

struct Counts {
    total: usize,
    by_shard: Vec<usize>,
    by_address: HashMap<IpAddr, usize>,
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// `max.connections` is reached.
    #[error("max.connections is reached")]
    Total,
    /// `max.connections.per.ip` is reached for this address.
    #[error("max.connections.per.ip is reached")]
    Address,
}

/// One counted connection; it is counted until this is dropped.
pub struct Admitted {
    census: Arc<Census>,
    address: IpAddr,
    shard: ShardId,
}

impl Admitted {
    /// The shard that shall serve it.
    pub fn shard(&self) -> ShardId {
        self.shard
    }
}

impl Census {
    /// A census of no connections.
    pub fn new(shards: usize, max_total: usize, max_per_address: usize) -> Arc<Self> {
        let counts = Counts { total: 0, by_shard: vec![0; shards], by_address: HashMap::new() };
        Arc::new(Self { max_total, max_per_address, counts: Mutex::new(counts) })
    }

    /// Counts a connection that `acceptor` took, and gives it to the shard with the fewest: the kernel spreads a few
    /// connections unevenly over listeners, and a client's connections live long.
    pub fn admit(self: &Arc<Self>, address: IpAddr, acceptor: ShardId) -> Result<Admitted, Full> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.total >= self.max_total {
            return Err(Full::Total);
        }
        if counts.by_address.get(&address).is_some_and(|n| *n >= self.max_per_address) {
            return Err(Full::Address);
        }
        let own = counts.by_shard[acceptor.get() as usize];
        let (fewest, least) =
            counts.by_shard.iter().copied().enumerate().min_by_key(|(_, n)| *n).unwrap_or((0, own));
        let shard = if own > least { ShardId::new(fewest as u16) } else { acceptor };
        counts.total += 1;
        counts.by_shard[shard.get() as usize] += 1;
        *counts.by_address.entry(address).or_default() += 1;
        Ok(Admitted { census: self.clone(), address, shard })
    }

    /// Connections in all.
    pub fn total(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).total
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut counts = self.census.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total -= 1;
        counts.by_shard[self.shard.get() as usize] -= 1;
        if let Some(n) = counts.by_address.get_mut(&self.address) {
            *n -= 1;
            if *n == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const A: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

    #[test]
    fn few_connections_spread_evenly_whoever_accepts_them() {
        let census = Census::new(4, 100, 100);
        let all: Vec<_> = (0..8).map(|_| census.admit(A, ShardId::new(2)).unwrap()).collect();
        for shard in 0..4 {
            assert_eq!(all.iter().filter(|a| a.shard().get() == shard).count(), 2);
        }
    }

    #[test]
    fn limits_hold_and_are_given_back() {
        let census = Census::new(1, 3, 2);
        let shard = ShardId::new(0);
        let first = census.admit(A, shard).unwrap();
        let _second = census.admit(A, shard).unwrap();
        assert_eq!(census.admit(A, shard).err(), Some(Full::Address));
        let _third = census.admit(B, shard).unwrap();
        assert_eq!(census.admit(B, shard).err(), Some(Full::Total));
        drop(first);
        assert_eq!(census.total(), 2);
        assert!(census.admit(A, shard).is_ok());
    }
}
