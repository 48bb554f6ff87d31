//! `range`: each topic's partitions are cut into neighbouring ranges, in the order of its subscribers: static members by
//! instance, so that a restart changes nothing, then the others by id. Topics with as many partitions and the same
//! subscribers are cut alike, which is what joins of topics need.

use std::collections::BTreeMap;

use super::{Hand, Player};
use crate::group::consumer::member::Target;
use crate::ids::{MemberId, PartitionId, TopicId};

pub(super) fn deal(hand: &Hand<'_>) -> BTreeMap<MemberId, Target> {
    let mut order: Vec<(&MemberId, &Player<'_>)> = hand.players.iter().map(|(id, p)| (*id, p)).collect();
    // `false` sorts first; `None` never meets `Some` behind it.
    order.sort_by_key(|(id, player)| (player.instance.is_none(), player.instance, *id));
    let mut dealt: BTreeMap<MemberId, Target> =
        order.iter().map(|(id, _)| ((*id).clone(), Target::new())).collect();
    for (topic, count) in &hand.partitions {
        let takers: Vec<&MemberId> =
            order.iter().filter(|(_, player)| player.topics.contains(topic)).map(|(id, _)| *id).collect();
        cut(*topic, *count, &takers, &mut dealt);
    }
    dealt
}

fn cut(topic: TopicId, count: i32, takers: &[&MemberId], dealt: &mut BTreeMap<MemberId, Target>) {
    let among = i32::try_from(takers.len()).unwrap_or(i32::MAX);
    let mut next = 0;
    for (taker, nth) in takers.iter().zip(0..among) {
        // The first ones get one more where it does not come out even.
        let share = count / among + i32::from(nth < count % among);
        if share > 0 {
            let range = (next..next + share).map(PartitionId::new).collect();
            dealt.get_mut(*taker).expect("every player has an entry").insert(topic, range);
        }
        next += share;
    }
}
