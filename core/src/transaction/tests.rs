//! Scenarios: what happens, one line each, and what the coordinator makes of it. After each line the invariants are
//! checked, and a coordinator loaded from the records so far has to know the same.

use std::fmt::Write as _;

use super::state::Transaction;
use super::*;
use crate::ErrorCode;
use crate::ids::{PartitionId, ProducerEpoch, ProducerId, TopicName};
use crate::record::control::Outcome;
use crate::time::{Monotonic, Timestamp};

const CONFIG: TransactionConfig = TransactionConfig {
    timeout_max_ms: 900_000,
    id_expiration_ms: 10_000_000,
    expiration_check_interval_ms: 3_600_000,
};

struct Play {
    machine: Coordinator,
    log: Vec<TransactionRecord>,
    markers: Vec<WriteMarkers>,
    millis: u64,
    fresh: i64,
}

impl Play {
    fn new() -> Self {
        let mut machine = Coordinator::new(CONFIG);
        machine.loaded(Monotonic::default(), Timestamp::default(), &mut Out::default());
        Self { machine, log: Vec::new(), markers: Vec::new(), millis: 0, fresh: 100 }
    }

    fn clock(&self) -> (Monotonic, Timestamp) {
        (Monotonic::default().plus_millis(self.millis), Timestamp::from_millis(self.millis as i64))
    }

    /// Plays one line; what comes of it: the reply, the states written, the markers asked for.
    fn line(&mut self, line: &str) -> String {
        let mut words = line.split_whitespace();
        let verb = words.next().unwrap();
        let words: Vec<&str> = words.collect();
        let id = || TransactionalId::new(words[0]);
        let number = |at: usize| words.get(at).map(|w| w.parse::<i64>().unwrap());
        let who = |at: usize| {
            (ProducerId::new(number(at).unwrap()), ProducerEpoch::new(number(at + 1).unwrap() as i16))
        };
        let (now, wall) = self.clock();
        let mut out = Out::default();
        match verb {
            "init" => {
                let request = InitProducerId {
                    id: id(),
                    timeout_ms: number(1).unwrap() as i32,
                    current: number(2).map(|_| who(2)),
                    fresh: Some(ProducerId::new(self.fresh)),
                };
                self.machine.on_init_producer_id(wall, 0, request, &mut out);
                if self.machine.transactions.values().any(|t| t.producer.get() == self.fresh) {
                    self.fresh += 1;
                }
            }
            "add" | "add2" | "verify" => {
                let (producer, epoch) = who(1);
                let partitions = words[3..].iter().map(|n| place(n.parse().unwrap())).collect();
                let request = AddPartitions {
                    id: id(),
                    producer,
                    epoch,
                    partitions,
                    verify_only: verb == "verify",
                    bumps: verb == "add2",
                };
                self.machine.on_add_partitions(now, wall, 0, request, &mut out);
            }
            "commit" | "abort" | "commit2" | "abort2" => {
                let (producer, epoch) = who(1);
                let outcome = if verb.starts_with('c') { Outcome::Commit } else { Outcome::Abort };
                let bumps = verb.ends_with('2');
                let fresh = number(3).map(ProducerId::new);
                let request = EndTransaction { id: id(), producer, epoch, outcome, bumps, fresh };
                self.machine.on_end_transaction(wall, 0, request, &mut out);
            }
            "written" => {
                let done = self.markers.remove(0);
                self.machine.on_markers_written(wall, &done.id, done.producer, done.epoch, &mut out);
            }
            "wait" => {
                self.millis += number(0).unwrap() as u64;
                let (now, wall) = self.clock();
                self.machine.on_deadline(now, wall, &mut out);
            }
            "epoch" => {
                // As if this many producers had come and gone.
                let t = self.machine.transactions.get_mut(&id()).unwrap();
                t.epoch = ProducerEpoch::new(number(1).unwrap() as i16);
                self.machine.record(&id(), &mut out);
                out.records.drain(..).for_each(|record| self.log.push(record));
            }
            "restart" => {
                let mut machine = Coordinator::new(CONFIG);
                for record in &self.log {
                    machine.replay(&record.key, record.value.as_deref()).unwrap();
                }
                self.markers.clear();
                machine.loaded(now, wall, &mut out);
                self.machine = machine;
            }
            _ => panic!("{line:?}"),
        }
        self.came_of(out)
    }

