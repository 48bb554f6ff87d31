//! Who is limited, in what, and which values are limits.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// What is limited, with Kafka's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Bytes a second that are produced.
    ProducerByteRate,
    /// Bytes a second that are fetched.
    ConsumerByteRate,
    /// Time of a thread that requests take, in hundredths of it.
    RequestPercentage,
    /// Partitions a second that are made or deleted.
    ControllerMutationRate,
    /// Connections a second from an address.
    ConnectionCreationRate,
}

impl Key {
    /// All of them.
    pub const ALL: [Key; 5] = [
        Key::ProducerByteRate,
        Key::ConsumerByteRate,
        Key::RequestPercentage,
        Key::ControllerMutationRate,
        Key::ConnectionCreationRate,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Key::ProducerByteRate => "producer_byte_rate",
            Key::ConsumerByteRate => "consumer_byte_rate",
            Key::RequestPercentage => "request_percentage",
            Key::ControllerMutationRate => "controller_mutation_rate",
            Key::ConnectionCreationRate => "connection_creation_rate",
        }
    }

    /// The key of a name.
    pub fn from_name(name: &str) -> Option<Key> {
        Key::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Whether `value` may be a limit of this.
    ///
    /// # Errors
    /// Says why not, in Kafka's words.
    pub fn check(self, value: f64) -> Result<(), ValueError> {
        // The largest whole numbers that Kafka's types hold: as a double, one more for the long.
        let (whole, max, kind) = match self {
            Key::ProducerByteRate | Key::ConsumerByteRate => (true, i64::MAX as f64, "a LONG"),
            Key::ConnectionCreationRate => (true, f64::from(i32::MAX), "an INT"),
            Key::RequestPercentage | Key::ControllerMutationRate => (false, f64::INFINITY, "a DOUBLE"),
        };
        // What is not a number is not greater than 0 either; Kafka takes it for a limit.
        if value.is_nan() || value <= 0.0 {
            Err(ValueError::NotPositive(self))
        } else if value > max {
            Err(ValueError::TooLarge(self, kind))
        } else if whole && value.fract() != 0.0 {
            Err(ValueError::Fraction(self))
        } else {
            Ok(())
        }
    }
}

/// Why a value is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Zero, negative, or no number.
    #[error("Quota {} must be greater than 0", .0.name())]
    NotPositive(Key),
    /// A fraction of what comes in whole ones.
    #[error("{} cannot be a fractional value.", .0.name())]
    Fraction(Key),
    /// More than Kafka can hold.
    #[error("Proposed value for {} is too large for {}.", .0.name(), .1)]
    TooLarge(Key, &'static str),
}

/// The name of a user, a client or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// Whoever has no limit of their own.
    Default,
    /// This one.
    Of(Arc<str>),
}

impl Name {
    /// As on the wire.
    pub fn get(&self) -> Option<&str> {
        match self {
            Name::Default => None,
            Name::Of(name) => Some(name),
        }
    }

    fn from_wire(name: Option<&str>) -> Name {
        name.map_or(Name::Default, |name| Name::Of(name.into()))
    }
}

/// Who is limited: a user, a client id, both together, or an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity {
    /// The user.
    pub user: Option<Name>,
    /// The client id.
    pub client_id: Option<Name>,
    /// The address.
    pub ip: Option<Name>,
}

/// What is no entity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntityError {
    /// Nobody.
    #[error("Invalid empty client quota entity")]
    Empty,
    /// A kind that is not known.
    #[error("Unhandled client quota entity type: {0}")]
    Kind(String),
    /// The same kind twice.
    #[error("{0} is there more than once in a client quota entity")]
    Twice(String),
    /// A name without letters.
    #[error("Empty {0} not supported")]
    Unnamed(String),
    /// An address and something else.
    #[error("Invalid quota entity combination, IP entity should not be combined with User or ClientId")]
    Mixed,
    /// Not an address.
    #[error("{0} is not a valid IP")]
    Address(String),
    /// Something that this kind of entity cannot be limited in.
    #[error("Invalid configuration key {0}")]
    Key(String),
}

impl Entity {
    /// The kind of a user, on the wire.
    pub const USER: &'static str = "user";
    /// The kind of a client id.
    pub const CLIENT_ID: &'static str = "client-id";
    /// The kind of an address.
    pub const IP: &'static str = "ip";

