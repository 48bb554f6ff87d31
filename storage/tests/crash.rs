//! The power goes at every operation of the disk, and the disk fails in every other way; nothing acknowledged may be lost,
//! nothing invented.
//!
//! A failure names its seed: `SEED=<seed> cargo test -p headwater-storage --test crash <test>`. `SEEDS=<n>` runs that many;
//! `FIRST=<seed>` begins elsewhere. The scripts' failures name script and cut: `SCRIPT=<n> CUT=<operation>`.

mod world;

use futures_lite::future::{block_on, zip};
use headwater_storage::disk::sim::Operation;
use world::{Action, Random, World};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Seeds to run: one, as many as the environment says, or `usual`.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let first = number("FIRST").unwrap_or(1);
            first..first + number("SEEDS").unwrap_or(usual)
        }
    }
}

/// What happens to the disk in a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// The power goes at the n-th operation.
    Cut(u64),
    /// The n-th operation of a kind fails.
    Once(Operation, u64),
}

/// One life: `actions` under a fault, then a clean stop or none, then the power goes. Gives how many operations it took.
fn live(world: &World, actions: &[Action], fault: Fault, clean: bool) -> u64 {
    block_on(async {
        let store = world.open().await;
        world.check(&store).await;
        world.forget_unacknowledged(&store);
        let before = world.disk.operations();
        match fault {
            Fault::None => {}
            Fault::Cut(at) => world.disk.fail_after(Some(before + at)),
            Fault::Once(operation, n) => world.disk.fail_next(operation, n),
        }
        *world.troubled.borrow_mut() = fault != Fault::None;
        *world.faulty.borrow_mut() = fault != Fault::None;
        let driver = async {
            for action in actions {
                if !world.act(&store, *action).await {
                    break;
                }
            }
            if fault == Fault::None {
                world.act(&store, Action::SpaceAgain).await;
                assert_eq!(store.failure(), None, "{}", world.what);
                world.check(&store).await;
                // Removals follow the round that made them durable.
                world.act(&store, Action::Turns(400)).await;
                world.check_nothing_leaks(&store);
            }
            if clean {
                let late = async {
                    for n in 0..40 {
                        if !world.act(&store, Action::Append(n % 3, 500)).await {
                            break;
                        }
                        world.act(&store, Action::Turns(1)).await;
                    }
                };
                let (stopped, ()) = zip(store.shutdown(), late).await;
                assert!(stopped.is_ok() || fault != Fault::None, "{}: {stopped:?}", world.what);
            }
        };
        world.beside(&store, driver).await;
        drop(store);
        let operations = world.disk.operations() - before;
        world.disk.set_capacity(None);
        world.disk.cut_power();
        operations
    })
}

/// Opens once more and looks.
fn look(world: &World) {
    live(world, &[], Fault::None, false);
}

fn random_actions(random: &mut Random, count: u64, with_space: bool) -> Vec<Action> {
    (0..count).map(|_| Action::random(random, with_space)).collect()
}

#[test]
fn nothing_acknowledged_is_lost_in_random_lives() {
    for seed in seeds(2000) {
        let world = World::new(seed, format!("SEED={seed}"));
        let mut random = Random::new(seed);
        for life in 0..3 {
            let with_space = random.below(3) == 0;
            let count = 20 + random.below(100);
            let actions = random_actions(&mut random, count, with_space);
            let n = random.below(30);
            let fault = match random.below(8) {
                0 => Fault::None,
                1 => Fault::Once(Operation::Flush, n / 8),
                2 => Fault::Once(Operation::Write, n),
                3 => Fault::Once(Operation::Replace, n / 8),
                _ => Fault::Cut(random.below(300)),
            };
            let _ = life;
            live(&world, &actions, fault, random.below(3) == 0);
        }
        look(&world);
    }
}

