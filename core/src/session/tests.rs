use super::*;
use crate::ids::{PartitionId, TopicId};

const ID: i32 = 1000;

fn tp(partition: i32) -> TopicPartition {
    TopicPartition { topic: TopicId::new([1; 16]), partition: PartitionId::new(partition) }
}

fn wanted(partition: i32, offset: i64) -> Wanted {
    Wanted {
        partition: tp(partition),
        offset: Offset::new(offset),
        max_bytes: 1 << 20,
        current_epoch: None,
        last_fetched_epoch: None,
    }
}

fn seconds(seconds: u64) -> Monotonic {
    Monotonic::from_nanos(seconds * 1_000_000_000)
}

/// Runs a script, one step a line:
/// - `T id epoch new want,… forget,… = kind partition@offset …` begins a fetch at second T; topics by id unless T ends
///   in `n` (for names); `-` is an empty list; the outcome is `full`, `part` or an error code.
/// - `  partition:what … = session partition …` finishes the last one; what: `.` nothing, `r` records, `e` error, `d` diverging,
///   and digits `hls` to set the high watermark, last stable and log start.
fn check(slots: usize, script: &str) {
    let mut sessions = FetchSessions::new(slots);
    let mut context = None;
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (step, expected) = line.split_once('=').unwrap();
        let words: Vec<_> = step.split_whitespace().collect();
        let got = if words.first().is_some_and(|word| !word.contains(':')) {
            let uses_ids = !words[0].ends_with('n');
            let now = seconds(words[0].trim_end_matches('n').parse().unwrap());
            let number = |at: usize| words[at].parse::<i32>().unwrap();
            let list = |at: usize| words[at].split(',').filter(|word| *word != "-");
            let want = list(4).map(|word| {
                let (partition, offset) = word.split_once('@').unwrap();
                wanted(partition.parse().unwrap(), offset.parse().unwrap())
            });
            let forget: Vec<_> = list(5).map(|word| tp(word.parse().unwrap())).collect();
            match sessions.begin(number(1), number(2), uses_ids, want.collect(), &forget, number(3), now) {
                Ok(begun) => {
                    let mut got = String::from(if begun.is_full() { "full" } else { "part" });
                    for wanted in &begun.partitions {
                        got += &format!(" {}@{}", wanted.partition.partition, wanted.offset);
                    }
                    context = Some(begun);
                    got
                }
                Err(error) => format!("{}", error.code()),
            }
        } else {
            let context = context.as_ref().unwrap();
            let seen: Vec<_> = words.iter().map(|word| seen(word.split_once(':').unwrap().1)).collect();
            let finished = sessions.finish(context, &seen);
            let mut got = finished.session_id.to_string();
            for (wanted, _) in
                context.partitions.iter().zip(&finished.include).filter(|(_, include)| **include)
            {
                got += &format!(" {}", wanted.partition.partition);
            }
            got
        };
        assert_eq!(got, expected.trim(), "{line}");
        let consistent = |(id, session): (&i32, &Session)| {
            sessions.recency.contains(&(session.used, *id))
                && session.order.len() == session.place.len()
                && session
                    .order
                    .iter()
                    .all(|(at, (wanted, _))| session.place.get(&wanted.partition) == Some(at))
        };
        assert!(sessions.sessions.iter().all(consistent), "{line}");
        assert_eq!(sessions.recency.len(), sessions.len(), "{line}");
        assert!(sessions.len() <= slots, "{line}");
    }
}

fn seen(what: &str) -> Seen {
    let mut seen = Seen { high_watermark: 5, last_stable: 5, log_start: 0, ..Seen::default() };
    let mut digits = what.chars().filter_map(|c| c.to_digit(10)).map(i64::from);
    if let Some(high_watermark) = digits.next() {
        seen.high_watermark = high_watermark;
        seen.last_stable = digits.next().unwrap();
        seen.log_start = digits.next().unwrap();
    }
    seen.has_records = what.contains('r');
    seen.diverging = what.contains('d');
    seen.error = if what.contains('e') { 6 } else { 0 };
    seen
}

