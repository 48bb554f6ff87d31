//! Limits of clients: DescribeClientQuotas, AlterClientQuotas (behaviour 74). What comes of them is in `throttle`.

use std::borrow::Cow;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::quota::Entity;
use headwater_core::wire::messages::alter_client_quotas_request::{
    AlterClientQuotasRequest, EntryData as AlterEntry,
};
use headwater_core::wire::messages::alter_client_quotas_response::{
    AlterClientQuotasResponse, EntityData as AlteredPart, EntryData as AlteredEntry,
};
use headwater_core::wire::messages::describe_client_quotas_request::{
    ComponentData, DescribeClientQuotasRequest,
};
use headwater_core::wire::messages::describe_client_quotas_response::{
    DescribeClientQuotasResponse, EntityData as DescribedPart, EntryData as DescribedEntry, ValueData,
};
use headwater_replication::metadata::AlterQuotas;

use super::{Context, Refused};
use crate::conn::replies::Reply;
use crate::shard::control::{ControllerReply, ControllerRequest};

/// What a part of an entity must be for a filter.
enum Match<'a> {
    /// Of this name.
    Exact(&'a str),
    /// The default.
    Default,
    /// Any.
    Any,
}

/// A filter: kind, and what its name must be.
type Filter<'a> = Vec<(&'a str, Match<'a>)>;

/// Tells the limits of the entities that match.
pub async fn describe(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DescribeClientQuotasRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let filter = match filter(&request.components) {
        Ok(filter) => filter,
        Err((code, message)) => {
            return context.reply(&DescribeClientQuotasResponse {
                error_code: code.code(),
                error_message: Some(Cow::Owned(message)),
                entries: None,
                ..Default::default()
            });
        }
    };
    let matching = |entity: &Entity| {
        let parts = entity.parts().count();
        // As in Kafka: no filter finds all; a strict one only entities of exactly its kinds.
        (!request.strict || parts == filter.len())
            && filter.iter().all(|(kind, wanted)| {
                entity.parts().any(|(of, name)| {
                    of == *kind
                        && match wanted {
                            Match::Exact(wanted) => name == Some(*wanted),
                            Match::Default => name.is_none(),
                            Match::Any => true,
                        }
                })
            })
    };
    let entries = image
        .quotas()
        .iter()
        .filter(|(entity, _)| matching(entity))
        .map(|(entity, limits)| DescribedEntry {
            entity: entity
                .parts()
                .map(|(kind, name)| DescribedPart {
                    entity_type: Cow::Borrowed(kind),
                    entity_name: name.map(Cow::Borrowed),
                })
                .collect(),
            values: limits
                .iter()
                .map(|(key, value)| ValueData { key: Cow::Borrowed(key.name()), value: *value })
                .collect(),
        })
        .collect();
    // Behaviour 8: empty and not null.
    context.reply(&DescribeClientQuotasResponse { entries: Some(entries), ..Default::default() })
}

fn filter<'a>(components: &'a [ComponentData<'a>]) -> Result<Filter<'a>, (ErrorCode, String)> {
    let invalid = |message: String| Err((ErrorCode::InvalidRequest, message));
    let mut filter: Filter<'a> = Vec::with_capacity(components.len().min(3));
    for component in components {
        let kind = &*component.entity_type;
        if kind.is_empty() {
            return invalid("Invalid empty entity type.".into());
        }
        if filter.iter().any(|(other, _)| *other == kind) {
            return invalid(format!("Entity type {kind} cannot appear more than once in the filter."));
        }
        let wanted = match (component.match_type, component.r#match.as_deref()) {
            (0, Some(name)) => Match::Exact(name),
            (0, None) => {
                return invalid("Request specified MATCH_TYPE_EXACT, but set match string to null.".into());
            }
            (1, None) => Match::Default,
            (2, None) => Match::Any,
            (1 | 2, Some(_)) => {
                let which = if component.match_type == 1 { "DEFAULT" } else { "SPECIFIED" };
                return invalid(format!(
                    "Request specified MATCH_TYPE_{which}, but also specified a match string."
                ));
            }
            (other, _) => return invalid(format!("Unknown match type {other}")),
        };
        if ![Entity::USER, Entity::CLIENT_ID, Entity::IP].contains(&kind) {
            return Err((ErrorCode::UnsupportedVersion, format!("Unsupported entity type {kind}")));
        }
        filter.push((kind, wanted));
    }
    let of_addresses = filter.iter().filter(|(kind, _)| *kind == Entity::IP).count();
    if of_addresses > 0 && of_addresses < filter.len() {
        let message = "Invalid entity filter component combination. IP filter component should not be used with \
                       user or clientId filter component.";
        return invalid(message.into());
    }
    Ok(filter)
}

/// Changes limits; they hold on every shard before this is answered.
pub async fn alter(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: AlterClientQuotasRequest<'_> = context.decode(&body)?;
    let read = |entry: &AlterEntry<'_>| AlterQuotas {
        entity: entry
            .entity
            .iter()
            .map(|part| (part.entity_type.to_string(), part.entity_name.as_ref().map(ToString::to_string)))
            .collect(),
        limits: entry.ops.iter().map(|op| (op.key.to_string(), (!op.remove).then_some(op.value))).collect(),
    };
    let asked: Vec<AlterQuotas> = request.entries.iter().map(read).collect();
    let altered = ControllerRequest::AlterQuotas(asked, request.validate_only);
    let results = match context.shard().controller(altered).await {
        ControllerReply::AlteredQuotas(results) => results
            .into_iter()
            .map(|result| result.map_err(|refusal| (refusal.code, refusal.message)))
            .collect(),
        // The metadata log takes nothing more.
        _ => vec![Err((ErrorCode::KafkaStorageError, String::new())); request.entries.len()],
    };
    let entries = request
        .entries
        .iter()
        .zip(results)
        .map(|(entry, result)| {
            let (code, message) = match result {
                Ok(()) => (ErrorCode::None, None),
                Err((code, message)) => (code, Some(Cow::Owned(message))),
            };
            let entity = entry.entity.iter().map(|part| AlteredPart {
                entity_type: part.entity_type.clone(),
                entity_name: part.entity_name.clone(),
            });
            AlteredEntry { error_code: code.code(), error_message: message, entity: entity.collect() }
        })
        .collect();
    context.reply(&AlterClientQuotasResponse { entries, ..Default::default() })
}
