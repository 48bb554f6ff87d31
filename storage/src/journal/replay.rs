//! Reading the journal back: every whole frame from a position on, in order.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::frame::{Entry, HEAD_BYTES, Head};
use super::ring::{Lap, Position, file_path};
use crate::disk::{Disk, DiskFile, Open, PAGE};

/// What a replay found.
pub struct Replayed {
    /// The entries, in the order in which they were written.
    pub entries: Vec<Entry>,
    /// Where the next frame goes.
    pub end: Position,
    /// The laps it read, oldest first, with their files.
    pub laps: Vec<Lap>,
}

/// Why the journal can't be trusted.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The disk.
    #[error("reading the journal: {0}")]
    Io(#[from] io::Error),
    /// A frame in the middle does not check, and later ones do: a torn last write looks different.
    #[error("the journal is damaged in lap {lap} at byte {pos}: frames behind it are whole")]
    Damaged {
        /// Its lap.
        lap: u64,
        /// Its place.
        pos: u64,
    },
}

/// How much is read at a time.
const WINDOW_BYTES: usize = 1 << 20;

/// Reads the ring in `folder` from `from` on.
pub async fn replay<D: Disk>(disk: &D, folder: &Path, from: Position) -> Result<Replayed, ReplayError> {
    let mut by_lap = BTreeMap::new();
    let count = disk.list(folder).await?.iter().filter(|name| name.starts_with("ring-")).count();
    for number in 0..count {
        let file = disk.open(&file_path(folder, number), Open::Read).await?;
        if let Some(head) = Head::parse(&file.read_at(0, PAGE).await?) {
            by_lap.insert(head.lap, (number, file));
        }
    }
    let mut out = Replayed { entries: Vec::new(), end: from, laps: Vec::new() };
    while let Some((number, file)) = by_lap.get(&out.end.lap) {
        out.laps.push(Lap { lap: out.end.lap, file: *number, first: out.end.sequence });
        read_lap(file, &mut out).await?;
        let next = out.end.lap + 1;
        let Some((_, next_file)) = by_lap.get(&next) else { break };
        let first = Head::parse(&next_file.read_at(0, PAGE).await?);
        match first {
            Some(head) if head.lap == next && head.sequence == out.end.sequence => {
                out.end = Position { lap: next, pos: 0, sequence: out.end.sequence };
            }
            // The next lap was begun by frames that come later than the one which is missing here.
            _ => return Err(ReplayError::Damaged { lap: out.end.lap, pos: out.end.pos }),
        }
    }
    Ok(out)
}

/// Reads frames of one file until one is not the expected next.
async fn read_lap<F: DiskFile>(file: &F, out: &mut Replayed) -> Result<(), ReplayError> {
    let mut window = file.read_at(out.end.pos, WINDOW_BYTES).await?;
    let mut base = out.end.pos;
    loop {
        let skip = (out.end.pos - base) as usize;
        let rest = window.slice(skip.min(window.len())..);
        let head = Head::parse(&rest).filter(|h| h.lap == out.end.lap && h.sequence == out.end.sequence);
        let Some(head) = head else {
            if rest.len() < HEAD_BYTES && skip > 0 {
                base = out.end.pos;
                window = file.read_at(base, WINDOW_BYTES).await?;
                if window.len() >= HEAD_BYTES {
                    continue;
                }
                return Ok(());
            }
            return check_tail(file, out.end).await;
        };
        if rest.len() < head.frame_len() {
            base = out.end.pos;
            window = file.read_at(base, WINDOW_BYTES.max(head.frame_len())).await?;
            if window.len() < head.frame_len() {
                // The file ends inside the frame: it was never written whole.
                return check_tail(file, out.end).await;
            }
            continue;
        }
        match head.entries(&rest.slice(..head.frame_len())) {
            Some(entries) => out.entries.extend(entries),
            None => return check_tail(file, out.end).await,
        }
        out.end.pos += head.frame_len() as u64;
        out.end.sequence = out.end.sequence.wrapping_add(1);
    }
}

/// A torn frame is the last one written. If a later frame of the same lap is whole, this is damage, and what was
/// acknowledged would be lost in silence.
async fn check_tail<F: DiskFile>(file: &F, end: Position) -> Result<(), ReplayError> {
    let mut pos = end.pos;
    loop {
        let window = file.read_at(pos, WINDOW_BYTES).await?;
        if window.len() < PAGE {
            return Ok(());
        }
        for at in (0..window.len() - PAGE + 1).step_by(PAGE) {
            let Some(head) = Head::parse(&window[at..]) else { continue };
            let ahead = head.sequence.wrapping_sub(end.sequence);
            if head.lap == end.lap && ahead > 0 && ahead < 1 << 20 {
                let frame = file.read_at(pos + at as u64, head.frame_len()).await?;
                if head.entries(&frame).is_some() {
                    return Err(ReplayError::Damaged { lap: end.lap, pos: end.pos });
                }
            }
        }
        pos += (window.len() / PAGE * PAGE) as u64;
    }
}