#[test]
fn b43_sessionless_fetches_answer_everything() {
    check(
        10,
        "0 0 -1 1000 0@7,1@8 - = full 0@7 1@8
         0:. 1:r               = 0 0 1
         0 1000 1 1001 - -     = 70",
    );
}

#[test]
fn b43_incremental_answers_have_only_what_changed() {
    check(
        10,
        "0 0 0 1000 0@0,1@0,2@0 - = full 0@0 1@0 2@0
         0:. 1:. 2:.              = 1000 0 1 2
         1 1000 1 1 - -           = part 0@0 1@0 2@0
         0:. 1:. 2:.              = 1000
         1 1000 2 1 - -           = part 0@0 1@0 2@0
         0:650 1:. 2:d            = 1000 0 2
         1 1000 3 1 - -           = part 0@0 1@0 2@0
         0:650 1:561 2:.          = 1000 1
         1 1000 4 1 - -           = part 0@0 1@0 2@0
         0:660 1:562 2:.          = 1000 0 1",
    );
}

#[test]
fn b43_errors_are_told_each_time_and_once_when_over() {
    check(
        10,
        "0 0 0 1000 0@0,1@0 - = full 0@0 1@0
         0:. 1:.              = 1000 0 1
         1 1000 1 1 - -       = part 0@0 1@0
         0:e 1:.              = 1000 0
         1 1000 2 1 - -       = part 0@0 1@0
         0:e 1:.              = 1000 0
         1 1000 3 1 - -       = part 0@0 1@0
         0:. 1:.              = 1000 0
         1 1000 4 1 - -       = part 0@0 1@0
         0:. 1:.              = 1000",
    );
}

#[test]
fn b43_partitions_with_records_go_behind_the_others() {
    check(
        10,
        "0 0 0 1000 0@0,1@0,2@0 - = full 0@0 1@0 2@0
         0:r 1:. 2:.              = 1000 0 1 2
         1 1000 1 1 0@9 -         = part 1@0 2@0 0@9
         1:r 2:. 0:.              = 1000 1
         1 1000 2 1 - -           = part 2@0 0@9 1@0
         2:r 0:r 1:.              = 1000 2 0
         1 1000 3 1 - -           = part 1@0 2@0 0@9",
    );
}

#[test]
fn b43_partitions_are_added_moved_on_and_forgotten() {
    check(
        10,
        "0 0 0 1000 0@0,1@0 - = full 0@0 1@0
         0:. 1:.              = 1000 0 1
         1 1000 1 1 2@4,0@3 1 = part 0@3 2@4
         0:. 2:.              = 1000 2
         1 1000 2 1 1@1 9     = part 0@3 2@4 1@1
         0:. 2:. 1:.          = 1000 1
         1 1000 3 1 - 0,1,2   = full
         1 1000 4 1 0@0 -     = 70",
    );
}

#[test]
fn b43_wrong_ids_epochs_and_ways_to_name_topics_are_refused() {
    check(
        10,
        "0 0 0 1000 0@0 -  = full 0@0
         0:.               = 1000 0
         1 999 1 1 - -     = 70
         1 0 1 1 - -       = 70
         1 1000 2 1 - -    = 71
         1 1000 -2 1 - -   = 71
         1n 1000 1 1 - -   = 106
         1 1000 1 1 - -    = part 0@0
         0:.               = 1000
         1 1000 1 1 - -    = 71
         1 1000 2 1 - -    = part 0@0",
    );
}

#[test]
fn b43_full_requests_close_or_replace_the_session() {
    check(
        10,
        "0 0 0 1000 0@0 -     = full 0@0
         0:.                  = 1000 0
         1 1000 0 1001 0@0 -  = full 0@0
         0:.                  = 1001 0
         1 1000 1 1 - -       = 70
         1 1001 1 1 - -       = part 0@0
         0:.                  = 1001
         2 1001 -1 1002 0@3 - = full 0@3
         0:.                  = 0 0
         2 1001 2 1 - -       = 70",
    );
}

