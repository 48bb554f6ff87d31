//! Looking at a data folder that no broker has open: read-only, with plain calls, and as far as it goes on a damaged one.
//!
//! What a folder says is compared: the checkpoints tell how far each segment is known, the journal what came behind, the
//! segments what is really there. A file that one of them lacks, or that does not hold what it should, is a [`Problem`]; it
//! never ends the look.

mod parts;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use futures_lite::future::block_on;
use headwater_core::epochs::LeaderEpochs;
use headwater_core::ids::{Offset, PartitionId, TopicId, TopicPartition};
use headwater_core::record::header::BatchHeader;

use crate::checkpoint::{Checkpoint, LogImage, SegmentImage};
use crate::disk::plain::{Plain, PlainFile};
use crate::disk::{Disk, DiskFile, Open};
use crate::index::Index;
use crate::journal::frame::{Entry, Kind, Stored};
use crate::journal::replay::replay;
use crate::layout;
use crate::reader::{Expected, Found, SegmentReader};
use crate::segment::Segment;

pub use parts::shards_of;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// What is wrong, with offsets and bytes.
    pub what: String,
    /// Whether records are lost by it, or a broker can't be started on it; the rest is told for completeness and heals
    /// by itself.
    pub loss: bool,
}

/// A segment's file.
#[derive(Clone, Debug)]
pub struct SegmentFile {
    /// The file.
    pub path: PathBuf,
    /// Its first offset.
    pub base: Offset,
    /// How often compaction wrote it again.
    pub generation: u32,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes that the checkpoint vouches for, or the journal by what it says to be stored; none if neither knows the
    /// segment.
    pub known: Option<u64>,
    expected: Option<Expected>,
}

/// One log, as the folder tells of it.
#[derive(Clone, Debug)]
pub struct LogFiles {
    /// Which log.
    pub id: TopicPartition,
    /// The first offset, by checkpoint and journal.
    pub start: Offset,
    /// The offset behind what is in segments, by checkpoint and journal.
    pub checkpointed: Offset,
    /// The offset behind what the journal has.
    pub end: Offset,
    /// Its segments' files, oldest first.
    pub segments: Vec<SegmentFile>,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Folder {
    /// Its logs.
    pub logs: Vec<LogFiles>,
    /// Shards whose checkpoint could be read.
    pub shards: usize,
    /// What was found wrong on the way.
    pub problems: Vec<Problem>,
}

/// What a segment really holds.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Good batches.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// The offset behind the last.
    pub end: Option<Offset>,
    /// The least and the greatest timestamp of batches, in milliseconds.
    pub timestamps: Option<(i64, i64)>,
}

