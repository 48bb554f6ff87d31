//! Whether this machine lets the runtime work, said before it is started and in words an operator can act on.
//!
//! The runtime itself answers a refused ring with a panic text and a failed buffer registration with a warning only.

use std::fs;
use std::io;

use rustix::process::{Resource, getrlimit};

use super::RtConfig;

/// Below this the runtime refuses to start at all, in bytes (its own constant).
const MEMLOCK_LEAST_BYTES: u64 = 512 * 1024;
/// The same memory is registered on each of a shard's rings: main, latency and poll.
const RINGS_A_SHARD: u64 = 3;
/// CAP_IPC_LOCK in the capability mask of /proc/self/status: exempt from the limit on locked memory.
const CAP_IPC_LOCK_BIT: u32 = 14;

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}; {}", cause.remedy())]
pub struct Preflight {
    /// What is wrong.
    pub cause: Cause,
}

impl Preflight {
    /// What the operator can do about it.
    pub fn remedy(&self) -> &'static str {
        self.cause.remedy()
    }

    /// Whether shards cannot start at all; otherwise they run, slower.
    pub fn is_fatal(&self) -> bool {
        match self.cause {
            Cause::IoUringRefused | Cause::IoUringMissing | Cause::IoUringFailed(_) => true,
            Cause::MemlockLow { limit_bytes, .. } => limit_bytes < MEMLOCK_LEAST_BYTES,
        }
    }
}

/// What can be wrong with the machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// io_uring_setup answered EPERM or EACCES.
    #[error("the kernel refuses io_uring to this process")]
    IoUringRefused,
    /// io_uring_setup answered ENOSYS.
    #[error("this kernel has no io_uring")]
    IoUringMissing,
    /// io_uring_setup answered something else; the text is the kernel's.
    #[error("io_uring cannot be set up: {0}")]
    IoUringFailed(String),
    /// RLIMIT_MEMLOCK is below what the shards register with the kernel.
    #[error("locked memory is limited to {limit_bytes} bytes, and the shards want {needed_bytes}")]
    MemlockLow {
        /// The soft limit, in bytes.
        limit_bytes: u64,
        /// What all shards together register, in bytes.
        needed_bytes: u64,
    },
}

impl Cause {
    /// What the operator can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::IoUringRefused => {
                "set the sysctl kernel.io_uring_disabled to 0, and let the container's seccomp profile allow \
                 io_uring_setup, io_uring_enter and io_uring_register"
            }
            Self::IoUringMissing => "use Linux 5.15 or later, and a sandbox that passes io_uring on",
            Self::IoUringFailed(_) => "see the kernel log",
            Self::MemlockLow { .. } => {
                "raise it: `ulimit -l`, LimitMEMLOCK= in the unit, --ulimit memlock= in the container, \
                 or grant CAP_IPC_LOCK"
            }
        }
    }
}

/// Asks the kernel for a ring, and compares the limit on locked memory with what `config` registers.
///
/// # Errors
/// The first thing found wrong, the fatal ones first.
pub fn preflight(config: &RtConfig) -> Result<(), Preflight> {
    if let Err(error) = io_uring::IoUring::new(2) {
        return Err(Preflight { cause: ring_refused(&error) });
    }
    memlock(getrlimit(Resource::Memlock).current, may_lock_freely(), config)
}

fn ring_refused(error: &io::Error) -> Cause {
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS) => Cause::IoUringRefused,
        Some(rustix::io::Errno::NOSYS) => Cause::IoUringMissing,
        _ => Cause::IoUringFailed(error.to_string()),
    }
}

/// `limit_bytes` is `None` for "unlimited".
fn memlock(limit_bytes: Option<u64>, exempt: bool, config: &RtConfig) -> Result<(), Preflight> {
    let Some(limit_bytes) = limit_bytes else { return Ok(()) };
    // The limit counts for the user, not the process: all shards draw on it together.
    let registered = config.shards as u64 * RINGS_A_SHARD * config.io_memory_bytes as u64;
    let needed_bytes = registered.max(MEMLOCK_LEAST_BYTES);
    // The runtime compares its least amount with the limit without asking for the capability.
    let enough = if exempt { MEMLOCK_LEAST_BYTES } else { needed_bytes };
    if limit_bytes >= enough {
        return Ok(());
    }
    Err(Preflight { cause: Cause::MemlockLow { limit_bytes, needed_bytes } })
}

fn may_lock_freely() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    has_ipc_lock(&status)
}

fn has_ipc_lock(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << CAP_IPC_LOCK_BIT) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shards, KiB each, limit in KiB, exempt → answer (`ok`, `slow`, `fatal`).
    fn check(shards: usize, io_kib: usize, limit_kib: Option<u64>, exempt: bool, expect: &str) {
        let config = RtConfig { shards, io_memory_bytes: io_kib * 1024, ..RtConfig::default() };
        let answer = match memlock(limit_kib.map(|kib| kib * 1024), exempt, &config) {
            Ok(()) => "ok",
            Err(trouble) if trouble.is_fatal() => "fatal",
            Err(_) => "slow",
        };
        assert_eq!(
            answer, expect,
            "{shards} shards of {io_kib} KiB, limit {limit_kib:?} KiB, exempt {exempt}"
        );
    }

    #[test]
    fn memlock_table() {
        check(2, 512, None, false, "ok");
        check(2, 512, Some(8192), false, "ok");
        check(2, 512, Some(3072), false, "ok");
        check(2, 512, Some(3071), false, "slow");
        check(16, 1024, Some(8192), false, "slow");
        check(16, 1024, Some(8192), true, "ok");
        check(1, 64, Some(64), false, "fatal");
        check(1, 64, Some(64), true, "fatal");
    }

    #[test]
    fn ring_errors_name_their_remedy() {
        let refused =
            |code: rustix::io::Errno| ring_refused(&io::Error::from_raw_os_error(code.raw_os_error()));
        assert_eq!(refused(rustix::io::Errno::PERM), Cause::IoUringRefused);
        assert_eq!(refused(rustix::io::Errno::NOSYS), Cause::IoUringMissing);
        assert!(matches!(refused(rustix::io::Errno::MFILE), Cause::IoUringFailed(_)));
        let text = Preflight { cause: Cause::IoUringRefused }.to_string();
        assert!(text.contains("io_uring_disabled") && text.contains("seccomp"), "{text}");
    }

    #[test]
    fn capability_mask_is_read() {
        assert!(has_ipc_lock("Name:\tx\nCapEff:\t000001fffeffffff\n"));
        assert!(!has_ipc_lock("CapEff:\t0000000000000000\n"));
        assert!(!has_ipc_lock(""));
    }
}