#[test]
fn b43_a_session_lost_in_between_answers_everything() {
    check(
        10,
        "0 0 0 1000 0@0,1@0 - = full 0@0 1@0
         0:. 1:.              = 1000 0 1
         1 1000 1 1 - -       = part 0@0 1@0
         2 1000 -1 1 - -      = full
         = 0",
    );
    let mut sessions = FetchSessions::new(1);
    let full = sessions.begin(0, 0, true, vec![wanted(0, 0)], &[], ID, seconds(0)).unwrap();
    let overtaken = sessions.begin(ID, 1, true, vec![], &[], 1, seconds(0)).unwrap();
    let last = sessions.begin(ID, 2, true, vec![], &[], 1, seconds(0)).unwrap();
    let everything = Finished { session_id: 0, include: vec![true] };
    assert_eq!(sessions.finish(&full, &[seen(".")]), everything);
    assert_eq!(sessions.finish(&overtaken, &[seen(".")]), everything);
    assert_eq!(sessions.finish(&last, &[seen(".")]), Finished { session_id: ID, include: vec![true] });
    assert_eq!(sessions.finish(&last, &[seen(".")]), Finished { session_id: ID, include: vec![false] });
    sessions.close(ID);
    assert!(sessions.is_empty());
    assert_eq!(sessions.finish(&last, &[seen(".")]), everything);
}

#[test]
fn b43_idle_sessions_make_room_and_active_ones_do_not() {
    check(
        2,
        "0 0 0 1 0@0 -    = full 0@0
         0:.              = 1 0
         10 0 0 2 0@0 -   = full 0@0
         0:.              = 2 0
         100 1 1 9 - -    = part 0@0
         0:.              = 1
         129 0 0 3 0@0 -  = full 0@0
         0:.              = 0 0
         130 0 0 3 0@0 -  = full 0@0
         0:.              = 3 0
         130 2 1 9 - -    = 70
         130 1 2 9 - -    = part 0@0",
    );
    check(
        0,
        "0 0 0 1 0@0 -  = full 0@0
         0:.            = 0 0",
    );
}

#[test]
fn b43_ids_in_use_or_not_positive_are_declined() {
    check(
        10,
        "0 0 0 1000 0@0 -  = full 0@0
         0:.               = 1000 0
         0 0 0 1000 1@0 -  = full 1@0
         1:.               = 0 1
         0 0 0 0 1@0 -     = full 1@0
         1:.               = 0 1
         0 0 0 -5 1@0 -    = full 1@0
         1:.               = 0 1
         0 1000 1 1 - -    = part 0@0",
    );
}

#[test]
fn b43_epochs_wrap_to_one() {
    let mut sessions = FetchSessions::new(1);
    sessions.begin(0, 0, true, vec![wanted(0, 0)], &[], ID, seconds(0)).unwrap();
    sessions.sessions.get_mut(&ID).unwrap().next_epoch = i32::MAX;
    for epoch in [i32::MAX, 1, 2] {
        let context = sessions.begin(ID, epoch, true, vec![], &[], 1, seconds(0)).unwrap();
        assert_eq!(sessions.finish(&context, &[seen("r")]).session_id, ID, "{epoch}");
    }
}

#[test]
fn b43_what_is_put_off_is_told_the_next_time() {
    let mut sessions = FetchSessions::new(10);
    let seen = [Seen { high_watermark: 5, ..Seen::default() }];
    // A session that would only now have been opened is not.
    let full = sessions.begin(0, 0, true, vec![wanted(0, 0)], &[], 1000, seconds(1)).unwrap();
    assert_eq!((sessions.put_off(&full), sessions.len()), (0, 0));
    let full = sessions.begin(0, 0, true, vec![wanted(0, 0)], &[], 1000, seconds(1)).unwrap();
    sessions.finish(&full, &[Seen::default()]);
    let put_off = sessions.begin(1000, 1, true, vec![], &[], 0, seconds(2)).unwrap();
    assert_eq!(sessions.put_off(&put_off), 1000);
    let next = sessions.begin(1000, 2, true, vec![], &[], 0, seconds(3)).unwrap();
    assert_eq!(sessions.finish(&next, &seen), Finished { session_id: 1000, include: vec![true] });
    // Overtaken by another request, it has no session any more.
    assert_eq!(sessions.put_off(&put_off), 0);
}
