use super::*;
use crate::config;
use crate::group::{CopartitionGroup, KnownTopic};
use crate::ids::{GroupId, TopicId};

#[derive(Debug)]
struct Topics(Vec<(&'static str, i32)>);

impl Cluster for Topics {
    fn topic(&self, name: &str) -> Option<KnownTopic> {
        let known = self.0.iter().find(|(known, _)| *known == name)?;
        Some(KnownTopic { id: TopicId::default(), partitions: known.1 })
    }

    fn topic_name(&self, _: TopicId) -> Option<TopicName> {
        None
    }

    fn each_topic(&self, _: &mut dyn FnMut(&str)) {}

    fn timing(&self, _: &GroupId) -> config::GroupConfig {
        unreachable!("topics have no members")
    }
}

fn names_of(words: &[&str]) -> Vec<TopicName> {
    words.iter().map(|word| TopicName::new(*word)).collect()
}

fn internal(words: &[(&str, i32)]) -> Vec<InternalTopic> {
    let topics = words.iter().map(|(name, partitions)| InternalTopic {
        name: TopicName::new(*name),
        partitions: *partitions,
        replication_factor: 0,
        configs: Vec::new(),
    });
    topics.collect()
}

type Part<'a> = (&'a [&'a str], &'a [(&'a str, i32)], &'a [&'a str], &'a [&'a str]);

/// Parts: sources, own sources with their count, own sinks, changelogs; all that a part reads is copartitioned.
fn topology(parts: &[Part<'_>]) -> StreamsTopology {
    let parts = parts.iter().enumerate().map(|(number, (sources, own, sinks, changelogs))| {
        let all = |count: usize| (0..count).map(|at| at as i16).collect();
        let part = Subtopology {
            sources: names_of(sources),
            changelogs: internal(&changelogs.iter().map(|name| (*name, 0)).collect::<Vec<_>>()),
            repartition_sinks: names_of(sinks),
            repartition_sources: internal(own),
            copartitions: (sources.len() + own.len() > 1)
                .then(|| CopartitionGroup {
                    sources: all(sources.len()),
                    repartition_sources: all(own.len()),
                    ..CopartitionGroup::default()
                })
                .into_iter()
                .collect(),
            ..Subtopology::default()
        };
        (number.to_string().into(), part)
    });
    StreamsTopology { epoch: 1, subtopologies: parts.collect() }
}

/// Tasks of each part, topics that are missing, the code of what is wrong.
type Comes<'a> = (&'a [i32], &'a [(&'a str, i32)], Option<i8>);

/// What the parts come to: the tasks of each, the topics that are missing; or the code of what is wrong, or `None` if no
/// cluster would do.
fn check(topics: &[(&'static str, i32)], parts: &[Part<'_>], expect: Option<Comes<'_>>) {
    let topology = topology(parts);
    topology.check().expect("it can be read");
    let configured = configure(&topology, &Topics(topics.to_vec()));
    let actual = configured.as_ref().ok().map(|configured| {
        let tasks: Vec<i32> = configured.tasks.values().map(|(count, _)| *count).collect();
        let missing = configured.missing.iter().map(|topic| (topic.name.get(), topic.partitions));
        (tasks, missing.collect::<Vec<_>>(), configured.problem.as_ref().map(|problem| problem.code))
    });
    let expect = expect.map(|(tasks, missing, code)| (tasks.to_vec(), missing.to_vec(), code));
    assert_eq!(actual, expect, "{topics:?} for {parts:?}: {configured:?}");
}

const SOURCES: i8 = StreamsStatus::MISSING_SOURCE_TOPICS;
const PARTITIONS: i8 = StreamsStatus::INCORRECTLY_PARTITIONED_TOPICS;
const INTERNAL: i8 = StreamsStatus::MISSING_INTERNAL_TOPICS;

#[test]
fn b57_topics_have_the_partitions_that_follow_from_the_topology() {
    // Nothing but sources; they may be missing.
    check(&[("t", 3)], &[(&["t"], &[], &[], &[])], Some((&[3], &[], None)));
    check(&[], &[(&["t"], &[], &[], &[])], Some((&[], &[], Some(SOURCES))));
    // Word count: a repartition topic and a changelog, first missing, then there, then wrong.
    let count: &[Part<'_>] = &[(&["t"], &[], &["r"], &[]), (&[], &[("r", 0)], &[], &["log"])];
    check(&[("t", 3)], count, Some((&[3, 3], &[("log", 3), ("r", 3)], Some(INTERNAL))));
    check(&[("t", 3), ("r", 3)], count, Some((&[3, 3], &[("log", 3)], Some(INTERNAL))));
    check(&[("t", 3), ("r", 3), ("log", 3)], count, Some((&[3, 3], &[], None)));
    check(&[("t", 3), ("r", 4), ("log", 4)], count, Some((&[], &[], Some(PARTITIONS))));
    // The application says how many; whoever reads has as many tasks.
    let fixed: &[Part<'_>] = &[(&["t"], &[], &["r"], &[]), (&[], &[("r", 5)], &[], &["log"])];
    check(&[("t", 3)], fixed, Some((&[3, 5], &[("log", 5), ("r", 5)], Some(INTERNAL))));
    // The most of what the writer reads, along a chain, whatever the order of the parts.
    let chain: &[Part<'_>] = &[
        (&[], &[("s", 0)], &["q"], &[]),
        (&[], &[("q", 0)], &[], &["log"]),
        (&[], &[("r", 0)], &["s"], &[]),
        (&["t"], &[], &["r"], &[]),
    ];
    let missing = &[("log", 4), ("q", 4), ("r", 4), ("s", 4)];
    check(&[("t", 4)], chain, Some((&[4, 4, 4, 4], missing, Some(INTERNAL))));
    // A circle into which nothing leads, and a topic that nobody writes.
    check(&[], &[(&[], &[("r", 0)], &["s"], &[]), (&[], &[("s", 0)], &["r"], &[])], None);
    check(&[("t", 1)], &[(&["t"], &[("r", 0)], &[], &[])], None);
    // A table whose source is its changelog.
    check(&[("t", 2)], &[(&["t"], &[], &[], &["t"])], Some((&[2], &[], None)));
}

#[test]
fn b57_copartitioned_topics_have_equally_many_partitions() {
    let both: &[Part<'_>] = &[(&["t", "u"], &[], &[], &[])];
    check(&[("t", 2), ("u", 2)], both, Some((&[2], &[], None)));
    check(&[("t", 2), ("u", 3)], both, Some((&[], &[], Some(PARTITIONS))));
    // The group's own topic follows that of others.
    let join: &[Part<'_>] = &[(&["u"], &[], &["r"], &[]), (&["t"], &[("r", 0)], &[], &["log"])];
    check(&[("t", 2), ("u", 3)], join, Some((&[3, 2], &[("log", 2), ("r", 2)], Some(INTERNAL))));
    // Unless the application says otherwise.
    let fixed: &[Part<'_>] = &[(&["u"], &[], &["r"], &[]), (&["t"], &[("r", 3)], &[], &[])];
    check(&[("t", 2), ("u", 3)], fixed, Some((&[], &[], Some(PARTITIONS))));
    check(&[("t", 3), ("u", 1)], fixed, Some((&[1, 3], &[("r", 3)], Some(INTERNAL))));
    // Two of the group's own: the larger leads, or the one whose count the application says.
    let own = |r, s| vec![("r", r), ("s", s)];
    for (r, s, expect) in [(0, 0, Some(3)), (2, 0, Some(2)), (2, 2, Some(2)), (2, 4, None)] {
        let own = own(r, s);
        let parts: &[Part<'_>] =
            &[(&["t"], &[], &["r"], &[]), (&["u"], &[], &["s"], &[]), (&[], &own, &[], &[])];
        match expect {
            Some(count) => check(
                &[("t", 3), ("u", 1)],
                parts,
                Some((&[3, 1, count], &[("r", count), ("s", count)], Some(INTERNAL))),
            ),
            None => check(&[("t", 3), ("u", 1)], parts, Some((&[], &[], Some(PARTITIONS)))),
        }
    }
}

#[test]
fn statuses_name_a_few_topics_only() {
    let many: Vec<String> = (0..12).map(|number| format!("t{number:02}")).collect();
    let sources: Vec<&str> = many.iter().map(String::as_str).collect();
    let configured = configure(&topology(&[(&sources, &[], &[], &[])]), &Topics(Vec::new())).unwrap();
    let detail = configured.problem.unwrap().detail;
    assert!(detail.ends_with("t08, t09 and 2 more are missing."), "{detail}");
}
