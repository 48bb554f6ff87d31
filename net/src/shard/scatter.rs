//! A request about partitions of several shards: split by owner, asked at the same time, answered in the request's order.

use std::rc::Rc;

use headwater_core::ids::{ShardId, TopicPartition};

use super::Shard;
use super::message::{Reply, Request};
use crate::rt;

/// Items of a request, by owning shard, and the way back to the request's order.
pub struct Scatter<T> {
    /// The shards that own some of the items, with those.
    pub parts: Vec<(ShardId, Vec<T>)>,
    /// For each item of the request: which part, and where in it.
    pub order: Vec<(usize, usize)>,
}

impl<T> Scatter<T> {
    /// Splits `items` by their owner.
    pub fn split(items: Vec<T>, shards: u16, owner: impl Fn(&T) -> ShardId) -> Self {
        let mut part_of = vec![None; usize::from(shards)];
        let mut parts: Vec<(ShardId, Vec<T>)> = Vec::new();
        let mut order = Vec::with_capacity(items.len());
        for item in items {
            let to = owner(&item);
            let part = *part_of[to.get() as usize].get_or_insert_with(|| {
                parts.push((to, Vec::new()));
                parts.len() - 1
            });
            order.push((part, parts[part].1.len()));
            parts[part].1.push(item);
        }
        Self { parts, order }
    }
}

impl Shard {
    /// Asks each owning shard for its part of `items`; the results in the order of `items`.
    pub async fn gather<T, R>(
        self: &Rc<Self>,
        items: Vec<T>,
        partition: impl Fn(&T) -> TopicPartition,
        request: impl Fn(Vec<T>) -> Request,
        results: impl Fn(Reply) -> Vec<R>,
    ) -> Vec<R> {
        let split = Scatter::split(items, self.count, |item| self.owner(partition(item)));
        let calls = split.parts.into_iter().map(|(to, items)| self.call(to, request(items)));
        let answers = rt::all(calls).await.into_iter();
        let mut parts: Vec<Vec<Option<R>>> =
            answers.map(|reply| results(reply).into_iter().map(Some).collect()).collect();
        let mut take = |(part, at): (usize, usize)| parts[part][at].take().expect("an item is taken once");
        split.order.into_iter().map(&mut take).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scatter_keeps_the_way_back() {
        let items = vec![30, 11, 12, 31, 20];
        let split = Scatter::split(items.clone(), 4, |item| ShardId::new(item / 10));
        assert_eq!(split.parts.iter().map(|(to, _)| to.get()).collect::<Vec<_>>(), [3, 1, 2]);
        let back: Vec<u16> = split.order.iter().map(|(part, at)| split.parts[*part].1[*at]).collect();
        assert_eq!(back, items);
    }
}
