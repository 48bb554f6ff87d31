//! DescribeConfigs: settings with their values, where each came from, and what it would be otherwise (behaviours 19,
//! 70, 71).

use std::borrow::Cow;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::config::{
    ConfigEntry, Overrides, describe_broker, describe_client_metrics, describe_cluster, describe_group,
    describe_topic,
};
use headwater_core::wire::messages::describe_configs_request::{
    DescribeConfigsRequest, DescribeConfigsResource,
};
use headwater_core::wire::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};
use headwater_replication::metadata::{Image, check_topic_name};

use super::{Context, Refused};
use crate::conn::replies::Reply;

/// Kafka's numbers for kinds of resources.
mod resource {
    pub const TOPIC: i8 = 2;
    pub const BROKER: i8 = 4;
    pub const CLIENT_METRICS: i8 = 16;
    pub const GROUP: i8 = 32;
}

type Refusal = (ErrorCode, String);

/// Answers for each resource.
pub async fn describe_configs(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DescribeConfigsRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let results = request
        .resources
        .iter()
        .map(|asked| {
            let mut result = DescribeConfigsResult {
                resource_type: asked.resource_type,
                resource_name: asked.resource_name.clone(),
                ..Default::default()
            };
            match entries(&context, &image, asked) {
                Err((code, message)) => {
                    result.error_code = code.code();
                    result.error_message = Some(Cow::Owned(message));
                }
                Ok(entries) => {
                    let wanted = |entry: &ConfigEntry| {
                        asked
                            .configuration_keys
                            .as_ref()
                            .is_none_or(|keys| keys.is_empty() || keys.iter().any(|key| key == entry.name))
                    };
                    result.configs = entries
                        .into_iter()
                        .filter(wanted)
                        .map(|entry| on_wire(entry, request.include_synonyms, request.include_documentation))
                        .collect();
                }
            }
            result
        })
        .collect();
    context.reply(&DescribeConfigsResponse { results, ..Default::default() })
}

fn entries(
    context: &Context,
    image: &Image,
    asked: &DescribeConfigsResource<'_>,
) -> Result<Vec<ConfigEntry>, Refusal> {
    let broker = &context.shard().config();
    let name = asked.resource_name.as_ref();
    match asked.resource_type {
        resource::TOPIC => match (image.topic(name), check_topic_name(name)) {
            (Some(topic), _) => Ok(describe_topic(&topic.configs, broker)),
            (None, Err(why)) => Err((ErrorCode::InvalidTopicException, why.to_string())),
            (None, Ok(())) => Err((ErrorCode::UnknownTopicOrPartition, String::new())),
        },
        resource::BROKER if name.is_empty() => Ok(describe_cluster(broker)),
        resource::BROKER if name == broker.node_id.to_string() => Ok(describe_broker(broker)),
        resource::BROKER => Err((
            ErrorCode::InvalidRequest,
            format!("Unexpected broker id, expected {} or empty string, but received {name}", broker.node_id),
        )),
        resource::CLIENT_METRICS if name.is_empty() => {
            Err((ErrorCode::InvalidRequest, "Client metrics subscription name must not be empty".to_string()))
        }
        resource::CLIENT_METRICS => {
            static NONE: Overrides = Overrides::new();
            Ok(describe_client_metrics(image.client_metrics().get(name).unwrap_or(&NONE), broker))
        }
        resource::GROUP if name.is_empty() => {
            Err((ErrorCode::InvalidRequest, "Group name must not be empty".to_string()))
        }
        resource::GROUP => Ok(describe_group(image.group_configs(name), broker)),
        other => Err((ErrorCode::InvalidRequest, format!("Unsupported resource type: {other}"))),
    }
}

fn on_wire(
    entry: ConfigEntry,
    synonyms: bool,
    documentation: bool,
) -> DescribeConfigsResourceResult<'static> {
    let synonyms = if synonyms { entry.synonyms } else { Vec::new() };
    DescribeConfigsResourceResult {
        name: Cow::Borrowed(entry.name),
        value: entry.value.filter(|_| !entry.is_sensitive).map(Cow::Owned),
        read_only: entry.read_only,
        config_source: entry.source.code(),
        is_sensitive: entry.is_sensitive,
        synonyms: synonyms
            .into_iter()
            .map(|synonym| DescribeConfigsSynonym {
                name: Cow::Borrowed(synonym.name),
                value: synonym.value.filter(|_| !entry.is_sensitive).map(Cow::Owned),
                source: synonym.source.code(),
            })
            .collect(),
        config_type: entry.kind.code(),
        documentation: documentation.then_some(Cow::Borrowed(entry.doc)),
    }
}