    /// Reads parts of kind and name; no name stands for the default.
    ///
    /// # Errors
    /// If they do not make an entity.
    pub fn from_parts<'a>(
        parts: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Entity, EntityError> {
        let mut entity = Entity::default();
        for (kind, name) in parts {
            let slot = match kind {
                Self::USER => &mut entity.user,
                Self::CLIENT_ID => &mut entity.client_id,
                Self::IP => &mut entity.ip,
                other => return Err(EntityError::Kind(other.into())),
            };
            if name == Some("") {
                return Err(EntityError::Unnamed(kind.into()));
            }
            if slot.replace(Name::from_wire(name)).is_some() {
                return Err(EntityError::Twice(kind.into()));
            }
        }
        match &entity {
            Entity { user: None, client_id: None, ip: None } => Err(EntityError::Empty),
            Entity { ip: Some(_), user, client_id } if user.is_some() || client_id.is_some() => {
                Err(EntityError::Mixed)
            }
            // A name of a machine would have to be looked up each time that it is needed.
            Entity { ip: Some(Name::Of(ip)), .. } if ip.parse::<IpAddr>().is_err() => {
                Err(EntityError::Address(ip.to_string()))
            }
            _ => Ok(entity),
        }
    }

    /// Its parts, kind and name, in the order of users, client ids, addresses.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        [(Self::USER, &self.user), (Self::CLIENT_ID, &self.client_id), (Self::IP, &self.ip)]
            .into_iter()
            .filter_map(|(kind, name)| Some((kind, name.as_ref()?.get())))
    }

    /// The key of this name, if this kind of entity can be limited in it.
    ///
    /// # Errors
    /// If it can not.
    pub fn key(&self, name: &str) -> Result<Key, EntityError> {
        let of_addresses = |key: &Key| (*key == Key::ConnectionCreationRate) == self.ip.is_some();
        Key::from_name(name).filter(of_addresses).ok_or_else(|| EntityError::Key(name.into()))
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts().map(|(kind, name)| format!("{kind}={}", name.unwrap_or("<default>")));
        f.write_str(&parts.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b74_values_that_are_no_limits() {
        use Key::*;
        for (key, value, expected) in [
            (ProducerByteRate, 1.0, Ok(())),
            (ProducerByteRate, 0.0, Err(ValueError::NotPositive(ProducerByteRate))),
            (RequestPercentage, -1.0, Err(ValueError::NotPositive(RequestPercentage))),
            (RequestPercentage, f64::NAN, Err(ValueError::NotPositive(RequestPercentage))),
            (RequestPercentage, 0.001, Ok(())),
            (RequestPercentage, f64::INFINITY, Ok(())),
            (ConsumerByteRate, 1.5, Err(ValueError::Fraction(ConsumerByteRate))),
            (ConsumerByteRate, 1e30, Err(ValueError::TooLarge(ConsumerByteRate, "a LONG"))),
            (ControllerMutationRate, 1.5, Ok(())),
            (ConnectionCreationRate, 2147483647.0, Ok(())),
            (ConnectionCreationRate, 3e9, Err(ValueError::TooLarge(ConnectionCreationRate, "an INT"))),
        ] {
            assert_eq!(key.check(value), expected, "{key:?} {value}");
        }
    }

    #[test]
    fn entities_of_parts() {
        let read = |parts: &[(&str, Option<&str>)]| Entity::from_parts(parts.iter().copied());
        for parts in [
            &[("user", Some("u"))][..],
            &[("user", None), ("client-id", Some("c"))],
            &[("client-id", None)],
            &[("ip", Some("::1"))],
            &[("ip", None)],
        ] {
            assert_eq!(read(parts).unwrap().parts().collect::<Vec<_>>(), parts);
        }
        for (parts, error) in [
            (&[][..], EntityError::Empty),
            (&[("bogus", None)], EntityError::Kind("bogus".into())),
            (&[("user", None), ("user", Some("u"))], EntityError::Twice("user".into())),
            (&[("client-id", Some(""))], EntityError::Unnamed("client-id".into())),
            (&[("ip", None), ("user", None)], EntityError::Mixed),
            (&[("ip", Some("not an ip!"))], EntityError::Address("not an ip!".into())),
        ] {
            assert_eq!(read(parts), Err(error), "{parts:?}");
        }
    }

    #[test]
    fn keys_go_with_their_entities() {
        let (user, ip) = (Entity::from_parts([("user", None)]), Entity::from_parts([("ip", None)]));
        let (user, ip) = (user.unwrap(), ip.unwrap());
        for key in Key::ALL {
            let of_ip = key == Key::ConnectionCreationRate;
            assert_eq!((user.key(key.name()).is_ok(), ip.key(key.name()).is_ok()), (!of_ip, of_ip));
        }
        assert!(user.key("nope").is_err());
    }
}
