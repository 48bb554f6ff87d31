//! What the black-box tests share: the binary as people start it, in a folder and at a port of its own.
//!
//! A [`Broker`] and its folder are gone when the value is, however the test ends. Nothing here times anything: limits
//! on waiting are so generous that only a hang reaches them.

#![allow(dead_code)] // Each test file uses a part of it.

pub mod image;
pub mod single;
pub mod wire;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The binary under test.
pub const HEADWATER: &str = env!("CARGO_BIN_EXE_headwater");

/// How long a broker may take to be ready, and a command to do what it was told.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Settings of a broker that shall need little disk and memory.
pub const SMALL: &[&str] =
    &["--shards", "1", "--set", "headwater.journal.file.bytes=4194304", "--set", "headwater.journal.files=2"];

/// A `headwater` with these arguments, none of the tester's own settings in its environment.
pub fn headwater(args: &[&str]) -> Command {
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

/// A child that does not outlive the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Waits for its end, at most [`PATIENCE`].
    pub fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "a process did not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal, by its name without SIG.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

/// A broker of one test.
pub struct Broker {
    child: Running,
    /// Where it listens.
    pub address: String,
    folder: PathBuf,
    /// If the folder is its own and goes with it.
    own: Option<tempfile::TempDir>,
    args: Vec<String>,
    log: Arc<Mutex<String>>,
}

impl Broker {
    /// Starts one with these arguments beside listener and data folder.
    pub fn start(args: &[&str]) -> Broker {
        let own = tempfile::tempdir().unwrap();
        let mut broker = Self::start_in(own.path(), args);
        broker.own = Some(own);
        broker
    }

    /// Starts one in this folder.
    pub fn start_in(folder: &Path, args: &[&str]) -> Broker {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let log = Arc::new(Mutex::new(String::new()));
        let child = spawn("127.0.0.1:0", folder, &args, &log);
        let folder = folder.to_owned();
        let mut broker = Broker { child, address: String::new(), folder, args, log, own: None };
        broker.wait_ready();
        broker
    }

    fn wait_ready(&mut self) {
        let mut line = String::new();
        // The child ends if it cannot start, and its output with it: this does not hang but on a broker that does.
        BufReader::new(self.child.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("ready ");
        let address = address.unwrap_or_else(|| panic!("not ready: {line:?}\n{}", self.log()));
        self.address = address.to_owned();
    }

    /// What it has said on standard error, all starts together.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it has said this on standard error. That comes through a pipe and a thread of its own, and so maybe
    /// after the answer that the test already has.
    pub fn until_said(&self, words: &str) {
        let began = Instant::now();
        while !self.log().contains(words) {
            assert!(began.elapsed() < PATIENCE, "it does not say {words:?}: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its folder, with what else the test puts there.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Running {
        &mut self.child
    }

    /// Kills it as a power cut of the process would.
    pub fn kill(&mut self) {
        self.child.0.kill().unwrap();
        self.child.0.wait().unwrap();
    }

    /// Starts it again where it was, and does not wait until it is ready.
    pub fn spawn_again(&mut self) {
        self.child = spawn(&self.address, &self.folder, &self.args, &self.log);
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) {
        self.spawn_again();
        self.wait_ready();
    }

    /// A command against this broker.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = headwater(args);
        command.args(["--bootstrap", &self.address]);
        command
    }

    /// Runs a command that must succeed; answers what it printed.
    pub fn run(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{args:?}: {out}{err}\n--- the broker said\n{}", self.log());
        out.into_owned()
    }

    /// A figure of /proc/PID/status in KiB: `VmRSS` is the memory it has now, `VmHWM` the most it ever had.
    pub fn kib(&self, figure: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.0.id())).unwrap();
        let line =
            status.lines().find_map(|line| line.strip_prefix(figure)).expect("a figure of the kernel's");
        line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().unwrap()
    }
}

fn spawn(listen: &str, folder: &Path, args: &[String], log: &Arc<Mutex<String>>) -> Running {
    let data = folder.join("data");
    let mut command = headwater(&["start", "--listen", listen, "--data-dir", data.to_str().unwrap()]);
    let mut child = command.args(args).spawn().unwrap();
    let (mut stderr, log) = (child.stderr.take().unwrap(), log.clone());
    // Drained, so that a full pipe never stops the broker.
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = stderr.read(&mut bytes) {
            log.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..n]));
        }
    });
    Running(child)
}

/// Says on the terminal, past the capture of the test harness, that a test could not do its work here.
pub fn skip(test: &str, why: &str) {
    use std::io::Write;
    // Only print! and eprintln! are captured.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

/// The seed of a random test: `SEED`, or one of the clock; printed, so that a failure can be played again.
pub fn seed(test: &str) -> u64 {
    let clock = || std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos().into();
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(clock);
    println!("replay: SEED={seed} cargo test --test {test}");
    seed
}
