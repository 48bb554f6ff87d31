//! CPU time of a process, from `/proc/PID/stat`.

/// The unit of times in `/proc/PID/stat`: Linux has shown them in hundredths of a second on every machine
/// Headwater runs on (USER_HZ), whatever the kernel's own tick.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system seconds that `pid` (this process if `None`) has used so far; `None` if there is no such
/// process.
pub fn seconds(pid: Option<u32>) -> Option<f64> {
    let path = pid.map_or("/proc/self/stat".to_owned(), |pid| format!("/proc/{pid}/stat"));
    parse(&std::fs::read_to_string(path).ok()?)
}

fn parse(stat: &str) -> Option<f64> {
    // The second field is the command in parentheses and may hold spaces and parentheses itself: count from
    // the last one.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) as f64 / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_command_name() {
        let stat = "12 (a ) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1 0 99";
        assert_eq!(parse(stat), Some(2.0));
        assert_eq!(parse("nonsense"), None);
        assert!(seconds(None).is_some());
        assert_eq!(seconds(Some(u32::MAX)), None);
    }
}
