//! Scenario scripts, as the group coordinator has them: a command at the margin, what came of it indented.
//!
//! ```text
//! config limit=2 lock=10s locks=5
//! load 10 0-3=acked^1 …            stored state: records and deliveries
//! get a 0-9 [max=3]                what of these, which were read, is free
//! say a 0-3=accept 4-5=release     accept, release, reject, gap, renew; several for one range: 0-1=accept,gap
//! gone a                           the member goes
//! log-start 5
//! wait 10s
//! ```
//!
//! `UPDATE=1 cargo test -p headwater-core share` writes what comes into the scripts.

use std::fmt::Write;
use std::path::Path;

use super::*;
use crate::ids::{MemberId, Offset};
use crate::time::Monotonic;

const CONFIG: ShareConfig = ShareConfig { deliveries_max: 5, lock_ms: 30_000, locks_max: 2_000 };

struct World {
    config: ShareConfig,
    partition: SharePartition,
    now: Monotonic,
}

fn range(word: &str) -> (Offset, Offset) {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    (Offset::new(first.parse().unwrap()), Offset::new(last.parse().unwrap()))
}

fn number(words: &[&str], name: &str) -> Option<u64> {
    let value = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?;
    let seconds = value.strip_suffix('s').map(|seconds| seconds.parse::<u64>().unwrap() * 1000);
    Some(seconds.unwrap_or_else(|| value.parse().unwrap()))
}

fn shown(batch: &StateBatch) -> String {
    let (first, last) = (batch.first, batch.last);
    let what = if first == last { first.to_string() } else { format!("{first}-{last}") };
    format!("{what} {:?}^{}", batch.state, batch.deliveries)
}

impl World {
    fn play(&mut self, command: &str) -> Vec<String> {
        let words: Vec<&str> = command.split_whitespace().collect();
        let mut out = ShareOut::default();
        let mut lines = Vec::new();
        match words[0] {
            "config" => {
                let limit = number(&words, "limit").unwrap_or(5);
                self.config = ShareConfig {
                    deliveries_max: u16::try_from(limit).unwrap(),
                    lock_ms: number(&words, "lock").unwrap_or(30_000),
                    locks_max: usize::try_from(number(&words, "locks").unwrap_or(2_000)).unwrap(),
                };
                self.partition.set_config(self.config);
            }
            "load" => {
                let batches: Vec<StateBatch> = words[2..].iter().map(|word| batch(word)).collect();
                let start = Offset::new(words[1].parse().unwrap());
                match SharePartition::load(self.config, start, &batches) {
                    Ok(partition) => self.partition = partition,
                    Err(batch) => lines.push(format!("damaged: {}", shown(&batch))),
                }
            }
            "get" => {
                let (first, last) = range(words[2]);
                let max = number(&words, "max").map_or(usize::MAX, |max| usize::try_from(max).unwrap());
                let given = self.partition.acquire(self.now, &MemberId::new(words[1]), first, last, max);
                let given = given.iter().map(|one| {
                    let (first, last, deliveries) = (one.first, one.last, one.deliveries);
                    shown(&StateBatch { first, last, state: RecordState::Acquired, deliveries })
                });
                lines.push(format!("gets {}", given.collect::<Vec<_>>().join(", ")).trim_end().to_owned());
            }
            "say" => {
                let said: Vec<Acknowledgement> =
                    words[2..].iter().map(|word| acknowledgement(word)).collect();
                let member = MemberId::new(words[1]);
                if let Err(code) = self.partition.acknowledge(self.now, &member, &said, &mut out) {
                    lines.push(code.name().to_owned());
                }
            }
            "gone" => self.partition.release(&MemberId::new(words[1]), &mut out),
            "log-start" => self.partition.on_log_start(Offset::new(words[1].parse().unwrap()), &mut out),
            "wait" => {
                self.now = self.now.plus_millis(number(&[&format!("t={}", words[1])], "t").unwrap());
                if self.partition.deadline().is_some_and(|due| due <= self.now) {
                    self.partition.on_deadline(self.now, &mut out);
                }
            }
            other => panic!("{other} is not a command"),
        }
        self.partition.check();
        lines.extend(out.batches.iter().map(|batch| format!("store {}", shown(batch))));
        if out.start_moved {
            lines.push(format!("store start {}", self.partition.start()));
        }
        let flight = self.partition.in_flight().map(|(batch, holder)| match holder {
            Some(holder) => format!("{} {holder}", shown(&batch)),
            None => shown(&batch),
        });
        let flight = flight.collect::<Vec<_>>().join(", ");
        lines.push(format!("next {}: {flight}", self.partition.next_read()).trim_end().to_owned());
        lines
    }
}

