//! `headwater group`: list and describe consumer groups.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use headwater_core::ErrorCode;
use headwater_loadgen::client::admin::{self, GroupDescription, NamedPartition, OffsetSpec};
use headwater_loadgen::client::{ClientError, Cluster, IfMissing};
use serde_json::json;

use crate::bootstrap::{BootstrapArgs, finish};
use crate::table::table;

/// List and describe consumer groups.
#[derive(Debug, clap::Args)]
pub struct GroupArgs {
    #[command(subcommand)]
    command: GroupCommand,
}

#[derive(Debug, clap::Subcommand)]
enum GroupCommand {
    /// List all groups.
    #[command(after_help = "Examples:\n  headwater group list\n  headwater group list --json")]
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        bootstrap: BootstrapArgs,
    },
    /// Show a group's members, and how far each partition has been read.
    #[command(
        after_help = "Examples:\n  headwater group describe billing\n  headwater group describe billing --json"
    )]
    Describe {
        /// Its name.
        group: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        bootstrap: BootstrapArgs,
    },
}

/// Runs the command.
pub fn run(args: GroupArgs) -> ExitCode {
    finish(match args.command {
        GroupCommand::List { json, bootstrap } => list(&bootstrap, json),
        GroupCommand::Describe { group, json, bootstrap } => describe(&bootstrap, &group, json),
    })
}

fn list(bootstrap: &BootstrapArgs, as_json: bool) -> Result<String, ClientError> {
    let groups = admin::list_groups(&mut bootstrap.connect()?)?;
    if as_json {
        let groups: Vec<_> = groups
            .iter()
            .map(|g| json!({ "group": g.group, "state": g.state, "type": g.kind, "protocol_type": g.protocol_type }))
            .collect();
        return Ok(format!("{:#}\n", json!({ "groups": groups })));
    }
    if groups.is_empty() {
        // Not among the rows that a script reads.
        eprintln!("no groups");
        return Ok(String::new());
    }
    let rows = groups.into_iter().map(|g| vec![g.group, g.state, g.kind, g.protocol_type]);
    Ok(table(&["GROUP", "STATE", "TYPE", "PROTOCOL"], rows))
}

/// How far a partition has been read, and by whom.
struct Progress {
    partition: NamedPartition,
    committed: Option<i64>,
    end: Option<i64>,
    member: Option<usize>,
}

impl Progress {
    fn lag(&self) -> Option<i64> {
        Some((self.end? - self.committed?).max(0))
    }
}

fn describe(bootstrap: &BootstrapArgs, group: &str, as_json: bool) -> Result<String, ClientError> {
    let mut cluster = bootstrap.connect()?;
    let described = match admin::describe_group(&mut cluster, group) {
        Err(error) if error.code() == Some(ErrorCode::GroupIdNotFound) => None,
        described => Some(described?),
    };
    let committed = admin::committed(&mut cluster, group)?;
    let described = match described.filter(|d| d.state != "Dead" || !committed.is_empty()) {
        Some(described) => described,
        None => return Err(ClientError::GaveUp(format!("group {group} does not exist"))),
    };
    let progress = progress(&mut cluster, &described, &committed)?;
    let total: i64 = progress.iter().filter_map(Progress::lag).sum();
    let member = |at: Option<usize>| at.map(|at| &described.members[at]);
    if as_json {
        let partitions: Vec<_> = progress
            .iter()
            .map(|p| {
                json!({
                    "topic": p.partition.0,
                    "partition": p.partition.1,
                    "committed": p.committed,
                    "end": p.end,
                    "lag": p.lag(),
                    "member": member(p.member).map(|m| &m.member),
                })
            })
            .collect();
        let members: Vec<_> = described
            .members
            .iter()
            .map(|m| json!({ "member": m.member, "client_id": m.client_id, "host": m.host }))
            .collect();
        let all = json!({
            "group": group,
            "state": described.state,
            "assignor": described.protocol,
            "lag": total,
            "members": members,
            "partitions": partitions,
        });
        return Ok(format!("{all:#}\n"));
    }
    let count = described.members.len();
    let members = if count == 1 { "1 member".to_owned() } else { format!("{count} members") };
    let mut out = format!("group {group}: {}, {members}, lag {total}\n\n", described.state);
    let shown = |number: Option<i64>| number.map_or("-".to_owned(), |number| number.to_string());
    let rows = progress.iter().map(|p| {
        vec![
            p.partition.0.clone(),
            p.partition.1.to_string(),
            shown(p.committed),
            shown(p.end),
            shown(p.lag()),
            member(p.member).map_or("-".to_owned(), |m| m.member.clone()),
            member(p.member).map_or("-".to_owned(), |m| m.host.clone()),
        ]
    });
    out += &table(&["TOPIC", ">PARTITION", ">COMMITTED", ">END", ">LAG", "MEMBER", "HOST"], rows);
    Ok(out)
}

/// Every partition that the group has committed or somebody reads.
fn progress(
    cluster: &mut Cluster,
    described: &GroupDescription,
    committed: &BTreeMap<NamedPartition, i64>,
) -> Result<Vec<Progress>, ClientError> {
    let mut readers: BTreeMap<NamedPartition, usize> = BTreeMap::new();
    for (at, member) in described.members.iter().enumerate() {
        for (topic, partitions) in &member.assignment {
            readers.extend(partitions.iter().map(|p| ((topic.clone(), *p), at)));
        }
    }
    let all: BTreeSet<&NamedPartition> = committed.keys().chain(readers.keys()).collect();
    let mut by_topic: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in &all {
        by_topic.entry(topic).or_default().push(*partition);
    }
    let mut ends: BTreeMap<NamedPartition, i64> = BTreeMap::new();
    for (topic, partitions) in by_topic {
        // Offsets outlive their topic: such partitions have no end and no lag.
        match cluster.wait_for_topic(topic, IfMissing::Fail, std::time::Duration::from_secs(10)) {
            Err(error) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) => continue,
            found => found?,
        };
        for (partition, end) in admin::offsets(cluster, topic, &partitions, OffsetSpec::Latest)? {
            ends.extend(end.map(|end| ((topic.to_owned(), partition), end)));
        }
    }
    let one = |partition: &NamedPartition| Progress {
        partition: partition.clone(),
        committed: committed.get(partition).copied(),
        end: ends.get(partition).copied(),
        member: readers.get(partition).copied(),
    };
    Ok(all.into_iter().map(one).collect())
}
