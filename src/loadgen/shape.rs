//! The flags that shape a load, each over the field of the same name of a scenario.

use std::path::PathBuf;
use std::time::Duration;

use headwater_core::record::compress::Codec;
use headwater_loadgen::client::Acks;
use headwater_loadgen::keys::Keys;
use headwater_loadgen::objective::Objective;
use headwater_loadgen::rate::Rate;
use headwater_loadgen::scenario::{Scenario, parse_codec, preset};
use headwater_loadgen::size::Size;

use crate::duration;

/// What a load is like. Defaults are those of a run without scenario or preset.
#[derive(Debug, Default, clap::Args)]
pub struct ShapeArgs {
    /// Begin with this file: TOML, or an OpenMessaging Benchmark workload (.yaml). Flags go over it.
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    scenario: Option<PathBuf>,
    /// Begin with this preset (headwater loadgen preset --list). Flags go over it.
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// The topic; created if it does not exist [default: loadgen].
    #[arg(long, value_name = "T")]
    topic: Option<String>,
    /// How many topics: T-0, T-1, … if there are several [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    topics: Option<u32>,
    /// How many partitions each topic has [default: 6 if it is created].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// How many producers [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    producers: Option<u32>,
    /// How many consumers share the partitions; with 0, all is read and verified after the run [default: 1].
    #[arg(long, value_name = "N")]
    consumers: Option<u32>,
    /// How many times everything is read, by as many sets of consumers [default: 1].
    #[arg(long, value_name = "N")]
    fan_out: Option<u32>,
    /// How many consumer groups read everything, instead of consumers with assigned partitions [default: 0].
    #[arg(long, value_name = "N")]
    groups: Option<u32>,
    /// How many share groups (KIP-932) read everything, each record by whichever consumer is free [default: 0].
    #[arg(long, value_name = "N")]
    share_groups: Option<u32>,
    /// Records a second of all producers together: a number, max, steps:1000x10s,5000x10s, ramp:1000-50000,
    /// sine:10000+-5000/30s or poisson:10000 [default: 10000].
    #[arg(long, value_name = "RECORDS_PER_S|max")]
    rate: Option<Rate>,
    /// Bytes of a value: a number, uniform:100-2000 or lognormal:1024,0.7 [default: 1024].
    #[arg(long, value_name = "BYTES")]
    size: Option<Size>,
    /// Keys of records, which decide on their partitions [default: none].
    #[arg(long, value_name = "none|uniform|zipf")]
    keys: Option<Keys>,
    /// How many different keys there are [default: 100000].
    #[arg(long, value_name = "N")]
    key_count: Option<u64>,
    /// The share of a value that compresses away, 0 to 1; bodies then differ.
    #[arg(long, value_name = "SHARE")]
    compressibility: Option<f64>,
    /// How batches are compressed [default: none].
    #[arg(long, value_name = "none|gzip|snappy|lz4|zstd", value_parser = parse_codec)]
    compression: Option<Codec>,
    /// How long to produce before measuring [default: 2s].
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    warmup: Option<Duration>,
    /// How long to measure [default: 10s].
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    duration: Option<Duration>,
    /// Who must have a record before it counts: all in-sync replicas, the leader (1), or nobody (0) [default: all].
    #[arg(long, value_name = "all|1|0")]
    acks: Option<Acks>,
    /// Whether producers are idempotent [default: true].
    #[arg(long, value_name = "true|false")]
    idempotence: Option<bool>,
    /// How long a batch waits to fill [default: 5ms].
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    linger: Option<Duration>,
    /// Bytes at which a batch is full [default: 65536].
    #[arg(long, value_name = "BYTES")]
    batch_bytes: Option<usize>,
    /// Records of a transaction; consumers then read what is committed only [default: 0, none].
    #[arg(long, value_name = "N")]
    transaction_records: Option<u64>,
    /// The share of transactions that are aborted, 0 to 1 [default: 0].
    #[arg(long, value_name = "SHARE")]
    abort_share: Option<f64>,
    /// Readers begin only so long after the producers: a backlog to drain [default: 0s].
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    backlog: Option<Duration>,
    /// How many of the groups or fan-outs come late [default: all].
    #[arg(long, value_name = "N")]
    backlog_readers: Option<u32>,
    /// How many of the groups or fan-outs read slowly [default: 0].
    #[arg(long, value_name = "N")]
    slow_readers: Option<u32>,
    /// How many records a second those take [default: 100].
    #[arg(long, value_name = "RECORDS_PER_S")]
    slow_rate: Option<u64>,
    /// So many more connections are made at once when measuring begins, and held [default: 0].
    #[arg(long, value_name = "N")]
    connections: Option<u32>,
    /// So often a member leaves its group and joins it again [default: 0s, never].
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    churn: Option<Duration>,
    /// So many more consumer groups have members that read nothing, but beat and commit [default: 0].
    #[arg(long, value_name = "N")]
    crowd_groups: Option<u32>,
    /// Members of each of those, each with a connection of its own [default: 10].
    #[arg(long, value_name = "N")]
    crowd_members: Option<u32>,
    /// So often each of those members beats [default: 3s].
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    heartbeat: Option<Duration>,
    /// So many offsets a second do they commit, all together [default: 0].
    #[arg(long, value_name = "COMMITS_PER_S")]
    commits: Option<u64>,
    /// So often each of those groups shares out anew [default: 0s, never].
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    rebalance_every: Option<Duration>,
    /// What the run must reach, such as 'ack.p99<5ms', 'lost==0' or 'kept>=0.99'; may be given again.
    #[arg(long, value_name = "OBJECTIVE")]
    objective: Vec<Objective>,
}

impl ShapeArgs {
    /// The scenario that was asked for.
    pub fn scenario(self) -> Result<Scenario, String> {
        let mut scenario = match (&self.scenario, &self.preset) {
            (Some(path), _) => {
                let (scenario, ignored) = Scenario::read(path)?;
                for name in ignored {
                    eprintln!("headwater: {}: {name} means nothing here and is ignored", path.display());
                }
                scenario
            }
            (None, Some(name)) => preset::find(name)?,
            (None, None) => Scenario::default(),
        };
        macro_rules! over {
            ($($field:ident),*) => {
                $(if let Some(value) = self.$field { scenario.$field = value; })*
            };
        }
        over!(
            topic,
            topics,
            producers,
            consumers,
            fan_out,
            groups,
            share_groups,
            rate,
            size,
            keys,
            key_count,
            compression,
            warmup,
            duration,
            acks,
            linger,
            batch_bytes,
            transaction_records,
            abort_share,
            backlog,
            slow_readers,
            slow_rate,
            connections,
            churn,
            crowd_groups,
            crowd_members,
            heartbeat,
            commits,
            rebalance_every,
            idempotence
        );
        scenario.partitions = self.partitions.or(scenario.partitions);
        scenario.compressibility = self.compressibility.or(scenario.compressibility);
        scenario.backlog_readers = self.backlog_readers.or(scenario.backlog_readers);
        scenario.objectives.extend(self.objective);
        if self.idempotence == Some(true) && scenario.acks == Acks::None {
            return Err(
                "producers are idempotent by the answers they get: with --acks 0 they get none".into()
            );
        }
        scenario.check()?;
        Ok(scenario)
    }
}
