//! Random histories: every call is followed by `check()`, every request is answered once in the end, and a coordinator
//! loaded from the log knows the same offsets. Run one again: `HEADWATER_SEED=n cargo test -p headwater-core random_group`.

use super::*;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

fn history(seed: u64) {
    let mut dice = Dice(seed);
    let mut b = Bench::new(GroupConfig { members_max: 5, ..CONFIG });
    let mut known = vec![MemberId::new("nobody")];
    let mut generation = 0;
    for step in 0..400u128 {
        let member = known[dice.roll(known.len() as u64) as usize].clone();
        let instance = ["i1", "i2"][dice.roll(2) as usize];
        match dice.roll(12) {
            0 => drop(b.join(JoinGroup { require_known_member_id: true, ..newcomer(step) })),
            1 => drop(b.join(JoinGroup { can_skip_assignment: dice.roll(2) == 0, ..fixed(step, instance) })),
            2 => drop(b.join(newcomer(step))),
            3 | 4 => {
                let mut request = again(&member);
                if dice.roll(4) == 0 {
                    request.protocols.remove(dice.roll(2) as usize);
                }
                b.join(request);
            }
            5 | 6 => {
                let assignments = known.iter().map(|id| (id.clone(), Bytes::from_static(b"a"))).collect();
                b.sync(sync(&member, generation, assignments));
            }
            7 => drop(b.heartbeat(&member, None, generation)),
            8 => {
                let instance = (dice.roll(3) == 0).then(|| InstanceId::new(instance));
                b.leave(vec![LeavingMember { member: instance.is_none().then_some(member), instance }]);
            }
            9 => {
                let by = (dice.roll(3) > 0).then_some((&member, generation));
                b.commit(by, ["t", "u"][dice.roll(2) as usize], &step.to_string());
            }
            _ => {
                let most = [10, 4_000, 70_000, 1_100_000][dice.roll(4) as usize];
                b.wait(dice.roll(most));
            }
        }
        for (_, body) in b.replies.values() {
            if let GroupReply::JoinGroup(reply) = body {
                known.extend(reply.member.clone().filter(|id| !known.contains(id)));
                generation = generation.max(reply.generation.map_or(0, Generation::get));
            }
        }
    }
    b.wait(4_000_000);
    let unanswered: Vec<_> = (0..b.sent).filter(|to| !b.replies.contains_key(to)).collect();
    assert!(unanswered.is_empty(), "never answered: {unanswered:?}");
    let (offsets, state) = (b.offsets(), b.coordinator.state(&group()));
    b.reload();
    assert_eq!((b.offsets(), b.coordinator.state(&group())), (offsets, state));
}

#[test]
fn random_group_histories() {
    let fixed = std::env::var("HEADWATER_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = fixed.map_or(0..50, |seed: u64| seed..seed + 1);
    for seed in seeds {
        if let Err(panic) = std::panic::catch_unwind(|| history(seed)) {
            eprintln!("HEADWATER_SEED={seed} cargo test -p headwater-core random_group");
            std::panic::resume_unwind(panic);
        }
    }
}
