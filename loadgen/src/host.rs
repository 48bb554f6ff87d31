//! What a report says of the machine, and what a process has used, from `/proc`.

use serde_json::{Map, Value, json};

use crate::client::{Cluster, admin};

/// The unit of times in `/proc/PID/stat`: Linux has shown them in hundredths of a second on every machine
/// Headwater runs on (USER_HZ), whatever the kernel's own tick.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process has used; fields that the kernel does not show (another user's process) are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// User and system seconds.
    pub cpu_s: f64,
    /// Memory it has now.
    pub rss_bytes: Option<u64>,
    /// The most it ever had.
    pub rss_peak_bytes: Option<u64>,
    /// Reading and writing system calls; what goes through io_uring is not among them.
    pub syscalls: Option<u64>,
    /// Bytes it had written to disks.
    pub written_bytes: Option<u64>,
    /// How often a thread of it gave its core away, and was made to.
    pub switches: Option<u64>,
}

impl Usage {
    /// What `pid` (this process if `None`) has used so far; `None` if there is no such process.
    pub fn of(pid: Option<u32>) -> Option<Usage> {
        let folder = pid.map_or("/proc/self".to_owned(), |pid| format!("/proc/{pid}"));
        let read = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).ok();
        let status = read("status").unwrap_or_default();
        let io = read("io").unwrap_or_default();
        let switches = || {
            let tasks = std::fs::read_dir(format!("{folder}/task")).ok()?;
            let switches = tasks.flatten().map(|task| {
                let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
                figure(&status, "voluntary_ctxt_switches:").unwrap_or(0)
                    + figure(&status, "nonvoluntary_ctxt_switches:").unwrap_or(0)
            });
            Some(switches.sum())
        };
        Some(Usage {
            cpu_s: cpu_seconds(&read("stat")?)?,
            rss_bytes: figure(&status, "VmRSS:").map(|kib| kib * 1024),
            rss_peak_bytes: figure(&status, "VmHWM:").map(|kib| kib * 1024),
            syscalls: figure(&io, "syscr:").and_then(|r| Some(r + figure(&io, "syscw:")?)),
            written_bytes: figure(&io, "write_bytes:"),
            switches: switches(),
        })
    }

    /// CPU seconds between two looks.
    pub fn cpu_between(from: Option<Usage>, to: Option<Usage>) -> Option<f64> {
        Some((to?.cpu_s - from?.cpu_s).max(0.0))
    }

    /// What was used between two looks; memory is that of the second.
    pub fn between(from: Option<Usage>, to: Option<Usage>) -> Option<Usage> {
        let (from, to) = (from?, to?);
        let less = |a: Option<u64>, b: Option<u64>| Some(b?.saturating_sub(a?));
        Some(Usage {
            cpu_s: (to.cpu_s - from.cpu_s).max(0.0),
            rss_bytes: to.rss_bytes,
            rss_peak_bytes: to.rss_peak_bytes,
            syscalls: less(from.syscalls, to.syscalls),
            written_bytes: less(from.written_bytes, to.written_bytes),
            switches: less(from.switches, to.switches),
        })
    }

    /// As JSON, field by field.
    pub fn json(&self) -> Value {
        json!({
            "cpu_s": self.cpu_s,
            "rss_bytes": self.rss_bytes,
            "rss_peak_bytes": self.rss_peak_bytes,
            "syscalls": self.syscalls,
            "written_bytes": self.written_bytes,
            "switches": self.switches,
        })
    }
}

/// The number behind `name` at the beginning of a line.
fn figure(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    // The second field is the command in parentheses and may hold spaces and parentheses itself: count from
    // the last one.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) as f64 / TICKS_PER_SECOND)
}

/// Settings of a topic that decide on durability, in Kafka's names and in ours.
const DURABILITY: [&str; 5] =
    ["flush.messages", "flush.ms", "min.insync.replicas", "headwater.durability", "compression.type"];

