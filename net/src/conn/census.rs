//! How many connections there are: in all, per address, per shard; and how fast they come. Finite limits, since a port
//! that takes every connection lets one client take the memory of all.
//!
//! Shared between shards and locked for an instant when a connection comes or goes, never for a request.

use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headwater_core::config::NetSettings;
use headwater_core::ids::ShardId;
use headwater_core::time::Monotonic;

const SECOND: u64 = 1_000_000_000;

/// How many connections there may be, and how fast they may come.
#[derive(Debug)]
pub struct Limits {
    total: usize,
    per_address: usize,
    /// For addresses that have a limit of their own.
    exceptions: HashMap<IpAddr, usize>,
    per_second: u64,
}

impl Limits {
    /// The limits of these settings. Blocks if they name hosts: their addresses are looked up, once.
    pub fn new(net: &NetSettings) -> Self {
        let mut exceptions = HashMap::new();
        for (host, limit) in &net.connections_per_ip_overrides {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            match (bare, 0).to_socket_addrs() {
                Ok(found) => exceptions.extend(found.map(|address| (address.ip(), *limit as usize))),
                Err(error) => tracing::warn!(host, %error,
                    "max.connections.per.ip.overrides names a host that is not known, and has no effect for it"),
            }
        }
        Self {
            total: net.connections_max as usize,
            per_address: net.connections_per_ip_max as usize,
            exceptions,
            per_second: u64::from(net.connection_rate_max).max(1),
        }
    }
}

/// See the module's text.
pub struct Census {
    /// More than this there are no file descriptors for.
    files: usize,
    counts: Mutex<Counts>,
}

struct Counts {
    limits: Limits,
    /// How many changes of limits were begun, and the number of the one in force.
    begun: u64,
    in_force: u64,
    /// When the last connection would have come, in nanoseconds, had they all come evenly at the greatest rate; never
    /// longer ago than a second.
    paced: u64,
    total: usize,
    by_shard: Vec<usize>,
    by_address: HashMap<IpAddr, usize>,
}