    fn came_of(&mut self, out: Out) -> String {
        let mut text = String::new();
        for reply in out.replies {
            match reply.body {
                TransactionReply::Producer(Ok((id, epoch))) => write!(text, " {id}/{epoch}").unwrap(),
                TransactionReply::Producer(Err(code)) => write!(text, " {}", code.name()).unwrap(),
                TransactionReply::Partitions(codes) => {
                    codes.iter().for_each(|code| write!(text, " {}", code.name()).unwrap());
                }
                other => write!(text, " {other:?}").unwrap(),
            }
        }
        for record in &out.records {
            let id = records::decode_key(&record.key).unwrap();
            let known = record.value.as_ref().and_then(|value| records::decode_value(&id, value).unwrap());
            match known {
                Some(t) => write!(text, " [{} {}/{}]", t.state.name(), t.producer, t.epoch).unwrap(),
                None => write!(text, " [gone]").unwrap(),
            }
        }
        for marker in &out.markers {
            let numbers: Vec<_> = marker.partitions.iter().map(|(_, n)| n.get()).collect();
            write!(text, " {:?} {}/{} in {numbers:?}", marker.outcome, marker.producer, marker.epoch)
                .unwrap();
        }
        self.log.extend(out.records);
        self.markers.extend(out.markers);
        self.machine.check();
        self.check_replay();
        text.trim_start().to_string()
    }

    fn check_replay(&self) {
        let mut other = Coordinator::new(CONFIG);
        for record in &self.log {
            other.replay(&record.key, record.value.as_deref()).unwrap();
        }
        let stored = |t: &Transaction| Transaction { last_epoch: None, deadline: None, ..t.clone() };
        let of = |machine: &Coordinator| -> Vec<_> {
            machine.transactions.iter().map(|(id, t)| (id.clone(), stored(t))).collect()
        };
        assert_eq!(of(&other), of(&self.machine), "a restart would know otherwise");
    }
}

fn place(number: i32) -> Place {
    (TopicName::new("t"), PartitionId::new(number))
}

/// Each line is `what happens -> what comes of it`.
fn check(script: &str) {
    let mut play = Play::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (happens, expected) = line.split_once("->").unwrap();
        assert_eq!(play.line(happens.trim()), expected.trim(), "{line}");
    }
}

#[test]
fn b59_a_producer_commits_and_goes_on_in_its_epoch() {
    check(
        "init a 60000 -> 100/0 [Empty 100/0]
         add a 100 0 1 2 -> NONE NONE [Ongoing 100/0]
         add a 100 0 2 -> NONE
         add a 100 0 3 -> NONE [Ongoing 100/0]
         verify a 100 0 3 4 -> NONE TRANSACTION_ABORTABLE
         commit a 100 0 -> 100/0 [PrepareCommit 100/0] Commit 100/0 in [1, 2, 3]
         add a 100 0 1 -> CONCURRENT_TRANSACTIONS
         commit a 100 0 -> CONCURRENT_TRANSACTIONS
         abort a 100 0 -> INVALID_TXN_STATE
         init a 60000 -> CONCURRENT_TRANSACTIONS
         written -> [CompleteCommit 100/0]
         commit a 100 0 -> 100/0
         abort a 100 0 -> INVALID_TXN_STATE
         add a 100 0 1 -> NONE [Ongoing 100/0]
         abort a 100 0 -> 100/0 [PrepareAbort 100/0] Abort 100/0 in [1]
         written -> [CompleteAbort 100/0]
         init a 60000 -> 100/1 [Empty 100/1]",
    );
}

#[test]
fn b59_what_an_introduction_is_refused_for() {
    check(
        "init a 0 -> INVALID_TRANSACTION_TIMEOUT
         init a -5 -> INVALID_TRANSACTION_TIMEOUT
         init a 900001 -> INVALID_TRANSACTION_TIMEOUT
         init a 900000 -> 100/0 [Empty 100/0]
         add b 100 0 1 -> INVALID_PRODUCER_ID_MAPPING
         add a 99 0 1 -> INVALID_PRODUCER_ID_MAPPING
         add a 100 1 1 -> PRODUCER_FENCED
         commit a 100 0 -> INVALID_TXN_STATE
         commit b 100 0 -> INVALID_PRODUCER_ID_MAPPING",
    );
    let mut play = Play::new();
    let mut out = Out::default();
    let id = TransactionalId::new("");
    let request = InitProducerId { id, timeout_ms: 1, current: None, fresh: None };
    play.machine.on_init_producer_id(Timestamp::default(), 0, request.clone(), &mut out);
    assert_eq!(play.came_of(out), "INVALID_REQUEST");
    let mut out = Out::default();
    let request = InitProducerId { id: TransactionalId::new("a"), ..request };
    play.machine.on_init_producer_id(Timestamp::default(), 0, request, &mut out);
    assert_eq!(play.came_of(out), "NeedsProducerId");
    assert_eq!(ErrorCode::InvalidTransactionTimeout.code(), 50);
}

