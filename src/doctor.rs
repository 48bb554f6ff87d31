//! `headwater doctor`: whether this machine lets a broker work, how fast its disk and network are, and what to do about
//! what is not as it should be.

mod measure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use headwater_net::rt::preflight;
use rustix::process::{Resource, getrlimit};
use serde_json::json;

use crate::table::table;
use measure::Disk;

/// Check the machine: kernel, limits, file system, disk and network.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  headwater doctor\n  headwater doctor --data-dir /var/lib/headwater --json\n\n\
                  It takes less than ten seconds and writes one file of up to 256 MiB in the data folder, which it removes.\n\
                  Exit code 0: all is well; 4: a broker runs, but not as well as it could; 1: it does not start."
)]
pub struct DoctorArgs {
    /// Where the data is or will be.
    #[arg(long, value_name = "DIR", default_value = "./headwater-data")]
    data_dir: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The exit code when a broker runs, but not as well as it could.
const EXIT_WARNINGS: u8 = 4;
/// Open files that a broker with many partitions and connections wants.
const OPEN_FILES: u64 = 65_536;
/// The least space that makes sense: two shards' journals and a few segments.
const SPACE_BYTES: u64 = 2 << 30;
/// A flush slower than this makes every durable acknowledgement slow, in microseconds.
const FLUSH_SLOW_US: u64 = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ok,
    Warning,
    Fatal,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Fatal => "FATAL",
        }
    }
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    level: Level,
    found: String,
    remedy: Option<String>,
}

fn ok(what: &'static str, found: impl Into<String>) -> Finding {
    Finding { what, level: Level::Ok, found: found.into(), remedy: None }
}

fn bad(what: &'static str, level: Level, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { what, level, found: found.into(), remedy: Some(remedy.into()) }
}

/// Runs the command.
pub fn run(args: DoctorArgs) -> ExitCode {
    let mut findings = vec![kernel(), rings(), open_files()];
    let (folder, made) = existing_folder(&args.data_dir);
    match made {
        Ok(remove) => {
            findings.extend([space(&folder), file_system(&folder)]);
            findings.extend(disk(&folder));
            if remove {
                // It was made to measure in; a broker makes its own.
                let _ = fs::remove_dir(&folder);
            }
        }
        Err(error) => findings.push(bad(
            "data folder",
            Level::Fatal,
            format!("{}: {error}", folder.display()),
            remedy(&error),
        )),
    }
    findings.push(network());
    let worst = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    let printed = crate::bootstrap::print(&report(&findings, worst, args.json));
    match worst {
        Level::Ok => printed,
        Level::Warning => ExitCode::from(EXIT_WARNINGS),
        Level::Fatal => ExitCode::FAILURE,
    }
}

fn report(findings: &[Finding], worst: Level, as_json: bool) -> String {
    if as_json {
        let one = |f: &Finding| {
            let level = f.level.name().to_lowercase();
            json!({ "what": f.what, "level": level, "found": f.found, "remedy": f.remedy })
        };
        let findings: Vec<_> = findings.iter().map(one).collect();
        return format!("{:#}\n", json!({ "worst": worst.name().to_lowercase(), "findings": findings }));
    }
    let rows = findings.iter().map(|f| vec![f.what.to_string(), f.level.name().to_string(), f.found.clone()]);
    let mut out = table(&["CHECK", "STATE", "FOUND"], rows);
    for Finding { what, remedy, .. } in findings {
        if let Some(remedy) = remedy {
            out.push_str(&format!("\n{what}: {remedy}\n"));
        }
    }
    out
}

/// The data folder, made if it is not there (then it is to be removed again).
fn existing_folder(folder: &Path) -> (PathBuf, std::io::Result<bool>) {
    let made = match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    };
    (folder.to_path_buf(), made)
}

fn kernel() -> Finding {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.trim();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version >= (5, 15) {
        return ok("kernel", release);
    }
    bad("kernel", Level::Warning, release, "use Linux 5.15 or later; older ones are not tested")
}

fn rings() -> Finding {
    match preflight() {
        Ok(()) => ok("io_uring", "the kernel makes rings; none of their memory counts as locked"),
        Err(trouble) => bad("io_uring", Level::Fatal, trouble.cause.to_string(), trouble.remedy()),
    }
}

fn open_files() -> Finding {
    let Some(soft) = getrlimit(Resource::Nofile).current else { return ok("open files", "unlimited") };
    if soft >= OPEN_FILES {
        return ok("open files", soft.to_string());
    }
    let remedy = format!(
        "raise it to {OPEN_FILES}: `ulimit -n`, LimitNOFILE= in the unit, --ulimit nofile= in the container; a connection \
         takes one and a segment in use another"
    );
    bad("open files", Level::Warning, soft.to_string(), remedy)
}

fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

fn space(folder: &Path) -> Finding {
    match rustix::fs::statvfs(folder) {
        Ok(found) => {
            let free = found.f_bavail * found.f_frsize;
            let text = format!("{} free of {}", gib(free), gib(found.f_blocks * found.f_frsize));
            if free >= SPACE_BYTES {
                return ok("space", text);
            }
            let remedy = "make room, lower headwater.journal.file.bytes, or set retention; when it is full, appends are refused";
            bad("space", Level::Warning, text, remedy)
        }
        Err(error) => {
            bad("space", Level::Warning, error.to_string(), "see whether the file system is mounted")
        }
    }
}

const TMPFS: u32 = 0x0102_1994;
const RAMFS: u32 = 0x8584_58f6;

