//! AlterConfigs (replace all) and IncrementalAlterConfigs (behaviours 20, 70, 73).
//!
//! Each resource is changed as a whole or not at all; the others of the request are not held up by it.

use std::collections::{BTreeMap, BTreeSet};

use headwater_core::ErrorCode;
use headwater_core::config::{self, BrokerConfig, GroupConfig, Kind, Overrides, Scope, TopicConfig};
use headwater_core::ids::NodeId;
use headwater_core::limits::CONFIG_VALUE_BYTES_MAX;
use headwater_core::telemetry::{Subscription, SubscriptionError};

use super::controller::{Controller, Refusal};
use super::records::{Record, Resource};

/// The kinds of resource that have settings, with Kafka's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum ResourceType {
    /// A topic.
    Topic = 2,
    /// A broker, or with an empty name all of them.
    Broker = 4,
    /// A broker's loggers.
    BrokerLogger = 8,
    /// Subscriptions to clients' metrics.
    ClientMetrics = 16,
    /// A group.
    Group = 32,
}

impl ResourceType {
    /// The kind with this number.
    pub fn from_code(code: i8) -> Option<ResourceType> {
        Some(match code {
            2 => ResourceType::Topic,
            4 => ResourceType::Broker,
            8 => ResourceType::BrokerLogger,
            16 => ResourceType::ClientMetrics,
            32 => ResourceType::Group,
            _ => return None,
        })
    }
}

/// What is to be done with a setting, with Kafka's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum AlterOperation {
    /// Give it this value.
    Set = 0,
    /// Back to the default.
    Delete = 1,
    /// Add these to the list.
    Append = 2,
    /// Take these from the list.
    Subtract = 3,
}

/// One setting of a resource to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterConfig {
    /// Its name.
    pub key: String,
    /// The number of an [`AlterOperation`]; any number may come from outside. Of no meaning to AlterConfigs.
    pub operation: i8,
    /// The value.
    pub value: Option<String>,
}

/// A resource to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterResource {
    /// The number of a [`ResourceType`]; any number may come from outside.
    pub resource_type: i8,
    /// Its name.
    pub name: String,
    /// The changes (AlterConfigs: all the settings it is to have).
    pub configs: Vec<AlterConfig>,
}

/// What became of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlteredResource {
    /// The number from the request.
    pub resource_type: i8,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub result: Result<(), Refusal>,
}

impl Controller {
    /// IncrementalAlterConfigs.
    pub fn on_incremental_alter_configs(
        &mut self,
        resources: Vec<AlterResource>,
        validate_only: bool,
        out: &mut Vec<Record>,
    ) -> Vec<AlteredResource> {
        self.alter(resources, validate_only, out, |change, scope, current| {
            let mut next = current.clone();
            for c in change {
                let value = c.value.as_deref();
                match (c.operation, value) {
                    (1, _) => drop(next.remove(&c.key)),
                    (0 | 2 | 3, None) => {
                        return Err(invalid_request(format!("Null value not supported for : {}", c.key)));
                    }
                    (0, Some(value)) => drop(next.insert(c.key.clone(), value.into())),
                    (operation @ (2 | 3), Some(value)) => {
                        let changed = list_change(scope, &c.key, current, operation == 2, value)?;
                        next.insert(c.key.clone(), changed);
                    }
                    (other, _) => return Err(invalid_request(format!("Unknown operation type {other}"))),
                }
            }
            Ok(next)
        })
    }

    /// AlterConfigs: settings that are not named go back to their defaults.
    pub fn on_alter_configs(
        &mut self,
        resources: Vec<AlterResource>,
        validate_only: bool,
        out: &mut Vec<Record>,
    ) -> Vec<AlteredResource> {
        self.alter(resources, validate_only, out, |change, _, _| {
            let pairs = change.iter().map(|c| match &c.value {
                Some(value) => Ok((c.key.clone(), value.clone())),
                None => Err(invalid_request(format!("Null value not supported for : {}", c.key))),
            });
            pairs.collect()
        })
    }

