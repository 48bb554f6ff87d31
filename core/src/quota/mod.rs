//! Quotas: how much of a broker a client may have (behaviours 10 and 74; KIP-55, KIP-124, KIP-599, KIP-612).
//!
//! ```text
//! Quotas: what was set, by entity ──find(key, user, client id)──> Limit: a rate, and whose meter it is held to
//! Meters: what was used, by meter ──charge(limit, amount, now)──> how long the client is to be quiet
//! ```
//!
//! Who overdraws is answered at once and then not listened to until its average is back at the limit (KIP-219), so a
//! quota costs no memory for requests that wait. Where nothing is limited nothing is looked up, measured or kept.
//!
//! Pure: time is an argument. Who owns the meters, and how a connection is made quiet, is the server's.

mod entity;
mod meter;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use entity::{Entity, EntityError, Key, Name, ValueError};
pub use meter::Meters;

/// Everything that was set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quotas {
    limits: BTreeMap<Entity, BTreeMap<Key, f64>>,
    /// How many limits there are of each key: most are zero, and then nobody has to look.
    counts: [usize; Key::ALL.len()],
}

/// What a client is held to.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Units of the key a second.
    pub rate: f64,
    /// Whose use counts: clients with the same meter share the rate.
    pub meter: Meter,
}

/// Whose use counts, and of what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Meter {
    /// Of what.
    pub key: Key,
    /// Whose: no defaults are in it.
    pub whose: Entity,
}

impl Quotas {
    /// Sets a limit, or takes it away.
    pub fn set(&mut self, entity: &Entity, key: Key, value: Option<f64>) {
        let before = match value {
            Some(value) => self.limits.entry(entity.clone()).or_default().insert(key, value),
            None => {
                let own = self.limits.get_mut(entity);
                let gone = own.and_then(|own| own.remove(&key));
                if self.limits.get(entity).is_some_and(BTreeMap::is_empty) {
                    self.limits.remove(entity);
                }
                gone
            }
        };
        let count = &mut self.counts[key as usize];
        *count = *count + usize::from(value.is_some()) - usize::from(before.is_some());
    }

    /// The limits of one entity as they were set.
    pub fn of(&self, entity: &Entity) -> Option<&BTreeMap<Key, f64>> {
        self.limits.get(entity)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&Entity, &BTreeMap<Key, f64>)> {
        self.limits.iter()
    }

    /// Whether nobody is limited in anything.
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// Whether anybody is limited in this.
    pub fn limit_any(&self, key: Key) -> bool {
        self.counts[key as usize] > 0
    }

    /// What a client is held to: the first entity that has the key, from the narrowest on (behaviour 74).
    pub fn find(&self, key: Key, user: &Arc<str>, client_id: &Arc<str>) -> Option<Limit> {
        if !self.limit_any(key) {
            return None;
        }
        /// Part of an entity: by its own name, as the default, or not at all.
        #[derive(Clone, Copy, PartialEq)]
        enum Part {
            Own,
            Default,
            Absent,
        }
        use Part::{Absent, Default, Own};
        const ORDER: [(Part, Part); 8] = [
            (Own, Own),
            (Own, Default),
            (Own, Absent),
            (Default, Own),
            (Default, Default),
            (Default, Absent),
            (Absent, Own),
            (Absent, Default),
        ];
        let name = |part, name: &Arc<str>| match part {
            Own => Some(Name::Of(name.clone())),
            Default => Some(Name::Default),
            Absent => None,
        };
        // The meter is of those whom the entity names, by their own names: strangers under a default do not share it.
        let own = |part| if part == Absent { Absent } else { Own };
        ORDER.into_iter().find_map(|(of_user, of_client)| {
            let asked = Entity { user: name(of_user, user), client_id: name(of_client, client_id), ip: None };
            let rate = *self.limits.get(&asked)?.get(&key)?;
            let whose = Entity {
                user: name(own(of_user), user),
                client_id: name(own(of_client), client_id),
                ip: None,
            };
            Some(Limit { rate, meter: Meter { key, whose } })
        })
    }

