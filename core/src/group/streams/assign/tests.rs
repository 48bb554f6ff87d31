use super::*;

/// Members as `id@process`, each with what it was dealt before: `0_1` runs, `s0_1` keeps a copy.
fn players(words: &[(&'static str, &str)]) -> Vec<(MemberId, &'static str, Target)> {
    let players = words.iter().map(|(name, dealt)| {
        let (id, process) = name.split_once('@').unwrap_or((name, name));
        let dealt = dealt.split_whitespace().map(|word| {
            let role = if word.starts_with('s') { Role::Standby } else { Role::Active };
            let (id, number) = word.trim_start_matches('s').split_once('_').unwrap();
            (role, (Arc::from(id), PartitionId::new(number.parse().unwrap())))
        });
        (MemberId::new(id), process, dealt.collect())
    });
    players.collect()
}

fn deal_to(
    players: &[(MemberId, &str, Target)],
    parts: &[(&str, i32, bool)],
    standbys: usize,
) -> BTreeMap<MemberId, Target> {
    let players = players.iter().map(|(id, process, dealt)| (id, Player { process, dealt })).collect();
    let parts = parts.iter().map(|(id, count, stateful)| (Arc::from(*id), (*count, *stateful))).collect();
    deal(&players, &parts, standbys)
}

fn words(hand: &Target) -> String {
    let words = hand.iter().map(|(role, (id, number))| {
        let prefix = if *role == Role::Standby { "s" } else { "" };
        format!("{prefix}{id}_{number}")
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Deals parts (tasks, with state or not) and so many copies; what each member gets.
fn check(before: &[(&'static str, &str)], parts: &[(&str, i32, bool)], standbys: usize, expect: &[&str]) {
    let dealt = deal_to(&players(before), parts, standbys);
    assert_eq!(dealt.values().map(words).collect::<Vec<_>>(), expect, "{before:?} {parts:?} {standbys}");
}

#[test]
fn b57_tasks_are_dealt_evenly_and_stay_where_they_were() {
    let part = [("0", 4, false)];
    check(&[], &part, 0, &[]);
    check(&[("a", "")], &part, 0, &["0_0 0_1 0_2 0_3"]);
    check(&[("a", ""), ("b", "")], &part, 0, &["0_0 0_2", "0_1 0_3"]);
    check(&[("a", "0_0 0_1 0_2 0_3"), ("b", "")], &part, 0, &["0_0 0_1", "0_2 0_3"]);
    check(&[("a", "0_3 0_1"), ("b", "0_0"), ("c", "")], &part, 0, &["0_1 0_3", "0_0", "0_2"]);
    // One too many is nobody's loss.
    check(&[("a", "0_0 0_1"), ("b", "0_2")], &[("0", 3, false)], 0, &["0_0 0_1", "0_2"]);
    // A process with two members takes twice as much.
    check(&[("a@p", ""), ("b@p", ""), ("c@q", "")], &[("0", 3, false)], 0, &["0_0", "0_2", "0_1"]);
    // More members than tasks.
    check(&[("a", ""), ("b", "0_0"), ("c", "")], &[("0", 1, false)], 0, &["", "0_0", ""]);
    // Parts together.
    check(&[("a", ""), ("b", "")], &[("0", 2, false), ("1", 2, true)], 0, &["0_0 1_0", "0_1 1_1"]);
}

#[test]
fn b57_copies_are_kept_elsewhere() {
    let part = [("0", 2, true)];
    check(&[("a", "")], &part, 1, &["0_0 0_1"]);
    check(&[("a", ""), ("b", "")], &part, 1, &["0_0 s0_1", "0_1 s0_0"]);
    check(&[("a@p", ""), ("b@p", "")], &part, 1, &["0_0", "0_1"]);
    // Without state there are none.
    check(&[("a", ""), ("b", "")], &[("0", 2, false)], 2, &["0_0", "0_1"]);
    // Who ran it, or had a copy, comes first.
    check(&[("a", "s0_0"), ("b", "0_0"), ("c", "")], &[("0", 1, true)], 1, &["s0_0", "0_0", ""]);
    check(&[("a", ""), ("c", "s0_0")], &[("0", 1, true)], 1, &["s0_0", "0_0"]);
    // More copies than processes.
    check(&[("a", ""), ("b", "")], &[("0", 1, true)], 5, &["0_0", "s0_0"]);
}

/// xorshift64*: good enough to choose what happens next.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }
}

#[test]
fn whatever_was_dealt_before_all_is_dealt_evenly_and_then_stays() {
    for seed in 1..=200u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let parts: Vec<(String, i32, bool)> = (0..1 + random.below(4))
            .map(|id| (id.to_string(), 1 + random.below(6) as i32, random.below(2) == 0))
            .collect();
        let parts: Vec<(&str, i32, bool)> =
            parts.iter().map(|(id, n, has)| (id.as_str(), *n, *has)).collect();
        let standbys = random.below(3) as usize;
        let processes = ["p", "q", "r", "s"];
        let mut players: Vec<(MemberId, &str, Target)> = Vec::new();
        for step in 0..6 {
            // Somebody comes, somebody goes.
            if step < 3 || random.below(2) == 0 {
                let process = processes[random.below(4) as usize];
                players.push((MemberId::new(format!("m{step}")), process, Target::new()));
            } else if players.len() > 1 {
                players.swap_remove(random.below(players.len() as u64) as usize);
            }
            let dealt = deal_to(&players, &parts, standbys);
            let (mut run, mut beside, mut copies) = (BTreeSet::new(), BTreeSet::new(), 0);
            for (id, process, _) in &players {
                for (role, task) in &dealt[id] {
                    assert!(beside.insert((*process, task)), "seed {seed}: {task:?} is twice in {process}");
                    match role {
                        Role::Active => assert!(run.insert(task), "seed {seed}: {task:?} is run twice"),
                        _ => copies += 1,
                    }
                }
            }
            let tasks: i32 = parts.iter().map(|(_, count, _)| count).sum();
            assert_eq!(run.len(), tasks as usize, "seed {seed}: all tasks are run");
            let homes: BTreeSet<&str> = players.iter().map(|(_, process, _)| *process).collect();
            let stateful: i32 = parts.iter().filter(|part| part.2).map(|(_, count, _)| count).sum();
            let expect = stateful as usize * standbys.min(homes.len() - 1);
            assert_eq!(copies, expect, "seed {seed}: all copies that can be are kept");
            let active = |target: &Target| target.iter().filter(|(role, _)| *role == Role::Active).count();
            let most = dealt.values().map(active).max().unwrap_or(0);
            let even = (tasks as usize).div_ceil(players.len());
            let lone = homes.len() == players.len();
            assert!(!lone || most <= even + 1, "seed {seed}: {most} of {tasks} for {}", players.len());
            for (id, _, before) in &mut players {
                *before = dealt[id].clone();
            }
        }
        // Dealt again and again, nothing that runs moves any more.
        let runs = |target: &Target| -> BTreeSet<Task> {
            target.iter().filter(|(role, _)| *role == Role::Active).map(|(_, task)| task.clone()).collect()
        };
        let settled = (0..4).any(|_| {
            let again = deal_to(&players, &parts, standbys);
            let same = players.iter().all(|(id, _, before)| runs(before) == runs(&again[id]));
            for (id, _, before) in &mut players {
                *before = again[id].clone();
            }
            same
        });
        assert!(settled, "seed {seed}");
    }
}
