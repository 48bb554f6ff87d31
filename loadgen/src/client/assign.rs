//! The range assignor: which member of a classic group reads which partitions.
//!
//! For each topic: its partitions in order, and the members that want it in order of their ids; every member
//! gets a contiguous range, the first `partitions mod members` of them one more. All members of a group must
//! compute the same, so this is Kafka's rule to the letter for members without racks.

use std::collections::BTreeMap;

/// Topic → partition numbers, in order.
pub type Assignment = BTreeMap<String, Vec<i32>>;

/// Assigns the partitions of every topic (topic → partition count) to the members (member id → topics it
/// wants). Every member appears in the answer; topics without a count (unknown to the cluster) are left out.
pub fn range(
    members: &BTreeMap<String, Vec<String>>,
    partitions: &BTreeMap<String, i32>,
) -> BTreeMap<String, Assignment> {
    let mut out: BTreeMap<String, Assignment> =
        members.keys().map(|member| (member.clone(), Assignment::new())).collect();
    for (topic, &count) in partitions {
        let wanting: Vec<&String> =
            members.iter().filter(|(_, topics)| topics.contains(topic)).map(|(member, _)| member).collect();
        let Ok(among) = i32::try_from(wanting.len()) else { continue };
        if among == 0 || count <= 0 {
            continue;
        }
        let (each, extra) = (count / among, count % among);
        let mut first = 0;
        for (index, member) in (0i32..).zip(wanting) {
            let end = first + each + i32::from(index < extra);
            if first < end {
                out.entry(member.clone()).or_default().insert(topic.clone(), (first..end).collect());
            }
            first = end;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `members`: "a:t,u b:t"; `topics`: "t=3 u=2"; answer: "a:t0,t1,u0,u1 b:t2".
    fn check(members: &str, topics: &str, expect: &str) {
        let members = members
            .split_whitespace()
            .map(|m| m.split_once(':').unwrap())
            .map(|(id, wants)| (id.to_owned(), wants.split(',').map(str::to_owned).collect()))
            .collect();
        let topics = topics
            .split_whitespace()
            .map(|t| t.split_once('=').unwrap())
            .map(|(name, count)| (name.to_owned(), count.parse().unwrap()))
            .collect();
        let shown: Vec<String> = range(&members, &topics)
            .iter()
            .map(|(member, assignment)| {
                let all: Vec<String> = assignment
                    .iter()
                    .flat_map(|(topic, list)| list.iter().map(move |p| format!("{topic}{p}")))
                    .collect();
                format!("{member}:{}", all.join(","))
            })
            .collect();
        assert_eq!(shown.join(" "), expect);
    }

    #[test]
    fn ranges_are_contiguous_and_the_first_get_more() {
        check("a:t b:t", "t=3", "a:t0,t1 b:t2");
        check("a:t b:t", "t=4", "a:t0,t1 b:t2,t3");
        check("a:t b:t c:t", "t=2", "a:t0 b:t1 c:");
        check("a:t,u b:t,u", "t=3 u=3", "a:t0,t1,u0,u1 b:t2,u2");
        check("a:t b:u", "t=2 u=2", "a:t0,t1 b:u0,u1");
        check("a:t,u b:t", "t=3 u=2", "a:t0,t1,u0,u1 b:t2");
        check("b:t a:t", "t=3", "a:t0,t1 b:t2");
        check("a:missing", "t=3", "a:");
        check("a:t", "t=0", "a:");
    }
}
