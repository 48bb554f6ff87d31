//! The data folder before anything is opened in it: whose it is, and whether all of it is there.
//!
//! ```text
//!   shards   meta.properties   besides                             what it means               what is done
//!   ------   ---------------   ---------------------------------   -------------------------   ------------------
//!   none     any               nothing, or shards' folders         first start, or one that    begin, or begin again
//!                                                                  was cut short
//!   none     any               topics                              the number was lost         refused
//!   none     any               anything else                       somebody else's folder      refused
//!   N        none              any                                 the identity was lost       refused
//!   N        ours              checkpoint and journal of each      any end, clean or not       recovered
//!                              of N shards
//!   N        ours              one of them is missing              part of it was lost         refused
//! ```
//!
//! The number of shards is written when all of them have come up for the first time, before anybody is served. So a folder
//! that has it once was whole; what is missing then was lost, and a start without it would forget what was acknowledged, or
//! take the logs of the other shards for deleted ones. What is in checkpoint and journal is looked at by
//! `headwater_storage::recovery`.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use headwater_core::config::{BrokerConfig, ClusterMeta};
use headwater_core::ids::ShardId;
use headwater_storage::journal::ring;
use headwater_storage::{layout, offline};

use super::BootError;
use crate::rt;

/// Makes the folder and takes its lock, which the kernel gives back when the process ends, however it ends.
pub fn lock(folder: &Path) -> Result<File, BootError> {
    let failed = |source| BootError::Folder { folder: folder.to_path_buf(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(".lock"))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BootError::Locked(folder.to_path_buf())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Whose folder this is: read, or written on the first start.
pub fn identity(folder: &Path, config: &BrokerConfig) -> Result<ClusterMeta, BootError> {
    let path = folder.join(ClusterMeta::FILE);
    let failed = |source| BootError::Folder { folder: folder.to_path_buf(), source };
    let misfit = |why: String| BootError::Identity { folder: folder.to_path_buf(), why };
    match fs::read_to_string(&path) {
        Ok(text) => {
            let meta =
                ClusterMeta::decode(&path.display().to_string(), &text).map_err(|e| misfit(e.to_string()))?;
            if meta.node_id != config.node_id {
                return Err(misfit(format!(
                    "it was made by node.id={}, and node.id={} starts it; give it its own node.id",
                    meta.node_id, config.node_id
                )));
            }
            if let Some(asked) = config.cluster_id.as_ref().filter(|asked| **asked != meta.cluster_id) {
                return Err(misfit(format!("it belongs to cluster {}, not {asked}", meta.cluster_id)));
            }
            Ok(meta)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let id = config.cluster_id.clone().unwrap_or_else(|| ClusterMeta::cluster_id(rt::random_bytes()));
            let meta = ClusterMeta::new(id, config.node_id);
            write_durably(folder, &path, meta.encode().as_bytes()).map_err(failed)?;
            Ok(meta)
        }
        Err(source) => Err(failed(source)),
    }
}

/// Whole or not at all: a torn identity would stop every later start.
fn write_durably(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, bytes)?;
    File::open(&temporary)?.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(folder)?.sync_all()
}

/// Refuses a file system without direct IO.
pub fn check_direct_io(folder: &Path) -> Result<(), BootError> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = folder.join(".direct-io-probe");
    let direct = rustix::fs::OFlags::DIRECT.bits() as i32;
    let opened = File::options().create(true).truncate(true).write(true).custom_flags(direct).open(&path);
    let _ = fs::remove_file(&path);
    match opened {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            Err(BootError::NoDirectIo(folder.to_path_buf()))
        }
        Err(source) => Err(BootError::Folder { folder: folder.to_path_buf(), source }),
    }
}

fn misfit(folder: &Path, why: String) -> BootError {
    BootError::Identity { folder: folder.to_path_buf(), why }
}

/// How many shards wrote the folder, if it says so.
pub fn shards_of(folder: &Path) -> Result<Option<usize>, BootError> {
    offline::shards_of(folder).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData => {
            misfit(folder, format!("{}: {source}", layout::shards_file(folder).display()))
        }
        _ => BootError::Folder { folder: folder.to_path_buf(), source },
    })
}

/// Says that all of this folder's shards have come up once.
pub fn remember_shards(folder: &Path, shards: usize) -> Result<(), BootError> {
    // Durably: found empty after a power cut, it would stop every later start.
    write_durably(folder, &layout::shards_file(folder), format!("{shards}\n").as_bytes())
        .map_err(|source| BootError::Folder { folder: folder.to_path_buf(), source })
}

/// Refuses a folder that is not ours, or of which a part is missing; `shards` is the number that would start. Answers
/// whether nobody was served from it yet.
pub fn check_whole(folder: &Path, shards: usize) -> Result<bool, BootError> {
    let Some(before) = shards_of(folder)? else { return check_fresh(folder, shards).map(|()| true) };
    if before != shards {
        return Err(misfit(
            folder,
            format!(
                "it was written by {before} shards, and {shards} would start; start it with --shards {before}"
            ),
        ));
    }
    let mut needed = vec![folder.join(ClusterMeta::FILE)];
    for shard in (0..shards).map(|shard| ShardId::new(shard as u16)) {
        needed.push(layout::checkpoint_file(folder, shard));
        needed.push(ring::file_path(&layout::journal_folder(folder, shard), 0));
    }
    match needed.into_iter().find(|path| !path.exists()) {
        None => Ok(false),
        Some(missing) => Err(misfit(
            folder,
            format!(
                "{} is missing, and records with it; put it back from where it went, nothing was changed",
                missing.display()
            ),
        )),
    }
}

/// A folder without the number of its shards: nobody was served from it.
fn check_fresh(folder: &Path, shards: usize) -> Result<(), BootError> {
    let failed = |source| BootError::Folder { folder: folder.to_path_buf(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        let shard = name.strip_prefix("shard-").and_then(|number| number.parse::<usize>().ok());
        let lost = name == "topics" || shard.is_some_and(|shard| shard >= shards);
        if lost {
            return Err(misfit(
                folder,
                format!(
                    "it holds {name}, and not the file `shards`, which says how many shards wrote it; put that back"
                ),
            ));
        }
        let ours = [".lock", "lost+found", ClusterMeta::FILE, "meta.tmp", "shards.tmp"].contains(&&*name);
        if !ours && shard.is_none() {
            let whose = match name.starts_with("__cluster_metadata")
                || folder.join(&*name).join("leader-epoch-checkpoint").exists()
            {
                true => "it is a data folder of Apache Kafka",
                false => "it is not empty, and no data folder of Headwater",
            };
            return Err(misfit(folder, format!("{whose} (it holds {name}); choose another with --data-dir")));
        }
    }
    Ok(())
}