    fn alter(
        &mut self,
        resources: Vec<AlterResource>,
        validate_only: bool,
        out: &mut Vec<Record>,
        next: impl Fn(&[AlterConfig], Scope, &Overrides) -> Result<Overrides, Refusal>,
    ) -> Vec<AlteredResource> {
        let mut counts: BTreeMap<(i8, String), usize> = BTreeMap::new();
        for r in &resources {
            *counts.entry((r.resource_type, r.name.clone())).or_default() += 1;
        }
        let mut answers = Vec::with_capacity(resources.len());
        for r in resources {
            let result = if counts[&(r.resource_type, r.name.clone())] > 1 {
                Err(invalid_request("Each resource must appear at most once."))
            } else {
                self.alter_one(&r, &next).map(|records| {
                    if !validate_only {
                        records.into_iter().for_each(|record| self.decide(record, out));
                    }
                })
            };
            answers.push(AlteredResource { resource_type: r.resource_type, name: r.name, result });
        }
        answers
    }

    fn alter_one(
        &self,
        r: &AlterResource,
        next: &impl Fn(&[AlterConfig], Scope, &Overrides) -> Result<Overrides, Refusal>,
    ) -> Result<Vec<Record>, Refusal> {
        let mut keys = BTreeSet::new();
        for c in &r.configs {
            if !keys.insert(&c.key) {
                return Err(invalid_request("Error due to duplicate config keys"));
            }
            if c.value.as_ref().is_some_and(|v| v.len() > CONFIG_VALUE_BYTES_MAX) {
                return Err(Refusal::new(
                    ErrorCode::InvalidConfig,
                    format!("The value of {} is too long", c.key),
                ));
            }
        }
        let (resource, scope, current) = self.find(r)?;
        let wanted = next(&r.configs, scope, current)?;
        let wanted = match &resource {
            Resource::Topic(_) => TopicConfig::validate(&wanted, &self.config).map_err(invalid_config)?,
            Resource::Group(_) => GroupConfig::validate(&wanted, &self.config).map_err(invalid_config)?,
            Resource::ClientMetrics(_) => match Subscription::new(&wanted) {
                Ok(_) => wanted,
                Err(error @ SubscriptionError::Pattern(_)) => {
                    return Err(Refusal::new(ErrorCode::InvalidConfig, error.to_string()));
                }
                Err(error) => return Err(invalid_request(error.to_string())),
            },
            Resource::Cluster => self.check_broker(current, wanted, true)?,
            Resource::Broker(_) => self.check_broker(current, wanted, false)?,
        };
        let removed = current.keys().filter(|k| !wanted.contains_key(*k)).map(|k| (k, None));
        let set = wanted.iter().filter(|(k, v)| current.get(*k) != Some(v)).map(|(k, v)| (k, Some(v)));
        let changes = removed.chain(set).map(|(key, value)| Record::ConfigSet {
            resource: resource.clone(),
            key: key.clone(),
            value: value.cloned(),
        });
        Ok(changes.collect())
    }