/// Looks at `path`: a data folder, a folder of a topic or a partition, or a segment's file.
pub fn look(path: &Path) -> io::Result<Folder> {
    let mut folder = Folder::default();
    if fs::metadata(path)?.is_file() {
        let named = path.file_name().and_then(|name| layout::parse_segment_name(name.to_str()?));
        if named.is_none() || path.extension().is_none_or(|extension| extension != "log") {
            let what = "it is neither a data folder nor a segment (<base offset>.log)";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
    }
    let path = &fs::canonicalize(path)?;
    let root = parts::root_of(path);
    let mut images = BTreeMap::new();
    if let Some(root) = &root {
        folder.problems = parts::missing(root);
        folder.read_shards(root, &mut images)?;
    }
    let mut files: BTreeMap<TopicPartition, Vec<(Offset, u32, PathBuf)>> = BTreeMap::new();
    collect_segments(path, &mut files)?;
    if root.is_none() {
        parts::refuse(path, files.values().flatten().map(|(_, _, segment)| segment))?;
    }
    for id in images.keys().copied() {
        let inside = root.as_ref().is_some_and(|root| layout::log_folder(root, id).starts_with(path));
        if inside {
            files.entry(id).or_default();
        }
    }
    for (id, mut files) in files {
        files.sort();
        let log = folder.join(id, files, images.get(&id), root.as_deref());
        folder.logs.push(log);
    }
    Ok(folder)
}

/// Which log the file or folder of segments at `path` belongs to, by its folders' names; zeroes if they are not ours.
fn id_of(folder: &Path) -> TopicPartition {
    let name = |path: Option<&Path>| path.and_then(Path::file_name)?.to_str().map(str::to_owned);
    let partition = name(Some(folder)).and_then(|name| name.parse().ok()).unwrap_or(0);
    let topic = name(folder.parent()).and_then(|name| u128::from_str_radix(&name, 16).ok()).unwrap_or(0);
    TopicPartition { topic: TopicId::new(topic.to_be_bytes()), partition: PartitionId::new(partition) }
}

fn collect_segments(
    path: &Path,
    out: &mut BTreeMap<TopicPartition, Vec<(Offset, u32, PathBuf)>>,
) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?.path();
            if entry.is_dir() || entry.extension().is_some_and(|extension| extension == "log") {
                collect_segments(&entry, out)?;
            }
        }
    } else if let Some((base, generation)) =
        path.file_name().and_then(|name| layout::parse_segment_name(name.to_str()?))
    {
        let path = fs::canonicalize(path)?;
        let id = id_of(path.parent().unwrap_or(Path::new("")));
        out.entry(id).or_default().push((base, generation, path));
    }
    Ok(())
}

/// What checkpoint and journal say of a log.
struct Told {
    /// As far as segments are known to hold it.
    image: LogImage,
    start: Offset,
    end: Offset,
    /// Bytes that the last segment of `image` will have, and the segments behind it, by what only the journal has.
    sizes: Vec<(Offset, u64)>,
}

impl Told {
    fn of(image: LogImage) -> Told {
        let sizes = image.segments.last().map(|last| (last.base, last.bytes)).into_iter().collect();
        Told { start: image.log_start, end: image.next, sizes, image }
    }

    /// A batch that the journal has: it may be in no segment yet.
    fn append(&mut self, entry: &Entry) {
        let Ok(header) = BatchHeader::parse(&entry.bytes) else { return };
        if entry.offset < self.end {
            return;
        }
        self.begin(entry, entry.kind == Kind::Roll);
        if let Some(last) = self.sizes.last_mut() {
            last.1 += entry.bytes.len() as u64;
        }
        self.end = header.next_offset();
    }

    /// Batches that the journal says to be in the last segment: so is everything before them.
    fn stored(&mut self, entry: &Entry) {
        let Some(stored) = Stored::decode(&entry.bytes).filter(|stored| stored.next > self.end) else {
            return;
        };
        if entry.offset >= self.end {
            self.begin(entry, entry.kind == Kind::StoredRoll);
        }
        let Some(last) = self.sizes.last_mut() else { return };
        last.1 = stored.place + u64::from(stored.length);
        let rest = *last;
        for (base, bytes) in self.sizes.drain(..) {
            match self.image.segments.iter_mut().find(|segment| segment.base == base) {
                Some(segment) => segment.bytes = bytes,
                None => self.image.segments.push(SegmentImage { bytes, ..Segment::new(base).image() }),
            }
        }
        self.sizes.push(rest);
        self.end = stored.next;
        self.image.next = stored.next;
    }

    fn begin(&mut self, entry: &Entry, rolls: bool) {
        self.image.epochs.assign(entry.epoch, entry.offset);
        if rolls || self.sizes.is_empty() {
            self.sizes.push((entry.offset, 0));
        }
    }
}

impl Folder {
    fn problem(&mut self, file: &Path, what: impl Into<String>, loss: bool) {
        self.problems.push(Problem { file: file.to_path_buf(), what: what.into(), loss });
    }

