//! The journal of a shard: what makes an append durable.
//!
//! ```text
//!   ring of files, zero-filled when made, then written over and over
//!   ┌─────────┬─────────┬─────────┬─────────┐
//!   │ lap 8   │ lap 9   │ lap 6   │ lap 7   │      a lap is one pass over one file
//!   └─────────┴─────────┴─────────┴─────────┘
//!              ▲ writing   ▲ oldest still needed
//!
//!   frame, at a page's start:
//!     0  magic   u32   "HWJ1"            20  length   u32  bytes of the entries
//!     4  crc     u32   CRC-32 of the rest 24  count   u32  entries
//!     8  lap     u64                      28  entries …, then zeroes to the end of the page
//!    16  sequence low 32 bits u32
//!
//!   entry: kind u8 (1 append, 2 log start, 3 drop, 4 append that begins a segment, 5 stored, 6 stored and begins a segment)
//!          | topic id 16 | partition i32 | offset i64 | epoch i32 | length u32 | bytes
//!   bytes of a stored entry: place u64 | length u32 | offset behind i64 | CRC-32 of the batches' headers u32
//! ```
//!
//! A stored entry is written when the batches that it tells of are in their segment and flushed, with everything before them
//! in that log (`large.rs`): its own durability is what acknowledges them.
//!
//! Invariants: one write at a time, so at most the last frame is torn; a frame is applied whole or not at all; laps begin
//! at a random number and only grow, so an old frame, or a client's bytes that look like one, is never taken for a new one;
//! a file is written over only when everything in its former lap is in flushed segments and a checkpoint says so; files
//! never grow in the hot path, so a write needs no file-system journal.

pub mod fill;
pub mod frame;
pub mod replay;
pub mod ring;
mod windows;
