//! DescribeCluster: the brokers, from the Image.

use std::borrow::Cow;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::wire::messages::describe_cluster_request::DescribeClusterRequest;
use headwater_core::wire::messages::describe_cluster_response::{
    DescribeClusterBroker, DescribeClusterResponse,
};

use super::{Context, Refused, security};
use crate::conn::replies::Reply;

/// The endpoint type of brokers; 2 is that of controllers (KIP-919), which this listener does not serve.
const BROKERS: i8 = 1;

/// Answers with every broker.
pub async fn describe(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DescribeClusterRequest = context.decode(&body)?;
    if request.endpoint_type != BROKERS {
        let code = if request.endpoint_type == 2 {
            ErrorCode::MismatchedEndpointType
        } else {
            ErrorCode::UnsupportedEndpointType
        };
        return context.reply(&DescribeClusterResponse {
            error_code: code.code(),
            error_message: Some(Cow::Borrowed("this listener serves brokers (endpoint type 1)")),
            endpoint_type: BROKERS,
            ..Default::default()
        });
    }
    let image = context.image();
    let brokers = image
        .brokers()
        .filter_map(|broker| {
            let endpoint = broker.endpoints.first()?;
            Some(DescribeClusterBroker {
                broker_id: broker.node.get(),
                host: Cow::Owned(endpoint.host.clone()),
                port: i32::from(endpoint.port),
                rack: broker.rack.clone().map(Cow::Owned),
                ..Default::default()
            })
        })
        .collect();
    context.reply(&DescribeClusterResponse {
        endpoint_type: BROKERS,
        cluster_id: Cow::Borrowed(image.cluster_id().unwrap_or_default()),
        controller_id: context.shard().config().node_id.get(),
        brokers,
        cluster_authorized_operations: security::allowed(
            request.include_cluster_authorized_operations,
            security::CLUSTER_OPERATIONS,
        ),
        ..Default::default()
    })
}
