//! AlterClientQuotas (behaviour 74).
//!
//! Each entity is changed as a whole or not at all; the others of the request are not held up by it.

use std::collections::BTreeSet;

use headwater_core::ErrorCode;
use headwater_core::quota::{Entity, Key};

use super::controller::{Controller, Refusal};
use super::records::Record;

/// An entity whose limits are to be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterQuotas {
    /// Kind and name of each part; no name stands for the default.
    pub entity: Vec<(String, Option<String>)>,
    /// Name of a key, and its limit or none to take it away.
    pub limits: Vec<(String, Option<f64>)>,
}

impl Controller {
    /// Changes limits; answers for each entity, in order.
    pub fn on_alter_client_quotas(
        &mut self,
        asked: Vec<AlterQuotas>,
        validate_only: bool,
        out: &mut Vec<Record>,
    ) -> Vec<Result<(), Refusal>> {
        let read: Vec<_> = asked.iter().map(read).collect();
        let mut seen = BTreeSet::new();
        let twice: BTreeSet<Entity> =
            read.iter().flatten().map(|(e, _)| e).filter(|e| !seen.insert(*e)).cloned().collect();
        read.into_iter()
            .map(|read| {
                let (entity, limits) = read?;
                if twice.contains(&entity) {
                    return Err(invalid(format!("{entity} is there more than once")));
                }
                for (key, limit) in limits {
                    let before = self.image.quotas().of(&entity).and_then(|own| own.get(&key)).copied();
                    if before != limit && !validate_only {
                        self.decide(Record::QuotaSet { entity: entity.clone(), key, limit }, out);
                    }
                }
                Ok(())
            })
            .collect()
    }
}

/// Changes of one entity, by key.
type Changes = (Entity, Vec<(Key, Option<f64>)>);

fn read(asked: &AlterQuotas) -> Result<Changes, Refusal> {
    let parts = asked.entity.iter().map(|(kind, name)| (kind.as_str(), name.as_deref()));
    let entity = Entity::from_parts(parts).map_err(|error| invalid(error.to_string()))?;
    let mut changes: Vec<(Key, Option<f64>)> = Vec::with_capacity(asked.limits.len().min(Key::ALL.len()));
    for (name, limit) in &asked.limits {
        let key = match entity.key(name) {
            Ok(key) => key,
            // As in Kafka, what there never was may be taken away.
            Err(_) if limit.is_none() => continue,
            Err(error) => return Err(invalid(error.to_string())),
        };
        if let Some(value) = limit {
            key.check(*value).map_err(|error| invalid(error.to_string()))?;
        }
        if changes.iter().any(|(other, _)| *other == key) {
            return Err(invalid(format!("{name} of {entity} is there more than once")));
        }
        changes.push((key, *limit));
    }
    Ok((entity, changes))
}

fn invalid(message: String) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, message)
}
