//! Topics, offsets and groups by calls that are waited for: what a command line and a test need of a
//! cluster's administration.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_core::ErrorCode;
use headwater_core::ids::TopicId;
use headwater_core::wire::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use headwater_core::wire::messages::delete_topics_request::DeleteTopicState;
use headwater_core::wire::messages::describe_configs_request::DescribeConfigsResource;
use headwater_core::wire::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use headwater_core::wire::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use headwater_core::wire::messages::offset_fetch_request::OffsetFetchRequestGroup;
use headwater_core::wire::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, DescribeConfigsRequest, DescribeGroupsRequest,
    IncrementalAlterConfigsRequest, ListGroupsRequest, ListOffsetsRequest, OffsetFetchRequest,
};
use headwater_core::wire::records::consumer_protocol_assignment::ConsumerProtocolAssignment;
use headwater_core::wire::{Decode, Message, Reader};

use super::cluster::Cluster;
use super::error::ClientError;

/// How long the broker may take to carry out a change.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// The least wait before a change is tried again that a quota had refused: a broker may say zero.
const QUOTA_PAUSE_MIN: Duration = Duration::from_millis(100);

/// The resource type of a topic in DescribeConfigs.
const TOPIC_RESOURCE: i8 = 2;
/// That of a group in IncrementalAlterConfigs.
const GROUP_RESOURCE: i8 = 32;

/// The version up to which OffsetFetch names topics; later ones give ids.
const OFFSET_FETCH_BY_NAME: i16 = 9;

/// Where in a log to look: see [`offsets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The first offset there is.
    Earliest,
    /// One past the last a reader may see.
    Latest,
    /// The first record at or after this time, milliseconds since the Unix epoch.
    AtTime(i64),
}

impl OffsetSpec {
    const fn code(self) -> i64 {
        match self {
            OffsetSpec::Earliest => -2,
            OffsetSpec::Latest => -1,
            OffsetSpec::AtTime(millis) => millis,
        }
    }
}

/// Creates a topic; `partitions` of `None` leaves the count to the broker's default. Answers its id (zero
/// from brokers too old to tell).
pub fn create_topic(
    cluster: &mut Cluster,
    name: &str,
    partitions: Option<i32>,
    configs: &[(String, String)],
) -> Result<TopicId, ClientError> {
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name.into(),
            num_partitions: partitions.unwrap_or(-1),
            replication_factor: -1,
            configs: configs
                .iter()
                .map(|(name, value)| CreatableTopicConfig {
                    name: name.as_str().into(),
                    value: Some(value.as_str().into()),
                })
                .collect(),
            ..Default::default()
        }],
        timeout_ms: CHANGE_TIMEOUT.as_millis() as i32,
        validate_only: false,
    };
    let node = cluster.controller()?;
    within_quota(|| {
        cluster.call(node, CreateTopicsRequest::MAX_VERSION, &request, 2 * CHANGE_TIMEOUT, |answer| {
            let response = answer.read::<CreateTopicsRequest>()?;
            let made = response.topics.iter().try_fold(TopicId::ZERO, |_, topic| {
                let message = topic.error_message.as_deref();
                ClientError::check(|| format!("topic {name}"), topic.error_code, message)?;
                Ok(topic.topic_id)
            });
            Ok((response.throttle_time_ms, made))
        })
    })
}

/// Tries a change that the quota for changes of topics may refuse (KIP-599), which means "later": again after the time that
/// the broker tells beside the refusal, for as long as a change may take. `attempt` answers that time and the outcome.
fn within_quota<T>(
    mut attempt: impl FnMut() -> Result<(i32, Result<T, ClientError>), ClientError>,
) -> Result<T, ClientError> {
    let deadline = Instant::now() + 2 * CHANGE_TIMEOUT;
    loop {
        let (throttle_ms, outcome) = attempt()?;
        let refused = matches!(&outcome, Err(e) if e.code() == Some(ErrorCode::ThrottlingQuotaExceeded));
        let pause = Duration::from_millis(throttle_ms.max(0).unsigned_abs().into()).max(QUOTA_PAUSE_MIN);
        if !refused || Instant::now() + pause > deadline {
            return outcome;
        }
        std::thread::sleep(pause);
    }
}

/// Deletes a topic.
pub fn delete_topic(cluster: &mut Cluster, name: &str) -> Result<(), ClientError> {
    // One list or the other, by version (structured from 6 on); the one the version lacks is not written.
    let request = DeleteTopicsRequest {
        topics: vec![DeleteTopicState { name: Some(name.into()), ..Default::default() }],
        topic_names: vec![name.into()],
        timeout_ms: CHANGE_TIMEOUT.as_millis() as i32,
    };
    let node = cluster.controller()?;
    within_quota(|| {
        cluster.call(node, DeleteTopicsRequest::MAX_VERSION, &request, 2 * CHANGE_TIMEOUT, |answer| {
            let response = answer.read::<DeleteTopicsRequest>()?;
            let gone = response.responses.iter().try_for_each(|topic| {
                let message = topic.error_message.as_deref();
                ClientError::check(|| format!("topic {name}"), topic.error_code, message)
            });
            Ok((response.throttle_time_ms, gone))
        })
    })
}

