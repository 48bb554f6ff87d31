//! What becomes of a topic's settings in its logs, on a simulated disk and at times that the test says.

use std::collections::HashSet;
use std::path::PathBuf;
use std::rc::Rc;

use futures_lite::future::{block_on, or, pending, yield_now, zip};
use headwater_core::config::BrokerConfig;
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, ShardId, TopicId, TopicPartition};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::BatchHeader;
use headwater_storage::compact::Pass;
use headwater_storage::disk::sim::Sim;
use headwater_storage::log::Log;
use headwater_storage::store::{Store, StoreConfig};

use super::*;

const LAG_MS: i64 = 60_000;

fn topic(settings: &[(&str, &str)]) -> LogConfig {
    let settings = settings.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    log_config(&TopicConfig::resolve(&settings, &BrokerConfig::defaults()))
}

/// Appends a record of that time; always the same key.
fn append(log: &Rc<Log<Sim>>, time: i64) {
    let batch = BatchBuilder::new().record(time, Some(b"k"), Some(&[1; 100])).build_mut();
    let header = BatchHeader::parse(&batch).unwrap();
    log.append(batch, &header, LeaderEpoch::new(1)).unwrap();
}

async fn durable(log: &Rc<Log<Sim>>) {
    while log.durable_end() < log.end() {
        yield_now().await;
    }
}

/// Compaction as of `now_ms`; answers how many segments it wrote again.
async fn compacted(store: &Store<Sim>, log: &Rc<Log<Sim>>, now_ms: i64) -> usize {
    let upto = Offset::new(i64::MAX);
    let pass = Pass { now_ms, upto, map_bytes: 1 << 20, aborted: Vec::new(), producers: HashSet::new() };
    store.compact(log, pass, |_| yield_now()).await.unwrap().segments
}

#[test]
fn a_quiet_log_is_rolled_and_compacted_when_its_records_are_as_old_as_they_may_be() {
    // Hardly anything is dirty beside what is clean, and neither size nor age of a segment is a reason to roll.
    let lag = LAG_MS.to_string();
    let config = topic(&[
        ("cleanup.policy", "compact"),
        ("max.compaction.lag.ms", &lag),
        ("min.cleanable.dirty.ratio", "1"),
    ]);
    let id = TopicPartition { topic: TopicId::new([7; 16]), partition: PartitionId::new(0) };
    block_on(async {
        let settings = StoreConfig { log: config, ..StoreConfig::default() };
        let store = Store::open(Sim::new(1), PathBuf::from("/data"), ShardId::new(0), settings);
        let store = store.await.unwrap();
        let log = store.create_log(id, config);
        let test = async {
            for round in 0..2 {
                let begin = round * 10 * LAG_MS;
                for n in 0..20 {
                    append(&log, begin + n);
                }
                durable(&log).await;
                // Retention looks twice: a log that was appended to in between is left to its appends.
                for now in [begin + LAG_MS, begin + LAG_MS] {
                    log.retain(now);
                    assert_eq!(
                        compacted(&store, &log, now).await,
                        0,
                        "round {round}: not older than it may be"
                    );
                }
                let late = begin + LAG_MS + 1;
                log.retain(late);
                assert!(compacted(&store, &log, late).await > 0, "round {round}: no append has come since");
                let read = log.plan(log.log_start(), log.end(), 1 << 20, true).unwrap().run().await.unwrap();
                let bytes: usize = read.chunks.iter().map(|chunk| chunk.len()).sum();
                assert!(bytes < 1000, "round {round}: {bytes} bytes of one key are left");
            }
        };
        let loops = zip(store.run_commit(|_| ()), store.run_write_out(yield_now));
        or(test, async {
            loops.await;
            pending().await
        })
        .await;
    });
}

#[test]
fn only_compaction_makes_segments_roll_sooner() {
    let segment_ms =
        |policy| topic(&[("cleanup.policy", policy), ("max.compaction.lag.ms", "60000")]).segment_ms;
    let week = 604_800_000;
    assert_eq!(["delete", "compact", "compact,delete"].map(segment_ms), [week, 60_000, 60_000]);
    assert_eq!(topic(&[("cleanup.policy", "compact")]).segment_ms, week);
}
