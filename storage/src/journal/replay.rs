//! Reading the journal back: every whole frame from a position on, in order, a few windows in memory at a time.
//!
//! ```text
//!   what comes next               other frames of this lap    what it means                        what is done
//!   --------------------------    ------------------------    ---------------------------------    ------------
//!   the expected frame, whole     any                         it was durable                       given
//!   anything else                 none behind it is whole     the last write, torn or not begun    the end
//!   anything else                 a later one is whole        damage: it was durable once          refused
//!   no lap that the beginning     any                         damage: that lap had frames          refused
//!   is in the middle of
//!   the next lap, whose first     any                         damage, as above                     refused
//!   frame is not the expected
//!   a whole one with an entry     any                         a newer program wrote it             refused
//!   of an unknown kind
//! ```
//!
//! A lap is known by the frame at its file's start. If that page is damaged the lap would be missing, and everything
//! acknowledged in it with it; so where a lap may have been, the files are searched for other frames of it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::frame::{Entry, FrameError, HEAD_BYTES, Head};
use super::ring::{Lap, Position, count_files, file_path};
use super::windows::Windows;
use crate::disk::{Disk, DiskFile, Open, PAGE};

/// What a replay found.
pub struct Replayed {
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
    /// A newer program wrote it.
    #[error("in lap {lap} of the journal, at byte {pos}: {source}; use the program that wrote it")]
    Unknown {
        /// The lap.
        lap: u64,
        /// Its place.
        pos: u64,
        /// What is not known.
        source: FrameError,
    },
}

/// When less than this is left of a lap, the next one may have been begun. Rounds are smaller (`commit::ROUND_BYTES`)
/// unless one batch alone is larger.
const ROOM_BYTES: u64 = 4 << 20;

/// Reads the ring in `folder` from `from` on and gives each entry to `each`, in the order in which they were written.
pub async fn replay<D: Disk>(
    disk: &D,
    folder: &Path,
    from: Position,
    mut each: impl AsyncFnMut(Entry),
) -> Result<Replayed, ReplayError> {
    let mut files = Vec::new();
    let mut by_lap = BTreeMap::new();
    for number in 0..count_files(disk, folder).await? {
        let file = disk.open(&file_path(folder, number), Open::Read).await?;
        if let Some(head) = Head::parse(&file.read_at(0, PAGE).await?) {
            by_lap.insert(head.lap, number);
        }
        files.push(file);
    }
    // Frames before this place were durable, the first of them at the start of the lap's file.
    if from.pos > 0 && !by_lap.contains_key(&from.lap) {
        return Err(ReplayError::Damaged { lap: from.lap, pos: 0 });
    }
    let mut out = Replayed { end: from, laps: Vec::new() };
    let mut last = None;
    while let Some(number) = by_lap.get(&out.end.lap).copied() {
        let Position { lap, pos, sequence } = out.end;
        out.laps.push(Lap { lap, file: number, from: pos, first: sequence });
        last = Some(number);
        read_lap(&files[number], &mut out, &mut each).await?;
        let next = out.end.lap + 1;
        let Some(next_number) = by_lap.get(&next) else { break };
        let first = Head::parse(&files[*next_number].read_at(0, PAGE).await?);
        match first {
            Some(head) if head.sequence == out.end.sequence => {
                out.end = Position { lap: next, pos: 0, sequence: out.end.sequence };
            }
            // The next lap was begun by frames that come later than the one which is missing here.
            _ => return Err(ReplayError::Damaged { lap: out.end.lap, pos: out.end.pos }),
        }
    }
    let missing = match last {
        None => Some(out.end.lap),
        Some(number) => {
            let left = files[number].size().await?.saturating_sub(out.end.pos);
            (left < ROOM_BYTES).then_some(out.end.lap + 1)
        }
    };
    if let Some(lap) = missing {
        for (number, file) in files.iter().enumerate() {
            let later =
                |head: &Head| head.lap == lap && head.sequence.wrapping_sub(out.end.sequence) < AHEAD_MAX;
            if Some(number) != last && whole_frame_from(Windows::of(file, 0).await?, 0, later).await? {
                return Err(ReplayError::Damaged { lap, pos: 0 });
            }
        }
    }
    Ok(out)
}

/// Reads frames of one file until one is not the expected next.
async fn read_lap<F: DiskFile>(
    file: &F,
    out: &mut Replayed,
    each: &mut impl AsyncFnMut(Entry),
) -> Result<(), ReplayError> {
    let mut windows = Windows::of(file, out.end.pos).await?;
    loop {
        let pos = out.end.pos;
        let mut frame = windows.get(pos, HEAD_BYTES).await?;
        let head = Head::parse(&frame).filter(|head| {
            // A damaged length must not become an allocation.
            let fits = pos + head.frame_len() as u64 <= windows.size();
            head.lap == out.end.lap && head.sequence == out.end.sequence && fits
        });
        let Some(head) = head else { return check_tail(windows, out.end).await };
        if frame.len() < head.frame_len() {
            frame = windows.get(pos, head.frame_len()).await?;
        }
        let Some(frame) = frame.get(..head.frame_len()).map(|whole| frame.slice_ref(whole)) else {
            // The file ends inside the frame: it was never written whole.
            return check_tail(windows, out.end).await;
        };
        match head.entries(&frame) {
            Ok(entries) => {
                for entry in entries {
                    each(entry).await;
                }
            }
            Err(FrameError::Torn) => return check_tail(windows, out.end).await,
            Err(source) => return Err(ReplayError::Unknown { lap: out.end.lap, pos, source }),
        }
        out.end.pos += head.frame_len() as u64;
        out.end.sequence = out.end.sequence.wrapping_add(1);
    }
}

/// Frames are numbered on; this many ahead and more is behind, by wrapping.
const AHEAD_MAX: u32 = 1 << 20;

/// A torn frame is the last one written. If a later frame of the same lap is whole, this is damage, and what was
/// acknowledged would be lost in silence.
async fn check_tail<F: DiskFile>(windows: Windows<'_, F>, end: Position) -> Result<(), ReplayError> {
    let later = |head: &Head| {
        let ahead = head.sequence.wrapping_sub(end.sequence);
        head.lap == end.lap && ahead > 0 && ahead < AHEAD_MAX
    };
    match whole_frame_from(windows, end.pos, later).await? {
        true => Err(ReplayError::Damaged { lap: end.lap, pos: end.pos }),
        false => Ok(()),
    }
}

/// Whether a whole frame that is `wanted` begins at some page from `pos` on.
async fn whole_frame_from<F: DiskFile>(
    mut windows: Windows<'_, F>,
    mut pos: u64,
    wanted: impl Fn(&Head) -> bool,
) -> Result<bool, ReplayError> {
    loop {
        let window = windows.get(pos, PAGE).await?;
        if window.len() < PAGE {
            return Ok(false);
        }
        let pages = window.len() / PAGE;
        for at in (0..pages).map(|page| page * PAGE) {
            let Some(head) = Head::parse(&window[at..]).filter(&wanted) else { continue };
            let begin = pos + at as u64;
            if begin + head.frame_len() as u64 > windows.size() {
                continue;
            }
            let frame = windows.get(begin, head.frame_len()).await?;
            if head.entries(&frame) != Err(FrameError::Torn) {
                return Ok(true);
            }
        }
        pos += (pages * PAGE) as u64;
    }
}
