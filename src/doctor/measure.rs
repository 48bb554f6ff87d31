//! Figures of the disk and of the loopback, each in a second or two. Rough: what a broker reaches depends on its load, and a
//! figure here only says in which order of magnitude to look.

use std::fs::{File, OpenOptions, remove_file};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

const PAGE: usize = 4096;
const CHUNK: usize = 1 << 20;
const FILE_BYTES: u64 = 256 << 20;
const SMALL: usize = 16 << 10;
const WRITE_TIME: Duration = Duration::from_millis(2000);
const READ_TIME: Duration = Duration::from_millis(1500);
const FLUSH_TIME: Duration = Duration::from_millis(1500);
const STREAM_TIME: Duration = Duration::from_millis(700);
const ROUND_TRIP_TIME: Duration = Duration::from_millis(300);

/// What the disk did, one request at a time.
pub struct Disk {
    /// Direct sequential writes of 1 MiB.
    pub write_bytes_a_second: f64,
    /// Direct sequential reads of 1 MiB.
    pub read_bytes_a_second: f64,
    /// A 16 KiB write that is durable when it ends.
    pub flush_p50_us: u64,
    /// The same, 99 of 100.
    pub flush_p99_us: u64,
}

/// Memory that begins at a page, as direct IO wants it.
fn aligned(memory: &mut [u8], len: usize) -> &mut [u8] {
    let skip = memory.as_ptr().align_offset(PAGE);
    &mut memory[skip..skip + len]
}

impl Disk {
    /// Measures in `folder`.
    ///
    /// # Errors
    /// `InvalidInput` where there is no direct IO.
    pub fn measure(folder: &Path) -> io::Result<Disk> {
        let scratch = folder.join(format!("doctor-{}", std::process::id()));
        let open = |more: OFlags| -> io::Result<File> {
            let flags = (OFlags::DIRECT | more).bits() as i32;
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .custom_flags(flags)
                .open(&scratch)
        };
        // Without a name from here on: however this ends, also by Ctrl-C, the kernel gives the space back.
        let opened = open(OFlags::empty()).and_then(|file| Ok((file, open(OFlags::DSYNC)?)));
        let _ = remove_file(&scratch);
        let (file, durable) = opened?;
        let mut memory = vec![0x5a; CHUNK + PAGE];
        let chunk = aligned(&mut memory, CHUNK);
        let written = each(WRITE_TIME, |n| file.write_all_at(chunk, n * CHUNK as u64 % FILE_BYTES))?;
        file.sync_data()?;
        let there = (written.len() as u64 * CHUNK as u64).clamp(CHUNK as u64, FILE_BYTES);
        let read = each(READ_TIME, |n| file.read_exact_at(chunk, n * CHUNK as u64 % there))?;
        // Over bytes that are there: what a journal does.
        let small = &chunk[..SMALL];
        let flushes = each(FLUSH_TIME, |n| durable.write_all_at(small, n * SMALL as u64 % there))?;
        Ok(Disk {
            write_bytes_a_second: rate(&written),
            read_bytes_a_second: rate(&read),
            flush_p50_us: percentile(&flushes, 50),
            flush_p99_us: percentile(&flushes, 99),
        })
    }
}

/// Does something again and again for `time`; how long each took.
fn each(time: Duration, mut work: impl FnMut(u64) -> io::Result<()>) -> io::Result<Vec<Duration>> {
    let begin = Instant::now();
    let mut took = Vec::new();
    while begin.elapsed() < time {
        let at = Instant::now();
        work(took.len() as u64)?;
        took.push(at.elapsed());
    }
    Ok(took)
}

fn rate(took: &[Duration]) -> f64 {
    let seconds: f64 = took.iter().map(Duration::as_secs_f64).sum();
    (took.len() * CHUNK) as f64 / seconds.max(1e-9)
}

fn percentile(took: &[Duration], percent: usize) -> u64 {
    let mut sorted: Vec<u64> = took.iter().map(|d| d.as_micros() as u64).collect();
    sorted.sort_unstable();
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0)
}

/// Bytes a second in one TCP stream over the loopback, and the round trip of 100 bytes in microseconds.
pub fn loopback() -> io::Result<(f64, u64)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let echo = thread::spawn(move || -> io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut small = [0; 100];
        while stream.read_exact(&mut small).is_ok() {
            stream.write_all(&small)?;
        }
        let (mut stream, _) = listener.accept()?;
        io::copy(&mut stream, &mut io::sink()).map(|_| ())
    });
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut small = [7; 100];
    let trips = each(ROUND_TRIP_TIME, |_| {
        stream.write_all(&small)?;
        stream.read_exact(&mut small)
    })?;
    drop(stream);
    let mut stream = TcpStream::connect(address)?;
    let chunk = vec![1; CHUNK];
    let sent = each(STREAM_TIME, |_| stream.write_all(&chunk))?;
    drop(stream);
    echo.join().map_err(|_| io::Error::other("the echo ended"))??;
    Ok((rate(&sent), percentile(&trips, 50)))
}