/// The place of a change of limits among all: the one that was begun last counts, whichever is ready last.
#[derive(Debug)]
pub struct Revision(u64);

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
    /// A census of no connections. There are file descriptors for `files` of them, whatever `limits` allows.
    pub fn new(shards: usize, files: usize, limits: Limits) -> Arc<Self> {
        let by_shard = vec![0; shards];
        let by_address = HashMap::new();
        let counts = Counts { limits, begun: 0, in_force: 0, paced: 0, total: 0, by_shard, by_address };
        Arc::new(Self { files, counts: Mutex::new(counts) })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a change of limits. The limits themselves may take a while: hosts are looked up for them.
    pub fn begin_limits(&self) -> Revision {
        let mut counts = self.counts();
        counts.begun += 1;
        Revision(counts.begun)
    }

    /// Other limits from now on, unless those of a later change are in force; connections that are there stay.
    pub fn set_limits(&self, revision: Revision, limits: Limits) {
        let mut counts = self.counts();
        if revision.0 > counts.in_force {
            counts.in_force = revision.0;
            counts.limits = limits;
        }
    }

    /// How long whoever has just accepted a connection leaves the next one waiting, so that no more come than
    /// `max.connection.creation.rate` allows; a second's worth may come at once.
    pub fn pace(&self, now: Monotonic) -> Duration {
        let counts = &mut *self.counts();
        let earliest = now.nanos().saturating_sub(SECOND);
        counts.paced = counts.paced.max(earliest) + SECOND / counts.limits.per_second;
        Duration::from_nanos(counts.paced.saturating_sub(now.nanos()))
    }

    /// Counts a connection that `acceptor` took, and gives it to the shard with the fewest: the kernel spreads a few
    /// connections unevenly over listeners, and a client's connections live long.
    pub fn admit(self: &Arc<Self>, address: IpAddr, acceptor: ShardId) -> Result<Admitted, Full> {
        let mut counts = self.counts();
        if counts.total >= counts.limits.total.min(self.files) {
            return Err(Full::Total);
        }
        let limit = counts.limits.exceptions.get(&address).copied().unwrap_or(counts.limits.per_address);
        if counts.by_address.get(&address).map_or(0, |n| *n) >= limit {
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
        self.counts().total
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut counts = self.census.counts();
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

    use headwater_core::config::{BrokerConfig, Sources};

    use super::*;

    const A: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

    /// The limits of these settings of a broker.
    fn limits(settings: &[&str]) -> Limits {
        let mut sources = Sources::new();
        for setting in settings {
            sources.set(setting).unwrap();
        }
        Limits::new(&BrokerConfig::load(&sources).unwrap().net)
    }

    #[test]
    fn few_connections_spread_evenly_whoever_accepts_them() {
        let census = Census::new(4, 100, limits(&[]));
        let all: Vec<_> = (0..8).map(|_| census.admit(A, ShardId::new(2)).unwrap()).collect();
        for shard in 0..4 {
            assert_eq!(all.iter().filter(|a| a.shard().get() == shard).count(), 2);
        }
    }

    #[test]
    fn limits_hold_and_are_given_back() {
        let census = Census::new(1, 100, limits(&["max.connections=3", "max.connections.per.ip=2"]));
        let shard = ShardId::new(0);
        let first = census.admit(A, shard).unwrap();
        let _second = census.admit(A, shard).unwrap();
        assert_eq!(census.admit(A, shard).err(), Some(Full::Address));
        let _third = census.admit(B, shard).unwrap();
        assert_eq!(census.admit(B, shard).err(), Some(Full::Total));
        drop(first);
        assert_eq!(census.total(), 2);
        assert!(census.admit(A, shard).is_ok());
        census.set_limits(census.begin_limits(), limits(&["max.connections=4"]));
        let _fourth = census.admit(A, shard).unwrap();
        assert_eq!(Census::new(1, 0, limits(&[])).admit(A, shard).err(), Some(Full::Total), "no descriptors");
    }

    #[test]
    fn the_last_change_counts_even_if_an_earlier_one_took_longer() {
        let census = Census::new(1, 100, limits(&["max.connections=0"]));
        let shard = ShardId::new(0);
        let slow = census.begin_limits();
        let fast = census.begin_limits();
        census.set_limits(fast, limits(&["max.connections=2"]));
        census.set_limits(slow, limits(&["max.connections=1"]));
        let _both = [census.admit(A, shard).unwrap(), census.admit(A, shard).unwrap()];
        assert_eq!(census.admit(A, shard).err(), Some(Full::Total));
        let next = census.begin_limits();
        census.set_limits(next, limits(&["max.connections=3"]));
        assert!(census.admit(A, shard).is_ok());
    }

    #[test]
    fn an_address_may_have_a_limit_of_its_own() {
        let own = "max.connections.per.ip.overrides=127.0.0.1:2,no-such-host.invalid:9,[::1]:5";
        let census = Census::new(1, 100, limits(&["max.connections.per.ip=0", own]));
        let shard = ShardId::new(0);
        let _both = [census.admit(A, shard).unwrap(), census.admit(A, shard).unwrap()];
        assert_eq!(census.admit(A, shard).err(), Some(Full::Address));
        assert_eq!(census.admit(B, shard).err(), Some(Full::Address));
        assert!(census.admit("::1".parse().unwrap(), shard).is_ok());
    }

    #[test]
    fn no_more_come_in_a_second_than_may() {
        let census = Census::new(1, 100, limits(&["max.connection.creation.rate=4"]));
        let at = |ms: u64| Monotonic::default().plus_millis(10_000 + ms);
        let waits =
            |ms, count: usize| -> Vec<u128> { (0..count).map(|_| census.pace(at(ms)).as_millis()).collect() };
        assert_eq!(waits(0, 6), [0, 0, 0, 0, 250, 500]);
        assert_eq!(waits(500, 1), [250], "the others were waited for");
        assert_eq!(waits(9_000, 5), [0, 0, 0, 0, 250]);
    }
}
