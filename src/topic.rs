//! `headwater topic`: create, list, describe and delete topics.

use std::process::ExitCode;
use std::time::Duration;

use headwater_loadgen::client::admin::{self, OffsetSpec};
use headwater_loadgen::client::{ClientError, IfMissing};
use serde_json::json;

use crate::bootstrap::{BootstrapArgs, finish};
use crate::table::table;

/// How long a topic may take to have leaders.
const PATIENCE: Duration = Duration::from_secs(10);

/// Create, list, describe and delete topics.
#[derive(Debug, clap::Args)]
pub struct TopicArgs {
    #[command(subcommand)]
    command: TopicCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TopicCommand {
    /// Create a topic.
    #[command(after_help = "Examples:\n  headwater topic create orders --partitions 12\n  \
                            headwater topic create orders --config retention.ms=86400000 --config cleanup.policy=compact")]
    Create {
        /// Its name.
        name: String,
        /// How many partitions; the broker's default unless given.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
        partitions: Option<i32>,
        /// A setting of the topic; may be given several times.
        #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
        config: Vec<(String, String)>,
        #[command(flatten)]
        bootstrap: BootstrapArgs,
    },
    /// List all topics.
    #[command(after_help = "Examples:\n  headwater topic list\n  headwater topic list --json")]
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        bootstrap: BootstrapArgs,
    },
    /// Show a topic's partitions and settings.
    #[command(
        after_help = "Examples:\n  headwater topic describe orders\n  headwater topic describe orders --json"
    )]
    Describe {
        /// Its name.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        bootstrap: BootstrapArgs,
    },
    /// Delete a topic and its records.
    #[command(after_help = "Example:\n  headwater topic delete orders")]
    Delete {
        /// Its name.
        name: String,
        #[command(flatten)]
        bootstrap: BootstrapArgs,
    },
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("give KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// Runs the command.
pub fn run(args: TopicArgs) -> ExitCode {
    finish(match args.command {
        TopicCommand::Create { name, partitions, config, bootstrap } => {
            create(&bootstrap, &name, partitions, &config)
        }
        TopicCommand::List { json, bootstrap } => list(&bootstrap, json),
        TopicCommand::Describe { name, json, bootstrap } => describe(&bootstrap, &name, json),
        TopicCommand::Delete { name, bootstrap } => delete(&bootstrap, &name),
    })
}

fn create(
    bootstrap: &BootstrapArgs,
    name: &str,
    partitions: Option<i32>,
    config: &[(String, String)],
) -> Result<String, ClientError> {
    let mut cluster = bootstrap.connect()?;
    admin::create_topic(&mut cluster, name, partitions, config)?;
    // Created is not yet usable: return when the next command will find leaders.
    let count = cluster.wait_for_topic(name, IfMissing::Wait, PATIENCE)?.partitions.len();
    Ok(format!("created topic {name} with {count} partition{}\n", if count == 1 { "" } else { "s" }))
}

fn list(bootstrap: &BootstrapArgs, as_json: bool) -> Result<String, ClientError> {
    let topics = bootstrap.connect()?.all_topics()?;
    let replicas = |info: &headwater_loadgen::client::TopicInfo| {
        info.partitions.first().map_or(0, |partition| partition.replicas.len())
    };
    if as_json {
        let topics: Vec<_> = topics
            .iter()
            .map(|(name, info)| {
                json!({
                    "name": name,
                    "id": info.id.to_string(),
                    "internal": info.internal,
                    "partitions": info.partitions.len(),
                    "replicas": replicas(info),
                })
            })
            .collect();
        return Ok(format!("{:#}\n", json!({ "topics": topics })));
    }
    if topics.is_empty() {
        return Ok("no topics\n".into());
    }
    let rows = topics.iter().map(|(name, info)| {
        vec![name.clone(), info.partitions.len().to_string(), replicas(info).to_string()]
    });
    Ok(table(&["TOPIC", ">PARTITIONS", ">REPLICAS"], rows))
}

fn describe(bootstrap: &BootstrapArgs, name: &str, as_json: bool) -> Result<String, ClientError> {
    let mut cluster = bootstrap.connect()?;
    let info = cluster.wait_for_topic(name, IfMissing::Fail, PATIENCE)?.clone();
    let all: Vec<i32> = (0..).take(info.partitions.len()).collect();
    let earliest = admin::offsets(&mut cluster, name, &all, OffsetSpec::Earliest)?;
    let latest = admin::offsets(&mut cluster, name, &all, OffsetSpec::Latest)?;
    let configs = admin::topic_configs(&mut cluster, name)?;
    let offset = |of: &std::collections::BTreeMap<i32, Option<i64>>, p: i32| of.get(&p).copied().flatten();
    if as_json {
        let partitions: Vec<_> = (0..)
            .zip(&info.partitions)
            .map(|(number, p)| {
                json!({
                    "partition": number,
                    "leader": p.leader,
                    "leader_epoch": p.leader_epoch,
                    "replicas": p.replicas,
                    "isr": p.isr,
                    "earliest": offset(&earliest, number),
                    "latest": offset(&latest, number),
                })
            })
            .collect();
        let configs: Vec<_> = configs
            .iter()
            .map(|c| json!({ "name": c.name, "value": c.value, "set_on_topic": c.set_on_topic }))
            .collect();
        let id = info.id.to_string();
        let all = json!({ "name": name, "id": id, "internal": info.internal, "partitions": partitions, "configs": configs });
        return Ok(format!("{all:#}\n"));
    }
    let shown = |number: Option<i64>| number.map_or("-".to_owned(), |number| number.to_string());
    let nodes = |nodes: &[i32]| nodes.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
    let rows = (0..).zip(&info.partitions).map(|(number, p)| {
        vec![
            number.to_string(),
            shown(p.leader.map(i64::from)),
            nodes(&p.replicas),
            nodes(&p.isr),
            shown(offset(&earliest, number)),
            shown(offset(&latest, number)),
        ]
    });
    let mut out = format!("topic {name}, id {}\n\n", info.id);
    out += &table(&[">PARTITION", ">LEADER", "REPLICAS", "ISR", ">EARLIEST", ">LATEST"], rows);
    let own: Vec<_> = configs.iter().filter(|c| c.set_on_topic).collect();
    if !own.is_empty() {
        let rows = own.iter().map(|c| vec![c.name.clone(), c.value.clone().unwrap_or_default()]);
        out += "\n";
        out += &table(&["SETTING", "VALUE"], rows);
    }
    Ok(out)
}

fn delete(bootstrap: &BootstrapArgs, name: &str) -> Result<String, ClientError> {
    admin::delete_topic(&mut bootstrap.connect()?, name)?;
    Ok(format!("deleted topic {name}\n"))
}