fn batch(word: &str) -> StateBatch {
    let (offsets, state) = word.split_once('=').unwrap();
    let (state, deliveries) = state.split_once('^').unwrap();
    let (first, last) = range(offsets);
    let state = match state {
        "free" => RecordState::Available,
        "acked" => RecordState::Acknowledged,
        "archived" => RecordState::Archived,
        other => panic!("{other} is no state"),
    };
    StateBatch { first, last, state, deliveries: deliveries.parse().unwrap() }
}

fn acknowledgement(word: &str) -> Acknowledgement {
    let (offsets, verdicts) = word.split_once('=').unwrap();
    let (first, last) = range(offsets);
    let verdicts = verdicts.split(',').map(|verdict| match verdict {
        "gap" => Verdict::Gap,
        "accept" => Verdict::Accept,
        "release" => Verdict::Release,
        "reject" => Verdict::Reject,
        "renew" => Verdict::Renew,
        other => panic!("{other} is no verdict"),
    });
    Acknowledgement { first, last, verdicts: verdicts.collect() }
}

#[test]
fn share_scenarios_give_the_expected_transcripts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/share/scenarios");
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let expected = std::fs::read_to_string(&path).unwrap();
        let mut world = World {
            config: CONFIG,
            partition: SharePartition::new(CONFIG, Offset::ZERO),
            now: Monotonic::default(),
        };
        let mut actual = String::new();
        for line in expected.lines().filter(|line| !line.starts_with(' ')) {
            writeln!(actual, "{line}").unwrap();
            let command = line.split('#').next().unwrap_or_default().trim();
            if !command.is_empty() {
                world.play(command).iter().for_each(|line| writeln!(actual, "  {line}").unwrap());
            }
        }
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &actual).unwrap();
        }
        assert!(std::env::var_os("UPDATE").is_some() || actual == expected, "{}:\n{actual}", path.display());
    }
}

/// Random members: each record is given to one member at a time, at most as often as may be, and in the end all are over.
#[test]
fn random_shares_keep_the_invariants() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1u64);
    println!("SEED={seed} cargo test -p headwater-core random_shares");
    let mut state = seed;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % below).unwrap()
    };
    let config = ShareConfig { deliveries_max: 3, lock_ms: 1_000, locks_max: 40 };
    let mut partition = SharePartition::new(config, Offset::ZERO);
    let mut now = Monotonic::default();
    let members: Vec<MemberId> = (0..3).map(|n| MemberId::new(format!("m{n}"))).collect();
    let end = 400;
    let mut deliveries = std::collections::BTreeMap::new();
    let mut out = ShareOut::default();
    for _ in 0..20_000 {
        let member = &members[usize::try_from(random(3)).unwrap()];
        match random(12) {
            0..=4 => {
                let first = partition.next_read().get().min(end - 1);
                let last = (first + random(20)).min(end - 1);
                let max = usize::try_from(1 + random(15)).unwrap();
                for given in partition.acquire(now, member, Offset::new(first), Offset::new(last), max) {
                    for offset in given.first.get()..=given.last.get() {
                        let before: u16 = deliveries.insert(offset, given.deliveries).unwrap_or(0);
                        assert_eq!(given.deliveries, before + 1, "record {offset}");
                    }
                }
            }
            5..=9 => {
                let first = partition.start().get() + random(30);
                let verdicts =
                    [Verdict::Gap, Verdict::Accept, Verdict::Release, Verdict::Reject, Verdict::Renew];
                let verdicts = vec![verdicts[usize::try_from(random(5)).unwrap()]];
                let (first, last) = (Offset::new(first), Offset::new(first + random(8)));
                let before: Vec<_> = partition.in_flight().map(|(batch, _)| batch).collect();
                let said = [Acknowledgement { first, last, verdicts }];
                if partition.acknowledge(now, member, &said, &mut out).is_err() {
                    let after: Vec<_> = partition.in_flight().map(|(batch, _)| batch).collect();
                    assert_eq!(before, after, "what is refused changes nothing");
                }
            }
            10 => partition.release(member, &mut out),
            _ => {
                now = now.plus_millis(u64::try_from(random(700)).unwrap());
                partition.on_deadline(now, &mut out);
            }
        }
        partition.check();
    }
    assert_eq!(partition.start(), Offset::new(end), "all records are over");
    assert!(deliveries.values().all(|deliveries| *deliveries <= config.deliveries_max));
    assert_eq!(deliveries.len(), usize::try_from(end).unwrap());
}