/// What was run, where, against what: facts that a figure is worth nothing without.
pub(crate) fn environment(
    command: Option<&str>,
    broker_pid: Option<u32>,
    cluster: &mut Cluster,
    topic: &str,
) -> Map<String, Value> {
    let mut facts = Map::new();
    let mut add = |name: &str, value: Value| {
        if !value.is_null() {
            facts.insert(name.to_owned(), value);
        }
    };
    add("command", json!(command));
    add("version", json!(env!("CARGO_PKG_VERSION")));
    add("revision", json!(std::env::var("HEADWATER_REVISION").ok().or_else(revision)));
    let system = rustix::system::uname();
    let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    add("kernel", json!(format!("{} {}", text(system.sysname()), text(system.release()))));
    add("machine", json!(text(system.machine())));
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).and_then(|l| l.split_once(':'));
    add("cpu", json!(model.map(|(_, model)| model.trim())));
    add("cores", json!(std::thread::available_parallelism().ok().map(std::num::NonZero::get)));
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    add("memory_bytes", json!(figure(&memory, "MemTotal:").map(|kib| kib * 1024)));
    let brokers: Vec<&str> = cluster.brokers().map(|broker| broker.address.as_str()).collect();
    add("brokers", json!(brokers));
    add("disk", json!(broker_pid.and_then(disk)));
    add("cluster_id", json!(cluster.cluster_id()));
    // A broker that does not tell is no reason not to load it.
    let configs = admin::topic_configs(cluster, topic).unwrap_or_default();
    let durability = configs.iter().filter(|entry| DURABILITY.contains(&entry.name.as_str()));
    let durability: Map<String, Value> =
        durability.map(|entry| (entry.name.clone(), json!(entry.value))).collect();
    add("durability", Value::Object(durability));
    facts
}

/// The revision of the work tree that this program was built in, read as git keeps it; `None` if it was
/// installed elsewhere. Not that of the folder somebody happens to be in.
fn revision() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let top = program.ancestors().find(|folder| folder.join("loadgen/Cargo.toml").exists())?;
    let read = |path: std::path::PathBuf| Some(std::fs::read_to_string(path).ok()?.trim().to_owned());
    // In a work tree of its own `.git` is a file that names a folder, and that one names the common folder.
    let git = match read(top.join(".git")) {
        Some(file) => top.join(file.strip_prefix("gitdir: ")?),
        None => top.join(".git"),
    };
    let common = read(git.join("commondir")).map_or_else(|| git.clone(), |folder| git.join(folder));
    let head = read(git.join("HEAD"))?;
    let Some(branch) = head.strip_prefix("ref: ") else { return Some(head) };
    read(common.join(branch)).or_else(|| {
        let packed = read(common.join("packed-refs"))?;
        packed.lines().find_map(|line| line.strip_suffix(branch).map(|hash| hash.trim().to_owned()))
    })
}

/// The file system and device that a process has most of its files on: where a broker keeps its data.
fn disk(pid: u32) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
    let mut devices = std::collections::BTreeMap::new();
    for file in files.filter_map(|entry| std::fs::metadata(entry.path()).ok()).filter(|file| file.is_file()) {
        *devices.entry(file.dev()).or_insert(0) += 1;
    }
    let (device, _) = devices.into_iter().max_by_key(|(_, count)| *count)?;
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    // Number, parent, MAJOR:MINOR, root, place, options … - type, source, options.
    mounts.lines().find_map(|line| {
        let (place, system) = line.split_once(" - ")?;
        let of = place.split(' ').nth(2)?;
        let mut system = system.split(' ');
        let (kind, source) = (system.next()?, system.next()?);
        (of == format!("{major}:{minor}")).then(|| format!("{kind} on {source}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_command_name() {
        let stat = "12 (a ) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1 0 99";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds("nonsense"), None);
    }

    #[test]
    fn a_process_of_ours_shows_what_it_used() {
        let usage = Usage::of(None).unwrap();
        assert!(usage.rss_peak_bytes >= usage.rss_bytes && usage.rss_bytes.unwrap() > 0);
        assert!(usage.switches.is_some());
        let since = Usage::between(Some(usage), Usage::of(None)).unwrap();
        assert!(since.cpu_s >= 0.0 && since.rss_bytes.is_some());
        assert_eq!(Usage::of(Some(u32::MAX)), None);
    }
}
