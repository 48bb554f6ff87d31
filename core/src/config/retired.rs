//! Keys that a `server.properties` may hold though no table has them: what Kafka 4 has dropped, and what belongs to an
//! authorizer. A near name would mislead there; each gets a sentence of its own.

/// Keys of Kafka before 4.0 that no Kafka of today reads.
const DROPPED: [&str; 8] = [
    "broker.id.generation.enable",
    "control.plane.listener.name",
    "delegation.token.master.key",
    "inter.broker.protocol.version",
    "log.message.downconversion.enable",
    "log.message.format.version",
    "log.message.timestamp.difference.max.ms",
    "reserved.broker.max.id",
];

/// Keys that only an authorizer reads.
const AUTHORIZER: [&str; 2] = ["allow.everyone.if.no.acl.found", "super.users"];

/// Why a key means nothing, and the way out; none if it is no such key.
pub(super) fn why(key: &str) -> Option<&'static str> {
    if key.starts_with("zookeeper.") {
        return Some(
            "there is no ZooKeeper, as in Kafka since 4.0: the broker keeps the metadata itself; leave it out",
        );
    }
    if DROPPED.contains(&key) || key.starts_with("password.encoder.") {
        return Some("Kafka has dropped it with 4.0; leave it out");
    }
    let authorizer = AUTHORIZER.contains(&key) || key.starts_with("authorizer.");
    authorizer.then_some(
        "there is no authorizer: every client that reaches the listener may do everything; leave it out, and say by \
         network who reaches it",
    )
}
