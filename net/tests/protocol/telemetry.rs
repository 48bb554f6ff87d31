//! Clients' own metrics: subscriptions, what clients are told, and where their pushes go.

use headwater_core::ErrorCode;
use headwater_core::ids::TopicId;
use headwater_core::record::header::BatchView;
use headwater_core::record::records::Records;
use headwater_core::wire::fetch::{FetchPartition, FetchRequest, FetchTopic};
use headwater_core::wire::messages::api_versions_request::ApiVersionsRequest;
use headwater_core::wire::messages::describe_configs_request::{
    DescribeConfigsRequest, DescribeConfigsResource,
};
use headwater_core::wire::messages::get_telemetry_subscriptions_request::GetTelemetrySubscriptionsRequest;
use headwater_core::wire::messages::get_telemetry_subscriptions_response::GetTelemetrySubscriptionsResponse;
use headwater_core::wire::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use headwater_core::wire::messages::list_config_resources_request::ListConfigResourcesRequest;
use headwater_core::wire::messages::push_telemetry_request::PushTelemetryRequest;

use super::client::{Client, error};

/// Kafka's number for subscriptions among the kinds of resources.
const CLIENT_METRICS: i8 = 16;

fn alter(client: &mut Client, name: &str, config_operation: i8, configs: &[(&str, &str)]) -> ErrorCode {
    let configs = configs.iter().map(|(key, value)| AlterableConfig {
        name: (*key).into(),
        config_operation,
        value: Some((*value).into()),
    });
    let resource = AlterConfigsResource {
        resource_type: CLIENT_METRICS,
        resource_name: name.into(),
        configs: configs.collect(),
    };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    error(client.call(1, &request).responses[0].error_code)
}

fn ask(client: &mut Client, id: TopicId) -> GetTelemetrySubscriptionsResponse<'static> {
    client.call(0, &GetTelemetrySubscriptionsRequest { client_instance_id: id })
}

fn names(client: &mut Client, version: i16) -> Vec<String> {
    let resource_types = if version == 0 { Vec::new() } else { vec![CLIENT_METRICS] };
    let reply = client.call(version, &ListConfigResourcesRequest { resource_types });
    reply.config_resources.iter().map(|resource| resource.resource_name.to_string()).collect()
}

#[test]
fn subscriptions_are_settings() {
    let mut client = Client::start();
    let metrics = ("metrics", "org.a.");
    for (name, operation, configs, code) in [
        ("one", 0, &[metrics, ("interval.ms", "1000")][..], ErrorCode::None),
        ("one", 2, &[("metrics", "org.b.")], ErrorCode::None),
        ("two", 0, &[metrics], ErrorCode::None),
        ("two", 1, &[metrics], ErrorCode::None),
        ("one", 0, &[("interval.ms", "99")], ErrorCode::InvalidRequest),
        ("one", 0, &[("nothing", "1")], ErrorCode::InvalidRequest),
        ("one", 0, &[("match", "client_id")], ErrorCode::InvalidConfig),
        ("", 0, &[metrics], ErrorCode::InvalidRequest),
    ] {
        assert_eq!(alter(&mut client, name, operation, configs), code, "{name} {operation} {configs:?}");
    }
    client.restart();
    for version in [0, 1] {
        assert_eq!(names(&mut client, version), ["one"], "a subscription without settings is none");
    }
    let mut described = |name: &'static str| {
        let resource = DescribeConfigsResource {
            resource_type: CLIENT_METRICS,
            resource_name: name.into(),
            configuration_keys: None,
        };
        let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
        let reply = client.call(4, &request);
        let configs = reply.results[0].configs.iter();
        let text = configs
            .map(|c| format!("{}={} ({})", c.name, c.value.as_deref().unwrap_or("null"), c.config_source));
        (error(reply.results[0].error_code), text.collect::<Vec<_>>().join(" "))
    };
    let expected = "interval.ms=1000 (7) match= (5) metrics=org.a.,org.b. (7)";
    assert_eq!(described("one"), (ErrorCode::None, expected.into()));
    let expected = "interval.ms=300000 (5) match= (5) metrics= (5)";
    assert_eq!(described("other"), (ErrorCode::None, expected.into()));
    assert_eq!(described("").0, ErrorCode::InvalidRequest);
}

#[test]
fn b11_metrics_that_are_pushed_can_be_consumed() {
    let mut client = Client::with_settings(&["headwater.client.metrics.topic=metrics"]);
    let versions =
        ApiVersionsRequest { client_software_name: "tester".into(), client_software_version: "1.2".into() };
    let advertised =
        client.call(4, &versions).api_keys.iter().filter(|api| matches!(api.api_key, 71 | 72)).count();
    assert_eq!(advertised, 2);
    let patterns = "client_id=te.*,client_software_name=tester";
    let configs = [("metrics", "org.a."), ("interval.ms", "60000"), ("match", patterns)];
    assert_eq!(alter(&mut client, "mine", 0, &configs), ErrorCode::None);
    assert_eq!(
        alter(&mut client, "others", 0, &[("metrics", "*"), ("match", "client_id=x")]),
        ErrorCode::None
    );
    let granted = ask(&mut client, TopicId::ZERO);
    assert_eq!((granted.error_code, granted.push_interval_ms), (0, 60_000));
    assert_eq!(granted.requested_metrics, ["org.a."]);
    let id = granted.client_instance_id;
    assert!(!id.is_zero());
    assert_eq!(error(ask(&mut client, id).error_code), ErrorCode::ThrottlingQuotaExceeded);
    let mut push = |client_instance_id, subscription_id, metrics: &'static [u8]| {
        let request = PushTelemetryRequest {
            client_instance_id,
            subscription_id,
            metrics: metrics.into(),
            ..Default::default()
        };
        error(client.call(0, &request).error_code)
    };
    let subscription = granted.subscription_id;
    assert_eq!(push(TopicId::ZERO, subscription, b""), ErrorCode::InvalidRequest);
    assert_eq!(push(id, subscription, b"measured"), ErrorCode::None);
    assert_eq!(push(id, subscription, b"again"), ErrorCode::ThrottlingQuotaExceeded);
    assert_eq!(push(TopicId::new([7; 16]), !subscription, b""), ErrorCode::UnknownSubscriptionId);
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: "metrics".into(), partitions: vec![partition], ..Default::default() };
    let request = FetchRequest {
        max_bytes: 1 << 20,
        session_epoch: -1,
        max_wait_ms: 30_000,
        min_bytes: 1,
        topics: vec![topic],
        ..Default::default()
    };
    let reply = client.call(12, &request);
    let data = &reply.responses[0].partitions[0];
    assert_eq!(error(data.error_code), ErrorCode::None);
    let (view, _) = BatchView::split(data.records.slice().unwrap()).unwrap();
    let records = Records::of(&view, 1 << 20).unwrap();
    let record = records.iter().next().unwrap().unwrap();
    assert_eq!((record.key, record.value), (Some(id.to_string().as_bytes()), Some(&b"measured"[..])));
}
