//! Our codec and the crate `kafka-protocol` must agree on every byte of every version of every message.
//!
//! That crate was made from the JSON of Kafka 4.1 by other people, so a wrong fact of ours, or a wrong rule of the
//! generator, shows as a difference. Where it cannot be asked, [`UNASKED`] says why, by name; a reason that no longer
//! holds fails the test.

use std::collections::{BTreeMap, BTreeSet};

use headwater_core::wire::{ApiKey, DecodeError};

use crate::codecs::{Codec, all};
use crate::sample::{Layout, Rng, Value, draw, write};
use crate::schema::Message;
use crate::{messages, rng};

const ROUNDS: usize = 24;

/// Where the other implementation is no oracle: (message, first and last version, reason). Messages it does not
/// have at all are listed in `codecs.rs`.
#[rustfmt::skip]
const UNASKED: &[(&str, i16, i16, &str)] = &[
    ("AddRaftVoterRequest", 1, 1, LACKS),
    ("AddRaftVoterResponse", 1, 1, LACKS),
    ("DescribeLogDirsRequest", 5, 5, LACKS),
    ("DescribeLogDirsResponse", 5, 5, LACKS),
    ("DescribeShareGroupOffsetsRequest", 1, 1, LACKS),
    ("DescribeShareGroupOffsetsResponse", 1, 1, LACKS),
    ("LeaderChangeMessage", 0, 1, SHADOWS),
    ("ListOffsetsRequest", 11, 11, LACKS),
    ("ListOffsetsResponse", 11, 11, LACKS),
    ("OffsetCommitRequest", 10, 10, LACKS),
    ("OffsetFetchRequest", 10, 10, LACKS),
    ("ReadShareGroupStateSummaryRequest", 1, 1, LACKS),
    ("ReadShareGroupStateSummaryResponse", 1, 1, LACKS),
    ("ShareAcknowledgeRequest", 2, 2, LACKS),
    ("ShareAcknowledgeResponse", 2, 2, LACKS),
    ("ShareFetchRequest", 2, 2, LACKS),
    ("ShareFetchResponse", 2, 2, LACKS),
    ("VotersRecord", 0, 0, SHADOWS),
    ("WriteShareGroupStateRequest", 1, 1, LACKS),
    ("WriteShareGroupStateResponse", 1, 1, LACKS),
    ("WriteTxnMarkersRequest", 2, 2, LACKS),
    ("WriteTxnMarkersResponse", 2, 2, LACKS),
];
const LACKS: &str = "kafka-protocol 0.18 knows Kafka 4.1, where this version is absent or unstable";
const SHADOWS: &str =
    "kafka-protocol 0.18 decodes a field named Version and takes it for the version to decode by";

/// Runs `check` on random messages of every kind and version.
fn every_version(mut check: impl FnMut(&mut Rng, &Codec, &Message, i16, &Value)) {
    let mut rng = rng();
    let messages = messages();
    for codec in all() {
        let message = messages.iter().find(|m| m.name == codec.name).expect("a codec has its schema");
        for version in message.versions.versions() {
            for _ in 0..ROUNDS {
                let value = draw(&mut rng, message, version);
                check(&mut rng, &codec, message, version, &value);
            }
        }
    }
}

#[test]
fn every_message_of_the_schema_is_tested_here() {
    let listed: Vec<&str> = all().iter().map(|codec| codec.name).collect();
    let names: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(names.len(), listed.len(), "a codec is listed twice");
    let messages = messages();
    assert_eq!(names, messages.iter().map(|m| m.name.as_str()).collect());
}

