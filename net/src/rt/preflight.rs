//! Whether this machine lets the runtime work, said before it is started and in words an operator can act on.

use std::io;

use headwater_storage::disk::ring;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

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
    /// io_uring_setup answered ENOMEM. Before Linux 5.12 rings counted against RLIMIT_MEMLOCK; since then they do not, and
    /// nothing else of ours is locked.
    #[error("there is no memory for an io_uring")]
    NoMemory,
    /// io_uring_setup answered something else; the text is the kernel's.
    #[error("io_uring cannot be set up: {0}")]
    IoUringFailed(String),
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
            Self::NoMemory => {
                "give the process or its cgroup more memory; on an old kernel raise `ulimit -l`"
            }
            Self::IoUringFailed(_) => "see the kernel log",
        }
    }
}

/// Raises this process's limit on open files as far as it may; gives what it is then.
pub fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    now.unwrap_or(u64::MAX)
}

/// Asks the kernel for a ring.
///
/// # Errors
/// What it says against it.
pub fn preflight() -> Result<(), Preflight> {
    ring::set_up(2).map(drop).map_err(|error| Preflight { cause: ring_refused(&error) })
}

fn ring_refused(error: &io::Error) -> Cause {
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS) => Cause::IoUringRefused,
        Some(rustix::io::Errno::NOSYS) => Cause::IoUringMissing,
        Some(rustix::io::Errno::NOMEM) => Cause::NoMemory,
        _ => Cause::IoUringFailed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ring_errors_name_their_remedy() {
        let refused =
            |code: rustix::io::Errno| ring_refused(&io::Error::from_raw_os_error(code.raw_os_error()));
        assert_eq!(refused(rustix::io::Errno::PERM), Cause::IoUringRefused);
        assert_eq!(refused(rustix::io::Errno::NOSYS), Cause::IoUringMissing);
        assert_eq!(refused(rustix::io::Errno::NOMEM), Cause::NoMemory);
        assert!(matches!(refused(rustix::io::Errno::MFILE), Cause::IoUringFailed(_)));
        let text = Preflight { cause: Cause::IoUringRefused }.to_string();
        assert!(text.contains("io_uring_disabled") && text.contains("seccomp"), "{text}");
    }
}