#[test]
fn b60_the_second_producer_of_an_id_fences_the_first() {
    check(
        "init a 60000 -> 100/0 [Empty 100/0]
         add a 100 0 1 -> NONE [Ongoing 100/0]
         init a 60000 -> CONCURRENT_TRANSACTIONS [PrepareAbort 100/1] Abort 100/1 in [1]
         init a 60000 -> CONCURRENT_TRANSACTIONS
         add a 100 0 2 -> PRODUCER_FENCED
         commit a 100 0 -> PRODUCER_FENCED
         written -> [CompleteAbort 100/1]
         init a 60000 -> 100/2 [Empty 100/2]
         commit a 100 0 -> PRODUCER_FENCED",
    );
}

#[test]
fn b60_who_says_who_it_is_goes_on_or_is_fenced() {
    check(
        "init a 60000 -> 100/0 [Empty 100/0]
         init a 60000 100 0 -> 100/1 [Empty 100/1]
         init a 60000 100 0 -> 100/1 [Empty 100/1]
         init a 60000 100 1 -> 100/2 [Empty 100/2]
         init a 60000 100 0 -> PRODUCER_FENCED
         init a 60000 99 2 -> PRODUCER_FENCED
         restart ->
         init a 60000 100 1 -> PRODUCER_FENCED
         init a 60000 100 2 -> 100/3 [Empty 100/3]",
    );
}

#[test]
fn b59_used_up_epochs_give_a_new_producer_id() {
    check(
        "init a 60000 -> 100/0 [Empty 100/0]
         epoch a 32765 ->
         init a 60000 -> 100/32766 [Empty 100/32766]
         add a 100 32766 1 -> NONE [Ongoing 100/32766]
         init a 60000 -> CONCURRENT_TRANSACTIONS [PrepareAbort 100/32767] Abort 100/32767 in [1]
         written -> [CompleteAbort 100/32767]
         init a 60000 -> 101/0 [Empty 101/0]
         epoch a 32766 ->
         init a 60000 101 32766 -> 102/0 [Empty 102/0]
         init a 60000 101 32766 -> 102/0 [Empty 102/0]",
    );
}

#[test]
fn b61_each_end_bumps_the_epoch() {
    check(
        "init a 60000 -> 100/0 [Empty 100/0]
         add2 a 100 0 1 -> NONE [Ongoing 100/0]
         commit2 a 100 0 -> 100/1 [PrepareCommit 100/1] Commit 100/1 in [1]
         commit2 a 100 0 -> CONCURRENT_TRANSACTIONS
         add2 a 100 0 1 -> PRODUCER_FENCED
         add2 a 100 1 1 -> CONCURRENT_TRANSACTIONS
         abort2 a 100 0 -> INVALID_TXN_STATE
         abort2 a 100 1 -> CONCURRENT_TRANSACTIONS
         commit2 a 100 1 -> CONCURRENT_TRANSACTIONS
         written -> [CompleteCommit 100/1]
         commit2 a 100 0 -> 100/1
         abort2 a 100 0 -> INVALID_TXN_STATE
         commit2 a 100 1 -> INVALID_TXN_STATE
         add2 a 100 1 2 -> NONE [Ongoing 100/1]
         commit2 a 100 0 -> PRODUCER_FENCED
         abort2 a 100 1 -> 100/2 [PrepareAbort 100/2] Abort 100/2 in [2]
         written -> [CompleteAbort 100/2]
         abort2 a 100 1 -> 100/2
         abort2 a 100 2 -> 100/3 [PrepareAbort 100/3] [CompleteAbort 100/3]
         init a 60000 -> 100/4 [Empty 100/4]
         abort2 a 100 4 -> 100/5 [PrepareAbort 100/5] [CompleteAbort 100/5]",
    );
}

