//! ApiVersions: what is served. Works before anything else does, and in versions that nobody knows yet.

use std::borrow::Cow;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::wire::api::ApiKey;
use headwater_core::wire::frame;
use headwater_core::wire::messages::api_versions_request::ApiVersionsRequest;
use headwater_core::wire::messages::api_versions_response::{
    ApiVersion, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};

use super::{Context, Refused, TABLE};
use crate::conn::replies::Reply;

/// Answers with the table.
pub async fn handle(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ApiVersionsRequest<'_> = context.decode(&body)?;
    if context.version >= 3
        && !(is_software_name(&request.client_software_name)
            && is_software_name(&request.client_software_version))
    {
        let refusal =
            ApiVersionsResponse { error_code: ErrorCode::InvalidRequest.code(), ..Default::default() };
        return context.reply(&refusal);
    }
    if context.version >= 3 {
        let (name, version) = (&request.client_software_name, &request.client_software_version);
        *context.connection.software.borrow_mut() = (name.to_string(), version.to_string());
    }
    context.reply(&served(&context, context.version))
}

/// The answer to a version that is not served: in version 0, so that any client can read it (behaviour 1).
pub fn unsupported(context: &Context) -> Reply {
    let response =
        ApiVersionsResponse { error_code: ErrorCode::UnsupportedVersion.code(), ..served(context, 0) };
    Reply::whole(frame::response(ApiKey::ApiVersions, 0, context.correlation_id(), &response))
}

/// Something that brokers and clients agree about by its level.
pub struct Feature {
    /// Kafka's name.
    pub name: &'static str,
    /// The lowest level that is known.
    pub min: i16,
    /// The highest.
    pub max: i16,
    /// The one that is in force.
    pub finalized: i16,
}

/// What clients are told of.
pub const FEATURES: &[Feature] = &[
    // Consumer groups of the new protocol (KIP-848).
    Feature { name: "group.version", min: 0, max: 1, finalized: 1 },
    // Share groups (KIP-932).
    Feature { name: "share.version", min: 0, max: 1, finalized: 1 },
    // Streams groups (KIP-1071).
    Feature { name: "streams.version", min: 0, max: 1, finalized: 1 },
    // The protocol of transactions that is spoken (KIP-890): each end bumps the producer's epoch. Clients that do not know
    // it speak the older one.
    Feature { name: "transaction.version", min: 0, max: 2, finalized: 2 },
];

fn served(context: &Context, version: i16) -> ApiVersionsResponse<'static> {
    let collects = context.shard().config().client_metrics_topic.is_some();
    answer(version, collects)
}

/// `collects` clients' metrics: those who see that they could push some poll for ever (behaviour 11).
fn answer(version: i16, collects: bool) -> ApiVersionsResponse<'static> {
    let of_telemetry = [ApiKey::GetTelemetrySubscriptions, ApiKey::PushTelemetry];
    let api_keys = TABLE
        .iter()
        .filter(|row| collects || !of_telemetry.contains(&row.key))
        .map(|row| ApiVersion {
            api_key: row.key.code(),
            // Behaviour 5: a librdkafka that does not find version 0 here sends uncompressed without saying so;
            // versions 0 to 2 are refused when they come.
            min_version: if row.key == ApiKey::Produce { 0 } else { row.min },
            max_version: row.max,
        })
        .collect();
    let supported = FEATURES.iter().map(|feature| SupportedFeatureKey {
        name: Cow::Borrowed(feature.name),
        min_version: feature.min,
        max_version: feature.max,
    });
    let finalized = FEATURES.iter().map(|feature| FinalizedFeatureKey {
        name: Cow::Borrowed(feature.name),
        max_version_level: feature.finalized,
        min_version_level: feature.finalized,
    });
    ApiVersionsResponse {
        api_keys,
        // Clients of version 3 take a feature that begins at 0 to be damage.
        supported_features: supported.filter(|feature| version >= 4 || feature.min_version > 0).collect(),
        finalized_features_epoch: 0,
        finalized_features: finalized.collect(),
        ..Default::default()
    }
}

/// Behaviour 4: letters, digits, dots and hyphens, beginning and ending with a letter or digit.
fn is_software_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    name.chars().all(inner)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b5_produce_is_advertised_from_zero() {
        let produce = answer(4, false).api_keys.into_iter().find(|api| api.api_key == 0).unwrap();
        assert_eq!((produce.min_version, produce.max_version), (0, 13));
    }

    #[test]
    fn b11_telemetry_is_advertised_where_metrics_are_collected() {
        for collects in [false, true] {
            let answer = answer(4, collects);
            let advertised = |key| answer.api_keys.iter().any(|api| api.api_key == key);
            assert_eq!((advertised(71), advertised(72)), (collects, collects));
        }
    }

    #[test]
    fn b4_software_names() {
        for (name, valid) in [
            ("apache-kafka-java", true),
            ("4.3.1", true),
            ("", false),
            ("a b", false),
            ("-x", false),
            ("x.", false),
        ] {
            assert_eq!(is_software_name(name), valid, "{name:?}");
        }
    }
}