    fn find(&self, r: &AlterResource) -> Result<(Resource, Scope, &Overrides), Refusal> {
        match ResourceType::from_code(r.resource_type) {
            Some(ResourceType::Topic) => {
                if r.name.is_empty() {
                    return Err(invalid_request("Default topic resources are not allowed."));
                }
                let unknown = || {
                    Refusal::new(
                        ErrorCode::UnknownTopicOrPartition,
                        format!("The topic '{}' does not exist.", r.name),
                    )
                };
                let topic = self.image.topic(&r.name).ok_or_else(unknown)?;
                Ok((Resource::Topic(topic.id), Scope::Topic, &*topic.configs))
            }
            Some(ResourceType::Group) => {
                if r.name.is_empty() {
                    return Err(invalid_request("Default group resources are not allowed."));
                }
                Ok((Resource::Group(r.name.clone()), Scope::Group, self.image.group_configs(&r.name)))
            }
            Some(ResourceType::Broker) if r.name.is_empty() => {
                Ok((Resource::Cluster, Scope::Broker, self.image.cluster_configs()))
            }
            Some(ResourceType::Broker) => {
                let node = r.name.parse().map(NodeId::new);
                let node = node.map_err(|_| {
                    invalid_request(format!("Node id must be an integer, but it is: {}", r.name))
                })?;
                if self.image.broker(node).is_none() {
                    return Err(invalid_request(format!(
                        "Unexpected broker id {node}: no such broker is registered"
                    )));
                }
                Ok((Resource::Broker(node), Scope::Broker, self.image.broker_configs(node)))
            }
            Some(ResourceType::BrokerLogger) => {
                Err(invalid_request("Loggers are not changed this way; see headwater's own settings"))
            }
            Some(ResourceType::ClientMetrics) => {
                if r.name.is_empty() {
                    return Err(invalid_request("Subscription name can't be empty"));
                }
                static NONE: Overrides = Overrides::new();
                let current = self.image.client_metrics().get(&r.name).unwrap_or(&NONE);
                Ok((Resource::ClientMetrics(r.name.clone()), Scope::ClientMetrics, current))
            }
            None => Err(invalid_request(format!("Unknown resource type {}", r.resource_type))),
        }
    }

    fn check_broker(
        &self,
        current: &Overrides,
        wanted: Overrides,
        cluster: bool,
    ) -> Result<Overrides, Refusal> {
        for (key, value) in &wanted {
            if current.get(key) != Some(value) {
                BrokerConfig::check_dynamic(key, value, cluster)
                    .map_err(|e| invalid_request(e.to_string()))?;
            }
        }
        let min_isr = "min.insync.replicas";
        if self.image.feature("eligible.leader.replicas.version") > 0 {
            if !cluster && current.get(min_isr) != wanted.get(min_isr) {
                let message = "min.insync.replicas of one broker cannot be changed with eligible leader replicas on; \
                               change the cluster's or the topic's";
                return Err(Refusal::new(ErrorCode::InvalidConfig, message));
            }
            if cluster && current.contains_key(min_isr) && !wanted.contains_key(min_isr) {
                let message =
                    "min.insync.replicas of the cluster cannot be removed with eligible leader replicas on";
                return Err(Refusal::new(ErrorCode::InvalidConfig, message));
            }
        }
        // Tried on the values alone, then together with everything else this broker was started with.
        let none = Overrides::new();
        let (all, own) = if cluster { (&wanted, &none) } else { (self.image.cluster_configs(), &wanted) };
        let tried = self.with_dynamic(all, own).map_err(|e| invalid_request(e.to_string()))?;
        let stored = if cluster { tried.settings().cluster() } else { tried.settings().own() };
        Ok(stored.clone())
    }
}

/// A list with `parts` added or taken away. What is not set counts as its default, as in Kafka.
fn list_change(
    scope: Scope,
    key: &str,
    current: &Overrides,
    add: bool,
    parts: &str,
) -> Result<String, Refusal> {
    let setting = config::find(scope, key).filter(|s| s.kind == Kind::List);
    let Some(setting) = setting else {
        let operation = if add { "APPEND" } else { "SUBTRACT" };
        let message = format!("Can't {operation} to key {key} because its type is not LIST.");
        return Err(Refusal::new(ErrorCode::InvalidConfig, message));
    };
    let split =
        |text: &str| text.split(',').map(|p| p.trim().to_string()).filter(|p| !p.is_empty()).collect();
    let mut list: Vec<String> = split(current.get(key).map_or(setting.default.unwrap_or(""), String::as_str));
    for part in Vec::<String>::into_iter(split(parts)) {
        if !add {
            list.retain(|p| *p != part);
        } else if !list.contains(&part) {
            list.push(part);
        }
    }
    Ok(list.join(","))
}

fn invalid_request(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, message)
}

fn invalid_config(error: config::ConfigError) -> Refusal {
    Refusal::new(ErrorCode::InvalidConfig, error.to_string())
}
