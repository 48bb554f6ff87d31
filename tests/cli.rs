//! The commands as people type them, against a real broker.
//!
//! The broker is `headwater start` in a temporary folder, or whichever listens at `HEADWATER_TEST_BOOTSTRAP`
//! (`HOST:PORT`): the commands must work against Apache Kafka too.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

const HEADWATER: &str = env!("CARGO_BIN_EXE_headwater");

/// How long the broker may take to be ready, and a command to do what it was told.
const PATIENCE: Duration = Duration::from_secs(60);

/// A `headwater` with these arguments, none of the tester's own settings in its environment.
fn headwater(args: &[&str]) -> Command {
    let mut command = Command::new(HEADWATER);
    command.args(args);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HEADWATER_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A broker for one test.
struct Broker {
    bootstrap: String,
    /// Ours, with its folder; none if it is somebody else's.
    own: Option<(Child, tempfile::TempDir)>,
}

impl Broker {
    fn start() -> Broker {
        if let Ok(bootstrap) = std::env::var("HEADWATER_TEST_BOOTSTRAP") {
            return Broker { bootstrap, own: None };
        }
        let folder = tempfile::tempdir().unwrap();
        let (child, bootstrap) = spawn("127.0.0.1:0", &folder);
        Broker { bootstrap, own: Some((child, folder)) }
    }

    /// Kills the broker as a power cut would, and starts it again at the same address.
    fn kill_and_restart(&mut self) {
        let (child, folder) = self.own.as_mut().expect("somebody else's broker is not ours to kill");
        child.kill().unwrap();
        child.wait().unwrap();
        (*child, _) = spawn(&self.bootstrap, folder);
    }

    /// A name that no other test, and no earlier run against the same broker, uses.
    fn fresh(&self, what: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        format!("{what}-{:x}-{}", since.as_millis(), NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = headwater(args);
        command.args(["--bootstrap", &self.bootstrap]);
        command
    }

    /// Runs a command with this input; expects the exit code and answers what it printed.
    fn run(&self, args: &[&str], input: &str, code: i32) -> String {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!(status.code(), Some(code), "{args:?}\n{stdout}\n{stderr}");
        if code == 1 {
            // One line with the cause, for scripts that log it.
            assert!(stderr.starts_with("headwater: ") && stderr.lines().count() == 1, "{args:?}: {stderr}");
            return stderr;
        }
        stdout
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.run(args, "", 0)).unwrap()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.own {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts a broker; answers its address as it says it on its line that begins with `ready`.
fn spawn(listen: &str, folder: &tempfile::TempDir) -> (Child, String) {
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let args = ["start", "--listen", listen, "--data-dir", data, "--shards", "1"];
    let mut child = headwater(&args).stderr(Stdio::inherit()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let started = Instant::now();
    let address = loop {
        assert!(started.elapsed() < PATIENCE, "the broker is not ready");
        let line = lines.next().expect("the broker ended before it was ready").unwrap();
        if line.trim_start().starts_with("ready") {
            let is_address =
                |word: &&str| word.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            break line.split_whitespace().find(is_address).expect("the line names an address").to_owned();
        }
    };
    // The rest is drained, so that a full pipe never stops the broker.
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}

/// Waits for a child, at most [`PATIENCE`].
fn wait(child: &mut Child) -> std::process::ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("a command did not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends Ctrl-C.
fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn the_first_hour_takes_three_commands() {
    let broker = Broker::start();
    let topic = broker.fresh("greetings");
    broker.run(&["produce", &topic], "hello\nworld\n", 0);
    assert_eq!(broker.run(&["consume", &topic, "--from-beginning", "--max", "2"], "", 0), "hello\nworld\n");
}

#[test]
fn topics_are_created_listed_described_and_deleted() {
    let broker = Broker::start();
    let topic = broker.fresh("topic");
    let created = broker.run(
        &["topic", "create", &topic, "--partitions", "3", "--config", "retention.ms=60000"],
        "",
        0,
    );
    assert_eq!(created, format!("created topic {topic} with 3 partitions\n"));
    let error = broker.run(&["topic", "create", &topic], "", 1);
    assert!(error.contains("TOPIC_ALREADY_EXISTS"), "{error}");
    let listed = broker.json(&["topic", "list", "--json"]);
    let listed = listed["topics"].as_array().unwrap().iter().find(|t| t["name"] == *topic).unwrap();
    assert_eq!(listed["partitions"], 3);
    assert!(broker.run(&["topic", "list"], "", 0).contains(&topic));
    let described = broker.json(&["topic", "describe", &topic, "--json"]);
    assert_eq!(described["partitions"].as_array().unwrap().len(), 3);
    let configs = described["configs"].as_array().unwrap();
    let retention = configs.iter().find(|c| c["name"] == "retention.ms").unwrap();
    assert_eq!((&retention["value"], &retention["set_on_topic"]), (&"60000".into(), &true.into()));
    assert!(broker.run(&["topic", "describe", &topic], "", 0).contains("retention.ms"));
    broker.run(&["topic", "delete", &topic], "", 0);
    let error = broker.run(&["topic", "describe", &topic], "", 1);
    assert!(error.contains("UNKNOWN_TOPIC_OR_PARTITION: there is no such topic"), "{error}");
    broker.run(&["consume", &topic], "", 1);
    broker.run(&["topic", "create", &topic, "--partitions", "none"], "", 2);
}

#[test]
fn keys_and_formats() {
    let broker = Broker::start();
    let topic = broker.fresh("keys");
    broker.run(&["topic", "create", &topic, "--partitions", "1"], "", 0);
    broker.run(&["produce", &topic, "--key-separator", ":", "--acks", "1"], "a:1\nb:2:3\n", 0);
    let error = broker.run(&["produce", &topic, "--key-separator", ":"], "no key\n", 1);
    assert!(error.contains("line 1"), "{error}");
    let consume = |format: &str| {
        broker.run(&["consume", &topic, "--from-beginning", "--max", "2", "--format", format], "", 0)
    };
    assert_eq!(consume("key-value"), "a\t1\nb\t2:3\n");
    assert_eq!(consume("%p@%o %k=%v"), "0@0 a=1\n0@1 b=2:3\n");
    let first: Value = serde_json::from_str(consume("json").lines().next().unwrap()).unwrap();
    assert_eq!((&first["key"], &first["value"], &first["offset"]), (&"a".into(), &"1".into(), &0.into()));
}

#[test]
fn a_group_goes_on_where_it_was() {
    let broker = Broker::start();
    let (topic, group) = (broker.fresh("topic"), broker.fresh("group"));
    broker.run(&["topic", "create", &topic, "--partitions", "1"], "", 0);
    broker.run(&["produce", &topic], "1\n2\n3\n4\n5\n", 0);
    let consume = |max: &str| {
        broker.run(&["consume", &topic, "--group", &group, "--from-beginning", "--max", max], "", 0)
    };
    assert_eq!(consume("2"), "1\n2\n");
    let described = broker.json(&["group", "describe", &group, "--json"]);
    assert_eq!((&described["lag"], &described["state"]), (&3.into(), &"Empty".into()), "{described}");
    assert_eq!(described["partitions"][0]["committed"], 2);
    assert_eq!(consume("3"), "3\n4\n5\n");
    assert!(broker.run(&["group", "describe", &group], "", 0).contains("lag 0"));
    assert!(broker.run(&["group", "list"], "", 0).contains(&group));
    let error = broker.run(&["group", "describe", "no-such-group"], "", 1);
    assert!(error.contains("no-such-group does not exist"), "{error}");
}

#[test]
fn consume_runs_until_it_is_told_to_end_and_leaves_its_group() {
    let broker = Broker::start();
    let (topic, group) = (broker.fresh("topic"), broker.fresh("group"));
    broker.run(&["produce", &topic], "hello\n", 0);
    let mut child =
        broker.command(&["consume", &topic, "--group", &group, "--from-beginning"]).spawn().unwrap();
    // The line comes while the command runs on: it is not held back until some buffer is full.
    let mut line = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    assert_eq!(&line, b"hello\n");
    assert_eq!(broker.json(&["group", "describe", &group, "--json"])["members"].as_array().unwrap().len(), 1);
    interrupt(&child);
    assert_eq!(wait(&mut child).code(), Some(0));
    let described = broker.json(&["group", "describe", &group, "--json"]);
    assert_eq!((&described["state"], &described["lag"]), (&"Empty".into(), &0.into()));

    // A reader that has seen enough ends it too, without a word.
    let mut child = broker.command(&["consume", &topic, "--from-beginning"]).spawn().unwrap();
    child.stdout.take().unwrap().read_exact(&mut line).unwrap();
    assert_eq!(wait(&mut child).code(), Some(0));
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(stderr, "");
}

#[test]
fn a_load_is_verified() {
    let broker = Broker::start();
    let topic = broker.fresh("load");
    let report = tempfile::NamedTempFile::new().unwrap();
    let json = report.path().to_str().unwrap();
    for extra in
        [&["--acks", "all"][..], &["--acks", "1", "--keys", "zipf"], &["--acks", "0", "--consumers", "0"]]
    {
        let mut args =
            vec!["loadgen", "run", "--topic", &topic, "--partitions", "3", "--rate", "1000", "--json", json];
        args.extend(["--warmup", "0s", "--duration", "2s", "--producers", "2"]);
        args.extend(extra);
        let printed = broker.run(&args, "", 0);
        assert!(printed.ends_with("verified: nothing lost, duplicated, reordered or corrupt\n"), "{printed}");
        let report: Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
        for (name, expect) in
            [("produced", 2000), ("acked", 2000), ("consumed", 2000), ("lost", 0), ("failed", 0)]
        {
            assert_eq!(report[name], expect, "{name}: {printed}");
        }
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let mut broker = Broker::start();
    if broker.own.is_none() {
        return;
    }
    let topic = broker.fresh("kill");
    let args =
        ["loadgen", "run", "--topic", &topic, "--partitions", "3", "--rate", "2000", "--duration", "10s"];
    let mut load = broker.command(&args).spawn().unwrap();
    // By the load's own seconds: on a busy machine it begins when it can.
    let mut progress = BufReader::new(load.stderr.take().unwrap()).lines();
    for second in ["2", "5", "8"] {
        let is_it = |line: &str| line.split_whitespace().next() == Some(second);
        assert!(progress.by_ref().any(|line| is_it(&line.unwrap())), "the load ended before second {second}");
        broker.kill_and_restart();
    }
    // The rest is drained, so that a full pipe never stops it.
    std::thread::spawn(move || progress.for_each(drop));
    let status = wait(&mut load);
    let mut printed = String::new();
    load.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!(status.code(), Some(0), "{printed}");
    assert!(printed.contains("the log was read again"), "no connection fell: {printed}");
}

#[test]
fn a_broker_that_is_not_there_is_told_in_one_line() {
    // Port 1 is never a broker's.
    let broker = Broker { bootstrap: "127.0.0.1:1".into(), own: None };
    for args in [
        &["topic", "list"][..],
        &["produce", "t"],
        &["consume", "t"],
        &["group", "list"],
        &["loadgen", "run"],
    ] {
        let error = broker.run(args, "", 1);
        assert!(error.contains("127.0.0.1:1"), "{error}");
    }
}

/// Runs a command that needs no broker; what it printed on standard output and standard error.
fn offline(args: &[&str], code: i32) -> (String, String) {
    let Output { status, stdout, stderr } = headwater(args).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!(status.code(), Some(code), "{args:?}\n{stdout}\n{stderr}");
    (stdout, stderr)
}

#[test]
fn words_that_mean_nothing_are_told_by_the_exit_code() {
    assert!(offline(&["topic", "list", "--bootstrap", "nonsense"], 2).1.contains("not HOST:PORT"));
    assert!(offline(&["loadgen", "preset", "bogus"], 2).1.contains("bogus"));
    let (stdout, stderr) = offline(&["config", "num.partitons"], 1);
    assert!(stdout.is_empty() && stderr.contains("did you mean num.partitions?"), "{stdout}{stderr}");
    // One match is shown with all of it, several with a line each.
    assert!(offline(&["config", "auto.create.topics.enable"], 0).0.contains("effect"));
    assert!(!offline(&["config", "retention"], 0).0.contains("effect"));
    assert!(offline(&["config", "retention", "--long"], 0).0.contains("effect"));
}

#[test]
fn a_stopped_brokers_folder_is_read_and_judged() {
    let mut broker = Broker::start();
    let topic = broker.fresh("dump");
    let mut produce = broker.command(&["produce", &topic]).stdin(Stdio::piped()).spawn().unwrap();
    produce.stdin.take().unwrap().write_all(b"hello\n\\xff\n\xff\n").unwrap();
    assert!(wait(&mut produce).success());
    assert_eq!(broker.run(&["group", "list"], "", 0), "", "no rows, and the word on standard error");
    let Some((child, folder)) = broker.own.as_mut() else { return };
    interrupt(child);
    assert!(wait(child).success());
    let data = folder.path().join("data");
    let path = data.to_str().unwrap();
    assert!(offline(&["log", "verify", path], 0).0.contains("Sound"));
    let dump = |more: &[&str]| offline(&[&["log", "dump", path, "--records", "--json"], more].concat(), 0).0;
    let lines: Vec<Value> = dump(&[]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let has = |name: &str, value: &str| lines.iter().any(|line| line[name] == value);
    assert!(has("value", "hello") && has("value", "\\xff") && has("value_hex", "ff"), "{lines:?}");
    assert_eq!(dump(&["--max", "1"]).lines().count(), 1);
    // Neither a folder with a part missing nor one that is none is sound.
    std::fs::remove_dir_all(data.join("shard-0/journal")).unwrap();
    let (stdout, _) = offline(&["log", "verify", path], 1);
    assert!(stdout.contains("journal is missing") && stdout.contains("start no broker on it"), "{stdout}");
    assert!(!stdout.contains("serves what is around"), "{stdout}");
    let empty = tempfile::tempdir().unwrap();
    let (stdout, stderr) = offline(&["log", "verify", empty.path().to_str().unwrap()], 1);
    assert!(stdout.is_empty() && stderr.contains("no data folder"), "{stdout}{stderr}");
}

#[test]
fn a_doctor_that_is_interrupted_leaves_no_file() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().to_str().unwrap();
    let mut doctor = headwater(&["doctor", "--data-dir", path]).spawn().unwrap();
    // It is measuring once it has a file there.
    let measures = |id: u32| {
        let files = std::fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
        files.filter_map(|file| std::fs::read_link(file.path()).ok()).any(|file| file.starts_with(path))
    };
    while !measures(doctor.id()) {
        // Where there is no direct IO, it has nothing to measure.
        if doctor.try_wait().unwrap().is_some() {
            return;
        }
        std::thread::yield_now();
    }
    // A moment later its name is gone, while it still measures.
    while std::fs::read_dir(path).unwrap().count() > 0 {
        assert!(measures(doctor.id()), "it keeps the name until its end");
        std::thread::yield_now();
    }
    interrupt(&doctor);
    wait(&mut doctor);
    assert_eq!(std::fs::read_dir(path).unwrap().count(), 0);
}
