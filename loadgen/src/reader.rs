//! What is read, and how far: the partitions of a run, and one complete reading of them.
//!
//! A run's partitions are numbered through all its topics: topic number · partitions a topic + partition. A
//! [`Reader`] is everything read once, by one consumer or by several that share it: a group, or one of a
//! fan-out. Members of a group hand partitions to each other, so what was seen of a partition belongs to the
//! reader and not to a consumer. A group may read a record twice when a partition changes hands before its
//! offset was committed; such a record comes at an offset that was read before and is *redelivered*, not
//! duplicated: the log holds it once.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::producer::lock;
use crate::share::Shared;
use crate::verify::Observed;

/// The partitions of a run.
#[derive(Debug)]
pub(crate) struct Layout {
    pub topics: Vec<String>,
    pub partitions: i32,
    numbers: HashMap<String, usize>,
}

impl Layout {
    pub fn new(topics: Vec<String>, partitions: i32) -> Self {
        let numbers = topics.iter().cloned().enumerate().map(|(number, topic)| (topic, number)).collect();
        Self { topics, partitions, numbers }
    }

    /// How many partitions there are.
    pub fn len(&self) -> usize {
        self.topics.len() * self.partitions as usize
    }

    /// The number of a partition of the run.
    pub fn number(&self, topic: &str, partition: i32) -> Option<usize> {
        let topic = *self.numbers.get(topic)?;
        (0..self.partitions)
            .contains(&partition)
            .then(|| topic * self.partitions as usize + partition as usize)
    }

    /// Topic and partition with this number.
    pub fn place(&self, number: usize) -> (&str, i32) {
        let partitions = self.partitions as usize;
        (&self.topics[number / partitions], (number % partitions) as i32)
    }
}

/// How far one partition has been read, and what was seen.
#[derive(Debug)]
pub(crate) struct Place {
    /// Where the run began.
    pub begin: i64,
    /// The offset of the next record.
    pub position: i64,
    pub observed: Observed,
    pub redelivered: u64,
    /// What the members of a share group have had; nothing without one.
    pub shared: Shared,
}

/// What came of a [`Reader`].
pub(crate) struct Finished {
    /// What was seen, by partition.
    pub observed: Vec<Observed>,
    /// How many records came again.
    pub redelivered: u64,
    /// How many a share group has given and not seen accepted.
    pub unsettled: u64,
}

/// One complete reading.
#[derive(Debug)]
pub(crate) struct Reader {
    pub places: Vec<Mutex<Place>>,
    /// Whether its latencies count: not those of one that is late or slow on purpose beside others.
    pub timed: bool,
    /// How long after the run's start it begins.
    pub late: Duration,
    /// Records a second it takes at the most while the load lasts.
    pub pace: Option<u64>,
    /// Whether it is a share group, in which records come in no order.
    pub shares: bool,
}

impl Reader {
    pub fn new(run: u64, producers: usize, begin: &[i64]) -> Self {
        let place = |(number, begin): (usize, &i64)| {
            let observed = Observed::new(run, number as u32, producers);
            let shared = Shared::default();
            Mutex::new(Place { begin: *begin, position: *begin, observed, redelivered: 0, shared })
        };
        let places = begin.iter().enumerate().map(place).collect();
        Self { places, timed: true, late: Duration::ZERO, pace: None, shares: false }
    }

    /// The offsets of the next records, by partition.
    pub fn positions(&self) -> impl Iterator<Item = i64> + '_ {
        self.places.iter().map(|place| lock(place).position)
    }

    /// What came of it.
    pub fn finish(self) -> Finished {
        let mut finished = Finished { observed: Vec::new(), redelivered: 0, unsettled: 0 };
        for place in self.places {
            let mut place = place.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            finished.redelivered += place.redelivered;
            finished.unsettled += place.shared.unsettled();
            if self.shares {
                place.observed.reordered = 0;
            }
            finished.observed.push(place.observed);
        }
        finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_numbered_through_all_topics() {
        let layout = Layout::new(vec!["a".into(), "b".into()], 3);
        assert_eq!(layout.len(), 6);
        for number in 0..6 {
            let (topic, partition) = layout.place(number);
            assert_eq!(layout.number(topic, partition), Some(number));
        }
        assert_eq!(
            (layout.number("b", 3), layout.number("b", -1), layout.number("c", 0)),
            (None, None, None)
        );
    }
}
