//! A small file system in a file, mounted through a loop device: to be filled, or shut down under a broker.
//!
//! Mounting needs root and a kernel that knows the file system; where that is missing [`Image::mount`] says what, and the
//! test is skipped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// File systems that brokers run on.
pub const FILE_SYSTEMS: [&str; 2] = ["ext4", "xfs"];

/// How a file system ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// What it had put into its own journal is on the disk.
    Flushed,
    /// As a power cut: what its journal had in memory is lost.
    Cut,
}

/// A mounted image; unmounted when it is dropped.
pub struct Image {
    image: PathBuf,
    /// Where it is mounted: `data` in the folder.
    pub at: PathBuf,
}

fn run(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Image {
    /// Makes an image of a file system in `folder` with about `bytes` to use, and mounts it at `folder/data`.
    pub fn mount(folder: &Path, kind: &str, bytes: u64) -> Result<Image, String> {
        // mkfs.xfs makes none that is smaller; what is too much is taken by a file.
        let size = if kind == "xfs" { bytes.max(400 << 20) } else { bytes };
        let image = Image { image: folder.join("image"), at: folder.join("data") };
        File::create(&image.image).unwrap().set_len(size).unwrap();
        std::fs::create_dir(&image.at).unwrap();
        let path = text(&image.image);
        let made = match kind {
            "ext4" => run("mkfs.ext4", &["-q", "-m", "0", path]),
            _ => run(&format!("mkfs.{kind}"), &["-q", path]),
        };
        if !made {
            return Err(format!("no mkfs.{kind} here"));
        }
        if !image.mount_again() {
            return Err(format!("may not mount {kind} here"));
        }
        let space = rustix::fs::statvfs(&image.at).unwrap();
        let too_much = (space.f_bavail * space.f_frsize).saturating_sub(bytes);
        if too_much > 0 {
            // Where a file system keeps what is nobody's: a broker refuses a folder of somebody else.
            let nobodys = image.at.join("lost+found");
            std::fs::create_dir_all(&nobodys).unwrap();
            let filler = nobodys.join("filler");
            assert!(run("fallocate", &["-l", &too_much.to_string(), text(&filler)]), "{kind} has space");
        }
        Ok(image)
    }

    fn mount_again(&self) -> bool {
        run("mount", &["-o", "loop", text(&self.image), text(&self.at)])
    }

    /// From now on everything that is done to it fails, until [`Image::bring_back`]; false if this one can't be shut down.
    pub fn shut_down(&self, how: Shutdown) -> bool {
        // FS_IOC_SHUTDOWN takes 1 to flush its journal first and 2 not to. A library call would be unsafe code.
        let flags = if how == Shutdown::Flushed { 1 } else { 2 };
        let program = "import fcntl, os, struct, sys\n\
            fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', int(sys.argv[2])))";
        run("python3", &["-c", program, text(&self.at), &flags.to_string()])
    }

    /// Mounts it anew, as after a restart of the machine; nobody may have a file of it open.
    pub fn bring_back(&self) {
        assert!(run("umount", &[text(&self.at)]) && self.mount_again(), "it is mounted again");
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let at = text(&self.at);
        // Lazily, if somebody is still in it: nothing shall be left behind. It may never have been mounted.
        let mounted = std::fs::read_to_string("/proc/self/mounts").is_ok_and(|mounts| mounts.contains(at));
        assert!(!mounted || run("umount", &[at]) || run("umount", &["-l", at]) || std::thread::panicking());
    }
}
