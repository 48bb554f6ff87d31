//! The records of the metadata log: what became true.
//!
//! ```text
//! kind u8 │ version u8 │ fields                                       (shapes: see `bytes`)
//!
//!  1 ClusterCreated      v0  cluster id: text
//!  2 FeatureLevel        v0  name: text, level: number                 0 removes it
//!  3 BrokerRegistered    v0  node: number, incarnation: id, epoch: number, rack: optional text,
//!                            endpoints: list of { name: text, host: text, port: number }
//!  4 TopicCreated        v0  topic: id, name: text, partitions: list of partition, settings: list of { text, text }
//!  5 TopicDeleted        v0  topic: id
//!  6 PartitionsAdded     v0  topic: id, first: number, partitions: list of partition
//!  7 PartitionChanged    v0  topic: id, partition: number, state: partition
//!  8 ConfigSet           v0  resource: u8 (0 cluster, 1 broker, 2 topic, 3 group,
//!                            4 client metrics),
//!                            broker: node number; topic: id; group, client metrics: text; key: text, value: optional text (none removes)
//!  9 ProducerIdsReserved v0  next: number
//! 10 QuotaSet            v0  entity: list of { kind: text, name: optional text (none is the default) }, key: text,
//!                            limit: optional (0, or 1 and 8 bytes of a double; none removes)
//!
//! partition: replicas: list of number, isr: 0 = all replicas, else 1 + count and numbers,
//!            leader: 0 = none, else 1 + node, leader epoch: number, partition epoch: number, broker epoch: number
//! ```
//!
//! One record is the value of one Kafka record; a request's records are one batch, whose checksum covers them and which
//! the journal keeps whole or not at all. A kind or version that is not known stops the start: an older program must
//! not run on facts that it cannot read. A new field is a new version; the old one stays readable.

use headwater_core::ids::{LeaderEpoch, NodeId, PartitionId, TopicId};
use headwater_core::quota::{Entity, Key};

use super::bytes::{In, Out};

/// What became true.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// The cluster has this id. The first record of a log, and there only.
    ClusterCreated {
        /// 22 characters of the base64 URL alphabet.
        cluster_id: String,
    },
    /// A feature is finalized at this level.
    FeatureLevel {
        /// Kafka's name, such as `group.version`.
        name: String,
        /// 0 removes it.
        level: i16,
    },
    /// A broker started. Every partition it leads has a new leader epoch from here on.
    BrokerRegistered {
        /// Which one.
        node: NodeId,
        /// Random for each run of the process.
        incarnation: [u8; 16],
        /// Counts its registrations, from 1.
        epoch: u32,
        /// Where it stands.
        rack: Option<String>,
        /// What it hands out.
        endpoints: Vec<BrokerEndpoint>,
    },
    /// A topic exists, with its partitions (numbered by place) and settings.
    TopicCreated {
        /// Its id.
        topic: TopicId,
        /// Its name.
        name: String,
        /// Its partitions.
        partitions: Vec<PartitionState>,
        /// Its settings, by key.
        configs: Vec<(String, String)>,
    },
    /// A topic is gone, with its partitions and settings.
    TopicDeleted {
        /// Its id.
        topic: TopicId,
    },
    /// A topic has more partitions.
    PartitionsAdded {
        /// The topic.
        topic: TopicId,
        /// The number of the first new one: as many as there were.
        first: PartitionId,
        /// The new ones.
        partitions: Vec<PartitionState>,
    },
    /// A partition's leader, in-sync set or replicas are now these.
    PartitionChanged {
        /// The topic.
        topic: TopicId,
        /// The partition.
        partition: PartitionId,
        /// All of its state.
        state: PartitionState,
    },
    /// A setting has this value, or none.
    ConfigSet {
        /// Whose.
        resource: Resource,
        /// Its name.
        key: String,
        /// None: back to the default.
        value: Option<String>,
    },
    /// A client's limit has this value, or none.
    QuotaSet {
        /// Whose.
        entity: Entity,
        /// Of what.
        key: Key,
        /// None: it is taken away.
        limit: Option<f64>,
    },
    /// Producer ids below this have been handed out.
    ProducerIdsReserved {
        /// The first that has not.
        next: i64,
    },
}

/// An address a broker hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerEndpoint {
    /// The listener it belongs to.
    pub name: String,
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// A partition, as a record says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionState {
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// Those that are in sync.
    pub isr: Vec<NodeId>,
    /// The one that leads.
    pub leader: Option<NodeId>,
    /// The leader epoch as of `broker_epoch`.
    pub leader_epoch: LeaderEpoch,
    /// Counts the changes, as of `broker_epoch`.
    pub partition_epoch: i32,
    /// The leader's registration when this was written: each later one adds 1 to both epochs. 0 without a leader.
    pub broker_epoch: u32,
}