    /// What new connections from an address are held to.
    pub fn find_address(&self, ip: &Arc<str>) -> Option<Limit> {
        let key = Key::ConnectionCreationRate;
        if !self.limit_any(key) {
            return None;
        }
        let of = |name| Entity { ip: Some(name), ..Entity::default() };
        let own = of(Name::Of(ip.clone()));
        let found =
            [&own, &of(Name::Default)].into_iter().find_map(|asked| self.limits.get(asked)?.get(&key));
        found.map(|rate| Limit { rate: *rate, meter: Meter { key, whose: own } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(user: Option<&str>, client_id: Option<&str>) -> Entity {
        let name = |name: &str| if name == "*" { Name::Default } else { Name::Of(name.into()) };
        Entity { user: user.map(name), client_id: client_id.map(name), ip: None }
    }

    #[test]
    fn b74_the_narrowest_entity_counts() {
        let order = [
            (Some("u"), Some("c")),
            (Some("u"), Some("*")),
            (Some("u"), None),
            (Some("*"), Some("c")),
            (Some("*"), Some("*")),
            (Some("*"), None),
            (None, Some("c")),
            (None, Some("*")),
        ];
        let (user, client): (Arc<str>, Arc<str>) = ("u".into(), "c".into());
        for key in [Key::ProducerByteRate, Key::RequestPercentage] {
            // All but the first few are there: the first of the rest is found, and whose meter it is.
            for absent in 0..=order.len() {
                let mut quotas = Quotas::default();
                for (at, (user, client)) in order.iter().enumerate().skip(absent) {
                    quotas.set(&entity(*user, *client), key, Some(at as f64 + 1.0));
                }
                let found = quotas.find(key, &user, &client);
                assert_eq!(found.as_ref().map(|l| l.rate), (absent < 8).then_some(absent as f64 + 1.0));
                if let Some(Limit { meter, .. }) = found {
                    let (of_user, of_client) = order[absent];
                    let expected = entity(of_user.map(|_| "u"), of_client.map(|_| "c"));
                    assert_eq!(meter, Meter { key, whose: expected }, "{absent}");
                }
                assert_eq!(quotas.find(Key::ConsumerByteRate, &user, &client), None, "another key");
            }
        }
    }

    #[test]
    fn defaults_do_not_make_strangers_share() {
        let mut quotas = Quotas::default();
        quotas.set(&entity(None, Some("*")), Key::ProducerByteRate, Some(9.0));
        let of =
            |client: &str| quotas.find(Key::ProducerByteRate, &"u".into(), &client.into()).unwrap().meter;
        assert_ne!(of("a"), of("b"));
    }

    #[test]
    fn what_is_taken_away_is_gone() {
        let mut quotas = Quotas::default();
        let (one, key) = (entity(Some("u"), None), Key::ConsumerByteRate);
        for value in [Some(1.0), Some(2.0), None, None] {
            quotas.set(&one, key, value);
            assert_eq!(quotas.limit_any(key), value.is_some());
            assert_eq!(quotas.find(key, &"u".into(), &"".into()).map(|l| l.rate), value);
        }
        assert_eq!((quotas.iter().count(), quotas), (0, Quotas::default()));
    }

    #[test]
    fn addresses_have_limits_of_their_own() {
        let mut quotas = Quotas::default();
        let of = |name| Entity { ip: Some(name), ..Entity::default() };
        let key = Key::ConnectionCreationRate;
        quotas.set(&of(Name::Default), key, Some(5.0));
        quotas.set(&of(Name::Of("10.0.0.1".into())), key, Some(7.0));
        for (ip, rate) in [("10.0.0.1", 7.0), ("10.0.0.2", 5.0)] {
            let limit = quotas.find_address(&ip.into()).unwrap();
            assert_eq!((limit.rate, limit.meter.whose), (rate, of(Name::Of(ip.into()))));
        }
    }
}
