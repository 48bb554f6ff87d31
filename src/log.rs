//! `headwater log`: looks into a data folder, offline and read-only.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use headwater_core::ids::TopicPartition;
use headwater_core::limits::DECOMPRESSED_BATCH_BYTES_MAX;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_core::record::records::Records;
use headwater_storage::offline::{self, Folder, LogFiles, Problem, SegmentFile};
use serde_json::{Map, Value, json};

use crate::bootstrap::print;
use crate::consume::format::put;
use crate::table::{grouped, table};

/// Look into a data folder, offline and read-only.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "PATH is a data folder, the folder of a topic or partition in it, or one segment (.log).\n\
                  Stop the broker first: what it writes meanwhile looks like damage."
)]
pub struct LogArgs {
    #[command(subcommand)]
    command: LogCommand,
}

#[derive(Debug, clap::Subcommand)]
enum LogCommand {
    /// List partitions and segments, without reading the records.
    #[command(after_help = "Example:\n  headwater log inspect headwater-data")]
    Inspect {
        /// A data folder, a folder in it, or a segment.
        path: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Read every batch and check it; exit code 1 if anything is lost.
    #[command(after_help = "Example:\n  headwater log verify headwater-data && echo sound")]
    Verify {
        /// A data folder, a folder in it, or a segment.
        path: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the batches, or the records in them.
    #[command(
        after_help = "Example:\n  headwater log dump headwater-data/topics/<id>/0 --records --from 1000 --max 20"
    )]
    Dump {
        /// A data folder, a folder in it, or a segment.
        path: PathBuf,
        /// Print the records, not only the batches.
        #[arg(long)]
        records: bool,
        /// Begin at this offset.
        #[arg(long, value_name = "OFFSET", default_value_t = 0)]
        from: i64,
        /// Print so many at most.
        #[arg(long, value_name = "N")]
        max: Option<u64>,
        /// Print JSON, a line each.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub fn run(args: LogArgs) -> ExitCode {
    let (path, result) = match &args.command {
        LogCommand::Inspect { path, json } => (path, inspect(path, *json)),
        LogCommand::Verify { path, json } => (path, verify(path, *json)),
        LogCommand::Dump { path, records, from, max, json } => {
            let mut dump =
                Dump { records: *records, from: *from, left: max.unwrap_or(u64::MAX), json: *json };
            (path, dump.run(path))
        }
    };
    match result {
        Ok(sound) => ExitCode::from(u8::from(!sound)),
        Err(error) => {
            eprintln!("headwater: {}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing is lost, or why the path can't be looked at.
type Looked = std::io::Result<bool>;

fn hex(id: TopicPartition) -> String {
    format!("{:032x}", u128::from_be_bytes(id.topic.get()))
}

fn problems_text(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |mut out, Problem { file, what, loss }| {
        let _ = writeln!(out, "{}: {}: {what}", if *loss { "LOST" } else { "note" }, file.display());
        out
    })
}

fn problems_json(problems: &[Problem]) -> Value {
    let one = |p: &Problem| json!({ "file": p.file.display().to_string(), "what": p.what, "loss": p.loss });
    problems.iter().map(one).collect()
}

fn sound(problems: &[Problem]) -> bool {
    problems.iter().all(|problem| !problem.loss)
}

fn offsets_json(log: &LogFiles) -> Value {
    json!({
        "topic_id": hex(log.id), "partition": log.id.partition.get(), "start": log.start.get(),
        "checkpointed": log.checkpointed.get(), "end": log.end.get(),
    })
}

fn inspect(path: &Path, as_json: bool) -> Looked {
    let Folder { logs, shards, problems } = offline::look(path)?;
    if as_json {
        let logs: Vec<Value> = logs
            .iter()
            .map(|log| {
                let segment = |s: &SegmentFile| {
                    json!({
                        "file": s.path.display().to_string(), "base": s.base.get(), "generation": s.generation,
                        "bytes": s.bytes, "known_bytes": s.known,
                    })
                };
                let mut out = offsets_json(log);
                out["segments"] = log.segments.iter().map(segment).collect();
                out
            })
            .collect();
        print(&format!(
            "{:#}\n",
            json!({ "shards": shards, "logs": logs, "problems": problems_json(&problems) })
        ));
        return Ok(sound(&problems));
    }
    let rows = logs.iter().map(|log| {
        let bytes = log.segments.iter().map(|segment| segment.bytes).sum();
        let mut row = vec![hex(log.id), log.id.partition.to_string()];
        row.extend([log.start, log.checkpointed, log.end].map(|offset| grouped(offset.get() as u64)));
        row.extend([grouped(log.segments.len() as u64), grouped(bytes)]);
        row
    });
    let headings = ["TOPIC ID", ">PARTITION", ">START", ">IN SEGMENTS TO", ">END", ">SEGMENTS", ">BYTES"];
    let mut out = table(&headings, rows);
    if let [log] = logs.as_slice() {
        let rows = log.segments.iter().map(|segment| {
            let known = segment.known.map_or("-".to_string(), grouped);
            vec![segment.path.display().to_string(), grouped(segment.bytes), known]
        });
        out.push('\n');
        out.push_str(&table(&["SEGMENT", ">BYTES", ">KNOWN"], rows));
    }
    print(&(out + &problems_text(&problems)));
    Ok(sound(&problems))
}

fn verify(path: &Path, as_json: bool) -> Looked {
    let Folder { logs, mut problems, .. } = offline::look(path)?;
    let mut rows = Vec::new();
    let mut reports = Vec::new();
    for log in &logs {
        let (mut batches, mut records, mut bytes) = (0, 0, 0);
        for segment in &log.segments {
            segment.read_index(&mut problems);
            match segment.read(&mut problems, |_, _, _| {}) {
                Ok(contents) => {
                    batches += contents.batches;
                    records += contents.records;
                    bytes += contents.bytes;
                }
                Err(error) => {
                    problems.push(Problem {
                        file: segment.path.clone(),
                        what: error.to_string(),
                        loss: true,
                    });
                }
            }
        }
        let mut report = offsets_json(log);
        report["batches"] = batches.into();
        report["records"] = records.into();
        report["bytes"] = bytes.into();
        reports.push(report);
        let mut row = vec![hex(log.id), log.id.partition.to_string()];
        row.extend([batches, records, bytes].map(grouped));
        rows.push(row);
    }
    let sound = sound(&problems);
    if as_json {
        print(&format!(
            "{:#}\n",
            json!({ "sound": sound, "logs": reports, "problems": problems_json(&problems) })
        ));
        return Ok(sound);
    }
    let mut out = table(&["TOPIC ID", ">PARTITION", ">BATCHES", ">RECORDS", ">BYTES"], rows);
    out.push_str(&problems_text(&problems));
    let lost = problems.iter().filter(|problem| problem.loss).count();
    match lost {
        0 => {
            let behind: i64 = logs.iter().map(|log| (log.end.get() - log.checkpointed.get()).max(0)).sum();
            if behind > 0 {
                let _ = writeln!(
                    out,
                    "{behind} records are in the journal, which is whole, and not yet in segments."
                );
            }
            out.push_str("Sound: every batch is as it was written.\n");
        }
        _ => out.push_str(&advice(&problems)),
    }
    print(&out);
    Ok(sound)
}

/// What to do about losses. A broker serves what is around a damaged segment; without a part of the folder itself (journal,
/// checkpoint, …) it refuses to start, or begins as if what was in that part had never been.
fn advice(problems: &[Problem]) -> String {
    let in_segments = |p: &&Problem| p.file.extension().is_some_and(|extension| extension == "log");
    let (segments, parts): (Vec<_>, Vec<_>) = problems.iter().filter(|p| p.loss).partition(in_segments);
    let mut out = String::new();
    if !segments.is_empty() {
        let _ = writeln!(
            out,
            "{} damaged in segments: a broker serves what is around them, and their offsets answer CORRUPT_MESSAGE, or \
             KAFKA_STORAGE_ERROR where the file is missing. Keep a copy of the folder, check the disk, and produce those \
             records again where their source still has them.",
            segments.len()
        );
    }
    if !parts.is_empty() {
        let _ = writeln!(
            out,
            "{} damaged or missing of the folder itself: start no broker on it; it would refuse, or begin without what was \
             there. Keep a copy, check the disk, and put a whole copy of the folder in its place. If there is none, read what \
             the segments hold with `headwater log dump PATH --records --json`, and produce it to a broker with a new folder.",
            parts.len()
        );
    }
    out
}

/// What is printed of each batch, and how much.
struct Dump {
    records: bool,
    from: i64,
    left: u64,
    json: bool,
}

impl Dump {
    fn run(&mut self, path: &Path) -> Looked {
        let Folder { logs, mut problems, .. } = offline::look(path)?;
        for log in &logs {
            if self.left == 0 {
                break;
            }
            if !self.json {
                print(&format!("{} partition {}\n", hex(log.id), log.id.partition));
            }
            for (at, segment) in log.segments.iter().enumerate() {
                let before = log.segments.get(at + 1).is_some_and(|next| next.base.get() <= self.from);
                if before || self.left == 0 {
                    continue;
                }
                segment.read_while(&mut problems, |pos, header, bytes| {
                    if header.last_offset().get() >= self.from {
                        self.batch(log.id, pos, header, bytes);
                    }
                    self.left > 0
                })?;
            }
        }
        eprint!("{}", problems_text(&problems));
        Ok(sound(&problems))
    }

    fn line(&mut self, text: impl FnOnce() -> String) {
        if self.left > 0 {
            self.left -= 1;
            if writeln!(std::io::stdout(), "{}", text()).is_err() {
                // The reader has seen enough.
                self.left = 0;
            }
        }
    }

    fn batch(&mut self, id: TopicPartition, pos: u64, header: &BatchHeader, bytes: &[u8]) {
        if self.records {
            self.records_of(id, header, bytes);
            return;
        }
        let codec = header.codec().map_or("?".to_string(), |codec| format!("{codec:?}").to_lowercase());
        let producer = header.producer_id.map(|id| id.get());
        if self.json {
            self.line(|| {
                json!({
                    "topic_id": hex(id), "partition": id.partition.get(), "pos": pos, "bytes": bytes.len(),
                    "base_offset": header.base_offset.get(), "last_offset": header.last_offset().get(),
                    "leader_epoch": header.leader_epoch.get(), "records": header.record_count, "codec": codec,
                    "base_timestamp": header.base_timestamp, "max_timestamp": header.max_timestamp,
                    "producer_id": producer, "producer_epoch": header.producer_epoch.get(),
                    "base_sequence": header.base_sequence, "transactional": header.is_transactional(),
                    "control": header.is_control(),
                })
                .to_string()
            });
            return;
        }
        self.line(|| {
            let mut out = format!(
                "  offsets {}-{}  at {pos}, {} bytes  {} records  {codec}  epoch {}  to {} ms",
                header.base_offset,
                header.last_offset(),
                bytes.len(),
                header.record_count,
                header.leader_epoch,
                header.max_timestamp
            );
            if let Some(producer) = producer {
                let _ = write!(out, "  producer {producer} sequence {}", header.base_sequence);
            }
            for (is, name) in [(header.is_transactional(), "transactional"), (header.is_control(), "control")]
            {
                out.push_str(if is { "  " } else { "" });
                out.push_str(if is { name } else { "" });
            }
            out
        });
    }

    fn records_of(&mut self, id: TopicPartition, header: &BatchHeader, bytes: &[u8]) {
        let view = BatchView { header: *header, bytes };
        let records = match Records::of(&view, DECOMPRESSED_BATCH_BYTES_MAX) {
            Ok(records) => records,
            Err(error) => {
                eprintln!("{id}: batch at offset {}: {error}", header.base_offset);
                return;
            }
        };
        for record in records.iter() {
            let Ok(record) = record else {
                eprintln!("{id}: batch at offset {}: its records can't be read", header.base_offset);
                return;
            };
            if record.offset.get() < self.from {
                continue;
            }
            let json = self.json;
            self.line(|| {
                if json {
                    let mut fields = Map::new();
                    fields.insert("topic_id".into(), hex(id).into());
                    fields.insert("partition".into(), id.partition.get().into());
                    fields.insert("offset".into(), record.offset.get().into());
                    fields.insert("timestamp".into(), record.timestamp.into());
                    put(&mut fields, "key", record.key);
                    put(&mut fields, "value", record.value);
                    return Value::Object(fields).to_string();
                }
                let text = |bytes: Option<&[u8]>| {
                    bytes.map_or("null".to_string(), |bytes| bytes.escape_ascii().to_string())
                };
                format!(
                    "  {}  {} ms  {}  {}",
                    record.offset,
                    record.timestamp,
                    text(record.key),
                    text(record.value)
                )
            });
        }
    }
}