/// Who has settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// All brokers.
    Cluster,
    /// One broker.
    Broker(NodeId),
    /// One topic.
    Topic(TopicId),
    /// One group.
    Group(String),
    /// One subscription to clients' metrics.
    ClientMetrics(String),
}

/// A record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Written by a newer program.
    #[error(
        "metadata record of kind {kind}, version {version} is not known: it was written by a newer version of headwater; start that one"
    )]
    Unknown {
        /// The kind's number.
        kind: u8,
        /// The version.
        version: u8,
    },
    /// It ends before its fields do.
    #[error("metadata record ends too early")]
    Truncated,
    /// A field is not what it should be.
    #[error("metadata record holds {0}")]
    Malformed(&'static str),
}

impl Record {
    /// The bytes of the record.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Out(Vec::with_capacity(64));
        out.0.extend_from_slice(&[self.kind(), 0]);
        match self {
            Record::ClusterCreated { cluster_id } => out.text(cluster_id),
            Record::FeatureLevel { name, level } => {
                out.text(name);
                out.number(u64::from(level.unsigned_abs()));
            }
            Record::BrokerRegistered { node, incarnation, epoch, rack, endpoints } => {
                put_node(&mut out, *node);
                out.0.extend_from_slice(incarnation);
                out.number(u64::from(*epoch));
                out.optional_text(rack.as_deref());
                out.list(endpoints, |out, e| {
                    out.text(&e.name);
                    out.text(&e.host);
                    out.number(u64::from(e.port));
                });
            }
            Record::TopicCreated { topic, name, partitions, configs } => {
                out.0.extend_from_slice(&topic.get());
                out.text(name);
                out.list(partitions, put_partition);
                out.list(configs, |out, (key, value)| {
                    out.text(key);
                    out.text(value);
                });
            }
            Record::TopicDeleted { topic } => out.0.extend_from_slice(&topic.get()),
            Record::PartitionsAdded { topic, first, partitions } => {
                out.0.extend_from_slice(&topic.get());
                out.number(u64::from(first.get().unsigned_abs()));
                out.list(partitions, put_partition);
            }
            Record::PartitionChanged { topic, partition, state } => {
                out.0.extend_from_slice(&topic.get());
                out.number(u64::from(partition.get().unsigned_abs()));
                put_partition(&mut out, state);
            }
            Record::ConfigSet { resource, key, value } => {
                match resource {
                    Resource::Cluster => out.0.push(0),
                    Resource::Broker(node) => {
                        out.0.push(1);
                        put_node(&mut out, *node);
                    }
                    Resource::Topic(topic) => {
                        out.0.push(2);
                        out.0.extend_from_slice(&topic.get());
                    }
                    Resource::Group(group) => {
                        out.0.push(3);
                        out.text(group);
                    }
                    Resource::ClientMetrics(name) => {
                        out.0.push(4);
                        out.text(name);
                    }
                }
                out.text(key);
                out.optional_text(value.as_deref());
            }
            Record::ProducerIdsReserved { next } => out.number(next.unsigned_abs()),
            Record::QuotaSet { entity, key, limit } => {
                let parts: Vec<_> = entity.parts().collect();
                out.list(&parts, |out, (kind, name)| {
                    out.text(kind);
                    out.optional_text(*name);
                });
                out.text(key.name());
                out.number(u64::from(limit.is_some()));
                if let Some(limit) = limit {
                    out.0.extend_from_slice(&limit.to_be_bytes());
                }
            }
        }
        out.0
    }

    fn kind(&self) -> u8 {
        match self {
            Record::ClusterCreated { .. } => 1,
            Record::FeatureLevel { .. } => 2,
            Record::BrokerRegistered { .. } => 3,
            Record::TopicCreated { .. } => 4,
            Record::TopicDeleted { .. } => 5,
            Record::PartitionsAdded { .. } => 6,
            Record::PartitionChanged { .. } => 7,
            Record::ConfigSet { .. } => 8,
            Record::ProducerIdsReserved { .. } => 9,
            Record::QuotaSet { .. } => 10,
        }
    }

    /// Reads one record, which must be all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Record, RecordError> {
        let mut r = In(bytes);
        let (kind, version) = (r.byte()?, r.byte()?);
        let record = match (kind, version) {
            (1, 0) => Record::ClusterCreated { cluster_id: r.text()?.into() },
            (2, 0) => Record::FeatureLevel { name: r.text()?.into(), level: number_i16(&mut r)? },
            (3, 0) => Record::BrokerRegistered {
                node: node(&mut r)?,
                incarnation: r.id()?,
                epoch: r.small()?,
                rack: r.optional_text()?.map(String::from),
                endpoints: r.list(|r| {
                    Ok(BrokerEndpoint { name: r.text()?.into(), host: r.text()?.into(), port: r.small()? })
                })?,
            },
            (4, 0) => Record::TopicCreated {
                topic: TopicId::new(r.id()?),
                name: r.text()?.into(),
                partitions: r.list(partition)?,
                configs: r.list(|r| Ok((r.text()?.into(), r.text()?.into())))?,
            },
            (5, 0) => Record::TopicDeleted { topic: TopicId::new(r.id()?) },
            (6, 0) => Record::PartitionsAdded {
                topic: TopicId::new(r.id()?),
                first: PartitionId::new(number_i32(&mut r)?),
                partitions: r.list(partition)?,
            },
            (7, 0) => Record::PartitionChanged {
                topic: TopicId::new(r.id()?),
                partition: PartitionId::new(number_i32(&mut r)?),
                state: partition(&mut r)?,
            },
            (8, 0) => Record::ConfigSet {
                resource: match r.byte()? {
                    0 => Resource::Cluster,
                    1 => Resource::Broker(node(&mut r)?),
                    2 => Resource::Topic(TopicId::new(r.id()?)),
                    3 => Resource::Group(r.text()?.into()),
                    4 => Resource::ClientMetrics(r.text()?.into()),
                    _ => return Err(RecordError::Malformed("a resource of no known kind")),
                },
                key: r.text()?.into(),
                value: r.optional_text()?.map(String::from),
            },
            (9, 0) => Record::ProducerIdsReserved {
                next: i64::try_from(r.number()?)
                    .map_err(|_| RecordError::Malformed("a number that is too large"))?,
            },
            (10, 0) => {
                let parts = r.list(|r| Ok((r.text()?, r.optional_text()?)))?;
                let key = r.text()?;
                let malformed = |_| RecordError::Malformed("a quota of nobody, or of nothing");
                let entity = Entity::from_parts(parts).map_err(malformed)?;
                let key = entity.key(key).map_err(malformed)?;
                let limit = match r.number()? {
                    0 => None,
                    1 => {
                        let bytes = r.take(8)?.try_into().map_err(|_| RecordError::Truncated)?;
                        Some(f64::from_be_bytes(bytes))
                    }
                    _ => return Err(RecordError::Malformed("a presence that is neither 0 nor 1")),
                };
                if limit.is_some_and(|limit| key.check(limit).is_err()) {
                    return Err(RecordError::Malformed("a limit that is none"));
                }
                Record::QuotaSet { entity, key, limit }
            }
            _ => return Err(RecordError::Unknown { kind, version }),
        };
        if !r.0.is_empty() {
            return Err(RecordError::Malformed("bytes after its last field"));
        }
        Ok(record)
    }
}