/// One setting of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its name.
    pub name: String,
    /// Its value; `None` if it is sensitive or has none.
    pub value: Option<String>,
    /// Whether it was set on the topic itself.
    pub set_on_topic: bool,
}

/// Where DescribeConfigs says a topic's own setting comes from.
const SOURCE_TOPIC: i8 = 1;

/// A topic's settings, in the broker's order.
pub fn topic_configs(cluster: &mut Cluster, name: &str) -> Result<Vec<ConfigEntry>, ClientError> {
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: TOPIC_RESOURCE,
            resource_name: name.into(),
            configuration_keys: None,
        }],
        ..Default::default()
    };
    let (node, timeout) = (cluster.any_node()?, cluster.config().request_timeout);
    cluster.call(node, DescribeConfigsRequest::MAX_VERSION, &request, timeout, |answer| {
        let mut entries = Vec::new();
        for result in answer.read::<DescribeConfigsRequest>()?.results {
            let message = result.error_message.as_deref();
            ClientError::check(|| format!("settings of topic {name}"), result.error_code, message)?;
            entries.extend(result.configs.into_iter().map(|config| ConfigEntry {
                name: config.name.into_owned(),
                value: config.value.map(String::from),
                set_on_topic: config.config_source == SOURCE_TOPIC,
            }));
        }
        Ok(entries)
    })
}

/// Sets one setting of a group, which need not exist yet.
pub fn set_group_config(
    cluster: &mut Cluster,
    group: &str,
    name: &str,
    value: &str,
) -> Result<(), ClientError> {
    let config = AlterableConfig { name: name.into(), config_operation: 0, value: Some(value.into()) };
    let resource = AlterConfigsResource {
        resource_type: GROUP_RESOURCE,
        resource_name: group.into(),
        configs: vec![config],
    };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let node = cluster.controller()?;
    cluster.call(node, IncrementalAlterConfigsRequest::MAX_VERSION, &request, 2 * CHANGE_TIMEOUT, |answer| {
        for result in &answer.read::<IncrementalAlterConfigsRequest<'_>>()?.responses {
            let message = result.error_message.as_deref();
            ClientError::check(|| format!("{name} of group {group}"), result.error_code, message)?;
        }
        Ok(())
    })
}

