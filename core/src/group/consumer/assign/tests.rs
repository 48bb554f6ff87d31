use super::*;
use crate::ids::TopicName;

/// `a=t:0,1 u:2` for a member that has these; `@i` behind the name for its instance; after `/` what it subscribes to.
struct Seat {
    id: MemberId,
    instance: Option<InstanceId>,
    topics: BTreeSet<TopicId>,
    dealt: Target,
}

fn topic(name: &str) -> TopicId {
    let name = TopicName::new(name);
    let mut id = [0; 16];
    id[..name.get().len()].copy_from_slice(name.get().as_bytes());
    TopicId::new(id)
}

fn name(id: TopicId) -> String {
    String::from_utf8(id.get().into_iter().filter(|b| *b != 0).collect()).unwrap()
}

fn places(text: &str) -> Target {
    let mut target = Target::new();
    for part in text.split_whitespace() {
        let (of, numbers) = part.split_once(':').unwrap();
        let numbers = numbers.split(',').map(|n| PartitionId::new(n.parse().unwrap())).collect();
        target.insert(topic(of), numbers);
    }
    target
}

fn shown(target: &Target) -> String {
    let topics = target.iter().map(|(id, numbers)| {
        let numbers: Vec<String> = numbers.iter().map(PartitionId::to_string).collect();
        format!("{}:{}", name(*id), numbers.join(","))
    });
    topics.collect::<Vec<_>>().join(" ")
}

/// Deals `topics` (`t=4 u=2`) to `members` (`a/t,u` subscribes to both; `a/t=t:0,1` has two partitions now).
fn deal(assignor: Assignor, topics: &str, members: &[&str]) -> Vec<String> {
    let partitions: BTreeMap<TopicId, i32> = topics
        .split_whitespace()
        .map(|t| t.split_once('=').unwrap())
        .map(|(t, n)| (topic(t), n.parse().unwrap()))
        .collect();
    let seats: Vec<Seat> = members
        .iter()
        .map(|text| {
            let (who, has) = text.split_once('=').unwrap_or((text, ""));
            let (who, subscribes) = who.split_once('/').unwrap();
            let (id, instance) = who.split_once('@').map_or((who, None), |(id, i)| (id, Some(i)));
            Seat {
                id: MemberId::new(id),
                instance: instance.map(InstanceId::new),
                topics: subscribes.split(',').map(topic).collect(),
                dealt: places(has),
            }
        })
        .collect();
    let players = seats.iter().map(|seat| {
        let player =
            Player { instance: seat.instance.as_ref(), topics: seat.topics.clone(), dealt: &seat.dealt };
        (&seat.id, player)
    });
    let hand = Hand { players: players.collect(), partitions };
    let dealt = assignor.deal(&hand);
    let mut all: Vec<Place> =
        dealt.values().flat_map(|t| t.iter().flat_map(|(id, ps)| ps.iter().map(|p| (*id, *p)))).collect();
    all.sort_unstable();
    assert_eq!(all, hand.places().collect::<Vec<_>>(), "each partition once");
    for seat in &seats {
        assert!(dealt[&seat.id].keys().all(|t| seat.topics.contains(t)), "only what it subscribes to");
    }
    seats.iter().map(|seat| format!("{} {}", seat.id, shown(&dealt[&seat.id]))).collect()
}

#[test]
fn b57_range_cuts_every_topic_alike() {
    let range = |topics, members: &[&str]| deal(Assignor::Range, topics, members);
    assert_eq!(range("t=5 u=5", &["a/t,u", "b/t,u"]), ["a t:0,1,2 u:0,1,2", "b t:3,4 u:3,4"]);
    assert_eq!(range("t=2", &["a/t", "b/t", "c/t"]), ["a t:0", "b t:1", "c "]);
    // Static members come first, by instance.
    assert_eq!(range("t=3", &["a/t", "b@y/t", "c@x/t"]), ["a t:2", "b t:1", "c t:0"]);
    assert_eq!(range("t=2 u=2", &["a/t", "b/t,u"]), ["a t:0", "b t:1 u:0,1"]);
}

#[test]
fn b57_uniform_is_even_and_moves_little() {
    let uniform = |topics, members: &[&str]| deal(Assignor::Uniform, topics, members);
    assert_eq!(uniform("t=5", &["a/t", "b/t"]), ["a t:0,1,2", "b t:3,4"]);
    // A newcomer takes no more than its share; the others keep the rest.
    assert_eq!(uniform("t=6", &["a/t=t:0,1,2", "b/t=t:3,4,5", "c/t"]), ["a t:0,1", "b t:3,4", "c t:2,5"]);
    // Who has more keeps the larger share.
    assert_eq!(uniform("t=5", &["a/t=t:0,1", "b/t=t:2,3,4"]), ["a t:0,1", "b t:2,3,4"]);
    // One has gone; one partition is new, one is claimed twice, one is not there any more.
    assert_eq!(uniform("t=4", &["a/t=t:0,1", "b/t"]), ["a t:0,1", "b t:2,3"]);
    assert_eq!(uniform("t=2", &["a/t=t:0,9", "b/t=t:0"]), ["a t:0", "b t:1"]);
}

#[test]
fn b57_uniform_with_different_subscriptions() {
    let uniform = |topics, members: &[&str]| deal(Assignor::Uniform, topics, members);
    assert_eq!(uniform("t=2 u=2", &["a/t", "b/t,u"]), ["a t:0,1", "b u:0,1"]);
    // The first had everything; what the newcomer can take moves.
    assert_eq!(uniform("t=4 u=1", &["a/t,u=t:0,1,2,3 u:0", "b/t"]), ["a t:2,3 u:0", "b t:0,1"]);
    assert_eq!(uniform("t=1 u=1", &["a/t=u:0", "b/u=t:0"]), ["a t:0", "b u:0"]);
}

#[test]
fn b57_uniform_of_random_groups_ends_and_is_even() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1u64);
    println!("SEED={seed} cargo test -p headwater-core uniform_of_random");
    let mut state = seed;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..200 {
        let counts: Vec<String> = (0..1 + random(4)).map(|t| format!("t{t}={}", 1 + random(12))).collect();
        let members: Vec<String> = (0..1 + random(6))
            .map(|m| {
                let topics: Vec<String> =
                    (0..counts.len()).filter(|t| *t == 0 || random(3) > 0).map(|t| format!("t{t}")).collect();
                format!("m{m}/{}", topics.join(","))
            })
            .collect();
        let mut members: Vec<&str> = members.iter().map(String::as_str).collect();
        // Somebody subscribes to every topic, so that all is dealt.
        let everything = (0..counts.len()).map(|t| format!("t{t}")).collect::<Vec<_>>().join(",");
        let everything = format!("z/{everything}");
        members.push(&everything);
        deal(Assignor::Uniform, &counts.join(" "), &members);
        deal(Assignor::Range, &counts.join(" "), &members);
    }
}