/// Names of file systems by their magic number (`linux/magic.h`), and whether direct IO on them is direct.
const FILE_SYSTEMS: &[(u32, &str, bool)] = &[
    (0xef53, "ext4", true),
    (0x5846_5342, "xfs", true),
    (0x9123_683e, "btrfs", false),
    (TMPFS, "tmpfs", false),
    (RAMFS, "ramfs", false),
    (0x794c_7630, "overlayfs", false),
    (0x6969, "nfs", false),
    (0x2fc1_2fc1, "zfs", false),
    (0xf2f5_2010, "f2fs", true),
    (0x6573_5546, "fuse", false),
];

/// Whether what is written in this folder only ever gets into memory: a flush there makes nothing durable.
pub fn in_memory(folder: &Path) -> bool {
    magic(folder).is_ok_and(|magic| magic == TMPFS || magic == RAMFS)
}

fn magic(folder: &Path) -> rustix::io::Result<u32> {
    Ok(rustix::fs::statfs(folder)?.f_type as u32)
}

fn file_system(folder: &Path) -> Finding {
    let magic = match magic(folder) {
        Ok(magic) => magic,
        Err(error) => {
            return bad("file system", Level::Warning, error.to_string(), "see whether it is mounted");
        }
    };
    match FILE_SYSTEMS.iter().find(|(of, ..)| *of == magic) {
        Some((_, name, true)) => ok("file system", *name),
        Some((_, name, false)) => bad(
            "file system",
            Level::Warning,
            *name,
            "put the data folder on ext4 or xfs: the journal counts on writes in place and on a flush of one file",
        ),
        None => {
            bad("file system", Level::Warning, format!("magic {magic:#x}"), "ext4 and xfs are what is tested")
        }
    }
}

/// What to do when a file can't be made or written here.
fn remedy(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::PermissionDenied => {
            "this user may not write there: run as the broker's user, give it the folder with chown, or name another \
             with --data-dir"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "the file system is mounted read-only: mount it for writing; if it was, the kernel log says why it no longer is"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "there is no room for a file of up to 256 MiB: make some, raise the quota, or name another folder with --data-dir"
        }
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            "make the folder above it, or name another with --data-dir"
        }
        _ => "the disk must take a file of up to 256 MiB; see the kernel log for errors of the device",
    }
}

fn disk(folder: &Path) -> Vec<Finding> {
    let measured = match Disk::measure(folder) {
        Ok(measured) => measured,
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
            return vec![bad(
                "direct IO",
                Level::Fatal,
                "this file system refuses it (O_DIRECT)",
                "put the data folder on a file system with direct IO: ext4 or xfs on a disk, not tmpfs before Linux 6.6",
            )];
        }
        Err(error) => {
            return vec![bad("direct IO", Level::Fatal, error.to_string(), remedy(&error))];
        }
    };
    let figure = |bytes: f64| format!("{:.0} MB/s", bytes / 1e6);
    let flush = format!(
        "16 KiB durable: p50 {} µs, p99 {} µs, {:.0} a second",
        measured.flush_p50_us,
        measured.flush_p99_us,
        1e6 / measured.flush_p50_us.max(1) as f64
    );
    let flush = if measured.flush_p50_us <= FLUSH_SLOW_US {
        ok("flush", flush)
    } else {
        let remedy =
            "each acknowledgement waits for one: use a disk with power-loss protection (an SSD for servers)";
        bad("flush", Level::Warning, flush, remedy)
    };
    vec![
        ok("direct IO", "works"),
        ok("disk write", figure(measured.write_bytes_a_second)),
        ok("disk read", figure(measured.read_bytes_a_second)),
        flush,
    ]
}

fn network() -> Finding {
    match measure::loopback() {
        Ok((bytes, p50_us)) => {
            ok("loopback", format!("{:.0} MB/s in one stream, round trip p50 {p50_us} µs", bytes / 1e6))
        }
        Err(error) => bad(
            "loopback",
            Level::Warning,
            error.to_string(),
            "`ip link set lo up`, and see the firewall's rules for it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_that_is_not_well_has_a_remedy_in_both_forms() {
        let findings = [
            ok("kernel", "6.1"),
            bad("open files", Level::Warning, "1024", "raise it"),
            kernel(),
            open_files(),
        ];
        let text = report(&findings, Level::Warning, false);
        assert!(text.contains("open files: raise it"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&report(&findings, Level::Warning, true)).unwrap();
        assert_eq!(json["worst"], "warning");
        assert_eq!(json["findings"][1]["remedy"], "raise it");
    }

    #[test]
    fn a_remedy_fits_its_error() {
        for (error, word) in [
            (rustix::io::Errno::ACCESS, "chown"),
            (rustix::io::Errno::ROFS, "read-only"),
            (rustix::io::Errno::NOSPC, "room"),
            (rustix::io::Errno::NOENT, "make the folder"),
            (rustix::io::Errno::IO, "kernel log"),
        ] {
            let remedy = remedy(&error.into());
            assert!(remedy.contains(word), "{error}: {remedy}");
        }
    }

    #[test]
    fn a_folder_is_measured_and_left_as_it_was() {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let inside = folder.path().join("data");
        let (path, made) = existing_folder(&inside);
        assert!(made.unwrap());
        assert!(matches!(space(&path).level, Level::Ok | Level::Warning));
        for finding in disk(&path) {
            assert!(finding.level == Level::Ok || finding.remedy.is_some(), "{}", finding.what);
        }
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0, "the file that it measured with is gone");
    }
}
