//! The APIs: number, name, versions, and which header each version wears.
//!
//! The numbers are facts of Apache Kafka 4.3 (see `core/schema`), not what this broker serves: what is advertised is
//! decided where requests are routed. Keys 4–7 (ZooKeeper's) are gone from Kafka and from here.

#[rustfmt::skip]
mod table;

use std::fmt;
use std::ops::RangeInclusive;

pub use table::ApiKey;
use table::TABLE;

/// One API's facts.
struct Row {
    key: ApiKey,
    name: &'static str,
    min: i16,
    max: i16,
    flexible: i16,
    broker: bool,
    throttle: i16,
}

impl ApiKey {
    /// Every API, by ascending key.
    pub fn all() -> impl Iterator<Item = ApiKey> {
        TABLE.iter().flatten().map(|row| row.key)
    }

    /// The API of a request header's key, if there is one.
    pub fn from_code(code: i16) -> Option<Self> {
        let row = TABLE.get(usize::try_from(code).ok()?)?.as_ref()?;
        Some(row.key)
    }

    /// The number on the wire.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// Kafka's name, such as `OffsetForLeaderEpoch`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The versions the codec reads and writes. Produce may be advertised from 0 (behaviour 5), but begins here at 3.
    pub fn valid_versions(self) -> RangeInclusive<i16> {
        self.row().min..=self.row().max
    }

    /// The first flexible version (KIP-482); `i16::MAX` if there is none.
    pub fn flexible_from(self) -> i16 {
        self.row().flexible
    }

    /// Whether clients may send it to a broker; the rest belongs to Kafka's controllers and has no messages here.
    pub fn on_broker_listener(self) -> bool {
        self.row().broker
    }

    /// 2 (with tagged fields) for flexible versions, else 1.
    pub fn request_header_version(self, version: i16) -> i16 {
        if version >= self.flexible_from() { 2 } else { 1 }
    }

    /// 1 (with tagged fields) for flexible versions, else 0; always 0 for ApiVersions, since a client that asks for a
    /// version the broker does not know must still find the answer's error (behaviour 2).
    pub fn response_header_version(self, version: i16) -> i16 {
        if self != ApiKey::ApiVersions && version >= self.flexible_from() { 1 } else { 0 }
    }

    /// The first version whose response begins with `throttle_time_ms`, so that it can be set in a response that is
    /// encoded already; `i16::MAX` if there is none (Produce and ApiVersions have it further on).
    pub fn throttle_time_from(self) -> i16 {
        self.row().throttle
    }

    fn row(self) -> &'static Row {
        TABLE[self as usize].as_ref().expect("every key has its row: the table is generated with the enum")
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_key() {
        for key in ApiKey::all() {
            assert_eq!(ApiKey::from_code(key.code()), Some(key));
            assert!(!key.valid_versions().is_empty(), "{key}");
        }
        assert_eq!(ApiKey::all().count(), 89);
        for gone in [-1, 4, 7, 93, i16::MAX, i16::MIN] {
            assert_eq!(ApiKey::from_code(gone), None, "{gone}");
        }
    }

    #[test]
    fn b2_api_versions_is_answered_with_header_0() {
        assert_eq!(ApiKey::ApiVersions.request_header_version(3), 2);
        assert_eq!(ApiKey::ApiVersions.response_header_version(3), 0);
        assert_eq!(ApiKey::Metadata.request_header_version(8), 1);
        assert_eq!(ApiKey::Metadata.response_header_version(8), 0);
        assert_eq!(ApiKey::Metadata.request_header_version(9), 2);
        assert_eq!(ApiKey::Metadata.response_header_version(9), 1);
        assert_eq!(ApiKey::SaslHandshake.request_header_version(1), 1);
    }
}