/// The offsets of some partitions of a topic; `None` where the broker has no record that fits. Retries while
/// leaders move.
pub fn offsets(
    cluster: &mut Cluster,
    topic: &str,
    partitions: &[i32],
    spec: OffsetSpec,
) -> Result<BTreeMap<i32, Option<i64>>, ClientError> {
    let deadline = Instant::now() + cluster.config().request_timeout;
    let mut found = BTreeMap::new();
    cluster.track(topic);
    loop {
        let result = offsets_once(cluster, topic, partitions, spec, &mut found);
        match result {
            Ok(()) => return Ok(found),
            Err(error) if error.retriable() && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(100));
                if let Err(error) = cluster.refresh(false)
                    && !error.retriable()
                {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

fn offsets_once(
    cluster: &mut Cluster,
    topic: &str,
    partitions: &[i32],
    spec: OffsetSpec,
    found: &mut BTreeMap<i32, Option<i64>>,
) -> Result<(), ClientError> {
    let mut by_leader: BTreeMap<i32, Vec<ListOffsetsPartition>> = BTreeMap::new();
    for &partition in partitions.iter().filter(|partition| !found.contains_key(partition)) {
        let Some(leader) = cluster.leader(topic, partition) else {
            let code = ErrorCode::LeaderNotAvailable.code();
            return ClientError::check(|| format!("{topic}-{partition}"), code, None);
        };
        by_leader.entry(leader).or_default().push(ListOffsetsPartition {
            partition_index: partition,
            current_leader_epoch: -1,
            timestamp: spec.code(),
        });
    }
    let timeout = cluster.config().request_timeout;
    for (node, partitions) in by_leader {
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic { name: topic.into(), partitions }],
            ..Default::default()
        };
        cluster.call(node, ListOffsetsRequest::MAX_VERSION, &request, timeout, |answer| {
            for p in answer.read::<ListOffsetsRequest>()?.topics.iter().flat_map(|topic| &topic.partitions) {
                ClientError::check(|| format!("{topic}-{}", p.partition_index), p.error_code, None)?;
                found.insert(p.partition_index, (p.offset >= 0).then_some(p.offset));
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// A group as the list of groups shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its name.
    pub group: String,
    /// `consumer` for groups that share topics; empty if it has no members' protocol.
    pub protocol_type: String,
    /// Its state, such as `Stable`; empty from brokers too old to tell.
    pub state: String,
    /// `classic`, `consumer`, …; empty from brokers too old to tell.
    pub kind: String,
}

/// All groups of the cluster. Each broker knows those it coordinates, so each is asked.
pub fn list_groups(cluster: &mut Cluster) -> Result<Vec<GroupListing>, ClientError> {
    let nodes: Vec<i32> = cluster.brokers().map(|broker| broker.node).collect();
    let timeout = cluster.config().request_timeout;
    let request = ListGroupsRequest::default();
    let mut groups = Vec::new();
    for node in nodes {
        groups.extend(cluster.call(node, ListGroupsRequest::MAX_VERSION, &request, timeout, |answer| {
            let response = answer.read::<ListGroupsRequest>()?;
            ClientError::check(|| format!("groups of node {node}"), response.error_code, None)?;
            let listing =
                |g: headwater_core::wire::messages::list_groups_response::ListedGroup<'_>| GroupListing {
                    group: g.group_id.into_owned(),
                    protocol_type: g.protocol_type.into_owned(),
                    state: g.group_state.into_owned(),
                    kind: g.group_type.into_owned(),
                };
            Ok(response.groups.into_iter().map(listing).collect::<Vec<_>>())
        })?);
    }
    groups.sort_by(|a, b| a.group.cmp(&b.group));
    Ok(groups)
}

/// A member of a classic group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its id.
    pub member: String,
    /// Its client's name.
    pub client_id: String,
    /// Where it comes from.
    pub host: String,
    /// What it reads: topic and partitions.
    pub assignment: Vec<(String, Vec<i32>)>,
}

/// A classic group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its state, such as `Stable`, `Empty`, `Dead`.
    pub state: String,
    /// The assignor in use.
    pub protocol: String,
    /// Its members.
    pub members: Vec<GroupMember>,
}

/// Describes a classic group.
pub fn describe_group(cluster: &mut Cluster, group: &str) -> Result<GroupDescription, ClientError> {
    let (node, timeout) = (cluster.group_coordinator(group)?, cluster.config().request_timeout);
    let request = DescribeGroupsRequest { groups: vec![group.into()], ..Default::default() };
    cluster.call(node, DescribeGroupsRequest::MAX_VERSION, &request, timeout, |answer| {
        let response = answer.read::<DescribeGroupsRequest>()?;
        let Some(described) = response.groups.into_iter().next() else {
            return Err(ClientError::GaveUp(format!("group {group}: the broker said nothing about it")));
        };
        let message = described.error_message.as_deref();
        ClientError::check(|| format!("group {group}"), described.error_code, message)?;
        let members = described
            .members
            .iter()
            .map(|m| GroupMember {
                member: m.member_id.clone().into_owned(),
                client_id: m.client_id.clone().into_owned(),
                host: m.client_host.clone().into_owned(),
                assignment: read_assignment(&m.member_assignment),
            })
            .collect();
        let state = described.group_state.into_owned();
        Ok(GroupDescription { state, protocol: described.protocol_data.into_owned(), members })
    })
}

/// Reads an assignment as the group's leader wrote it; what cannot be read is shown as nothing, since any
/// client may have written it.
pub(super) fn read_assignment(bytes: &[u8]) -> Vec<(String, Vec<i32>)> {
    let mut r = Reader::new(bytes);
    let Ok(version) = r.i16() else { return Vec::new() };
    let version = version.clamp(0, ConsumerProtocolAssignment::MAX_VERSION);
    let Ok(assignment) = ConsumerProtocolAssignment::decode(&mut r, version) else { return Vec::new() };
    assignment.assigned_partitions.into_iter().map(|t| (t.topic.into_owned(), t.partitions)).collect()
}

/// A partition by name, as offsets of groups are kept.
pub type NamedPartition = (String, i32);

/// What a group has committed; partitions without a commit are left out.
pub fn committed(cluster: &mut Cluster, group: &str) -> Result<BTreeMap<NamedPartition, i64>, ClientError> {
    let (node, timeout) = (cluster.group_coordinator(group)?, cluster.config().request_timeout);
    // Null topics ask for all. The group stands in one field or the other by version (batched from 8 on).
    let request = OffsetFetchRequest {
        group_id: group.into(),
        topics: None,
        groups: vec![OffsetFetchRequestGroup { group_id: group.into(), topics: None, ..Default::default() }],
        ..Default::default()
    };
    cluster.call(node, OFFSET_FETCH_BY_NAME, &request, timeout, |answer| {
        let response = answer.read::<OffsetFetchRequest>()?;
        let what = |topic: &str, partition: i32| format!("offset of group {group} in {topic}-{partition}");
        ClientError::check(|| format!("offsets of group {group}"), response.error_code, None)?;
        let mut offsets = BTreeMap::new();
        for group_part in &response.groups {
            ClientError::check(|| format!("offsets of group {group}"), group_part.error_code, None)?;
            for topic in &group_part.topics {
                for p in &topic.partitions {
                    ClientError::check(|| what(&topic.name, p.partition_index), p.error_code, None)?;
                    if p.committed_offset >= 0 {
                        offsets
                            .insert((topic.name.clone().into_owned(), p.partition_index), p.committed_offset);
                    }
                }
            }
        }
        for topic in &response.topics {
            for p in &topic.partitions {
                ClientError::check(|| what(&topic.name, p.partition_index), p.error_code, None)?;
                if p.committed_offset >= 0 {
                    offsets.insert((topic.name.clone().into_owned(), p.partition_index), p.committed_offset);
                }
            }
        }
        Ok(offsets)
    })
}