/// Each brings one thing about; the power goes at each operation of it in turn.
fn scripts() -> Vec<(&'static str, Vec<Action>)> {
    use Action::{Append, CopyOnWrite, Delete, Epoch, Read, Retain, Settle, Space, SpaceAgain, Start, Turns};
    let appends = |slot, bytes, n| std::iter::repeat_n(Append(slot, bytes), n);
    let mut fill_ring: Vec<Action> = Vec::new();
    for _ in 0..12 {
        fill_ring.extend([Append(0, 2500), Append(1, 900), Settle]);
    }
    let mut roll: Vec<Action> = appends(0, 2000, 24).collect();
    roll.extend([Settle, Epoch, Append(0, 50), Settle, Read(0, 0)]);
    let mut retention = roll.clone();
    retention.extend([
        Retain(0, 0),
        Append(1, 100),
        Settle,
        Turns(60),
        Start(0, 250),
        Append(1, 100),
        Settle,
    ]);
    retention.extend(fill_ring.iter().copied());
    let mut delete: Vec<Action> = appends(0, 3000, 6).collect();
    delete.extend([Settle, Append(0, 3000), Delete(0), Append(1, 10)]);
    delete.extend(fill_ring.iter().copied());
    let mut delete_in_flight = fill_ring.clone();
    delete_in_flight.extend([Append(0, 6000), Turns(2), Delete(0), Append(0, 4000), Turns(3), Delete(1)]);
    delete_in_flight.extend(fill_ring.iter().copied());
    let mut full: Vec<Action> = vec![Append(0, 3000), Settle, Space(5000)];
    full.extend(appends(0, 2500, 30));
    full.extend([Turns(50), Retain(0, 0), SpaceAgain, Append(1, 10)]);
    // Large ones that roll, with small ones before and behind them, of two logs at a time.
    let mut large: Vec<Action> = Vec::new();
    for n in 0..4 {
        large.extend([Append(0, 200), Append(0, 4000 + n), Append(1, 5000), Append(0, 100), Append(2, 70)]);
        large.extend([Turns(3), Append(0, 3000), Append(0, 40), Settle]);
    }
    large.extend([Epoch, Append(0, 2900), Append(0, 50), Settle, Read(0, 0)]);
    let mut large_and_gone = large.clone();
    large_and_gone.extend([Append(0, 4000), Append(0, 30), Turns(2), Start(0, 255), Append(0, 20)]);
    large_and_gone.extend([
        Retain(0, 0),
        Append(0, 6000),
        Turns(3),
        Delete(0),
        Append(1, 3000),
        Settle,
        Retain(1, 0),
    ]);
    large_and_gone.extend(fill_ring.iter().copied());
    let mut large_full: Vec<Action> = vec![Append(0, 3000), Settle, Space(9000)];
    large_full.extend(appends(0, 2700, 12));
    large_full.extend([Turns(50), Append(1, 4000), Turns(20), SpaceAgain, Append(0, 3000), Append(0, 10)]);
    // No space for a frame of the journal, the second time with what a round before had deleted.
    let mut journal_full: Vec<Action> =
        vec![CopyOnWrite, Append(0, 3000), Append(1, 500), Settle, Space(300)];
    journal_full.extend([Append(0, 200), Turns(40), Append(1, 900), Append(2, 2000), Turns(60), SpaceAgain]);
    journal_full.extend([
        Append(0, 100),
        Settle,
        Delete(2),
        Space(700),
        Append(1, 300),
        Append(0, 70),
        Turns(80),
    ]);
    journal_full.extend([Read(0, 0), Retain(0, 0), Turns(40), SpaceAgain, Append(1, 20), Settle, Space(0)]);
    journal_full.extend([Append(0, 800), Turns(30), Append(1, 100), Turns(30)]);
    vec![
        ("recycle and checkpoint", fill_ring),
        ("append and roll", roll),
        ("retention", retention),
        ("delete", delete),
        ("delete while loops run", delete_in_flight),
        ("no space", full),
        ("large", large),
        ("large, removed and deleted", large_and_gone),
        ("large, no space", large_full),
        ("no space for a frame", journal_full),
    ]
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_goes() {
    for (script, (name, actions)) in scripts().into_iter().enumerate() {
        if number("SCRIPT").is_some_and(|only| only != script as u64) {
            continue;
        }
        let run = |fault: Fault, clean: bool| {
            let cut = if let Fault::Cut(cut) = fault { Some(cut) } else { None };
            let world =
                World::new(9, format!("SCRIPT={script} CUT={} ({name})", cut.map_or(-1, |cut| cut as i64)));
            let operations = live(&world, &actions, fault, clean);
            let again: Vec<Action> = (0..9).map(|n| Action::Append(n % 3, 1500)).collect();
            live(&world, &again, Fault::None, clean);
            look(&world);
            operations
        };
        if let Some(cut) = number("CUT") {
            run(Fault::Cut(cut), true);
            continue;
        }
        for clean in [false, true] {
            let operations = run(Fault::None, clean);
            let first = if clean { operations.saturating_sub(40) } else { 0 };
            for cut in first..operations {
                run(Fault::Cut(cut), clean);
            }
        }
    }
}