fn put_node(out: &mut Out, node: NodeId) {
    out.number(u64::from(node.get().unsigned_abs()));
}

fn put_partition(out: &mut Out, p: &PartitionState) {
    out.list(&p.replicas, |out, n| put_node(out, *n));
    if p.isr == p.replicas {
        out.number(0);
    } else {
        out.number(1 + p.isr.len() as u64);
        p.isr.iter().for_each(|n| put_node(out, *n));
    }
    out.number(p.leader.map_or(0, |n| 1 + u64::from(n.get().unsigned_abs())));
    out.number(u64::from(p.leader_epoch.get().unsigned_abs()));
    out.number(u64::from(p.partition_epoch.unsigned_abs()));
    out.number(u64::from(p.broker_epoch));
}

fn partition(r: &mut In<'_>) -> Result<PartitionState, RecordError> {
    let replicas = r.list(node)?;
    let isr = match r.small::<usize>()? {
        0 => replicas.clone(),
        count => {
            let count = count - 1;
            if count > replicas.len() {
                return Err(RecordError::Malformed("more replicas in sync than there are"));
            }
            (0..count).map(|_| node(r)).collect::<Result<_, _>>()?
        }
    };
    let leader = match r.number()? {
        0 => None,
        n => {
            let n = i32::try_from(n - 1).map_err(|_| RecordError::Malformed("a number that is too large"))?;
            Some(NodeId::new(n))
        }
    };
    Ok(PartitionState {
        replicas,
        isr,
        leader,
        leader_epoch: LeaderEpoch::new(number_i32(r)?),
        partition_epoch: number_i32(r)?,
        broker_epoch: r.small()?,
    })
}

fn node(r: &mut In<'_>) -> Result<NodeId, RecordError> {
    number_i32(r).map(NodeId::new)
}

fn number_i32(r: &mut In<'_>) -> Result<i32, RecordError> {
    r.small()
}

fn number_i16(r: &mut In<'_>) -> Result<i16, RecordError> {
    r.small()
}