    fn read_shards(&mut self, root: &Path, told: &mut BTreeMap<TopicPartition, Told>) -> io::Result<()> {
        let mut shards: Vec<PathBuf> = fs::read_dir(root)?.filter_map(|e| Some(e.ok()?.path())).collect();
        shards.retain(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("shard-"))
        });
        shards.sort();
        for shard in shards {
            let file = shard.join("checkpoint");
            let checkpoint = match fs::read(&file) {
                Ok(bytes) => Checkpoint::decode(&bytes).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match checkpoint {
                Ok(checkpoint) => {
                    self.shards += 1;
                    self.read_journal(&shard.join("journal"), checkpoint, told);
                }
                Err(error) => self.problem(&file, format!("{error}; a broker does not start from it"), true),
            }
        }
        Ok(())
    }

    fn read_journal(
        &mut self,
        folder: &Path,
        checkpoint: Checkpoint,
        told: &mut BTreeMap<TopicPartition, Told>,
    ) {
        for image in checkpoint.logs {
            told.insert(image.id, Told::of(image));
        }
        let mut dropped = checkpoint.dropped;
        let mut gaps = Vec::new();
        let each = async |entry: Entry| {
            if entry.kind == Kind::Drop {
                dropped.retain(|id| *id != entry.id);
                told.remove(&entry.id);
                return;
            }
            if dropped.contains(&entry.id) {
                return;
            }
            let log =
                told.entry(entry.id).or_insert_with(|| Told::of(crate::recovery::empty_image(entry.id)));
            match entry.kind {
                Kind::Start => log.start = log.start.max(entry.offset),
                _ if entry.offset > log.end => gaps.push((entry.id, log.end, entry.offset)),
                Kind::Stored | Kind::StoredRoll => log.stored(&entry),
                _ => log.append(&entry),
            }
        };
        if let Err(error) = block_on(replay(&Plain, folder, checkpoint.journal, each)) {
            self.problem(folder, error.to_string(), true);
        }
        for (id, end, found) in gaps {
            self.problem(
                folder,
                format!("{id}: it goes on at offset {found}, and the log ends at {end}"),
                true,
            );
        }
    }

    fn join(
        &mut self,
        id: TopicPartition,
        files: Vec<(Offset, u32, PathBuf)>,
        told: Option<&Told>,
        root: Option<&Path>,
    ) -> LogFiles {
        let known = told.map(|told| told.image.segments.as_slice()).unwrap_or_default();
        let epochs = told.map(|told| told.image.epochs.clone()).unwrap_or_default();
        let mut segments = Vec::new();
        for (base, generation, path) in files {
            let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            let at = known.iter().position(|s| s.base == base && s.generation == generation);
            let expected = at.map(|at| Expected {
                readable: known[at].bytes,
                written: known[at].bytes,
                end: known.get(at + 1).map_or(told.map_or(Offset::ZERO, |t| t.image.next), |next| next.base),
                gaps: known[at].compacted,
                epochs: epochs.clone(),
            });
            let known = expected.as_ref().map(|expected| expected.written);
            segments.push(SegmentFile { path, base, generation, bytes, known, expected });
        }
        if let (Some(root), Some(told)) = (root, told) {
            for segment in known {
                // Removed when the log's start moved on; the next checkpoint says so.
                let next = known.iter().map(|s| s.base).find(|base| *base > segment.base);
                let gone = next.unwrap_or(told.image.next) <= told.start;
                let there =
                    segments.iter().find(|s| s.base == segment.base && s.generation == segment.generation);
                let path = layout::segment_file(root, id, segment.base, segment.generation);
                match there {
                    None if !gone => self.problem(&path, format!("{id}: the file is missing"), true),
                    Some(file) if file.bytes < segment.bytes => {
                        let what =
                            format!("{id}: it has {} bytes, and {} are known", file.bytes, segment.bytes);
                        self.problem(&path, what, true);
                    }
                    _ => {}
                }
            }
        }
        let start = told.map_or(segments.first().map_or(Offset::ZERO, |s| s.base), |told| told.start);
        let (checkpointed, end) =
            told.map_or((Offset::ZERO, Offset::ZERO), |told| (told.image.next, told.end));
        LogFiles { id, start, checkpointed, end, segments }
    }
}