#[test]
fn b61_an_end_at_the_last_epoch_goes_on_as_another_producer() {
    check(
        "init a 60000 -> 100/0 [Empty 100/0]
         epoch a 32766 ->
         add2 a 100 32766 1 -> NONE [Ongoing 100/32766]
         commit2 a 100 32766 -> NeedsProducerId
         commit2 a 100 32766 500 -> 500/0 [PrepareCommit 100/32767] Commit 100/32767 in [1]
         restart -> Commit 100/32767 in [1]
         abort2 a 500 0 -> CONCURRENT_TRANSACTIONS
         written -> [CompleteCommit 500/0]
         commit2 a 100 32766 501 -> 500/0
         add2 a 500 0 1 -> NONE [Ongoing 500/0]
         commit2 a 100 32766 501 -> PRODUCER_FENCED",
    );
}

#[test]
fn b62_a_transaction_that_takes_too_long_is_aborted_and_its_producer_fenced() {
    check(
        "init a 5000 -> 100/0 [Empty 100/0]
         wait 100000 ->
         add a 100 0 1 -> NONE [Ongoing 100/0]
         wait 4000 ->
         add a 100 0 2 -> NONE [Ongoing 100/0]
         wait 999 ->
         wait 1 -> [PrepareAbort 100/1] Abort 100/1 in [1, 2]
         commit a 100 0 -> PRODUCER_FENCED
         written -> [CompleteAbort 100/1]
         init a 5000 -> 100/2 [Empty 100/2]
         add2 a 100 2 1 -> NONE [Ongoing 100/2]
         wait 3000 ->
         restart ->
         wait 1999 ->
         wait 1 -> [PrepareAbort 100/3] Abort 100/3 in [1]",
    );
}

#[test]
fn b62_what_is_decided_survives_a_restart_and_is_told_again() {
    check(
        "init a 5000 -> 100/0 [Empty 100/0]
         init b 5000 -> 101/0 [Empty 101/0]
         add a 100 0 1 -> NONE [Ongoing 100/0]
         add b 101 0 1 -> NONE [Ongoing 101/0]
         commit a 100 0 -> 100/0 [PrepareCommit 100/0] Commit 100/0 in [1]
         abort b 101 0 -> 101/0 [PrepareAbort 101/0] Abort 101/0 in [1]
         restart -> Commit 100/0 in [1] Abort 101/0 in [1]
         written -> [CompleteCommit 100/0]
         restart -> Abort 101/0 in [1]
         written -> [CompleteAbort 101/0]
         restart ->",
    );
}

#[test]
fn b38_idle_transactional_ids_are_forgotten() {
    check(
        "init a 900000 -> 100/0 [Empty 100/0]
         wait 9000000 ->
         init b 900000 -> 101/0 [Empty 101/0]
         wait 3600000 -> [gone]
         add a 100 0 1 -> INVALID_PRODUCER_ID_MAPPING
         add b 101 0 1 -> NONE [Ongoing 101/0]",
    );
}

