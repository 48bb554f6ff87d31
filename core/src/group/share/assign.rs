//! The `simple` assignor: every partition is read by at least one member that subscribes to it, every member reads at
//! least one if there are any, numbers differ by one at most, and whoever can keep what it has does.

use std::collections::{BTreeMap, BTreeSet};

use crate::group::consumer::member::Target;
use crate::ids::{MemberId, PartitionId, TopicId};

type Place = (TopicId, PartitionId);

/// A member, and the topics that it subscribes to.
pub(super) type Players<'a> = BTreeMap<&'a MemberId, BTreeSet<TopicId>>;

/// Deals `places` to those who subscribe to them; `has` says what a member has now.
pub(super) fn deal(
    players: &Players<'_>,
    places: &BTreeMap<TopicId, BTreeSet<PartitionId>>,
    has: &dyn Fn(&MemberId, &Place) -> bool,
) -> BTreeMap<MemberId, Target> {
    let mut dealt: BTreeMap<MemberId, Target> =
        players.keys().map(|id| ((*id).clone(), Target::new())).collect();
    // Topics with the same readers are dealt together.
    let mut circles: BTreeMap<Vec<&MemberId>, Vec<Place>> = BTreeMap::new();
    for (topic, partitions) in places {
        let readers: Vec<&MemberId> =
            players.iter().filter(|(_, topics)| topics.contains(topic)).map(|(id, _)| *id).collect();
        if !readers.is_empty() {
            let partitions = partitions.iter().map(|partition| (*topic, *partition));
            circles.entry(readers).or_default().extend(partitions);
        }
    }
    for (readers, places) in circles {
        let mut give = |member: usize, place: usize| {
            let (topic, partition) = places[place];
            let target = dealt.get_mut(readers[member]).expect("it has all players");
            target.entry(topic).or_default().insert(partition);
        };
        if readers.len() >= places.len() {
            let spread =
                spread(readers.len(), places.len(), |member, place| has(readers[member], &places[place]));
            spread.into_iter().enumerate().for_each(|(member, place)| give(member, place));
        } else {
            let spread =
                spread(places.len(), readers.len(), |place, member| has(readers[member], &places[place]));
            spread.into_iter().enumerate().for_each(|(place, member)| give(member, place));
        }
    }
    dealt
}

/// Puts each of `items` into one of as many or fewer `bins`, as evenly as can be; it stays where it `is` if that allows.
fn spread(items: usize, bins: usize, is: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    if bins == 0 {
        return Vec::new();
    }
    let (least, mut more) = (items / bins, items % bins);
    let mut filled = vec![0; bins];
    let mut place: Vec<Option<usize>> = vec![None; items];
    for (item, place) in place.iter_mut().enumerate() {
        let fits = |bin: usize| filled[bin] < least || filled[bin] == least && more > 0;
        let Some(bin) = (0..bins).find(|bin| is(item, *bin) && fits(*bin)) else { continue };
        more -= usize::from(filled[bin] == least);
        filled[bin] += 1;
        *place = Some(bin);
    }
    let mut bin = 0;
    let mut homeless = place.iter_mut().filter(|place| place.is_none());
    // First all to the least, so that none stays empty; what is left goes where one more is allowed.
    while bin < bins {
        if filled[bin] >= least {
            bin += 1;
            continue;
        }
        let Some(place) = homeless.next() else { break };
        *place = Some(bin);
        filled[bin] += 1;
    }
    let mut bin = 0;
    for place in homeless {
        while filled[bin] > least {
            bin += 1;
        }
        *place = Some(bin);
        filled[bin] += 1;
    }
    place.into_iter().map(|place| place.expect("there is room for all")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `members` all read the topics with so many partitions; `before`: what each had.
    fn check(
        members: usize,
        partitions: &[i32],
        before: &BTreeMap<MemberId, Target>,
    ) -> BTreeMap<MemberId, Target> {
        let ids: Vec<MemberId> = (0..members).map(|n| MemberId::new(format!("m{n:03}"))).collect();
        let topic = |n: usize| TopicId::new([n as u8 + 1; 16]);
        let topics: BTreeSet<TopicId> = (0..partitions.len()).map(topic).collect();
        let players = ids.iter().map(|id| (id, topics.clone())).collect();
        let places: BTreeMap<TopicId, BTreeSet<PartitionId>> = partitions
            .iter()
            .enumerate()
            .map(|(n, count)| (topic(n), (0..*count).map(PartitionId::new).collect()))
            .collect();
        let has = |id: &MemberId, (topic, partition): &Place| {
            before.get(id).and_then(|target| target.get(topic)).is_some_and(|ps| ps.contains(partition))
        };
        let dealt = deal(&players, &places, &has);
        let total: i32 = partitions.iter().sum();
        let mut readers: BTreeMap<Place, usize> = BTreeMap::new();
        let mut counts = Vec::new();
        for target in dealt.values() {
            counts.push(target.values().map(BTreeSet::len).sum::<usize>());
            for (topic, partitions) in target {
                partitions.iter().for_each(|p| *readers.entry((*topic, *p)).or_default() += 1);
            }
        }
        assert_eq!(readers.len(), total as usize, "each partition has a reader");
        let even = |numbers: &[usize]| numbers.iter().max().unwrap() - numbers.iter().min().unwrap() <= 1;
        assert!(even(&counts), "{counts:?}");
        assert!(even(&readers.values().copied().collect::<Vec<_>>()), "{readers:?}");
        dealt
    }

    #[test]
    fn shares_are_even_and_each_partition_is_read() {
        for members in 1..9 {
            for partitions in [vec![1], vec![3], vec![2, 5], vec![8, 8, 1]] {
                let first = check(members, &partitions, &BTreeMap::new());
                let again = check(members, &partitions, &first);
                assert_eq!(first, again, "who has a share keeps it");
                check(members + 1, &partitions, &first);
                check(members.max(2) - 1, &partitions, &first);
            }
        }
    }

    #[test]
    fn only_subscribers_are_dealt_to() {
        let (a, b) = (MemberId::new("a"), MemberId::new("b"));
        let (t, u) = (TopicId::new([1; 16]), TopicId::new([2; 16]));
        let players = [(&a, BTreeSet::from([t])), (&b, BTreeSet::from([t, u]))].into();
        let zero = BTreeSet::from([PartitionId::new(0)]);
        let places = [(t, zero.clone()), (u, zero.clone())].into();
        let dealt = deal(&players, &places, &|_, _| false);
        assert_eq!(dealt[&a], [(t, zero.clone())].into());
        assert_eq!(dealt[&b], [(t, zero.clone()), (u, zero)].into());
    }
}
