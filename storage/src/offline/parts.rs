//! Whether a data folder is one, and has all its parts. Each that is missing holds what nothing else has: a broker refuses
//! the folder, or, worse, begins without it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use futures_lite::future::block_on;
use headwater_core::config::ClusterMeta;
use headwater_core::ids::ShardId;
use headwater_core::limits::SHARDS_MAX;

use super::Problem;
use crate::disk::plain::Plain;
use crate::journal::ring::{count_files, file_path};
use crate::layout;

/// Whether this is a data folder, be it incomplete.
fn is_root(folder: &Path) -> bool {
    let identified = || folder.join(ClusterMeta::FILE).is_file() && folder.join("topics").is_dir();
    layout::shards_file(folder).is_file() || folder.join("shard-0").is_dir() || identified()
}

/// The data folder that `path` is, or is in.
pub(super) fn root_of(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|folder| is_root(folder)).map(Path::to_path_buf)
}

/// Why there is nothing to look at in a `path` that is in no data folder: no segments, or those of data folders below it,
/// which would be taken for one another's.
pub(super) fn refuse<'a>(path: &Path, mut segments: impl Iterator<Item = &'a PathBuf>) -> io::Result<()> {
    let first = segments.next();
    let children = || fs::read_dir(path).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let below = first.into_iter().chain(segments).find_map(|segment| root_of(segment));
    let what = match below.or_else(|| children().find(|child| is_root(child))) {
        Some(root) => format!("it is no data folder; there is one in it: {}", root.display()),
        None if first.is_none() => "no data folder, and there is no segment in it".to_string(),
        None => return Ok(()),
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// How many shards wrote a data folder; none if it does not say so.
///
/// # Errors
/// What the disk says; `InvalidData` if what it says is no number of shards.
pub fn shards_of(root: &Path) -> io::Result<Option<usize>> {
    match fs::read_to_string(layout::shards_file(root)) {
        Ok(text) => match text.trim().parse() {
            Ok(shards @ 1..=SHARDS_MAX) => Ok(Some(shards)),
            _ => {
                let what = format!("it does not hold a number of shards from 1 to {SHARDS_MAX}");
                Err(io::Error::new(io::ErrorKind::InvalidData, what))
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a data folder lacks.
pub(super) fn missing(root: &Path) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut lost = |file: PathBuf, what: String| found.push(Problem { file, what, loss: true });
    let identity = root.join(ClusterMeta::FILE);
    let said = fs::read_to_string(&identity).map_err(|error| error.to_string());
    let known =
        said.and_then(|text| ClusterMeta::decode(ClusterMeta::FILE, &text).map_err(|e| e.to_string()));
    if let Err(why) = known {
        lost(identity, format!("{why}; it says whose folder this is"));
    }
    let shards = shards_of(root).unwrap_or_else(|error| {
        lost(layout::shards_file(root), error.to_string());
        Some(0)
    });
    let shards = shards.unwrap_or_else(|| {
        lost(
            layout::shards_file(root),
            "it is missing; it says how many shards wrote this folder".to_string(),
        );
        0
    });
    for shard in (0..shards).filter_map(|shard| Some(ShardId::new(u16::try_from(shard).ok()?))) {
        let folder = layout::shard_folder(root, shard);
        let journal = layout::journal_folder(root, shard);
        if !folder.is_dir() {
            lost(folder, format!("it is missing, and {shards} shards wrote this folder"));
        } else if !matches!(block_on(count_files(&Plain, &journal)), Ok(1..)) {
            let what = "the journal is missing: what was acknowledged last may have been there alone";
            lost(file_path(&journal, 0), what.to_string());
        }
    }
    found
}