#[test]
fn b63_lists_and_descriptions() {
    let mut play = Play::new();
    let list = |play: &Play, request: ListTransactions| -> Vec<String> {
        let mut out = Out::default();
        play.machine.on_list_transactions(play.clock().1, 0, &request, &mut out);
        match out.replies.remove(0).body {
            TransactionReply::Listed(listed) => listed.iter().map(|t| t.id.get().to_string()).collect(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(list(&play, ListTransactions::default()), [""; 0]);
    play.line("init a 60000");
    play.line("init b 60000");
    play.line("add b 101 0 1");
    play.line("wait 50");
    assert_eq!(list(&play, ListTransactions::default()), ["a", "b"]);
    let ongoing = ListTransactions { states: vec![State::Ongoing], ..Default::default() };
    assert_eq!(list(&play, ongoing), ["b"]);
    for (pattern, expected) in [
        (".*", vec!["a", "b"]),
        ("", vec![]),
        ("a|ab", vec!["a"]),
        ("(?i)^B$", vec!["b"]),
        ("(?x) b # a comment\n", vec!["b"]),
    ] {
        let of = ListTransactions {
            pattern: Some(crate::pattern::Pattern::new(pattern).unwrap()),
            ..Default::default()
        };
        assert_eq!(list(&play, of), expected, "{pattern:?}");
    }
    let of = ListTransactions { producers: vec![ProducerId::new(100)], ..Default::default() };
    assert_eq!(list(&play, of), ["a"]);
    for (ms, expected) in [(49, vec!["b"]), (50, vec![])] {
        let long = ListTransactions { longer_than_ms: Some(ms), ..Default::default() };
        assert_eq!(list(&play, long), expected, "{ms}");
    }
    let mut out = Out::default();
    let ids = vec![TransactionalId::new("b"), TransactionalId::new("c")];
    play.machine.on_describe_transactions(0, ids, &mut out);
    let TransactionReply::Described(described) = out.replies.remove(0).body else { panic!() };
    let b = described[0].known.as_ref().unwrap();
    assert_eq!((b.state, b.timeout_ms, &b.partitions[..]), (State::Ongoing, 60_000, &[place(1)][..]));
    assert_eq!(described[1].known, None);
}

#[test]
fn b75_the_record_of_an_open_transaction_byte_by_byte() {
    let mut play = Play::new();
    play.line("init a 60000");
    play.line("add2 a 100 0 1 2");
    let record = &play.log[1];
    assert_eq!(record.key, [0, 0, 0, 1, b'a']);
    #[rustfmt::skip]
    let value = [
        0, 1,                                   // version
        0, 0, 0, 0, 0, 0, 0, 100,               // producer id
        0, 0,                                   // epoch
        0, 0, 0xea, 0x60,                       // timeout
        1,                                      // Ongoing
        2, 2, b't', 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, // one topic, two partitions, no tags
        0, 0, 0, 0, 0, 0, 0, 0,                 // updated
        0, 0, 0, 0, 0, 0, 0, 0,                 // started
        1, 2, 2, 0, 2,                          // one tag: client transaction version 2
    ];
    assert_eq!(record.value.as_deref(), Some(&value[..]));
}

#[test]
fn damaged_records_are_named_and_skipped() {
    let mut machine = Coordinator::new(CONFIG);
    assert!(matches!(machine.replay(&[0], None), Err(RecordError::Key(_))));
    assert_eq!(machine.replay(&[0, 9], None), Err(RecordError::UnknownType(9)));
    let key = [0, 0, 0, 1, b'a'];
    assert!(matches!(machine.replay(&key, Some(&[0, 1, 2])), Err(RecordError::Value { .. })));
    let mut value = vec![0; 2 + 8 + 2 + 4];
    value.extend([7, 0xff, 0xff, 0xff, 0xff]);
    value.extend([0; 16]);
    let id = TransactionalId::new("a");
    assert_eq!(machine.replay(&key, Some(&value)), Err(RecordError::State { id, state: 7 }));
    assert!(machine.is_empty());
}

/// Random requests of three producers over two ids, with restarts: nothing panics, and a restart knows the same.
#[test]
fn random_histories() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(7u64);
    let mut state = seed;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut play = Play::new();
    let mut history = String::new();
    for _ in 0..20_000 {
        let id = ["a", "b"][random(2) as usize];
        let t = play.machine.transactions.get(&TransactionalId::new(id));
        let (producer, epoch) = t.map_or((100, 0), |t| (t.producer.get(), t.epoch.get()));
        let epoch = if random(6) == 0 { epoch.saturating_sub(1) } else { epoch };
        let line = match random(12) {
            0 => format!("init {id} 5000"),
            1 => format!("init {id} 5000 {producer} {epoch}"),
            2 | 3 => format!("add {id} {producer} {epoch} {}", random(3)),
            4 | 5 => format!("add2 {id} {producer} {epoch} {}", random(3)),
            6 => format!("commit {id} {producer} {epoch}"),
            7 => format!("commit2 {id} {producer} {epoch} {}", 10_000 + random(1 << 30)),
            8 => format!("abort2 {id} {producer} {epoch} {}", 10_000 + random(1 << 30)),
            9 => format!("wait {}", random(4000)),
            10 if random(10) == 0 => "restart".into(),
            10 if random(50) == 0 && t.is_some_and(|t| t.state == State::Empty) => {
                format!("epoch {id} 32764")
            }
            _ if !play.markers.is_empty() => "written".into(),
            _ => continue,
        };
        let came = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| play.line(&line)));
        writeln!(history, "{line}").unwrap();
        if came.is_err() {
            let tail: Vec<_> = history.lines().rev().take(20).collect();
            panic!("SEED={seed} cargo test -p headwater-core random_histories: {tail:?}");
        }
        if play.log.len() > 40 {
            // The last record of each id is all that counts.
            let last: std::collections::BTreeMap<_, _> =
                play.log.drain(..).map(|record| (record.key.clone(), record)).collect();
            play.log.extend(last.into_values());
        }
    }
}
