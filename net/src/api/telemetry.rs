//! Clients' own metrics (KIP-714): GetTelemetrySubscriptions and PushTelemetry. What clients push becomes records of the
//! topic that `headwater.client.metrics.topic` names, so that any consumer can read it: the key is the client's instance id,
//! the value OpenTelemetry's MetricsData as the client encoded it, uncompressed, and headers say who it was.
//!
//! Without that topic nobody would read what is pushed, and as in Kafka without a receiver the two are not advertised:
//! clients that see them poll for ever (behaviour 11).

use std::borrow::Cow;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{PartitionId, TopicId, TopicPartition};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::compress::Codec;
use headwater_core::record::header::BatchHeader;
use headwater_core::telemetry::{Client, PUSH_BYTES_MAX, Push};
use headwater_core::wire::messages::get_telemetry_subscriptions_request::GetTelemetrySubscriptionsRequest;
use headwater_core::wire::messages::get_telemetry_subscriptions_response::GetTelemetrySubscriptionsResponse;
use headwater_core::wire::messages::push_telemetry_request::PushTelemetryRequest;
use headwater_core::wire::messages::push_telemetry_response::PushTelemetryResponse;

use super::{Context, Refused};
use crate::conn::replies::Reply;
use crate::rt;
use crate::shard::message::{self, ProduceItem, Request};

/// What a push may decompress to: text compresses well, and a record has to hold it.
const METRICS_BYTES_MAX: usize = 8 << 20;
/// Zstandard, LZ4, gzip, Snappy: Kafka's order of preference.
const COMPRESSION_TYPES: [i8; 4] = [4, 3, 1, 2];

fn client(context: &Context, instance: TopicId) -> Client {
    let connection = &context.connection;
    let (software_name, software_version) = connection.software.borrow().clone();
    Client {
        instance_id: instance.to_string(),
        client_id: context.client_id.as_deref().unwrap_or_default().to_string(),
        software_name,
        software_version,
        address: connection.peer.ip().to_canonical().to_string(),
        port: connection.peer.port(),
    }
}

/// Tells a client what is wanted of it, and gives it an id if it has none.
pub async fn subscriptions(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: GetTelemetrySubscriptionsRequest = context.decode(&body)?;
    let shard = context.shard();
    let instance = match request.client_instance_id {
        none if none.is_zero() => TopicId::new(rt::random_bytes()),
        known => known,
    };
    let granted = shard.granted(&client(&context, instance));
    let asked = shard.telemetry.borrow_mut().instances.on_ask(instance.get(), &granted, rt::now());
    if let Err(code) = asked {
        return context
            .reply(&GetTelemetrySubscriptionsResponse { error_code: code.code(), ..Default::default() });
    }
    context.reply(&GetTelemetrySubscriptionsResponse {
        client_instance_id: instance,
        subscription_id: granted.id,
        accepted_compression_types: COMPRESSION_TYPES.to_vec(),
        push_interval_ms: i32::try_from(granted.interval_ms).unwrap_or(i32::MAX),
        telemetry_max_bytes: PUSH_BYTES_MAX as i32,
        delta_temporality: true,
        requested_metrics: granted.metrics.iter().map(|name| Cow::Borrowed(name.as_str())).collect(),
        ..Default::default()
    })
}

/// Takes what a client pushes.
pub async fn push(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: PushTelemetryRequest<'_> = context.decode(&body)?;
    let code = take(&context, &request).await.err().unwrap_or(ErrorCode::None);
    context.reply(&PushTelemetryResponse { error_code: code.code(), ..Default::default() })
}

async fn take(context: &Context, request: &PushTelemetryRequest<'_>) -> Result<(), ErrorCode> {
    let shard = context.shard();
    let instance = request.client_instance_id;
    if instance.is_zero() {
        return Err(ErrorCode::InvalidRequest);
    }
    let client = client(context, instance);
    let granted = shard.granted(&client);
    let push = Push {
        subscription_id: request.subscription_id,
        terminating: request.terminating,
        compression: request.compression_type,
        bytes: request.metrics.len(),
    };
    shard.telemetry.borrow_mut().instances.on_push(instance.get(), push, &granted, rt::now())?;
    if request.metrics.is_empty() {
        return Ok(());
    }
    let codec = Codec::from_code(i16::from(request.compression_type))
        .map_err(|_| ErrorCode::UnsupportedCompressionType)?;
    let metrics =
        codec.decompress(&request.metrics, METRICS_BYTES_MAX).map_err(|_| ErrorCode::InvalidRecord)?;
    let Some(topic) = shard.config().client_metrics_topic.clone() else { return Ok(()) };
    if let Err(code) = keep(context, &topic, instance, &client, &metrics).await {
        // The client can do nothing about it, and what it pushed was right.
        tracing::warn!(topic, %code, "a client's metrics could not be kept");
    }
    Ok(())
}

/// Makes a record of what was pushed; the topic too, if it is not there.
async fn keep(
    context: &Context,
    name: &str,
    instance: TopicId,
    client: &Client,
    metrics: &[u8],
) -> Result<(), ErrorCode> {
    let shard = context.shard();
    if context.image().topic(name).is_none() {
        shard.auto_create_topics(&[name.to_string()]).await.pop().map_or(Ok(()), |(_, code)| Err(code))?;
    }
    let image = context.image();
    let topic = image.topic(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let key = client.instance_id.as_bytes();
    // One client's records stay in order.
    let number = instance.get().iter().fold(0, |sum, byte| sum + i32::from(*byte)) % topic.partition_count();
    let partition = TopicPartition { topic: topic.id, partition: PartitionId::new(number) };
    let mut builder = BatchBuilder::new();
    let headers: [(&[u8], Option<&[u8]>); 4] = [
        (b"client_id", Some(client.client_id.as_bytes())),
        (b"client_software_name", Some(client.software_name.as_bytes())),
        (b"client_software_version", Some(client.software_version.as_bytes())),
        (b"client_source_address", Some(client.address.as_bytes())),
    ];
    builder.push(rt::wall().millis(), Some(key), Some(metrics), &headers);
    let batch = builder.build_mut();
    let header = BatchHeader::parse(&batch).map_err(|_| ErrorCode::UnknownServerError)?;
    let items = vec![ProduceItem { partition, batch, header, guard: None }];
    match shard.call(shard.owner(partition), Request::Produce { items, wait: false }).await {
        message::Reply::Produce(results) => results.into_iter().try_for_each(|result| result.map(|_| ())),
        _ => unreachable!("produce is answered as produce"),
    }
}
