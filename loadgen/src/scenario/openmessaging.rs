//! Workload files of the OpenMessaging Benchmark: flat YAML maps, read as scenarios.
//!
//! | theirs | ours |
//! |---|---|
//! | `topics`, `partitionsPerTopic` | `topics`, `partitions` |
//! | `producersPerTopic` | `producers` = topics × that: each of ours produces to all topics |
//! | `subscriptionsPerTopic`, `consumerPerSubscription` | `groups`, `consumers` |
//! | `producerRate` (0 is as fast as it goes) | `rate` |
//! | `messageSize`, or the size in `payloadFile`'s name | `size` |
//! | `useRandomizedPayloads`, `randomBytesRatio` | `compressibility` |
//! | `keyDistributor` | `keys` |
//! | `consumerBacklogSizeGB` | `backlog`: as long as the rate takes to make that much, and `duration` longer by it |
//! | `warmupDurationMinutes`, `testDurationMinutes` | `warmup`, `duration` |
//!
//! What has no meaning here is told, not silently dropped.

use std::time::Duration;

use yaml_rust2::{Yaml, YamlLoader};

use super::Scenario;
use crate::keys::Keys;
use crate::rate::Rate;
use crate::size::Size;

/// Reads a workload; the second part names what was ignored.
pub fn read(text: &str) -> Result<(Scenario, Vec<String>), String> {
    let documents = YamlLoader::load_from_str(text).map_err(|error| error.to_string())?;
    let Some(Yaml::Hash(map)) = documents.first() else {
        return Err("an OpenMessaging Benchmark workload is a YAML map".into());
    };
    let mut scenario = Scenario { consumers: 1, groups: 1, ..Scenario::default() };
    let (mut ignored, mut producers, mut backlog_gb, mut random_share) = (Vec::new(), 1, 0.0, None);
    for (key, value) in map {
        let Some(key) = key.as_str() else { return Err(format!("{key:?} is no name")) };
        let wrong = || format!("{key}: {value:?} makes no sense there");
        let whole = || value.as_i64().and_then(|n| u32::try_from(n).ok()).ok_or_else(wrong);
        let number = || value.as_f64().or(value.as_i64().map(|n| n as f64)).ok_or_else(wrong);
        let minutes = || Duration::try_from_secs_f64(number()? * 60.0).map_err(|_| wrong());
        match key {
            "name" => value.as_str().unwrap_or_default().clone_into(&mut scenario.name),
            "topics" => scenario.topics = whole()?,
            "partitionsPerTopic" => scenario.partitions = Some(i32::try_from(whole()?).map_err(|_| wrong())?),
            "producersPerTopic" => producers = whole()?,
            "subscriptionsPerTopic" => scenario.groups = whole()?,
            "consumerPerSubscription" => scenario.consumers = whole()?,
            "producerRate" => match value.as_i64().and_then(|n| u64::try_from(n).ok()).ok_or_else(wrong)? {
                0 => scenario.rate = Rate::Max,
                rate => scenario.rate = Rate::PerSecond(rate),
            },
            "messageSize" => scenario.size = whole()?.to_string().parse()?,
            "payloadFile" => scenario.size = Size::Fixed(size_in_name(value.as_str().unwrap_or_default())?),
            "randomBytesRatio" => random_share = Some(number()?),
            "keyDistributor" => {
                scenario.keys = match value.as_str().unwrap_or_default() {
                    "NO_KEY" => Keys::None,
                    "KEY_ROUND_ROBIN" | "RANDOM_NANO" => Keys::Uniform,
                    _ => return Err(wrong()),
                };
            }
            "consumerBacklogSizeGB" => backlog_gb = number()?,
            "warmupDurationMinutes" => scenario.warmup = minutes()?,
            "testDurationMinutes" => scenario.duration = minutes()?,
            "useRandomizedPayloads" => {}
            _ => ignored.push(key.to_owned()),
        }
    }
    if scenario.consumers == 0 {
        scenario.groups = 0;
    }
    scenario.producers = producers.checked_mul(scenario.topics).ok_or("too many producers")?;
    let random = map.get(&Yaml::String("useRandomizedPayloads".into())).and_then(Yaml::as_bool);
    if random == Some(true) {
        scenario.compressibility = Some(1.0 - random_share.unwrap_or(1.0).clamp(0.0, 1.0));
    }
    if backlog_gb > 0.0 {
        let Rate::PerSecond(rate) = scenario.rate else {
            return Err(
                "consumerBacklogSizeGB needs a producerRate: how long to fill it is not known else".into()
            );
        };
        let seconds = backlog_gb * 1e9 / (rate as f64 * scenario.size.mean());
        scenario.backlog = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
        // There the test lasts until the backlog is drained: its duration does not count the filling.
        scenario.duration += scenario.backlog;
    }
    Ok((scenario, ignored))
}

/// The size that a payload file's name tells: `payload/payload-1Kb.data`, `payload-100b.data`.
fn size_in_name(name: &str) -> Result<usize, String> {
    let wrong = || format!("payloadFile: '{name}' does not tell its size: give messageSize");
    let stem = name.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
    let size = stem.rsplit('-').next().unwrap_or_default().to_ascii_lowercase();
    let digits = size.find(|c: char| !c.is_ascii_digit()).unwrap_or(size.len());
    let scale = match &size[digits..] {
        "b" | "" => 1,
        "k" | "kb" => 1024,
        "m" | "mb" => 1 << 20,
        _ => return Err(wrong()),
    };
    let number: usize = size[..digits].parse().map_err(|_| wrong())?;
    match (number * scale).to_string().parse() {
        Ok(Size::Fixed(size)) => Ok(size),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_reads_as_a_scenario() {
        let (scenario, ignored) = read(
            "name: 1 topic / 16 partitions / 1Kb\n\ntopics: 2\npartitionsPerTopic: 16\nkeyDistributor: \"NO_KEY\"\n\
             messageSize: 1024\npayloadFile: \"payload/payload-1Kb.data\"\nuseRandomizedPayloads: true\nrandomBytesRatio: 0.25\n\
             subscriptionsPerTopic: 3\nconsumerPerSubscription: 4\nproducersPerTopic: 5\nproducerRate: 50000 # a second\n\
             consumerBacklogSizeGB: 1\ntestDurationMinutes: 15\nrandomizedPayloadPoolSize: 100\n",
        )
        .unwrap();
        assert_eq!(scenario.check(), Ok(()));
        assert_eq!(scenario.name, "1 topic / 16 partitions / 1Kb");
        assert_eq!((scenario.topics, scenario.partitions, scenario.producers), (2, Some(16), 10));
        assert_eq!((scenario.groups, scenario.consumers), (3, 4));
        assert_eq!((scenario.rate, scenario.size), (Rate::PerSecond(50_000), Size::Fixed(1024)));
        assert_eq!((scenario.compressibility, scenario.duration.as_secs()), (Some(0.75), 900 + 19));
        assert_eq!(scenario.backlog.as_secs(), 19);
        assert_eq!(ignored, ["randomizedPayloadPoolSize"]);
    }

    #[test]
    fn the_rest_of_the_format() {
        let size = |name: &str| size_in_name(name).ok();
        assert_eq!(size("payload/payload-100b.data"), Some(100));
        assert_eq!(size("payload-4Kb.data"), Some(4096));
        assert_eq!(size("payload.data"), None);
        assert_eq!(read("producerRate: 0").unwrap().0.rate, Rate::Max);
        for text in [
            "[1]",
            "",
            "topics: many",
            "producerRate: -5",
            "keyDistributor: X",
            "producerRate: 0\nconsumerBacklogSizeGB: 1",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
