//! `uniform`: as evenly as can be, moving as little as that allows.
//!
//! If all subscribe to the same, shares differ by one at most, and those who have most now get the larger ones. Otherwise
//! each partition goes to the least loaded of its subscribers, rarest topics first, and then partitions move from the
//! loaded to the less loaded for as long as that makes shares more even.

use std::collections::{BTreeMap, BTreeSet};

use super::{Hand, Place, target};
use crate::group::consumer::member::Target;
use crate::ids::{MemberId, TopicId};

type Shares<'a> = BTreeMap<&'a MemberId, BTreeSet<Place>>;

pub(super) fn deal(hand: &Hand<'_>) -> BTreeMap<MemberId, Target> {
    let (mut shares, free) = kept(hand);
    let mut players = hand.players.values();
    let first = players.next();
    if players.all(|player| first.is_some_and(|first| first.topics == player.topics)) {
        even(&mut shares, free);
    } else {
        by_load(hand, &mut shares, free);
    }
    shares.into_iter().map(|(id, places)| (id.clone(), target(places))).collect()
}

/// What each member may keep, and what nobody has.
fn kept<'a>(hand: &Hand<'a>) -> (Shares<'a>, Vec<Place>) {
    let mut taken: BTreeSet<Place> = BTreeSet::new();
    let mut shares = Shares::new();
    for (id, player) in &hand.players {
        let mut share = BTreeSet::new();
        for (topic, partitions) in player.dealt {
            let count = hand.partitions.get(topic).filter(|_| player.topics.contains(topic));
            let Some(count) = count else { continue };
            let places = partitions.iter().filter(|p| (0..*count).contains(&p.get())).map(|p| (*topic, *p));
            share.extend(places.filter(|place| taken.insert(*place)));
        }
        shares.insert(*id, share);
    }
    let free = hand.places().filter(|place| !taken.contains(place)).collect();
    (shares, free)
}

/// All subscribe to the same.
fn even(shares: &mut Shares<'_>, mut free: Vec<Place>) {
    if shares.is_empty() {
        return;
    }
    let total = free.len() + shares.values().map(BTreeSet::len).sum::<usize>();
    let (least, larger) = (total / shares.len(), total % shares.len());
    let mut order: Vec<(&MemberId, usize)> = shares.iter().map(|(id, share)| (*id, share.len())).collect();
    // Stable, so that those with as many stay in the order of their ids.
    order.sort_by_key(|(_, has)| std::cmp::Reverse(*has));
    let quota = |nth: usize| least + usize::from(nth < larger);
    for (nth, (id, has)) in order.iter().enumerate() {
        let share = shares.get_mut(id).expect("just listed");
        for _ in quota(nth)..*has {
            free.extend(share.pop_last());
        }
    }
    free.sort_unstable();
    let mut free = free.into_iter();
    for (nth, (id, _)) in order.iter().enumerate() {
        let share = shares.get_mut(id).expect("just listed");
        let room = quota(nth) - share.len();
        share.extend(free.by_ref().take(room));
    }
    assert!(free.next().is_none(), "quotas add up to all partitions");
}

/// Members subscribe to different topics.
fn by_load<'a>(hand: &Hand<'a>, shares: &mut Shares<'a>, mut free: Vec<Place>) {
    let mut subscribers: BTreeMap<TopicId, Vec<&'a MemberId>> = BTreeMap::new();
    for (id, player) in &hand.players {
        for topic in &player.topics {
            subscribers.entry(*topic).or_default().push(*id);
        }
    }
    let least_loaded = |shares: &Shares<'a>, topic: &TopicId| {
        let takers = subscribers.get(topic)?;
        takers.iter().min_by_key(|id| (shares[*id].len(), **id)).copied()
    };
    free.sort_by_key(|place| (subscribers.get(&place.0).map_or(0, Vec::len), *place));
    for place in free {
        if let Some(taker) = least_loaded(shares, &place.0) {
            shares.get_mut(taker).expect("every player has a share").insert(place);
        }
    }
    // Each move makes the sum of the squares of all loads smaller, so there is an end.
    let mut moved = true;
    while moved {
        moved = false;
        let mut order: Vec<(usize, &MemberId)> =
            shares.iter().map(|(id, share)| (share.len(), *id)).collect();
        order.sort_unstable_by(|a, b| b.cmp(a));
        for (_, giver) in order {
            for place in shares[giver].clone() {
                let taker = least_loaded(shares, &place.0).expect("its owner subscribes to it");
                if shares[giver].len() > shares[taker].len() + 1 {
                    shares.get_mut(giver).expect("listed").remove(&place);
                    shares.get_mut(taker).expect("listed").insert(place);
                    moved = true;
                }
            }
        }
    }
}
