//! The topics of a run: made if they are missing, and where their logs end.

use serde_json::{Value, json};

use headwater_core::ErrorCode;

use super::{PATIENCE, RunConfig, RunError};
use crate::client::admin::{self, OffsetSpec};
use crate::client::{ClientError, Cluster, IfMissing};
use crate::reader::Layout;
use crate::scenario::Scenario;

/// Partitions of a topic that the run creates, unless told otherwise.
const PARTITIONS: i32 = 6;

/// Makes sure that the topics exist, all with as many partitions.
pub(super) fn prepare(cluster: &mut Cluster, scenario: &Scenario) -> Result<Layout, RunError> {
    let topics = scenario.topic_names();
    let mut partitions = scenario.partitions;
    for topic in &topics {
        let exists = match cluster.wait_for_topic(topic, IfMissing::Fail, PATIENCE) {
            Ok(_) => true,
            Err(error) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) => false,
            Err(error) => return Err(error.into()),
        };
        if !exists {
            let configs: Vec<(String, String)> = scenario.topic_config.clone().into_iter().collect();
            admin::create_topic(cluster, topic, Some(partitions.unwrap_or(PARTITIONS)), &configs)?;
        }
        let count = cluster.wait_for_topic(topic, IfMissing::Wait, PATIENCE)?.partitions.len();
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        let wanted = *partitions.get_or_insert(count);
        if wanted != count {
            let why = format!("topic {topic} exists and has {count} partitions, not {wanted}");
            return Err(RunError::Settings(why));
        }
    }
    Ok(Layout::new(topics, partitions.unwrap_or(PARTITIONS)))
}

/// Where the log of each partition ends now, by its number.
pub(super) fn ends(cluster: &mut Cluster, layout: &Layout) -> Result<Vec<i64>, ClientError> {
    let partitions: Vec<i32> = (0..layout.partitions).collect();
    let mut ends = Vec::with_capacity(layout.len());
    for topic in &layout.topics {
        let found = admin::offsets(cluster, topic, &partitions, OffsetSpec::Latest)?;
        ends.extend(partitions.iter().map(|p| found.get(p).copied().flatten().unwrap_or(0)));
    }
    Ok(ends)
}

/// The settings as the report shows them: the scenario's names and values, and what is only known now.
pub(super) fn settings(config: &RunConfig, layout: &Layout) -> serde_json::Map<String, Value> {
    let scenario = &config.scenario;
    let mut settings = match serde_json::to_value(scenario) {
        Ok(Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    settings.insert("bootstrap".into(), json!(config.bootstrap));
    settings.insert("partitions".into(), json!(layout.partitions));
    settings.insert("size_mean".into(), json!(scenario.size.mean()));
    settings.insert("warmup_s".into(), json!(scenario.warmup.as_secs_f64()));
    settings.insert("duration_s".into(), json!(scenario.duration.as_secs_f64()));
    settings.insert("linger_ms".into(), json!(scenario.linger.as_secs_f64() * 1e3));
    settings
}
