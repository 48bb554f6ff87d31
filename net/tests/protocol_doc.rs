//! docs/protocol.md is made from the API table; this test holds it to it.
//!
//! `UPDATE=1 cargo test -p headwater-net --test protocol_doc` writes it.

use std::fmt::Write;
use std::path::Path;

use headwater_core::wire::api::ApiKey;
use headwater_net::api::{Route, TABLE};

/// Where an answer differs from Apache Kafka's on purpose, or something is not there.
const DIFFERENCES: &[(ApiKey, &str)] = &[
    (
        ApiKey::Produce,
        "versions 0 to 2 are advertised, as Kafka does for old librdkafka, and refused; acks=1 waits for the disk like acks=all",
    ),
    (
        ApiKey::Fetch,
        "one answer holds 8 MiB of records at most; an answer that is throttled carries its records",
    ),
    (ApiKey::SaslHandshake, "ILLEGAL_SASL_STATE, as on a plaintext listener of Kafka: there is no SASL"),
    (ApiKey::SaslAuthenticate, "ILLEGAL_SASL_STATE, as on a plaintext listener of Kafka: there is no SASL"),
    (
        ApiKey::PushTelemetry,
        "what is pushed becomes records of the topic `headwater.client.metrics.topic`; advertised only with it",
    ),
    (ApiKey::DescribeConfigs, "settings of Kafka that have no meaning here are not listed"),
    (ApiKey::DescribeLogDirs, "one folder; the partitions of all shards are in it"),
    (ApiKey::AlterPartitionReassignments, "only assignments that change nothing are taken"),
    (ApiKey::DescribeQuorum, "this node is the only voter; its directory has no id"),
    (ApiKey::UpdateFeatures, "only levels that are in force are taken"),
    (
        ApiKey::AlterClientQuotas,
        "an ip is an address, not the name of a host; what is named twice is refused whole",
    ),
    (ApiKey::AlterUserScramCredentials, "nobody is authenticated, so no credentials are taken"),
    (ApiKey::UnregisterBroker, "the only broker is not forgotten"),
    (ApiKey::ShareFetch, "markers, and aborted records where they are not wanted, are never given"),
    (
        ApiKey::StreamsGroupHeartbeat,
        "topics that a group needs are made before the answer that calls them missing; of a topic with fewer partitions than \
         there are tasks, endpoints name those that it has; a member that missed a reply is told its tasks once more",
    ),
    (
        ApiKey::DescribeShareGroupOffsets,
        "where a group begins is stored when it first reads, so its start is told from then on",
    ),
];

fn document() -> String {
    let mut text = String::from(
        "# The Kafka APIs that are served\n\n\
         Made from the table in `net/src/api/mod.rs` by `UPDATE=1 cargo test -p headwater-net --test protocol_doc`. Nothing is\n\
         advertised that is not in it. A version that is not served ends the connection, but for ApiVersions, which answers in\n\
         version 0, as in Kafka.\n\n\
         | key | API | served | Kafka 4.3 | where it runs | differs from Kafka |\n|---|---|---|---|---|---|\n",
    );
    for row in TABLE {
        let place = match row.route {
            Route::Here => "the connection's shard",
            Route::Partitions => "the shards of its partitions",
            Route::Group => "the coordinator's shard",
            Route::Transaction => "the transaction coordinator's shard",
            Route::Controller => "the controller, on shard 0",
        };
        let kafka = row.key.valid_versions();
        let differs = DIFFERENCES.iter().find(|(key, _)| *key == row.key).map_or("", |(_, how)| how);
        let _ = writeln!(
            text,
            "| {} | {} | {}–{} | {}–{} | {place} | {differs} |",
            row.key.code(),
            row.key.name(),
            row.min,
            row.max,
            kafka.start(),
            kafka.end(),
        );
    }
    text
}

#[test]
fn the_document_says_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    let text = document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, text, "run UPDATE=1 cargo test -p headwater-net --test protocol_doc");
}

#[test]
fn every_row_is_within_kafkas_versions_and_in_order() {
    for row in TABLE {
        let kafka = row.key.valid_versions();
        assert!(kafka.contains(&row.min) && kafka.contains(&row.max), "{}", row.key.name());
    }
    assert!(TABLE.is_sorted_by_key(|row| row.key.code()), "the table is in the order of the keys");
}
