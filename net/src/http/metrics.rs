//! `/metrics`: what the shards count, as OpenMetrics text. Names, units and meaning are the table below; each line has the
//! label `shard`.

use std::time::Duration;

use headwater_storage::store::Usage;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::metrics::Durations;

/// What [`text`] is.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What one shard has counted up to now.
#[derive(Debug)]
pub struct ShardFigures {
    /// Requests that were framed.
    pub requests: u64,
    /// Connections that it serves.
    pub connections: u64,
    /// Connections that were refused by a limit.
    pub refused_connections: u64,
    /// Partitions that it owns.
    pub partitions: u64,
    /// Batches that were appended.
    pub batches_in: u64,
    /// Bytes of those.
    pub bytes_in: u64,
    /// Bytes of records that were sent to readers.
    pub bytes_out: u64,
    /// From a produce request's arrival until its answer may leave: buckets of [`Durations`], and all together.
    pub produce: ([u64; Durations::BUCKETS], Duration),
    /// What its store holds.
    pub usage: Usage,
    /// Its store takes no more appends.
    pub failed: bool,
}

/// A line of the table: name without prefix and suffix, what it says, unit, whether it only grows, and where it comes from.
type Row = (&'static str, &'static str, Option<Unit>, MetricType, fn(&ShardFigures) -> u64);

const BYTES: Option<Unit> = Some(Unit::Bytes);
const ROWS: &[Row] = &[
    ("requests", "Requests that were read", None, MetricType::Counter, |of| of.requests),
    ("connections", "Connections that are served", None, MetricType::Gauge, |of| of.connections),
    ("connections_refused", "Connections that were refused by a limit", None, MetricType::Counter, |of| {
        of.refused_connections
    }),
    ("partitions", "Partitions that the shard owns", None, MetricType::Gauge, |of| of.partitions),
    ("produce_batches", "Batches that clients appended", None, MetricType::Counter, |of| of.batches_in),
    ("produce", "Bytes of batches that clients appended", BYTES, MetricType::Counter, |of| of.bytes_in),
    ("fetch", "Bytes of batches that were sent to readers", BYTES, MetricType::Counter, |of| of.bytes_out),
    ("log_rounds", "Commit rounds: writes to the journal", None, MetricType::Counter, |of| of.usage.rounds),
    ("log_pending", "Bytes that wait for a commit round", BYTES, MetricType::Gauge, |of| {
        of.usage.pending_bytes as u64
    }),
    ("log_heads", "Bytes in memory that are in no segment", BYTES, MetricType::Gauge, |of| {
        of.usage.heads_bytes as u64
    }),
    ("log_cache", "Bytes in memory that are in segments too", BYTES, MetricType::Gauge, |of| {
        of.usage.cache_bytes as u64
    }),
    ("log_read", "Bytes read from segments for readers", BYTES, MetricType::Counter, |of| {
        of.usage.read_bytes
    }),
    (
        "log_sent",
        "Bytes of segments that readers were sent from the file",
        BYTES,
        MetricType::Counter,
        |of| of.usage.sealed_bytes,
    ),
    ("journal_laps", "Journal files that a start would have to read", None, MetricType::Gauge, |of| {
        of.usage.journal_laps as u64
    }),
    ("log_damaged", "Damaged places that reads have come upon", None, MetricType::Gauge, |of| {
        of.usage.damaged as u64
    }),
    ("disk_full", "1 while the disk is full", None, MetricType::Gauge, |of| u64::from(of.usage.disk_full)),
    (
        "log_failed",
        "1 when a write or flush has failed: nothing more is taken until a restart",
        None,
        MetricType::Gauge,
        |of| u64::from(of.failed),
    ),
];

/// The text for a scrape; the place of a shard is its number.
pub fn text(shards: Vec<ShardFigures>) -> String {
    let mut registry = Registry::with_prefix("headwater");
    registry.register_collector(Box::new(Figures(shards)));
    let mut out = String::new();
    text::encode(&mut out, &registry).expect("a string takes everything");
    out
}

#[derive(Debug)]
struct Figures(Vec<ShardFigures>);

impl Figures {
    fn each(
        &self,
        mut family: MetricEncoder<'_>,
        mut encode: impl FnMut(&ShardFigures, MetricEncoder<'_>) -> Result<(), std::fmt::Error>,
    ) -> Result<(), std::fmt::Error> {
        for (number, shard) in self.0.iter().enumerate() {
            encode(shard, family.encode_family(&[("shard", number.to_string())])?)?;
        }
        Ok(())
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for (name, help, unit, kind, value) in ROWS {
            let family = encoder.encode_descriptor(name, help, unit.as_ref(), *kind)?;
            self.each(family, |shard, mut line| match kind {
                MetricType::Counter => line.encode_counter::<NoLabelSet, _, u64>(&value(shard), None),
                _ => line.encode_gauge(&value(shard)),
            })?;
        }
        let help = "From a produce request's arrival until its answer may leave";
        let family =
            encoder.encode_descriptor("produce", help, Some(&Unit::Seconds), MetricType::Histogram)?;
        self.each(family, |shard, mut line| {
            let (counts, all) = shard.produce;
            let mut buckets: [_; Durations::BUCKETS] =
                std::array::from_fn(|n| (Durations::upper(n).as_secs_f64(), counts[n]));
            buckets[Durations::BUCKETS - 1].0 = f64::MAX;
            line.encode_histogram::<NoLabelSet>(all.as_secs_f64(), counts.iter().sum(), &buckets, None)
        })
    }
}