#[test]
fn both_implementations_give_the_same_bytes() {
    let mut used = BTreeSet::new();
    let mut differences = BTreeMap::new();
    every_version(|_, codec, message, version, value| {
        let (bytes, _) = write(message, version, value, &Layout::default());
        let ours = (codec.ours)(&bytes, version);
        assert_eq!(ours, Ok((bytes.clone(), 0)), "{} version {version}: {value:?}", codec.name);

        let Some(theirs) = &codec.theirs else { return };
        let outcome = theirs(&bytes, version);
        if outcome == Ok((bytes.clone(), 0)) {
            return;
        }
        let named = |(name, first, last, _): &(&str, i16, i16, &str)| {
            *name == codec.name && (*first..=*last).contains(&version)
        };
        match UNASKED.iter().position(named) {
            Some(at) => drop(used.insert(at)),
            None => {
                let report = || format!("{value:?}\nours {bytes:?}\ntheirs {outcome:?}");
                differences.entry((codec.name, version)).or_insert_with(report);
            }
        }
    });
    for ((name, version), report) in &differences {
        println!("{name} version {version}: {report}\n");
    }
    assert!(differences.is_empty(), "they differ on {:?}", differences.keys());
    let agreed: Vec<_> = (0..UNASKED.len()).filter(|at| !used.contains(at)).map(|at| UNASKED[at]).collect();
    assert!(agreed.is_empty(), "agrees by now, strike it off: {agreed:?}");
}

#[test]
fn b7_unknown_tagged_fields_change_nothing() {
    every_version(|rng, codec, message, version, value| {
        let (plain, _) = write(message, version, value, &Layout::default());
        let layout = Layout { unknown_tags: 1 + rng.below(3), ..Layout::default() };
        let (sprinkled, _) = write(message, version, value, &layout);
        assert_eq!(message.flexible.has(version), sprinkled != plain);
        assert_eq!((codec.ours)(&sprinkled, version), Ok((plain, 0)), "{} {version}", codec.name);
    });
}

#[test]
fn null_is_refused_where_the_schema_has_none() {
    every_version(|rng, codec, message, version, value| {
        let (_, not_null) = write(message, version, value, &Layout::default());
        if not_null > 0 {
            let null_at = Some(rng.below(not_null));
            let (bytes, _) = write(message, version, value, &Layout { null_at, ..Layout::default() });
            let outcome = (codec.ours)(&bytes, version);
            assert_eq!(outcome, Err(DecodeError::NullNotAllowed), "{} {version}: {value:?}", codec.name);
        }
    });
}

#[test]
fn a_message_cut_short_is_refused_and_bytes_after_it_are_left() {
    every_version(|rng, codec, message, version, value| {
        let (bytes, _) = write(message, version, value, &Layout::default());
        if !bytes.is_empty() {
            let cut = rng.below(bytes.len());
            assert!((codec.decode)(&bytes[..cut], version).is_err(), "{} {version}: {value:?}", codec.name);
        }
        let longer = [bytes.as_slice(), &[0xff; 3]].concat();
        assert_eq!((codec.ours)(&longer, version), Ok((bytes, 3)), "{} {version}", codec.name);
    });
}

#[test]
fn versions_outside_the_range_are_refused() {
    for (codec, message) in all().iter().zip(ordered()) {
        for version in [message.versions.first - 1, message.versions.last + 1, i16::MIN, i16::MAX] {
            let outcome = (codec.decode)(&[0; 500], version);
            assert_eq!(outcome, Err(DecodeError::UnknownVersion(version)), "{}", codec.name);
        }
    }
}

#[test]
fn the_table_of_apis_agrees_with_the_other_implementation() {
    use kafka_protocol::messages::ApiKey as Theirs;
    for api in ApiKey::all() {
        // Streams groups came after it.
        let Ok(theirs) = Theirs::try_from(api.code()) else {
            assert!(matches!(api, ApiKey::StreamsGroupHeartbeat | ApiKey::StreamsGroupDescribe), "{api}");
            continue;
        };
        for version in api.valid_versions() {
            assert_eq!(api.request_header_version(version), theirs.request_header_version(version), "{api}");
            assert_eq!(
                api.response_header_version(version),
                theirs.response_header_version(version),
                "{api}"
            );
        }
    }
}

/// The schema's messages in the order of [`all`].
fn ordered() -> Vec<Message> {
    let messages = messages();
    let find = |codec: &Codec| messages.iter().find(|m| m.name == codec.name).expect("listed").clone();
    all().iter().map(find).collect()
}