impl SegmentFile {
    /// Reads every batch and gives it to `each`, with its place; what is damaged goes to `problems`.
    pub fn read(
        &self,
        problems: &mut Vec<Problem>,
        mut each: impl FnMut(u64, &BatchHeader, &[u8]),
    ) -> io::Result<Contents> {
        self.read_while(problems, |pos, header, bytes| {
            each(pos, header, bytes);
            true
        })
    }

    /// The same, until `each` answers false: it has seen enough.
    pub fn read_while(
        &self,
        problems: &mut Vec<Problem>,
        mut each: impl FnMut(u64, &BatchHeader, &[u8]) -> bool,
    ) -> io::Result<Contents> {
        // Without a checkpoint the file has to speak for itself.
        let expected = self.expected.clone().unwrap_or_else(|| Expected {
            readable: self.bytes,
            written: self.bytes,
            end: Offset::new(i64::MAX),
            gaps: self.generation > 0,
            epochs: LeaderEpochs::default(),
        });
        let readable = expected.readable.min(self.bytes);
        let known = self.known.is_some();
        let expected = Expected { readable, ..expected };
        block_on(async {
            let file = Plain.open(&self.path, Open::Read).await?;
            let padding = if self.known.is_none() { zeroes_from(&file).await? } else { u64::MAX };
            let mut reader = SegmentReader::new(file, expected, 0, self.base);
            let mut contents = Contents::default();
            loop {
                let pos = reader.pos();
                match reader.step().await? {
                    Found::End => return Ok(contents),
                    // The last page of a segment that was being written is filled with zeroes.
                    Found::Damaged(damage) if damage.pos >= padding => return Ok(contents),
                    Found::Damaged(damage) => {
                        let open = damage.last.get() == i64::MAX - 1;
                        let range = if open {
                            format!("offsets from {} on", damage.first)
                        } else {
                            format!("offsets {} to {}", damage.first, damage.last)
                        };
                        let mut what =
                            format!("{range}, bytes {} to {}: {}", damage.pos, damage.until, damage.why);
                        let at_end = !known && damage.until >= readable;
                        if at_end {
                            what.push_str(" (the last write of a segment that no checkpoint knows yet: the journal has it)");
                        }
                        problems.push(Problem { file: self.path.clone(), what, loss: !at_end });
                    }
                    Found::Batch(header, bytes) => {
                        contents.batches += 1;
                        contents.records += header.record_count.max(0) as u64;
                        contents.bytes += bytes.len() as u64;
                        contents.end = Some(header.next_offset());
                        let newest = header.max_timestamp;
                        let (least, greatest) = contents.timestamps.unwrap_or((newest, newest));
                        contents.timestamps = Some((least.min(header.base_timestamp), greatest.max(newest)));
                        if !each(pos, &header, &bytes) {
                            return Ok(contents);
                        }
                    }
                }
            }
        })
    }

    /// Entries of the index beside it; none if there is no such file. A damaged one is a problem without loss.
    pub fn read_index(&self, problems: &mut Vec<Problem>) -> Option<usize> {
        let path = self.path.with_extension("index");
        let bytes = fs::read(&path).ok()?;
        let index = Index::decode(&bytes, None);
        if index.is_none() {
            let what = "the index is damaged; it is rebuilt when it is needed".to_string();
            problems.push(Problem { file: path, what, loss: false });
        }
        index.map(|index| index.len())
    }
}

/// Where the zeroes at the end of a file begin.
async fn zeroes_from(file: &PlainFile) -> io::Result<u64> {
    let mut end = file.size().await?;
    while end > 0 {
        let from = end.saturating_sub(1 << 20);
        let bytes = DiskFile::read_at(file, from, (end - from) as usize).await?;
        if let Some(last) = bytes.iter().rposition(|b| *b != 0) {
            return Ok(from + last as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}
