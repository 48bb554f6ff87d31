//! Scenarios of the group coordinator: each `*.txt` here is a script of commands, each followed by what came of it.
//!
//! A line that starts at the margin is a command (`script.rs`, `consumer.rs`, `share.rs` and `streams.rs` have
//! the list), an indented one is expected. `#` begins a
//! comment. A member's id is the name of its client, or of its instance, and a long UUID: `a-2` stands for the one that
//! `a` is given when it comes without an id for the second time.
//! After each command the coordinator's invariants are checked.
//!
//! `UPDATE=1 cargo test -p headwater-core --test group_scenarios` writes what comes into the scripts: read the diff.

mod consumer;
mod script;
mod share;
mod show;
mod streams;
mod world;

use std::fmt::Write;
use std::path::Path;

use world::World;

#[test]
fn scripts_give_the_expected_transcripts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/group_scenarios");
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    assert!(!paths.is_empty(), "no scripts in {}", folder.display());
    let update = std::env::var_os("UPDATE").is_some();
    let mut failed = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let expected = std::fs::read_to_string(&path).unwrap();
        let actual = run(&name, &expected);
        if update {
            std::fs::write(&path, &actual).unwrap();
        } else if actual != expected {
            failed.push(format!("{name}:\n{}", first_difference(&expected, &actual)));
        }
    }
    assert!(failed.is_empty(), "{}\n(UPDATE=1 rewrites)", failed.join("\n"));
}

/// Plays a script's commands and answers the script with what came of each.
fn run(name: &str, text: &str) -> String {
    let mut world = World::default();
    let mut transcript = String::new();
    for (number, line) in text.lines().enumerate() {
        let is_expectation = line.starts_with(' ');
        if is_expectation {
            continue;
        }
        writeln!(transcript, "{line}").unwrap();
        let command = line.split('#').next().unwrap_or_default().trim();
        if !command.is_empty() {
            let at = format!("{name}:{}: {command}", number + 1);
            for effect in script::play(&mut world, &at, command) {
                writeln!(transcript, "  {effect}").unwrap();
            }
        }
    }
    transcript
}

fn first_difference(expected: &str, actual: &str) -> String {
    let (mut expected, mut actual, mut line) = (expected.lines(), actual.lines(), 0);
    loop {
        line += 1;
        let (e, a) = (expected.next(), actual.next());
        if e != a || e.is_none() {
            let (e, a) = (e.unwrap_or("(end)"), a.unwrap_or("(end)"));
            return format!("line {line}\n  expected: {e}\n  actual:   {a}");
        }
    }
}
