//! Changing settings: IncrementalAlterConfigs, AlterConfigs, ListConfigResources (behaviour 20). The controller decides;
//! what it records takes effect on every shard before the request is answered.

use std::borrow::Cow;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::wire::messages::alter_configs_request::AlterConfigsRequest;
use headwater_core::wire::messages::alter_configs_response::{
    AlterConfigsResourceResponse as Replaced, AlterConfigsResponse,
};
use headwater_core::wire::messages::incremental_alter_configs_request::IncrementalAlterConfigsRequest;
use headwater_core::wire::messages::incremental_alter_configs_response::{
    AlterConfigsResourceResponse as Altered, IncrementalAlterConfigsResponse,
};
use headwater_core::wire::messages::list_config_resources_request::ListConfigResourcesRequest;
use headwater_core::wire::messages::list_config_resources_response::{
    ConfigResource, ListConfigResourcesResponse,
};
use headwater_replication::metadata::{AlterConfig, AlterResource, AlteredResource, Refusal, ResourceType};

use super::{Context, Refused};
use crate::conn::replies::Reply;
use crate::shard::control::{ControllerReply, ControllerRequest};

/// What became of a resource: type, name, and the error with its message.
type Outcome = (i8, String, ErrorCode, Option<Cow<'static, str>>);

async fn ask(context: &Context, asked: Vec<(i8, String)>, request: ControllerRequest) -> Vec<Outcome> {
    match context.shard().controller(request).await {
        ControllerReply::Altered(altered) => altered
            .into_iter()
            .map(|AlteredResource { resource_type, name, result }| match result {
                Ok(()) => (resource_type, name, ErrorCode::None, None),
                Err(Refusal { code, message }) => (resource_type, name, code, Some(Cow::Owned(message))),
            })
            .collect(),
        // The metadata log takes nothing more.
        _ => asked.into_iter().map(|(kind, name)| (kind, name, ErrorCode::KafkaStorageError, None)).collect(),
    }
}

fn names(resources: &[AlterResource]) -> Vec<(i8, String)> {
    resources.iter().map(|resource| (resource.resource_type, resource.name.clone())).collect()
}

/// Changes single settings.
pub async fn alter_incrementally(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: IncrementalAlterConfigsRequest<'_> = context.decode(&body)?;
    let resources: Vec<AlterResource> = request
        .resources
        .iter()
        .map(|resource| AlterResource {
            resource_type: resource.resource_type,
            name: resource.resource_name.to_string(),
            configs: resource
                .configs
                .iter()
                .map(|config| AlterConfig {
                    key: config.name.to_string(),
                    operation: config.config_operation,
                    value: config.value.as_ref().map(ToString::to_string),
                })
                .collect(),
        })
        .collect();
    let asked = names(&resources);
    let outcomes =
        ask(&context, asked, ControllerRequest::AlterIncrementally(resources, request.validate_only)).await;
    let responses = outcomes
        .into_iter()
        .map(|(resource_type, name, code, error_message)| Altered {
            error_code: code.code(),
            error_message,
            resource_type,
            resource_name: Cow::Owned(name),
        })
        .collect();
    context.reply(&IncrementalAlterConfigsResponse { responses, ..Default::default() })
}

/// Replaces all settings of a resource.
pub async fn alter(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: AlterConfigsRequest<'_> = context.decode(&body)?;
    let resources: Vec<AlterResource> = request
        .resources
        .iter()
        .map(|resource| AlterResource {
            resource_type: resource.resource_type,
            name: resource.resource_name.to_string(),
            configs: resource
                .configs
                .iter()
                .map(|config| AlterConfig {
                    key: config.name.to_string(),
                    operation: 0,
                    value: config.value.as_ref().map(ToString::to_string),
                })
                .collect(),
        })
        .collect();
    let asked = names(&resources);
    let outcomes = ask(&context, asked, ControllerRequest::Alter(resources, request.validate_only)).await;
    let responses = outcomes
        .into_iter()
        .map(|(resource_type, name, code, error_message)| Replaced {
            error_code: code.code(),
            error_message,
            resource_type,
            resource_name: Cow::Owned(name),
        })
        .collect();
    context.reply(&AlterConfigsResponse { responses, ..Default::default() })
}

/// Lists what has settings. Version 0 asks for client-metrics subscriptions only.
pub async fn list(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ListConfigResourcesRequest = context.decode(&body)?;
    let image = context.image();
    let wanted = |kind: ResourceType| match context.version {
        0 => kind == ResourceType::ClientMetrics,
        _ => request.resource_types.is_empty() || request.resource_types.contains(&(kind as i8)),
    };
    if request.resource_types.iter().any(|kind| ResourceType::from_code(*kind).is_none()) {
        let error_code = ErrorCode::UnsupportedVersion.code();
        return context.reply(&ListConfigResourcesResponse { error_code, ..Default::default() });
    }
    let mut found = Vec::new();
    let mut add = |kind: ResourceType, name: String| {
        found.push(ConfigResource { resource_name: Cow::Owned(name), resource_type: kind as i8 });
    };
    if wanted(ResourceType::Topic) {
        image.topics_by_name().into_iter().for_each(|topic| add(ResourceType::Topic, topic.name.to_string()));
    }
    if wanted(ResourceType::Broker) {
        image.brokers().for_each(|broker| add(ResourceType::Broker, broker.node.to_string()));
    }
    if wanted(ResourceType::ClientMetrics) {
        image.client_metrics().keys().for_each(|name| add(ResourceType::ClientMetrics, name.clone()));
    }
    if wanted(ResourceType::Group) {
        image.configured_groups().for_each(|group| add(ResourceType::Group, group.to_string()));
    }
    context.reply(&ListConfigResourcesResponse { config_resources: found, ..Default::default() })
}
