//! What a broker checks of one partition's records in a produce request, before anything is appended.
//!
//! Batches are decompressed only where the topic's settings ask for it: a compacted topic (keys), another codec.

use bytes::BytesMut;

use crate::ErrorCode;
use crate::ids::ProducerEpoch;
use crate::time::Timestamp;

use super::RecordError;
use super::builder::BatchBuilder;
use super::compress::Codec;
use super::header::{BatchHeader, BatchView, set_log_append_time};
use super::records::Records;

/// The settings that apply.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// `max.message.bytes`.
    pub max_message_bytes: usize,
    /// `message.timestamp.type=LogAppendTime`.
    pub log_append_time: bool,
    /// `message.timestamp.before.max.ms`.
    pub timestamp_before_max_ms: u64,
    /// `message.timestamp.after.max.ms`.
    pub timestamp_after_max_ms: u64,
    /// Whether `cleanup.policy` has `compact`: every record needs a key.
    pub compacted: bool,
    /// `compression.type`, none for `producer`, and its level.
    pub codec: Option<(Codec, Option<i32>)>,
    /// The version of the produce request.
    pub version: i16,
}

/// A batch that may be appended.
#[derive(Debug)]
pub enum Accepted {
    /// As it came.
    AsIs(BatchHeader),
    /// Rewritten as the settings ask.
    Rewritten(BatchHeader, BytesMut),
}

/// Why a batch is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Kafka's code.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// Records to blame: index in the batch, and why.
    pub records: Vec<(i32, String)>,
}

impl Refusal {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), records: Vec::new() }
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::InvalidRecord, message)
}

impl From<RecordError> for Refusal {
    fn from(error: RecordError) -> Self {
        let code = match error {
            RecordError::Magic(_) => ErrorCode::InvalidRecord,
            RecordError::Codec(_) => ErrorCode::UnsupportedCompressionType,
            RecordError::TooLarge(_) => ErrorCode::MessageTooLarge,
            RecordError::Record { .. } => ErrorCode::InvalidRecord,
            RecordError::Short { .. }
            | RecordError::Length(_)
            | RecordError::Checksum { .. }
            | RecordError::Compression { .. } => ErrorCode::CorruptMessage,
        };
        Refusal::new(code, error.to_string())
    }
}

/// How much a batch may grow when it is decompressed, beyond its own size, in bytes.
const DECOMPRESSED_MAX: usize = 128 * 1024 * 1024;

/// Checks `records`; behaviours 23–25 and 28–33.
pub fn validate(records: &[u8], rules: &Rules, now: Timestamp) -> Result<Accepted, Refusal> {
    let (view, rest) = BatchView::split(records)?;
    if !rest.is_empty() {
        return Err(invalid("a produce request carries exactly one batch a partition"));
    }
    if view.bytes.len() > rules.max_message_bytes {
        return Err(Refusal::new(
            ErrorCode::MessageTooLarge,
            format!(
                "the batch has {} bytes, max.message.bytes is {}",
                view.bytes.len(),
                rules.max_message_bytes
            ),
        ));
    }
    view.verify_crc()?;
    let header = view.header;
    let codec = header.codec()?;
    if codec == Codec::Zstd && rules.version < 7 {
        return Err(Refusal::new(
            ErrorCode::UnsupportedCompressionType,
            "zstd needs Produce version 7 or newer",
        ));
    }
    check_shape(&header)?;
    if !rules.log_append_time {
        check_timestamp(header.max_timestamp, rules, now)?;
    }
    let target = rules.codec.filter(|(target, _)| *target != codec);
    if rules.compacted || target.is_some() {
        let inner = Records::of(&view, DECOMPRESSED_MAX)?;
        check_records(&header, &inner, rules)?;
        if let Some((target, level)) = target {
            let batch = recompress(&header, &inner, target, level, rules, now)?;
            let header = BatchHeader::parse(&batch)?;
            return Ok(Accepted::Rewritten(header, batch));
        }
    }
    if rules.log_append_time {
        let mut batch = BytesMut::from(view.bytes);
        set_log_append_time(&mut batch, now);
        return Ok(Accepted::Rewritten(BatchHeader::parse(&batch)?, batch));
    }
    Ok(Accepted::AsIs(header))
}

fn check_shape(header: &BatchHeader) -> Result<(), Refusal> {
    if header.record_count <= 0 {
        return Err(invalid(format!("the batch says it has {} records", header.record_count)));
    }
    if header.last_offset_delta != header.record_count - 1 {
        return Err(invalid(format!(
            "the batch has {} records, and {} as the last offset delta",
            header.record_count, header.last_offset_delta
        )));
    }
    if header.is_control() {
        return Err(invalid("clients may not write control batches"));
    }
    if header.producer_id.is_some()
        && (header.base_sequence < 0 || header.producer_epoch < ProducerEpoch::new(0))
    {
        return Err(invalid("a batch with a producer id needs a sequence and an epoch"));
    }
    if header.is_transactional() && header.producer_id.is_none() {
        return Err(invalid("a transactional batch needs a producer id"));
    }
    Ok(())
}

fn check_timestamp(timestamp: i64, rules: &Rules, now: Timestamp) -> Result<(), Refusal> {
    if timestamp < 0 {
        return Ok(());
    }
    let ahead = i128::from(timestamp) - i128::from(now.millis());
    if ahead > i128::from(rules.timestamp_after_max_ms) || -ahead > i128::from(rules.timestamp_before_max_ms)
    {
        return Err(Refusal::new(
            ErrorCode::InvalidTimestamp,
            format!("timestamp {timestamp} is too far from the broker's clock, which says {}", now.millis()),
        ));
    }
    Ok(())
}

fn check_records(header: &BatchHeader, inner: &Records<'_>, rules: &Rules) -> Result<(), Refusal> {
    let mut keyless = Vec::new();
    for (index, record) in (0..).zip(inner.iter()) {
        let record = record?;
        if record.offset.get() - header.base_offset.get() != i64::from(index) {
            return Err(invalid("the records' offset deltas are not 0, 1, 2, …"));
        }
        if rules.compacted && record.key.is_none() {
            keyless.push((index, "a record of a compacted topic needs a key".to_string()));
        }
    }
    if keyless.is_empty() {
        return Ok(());
    }
    // Behaviour 29: the whole batch is refused, and says which records were at fault.
    Err(Refusal { records: keyless, ..invalid("one or more records have been rejected") })
}

fn recompress(
    header: &BatchHeader,
    inner: &Records<'_>,
    target: Codec,
    level: Option<i32>,
    rules: &Rules,
    now: Timestamp,
) -> Result<BytesMut, Refusal> {
    let mut builder = BatchBuilder::new().codec(target).level(level);
    if let Some(id) = header.producer_id {
        builder = builder.producer(id, header.producer_epoch, header.base_sequence);
    }
    if header.is_transactional() {
        builder = builder.transactional();
    }
    for record in inner.iter() {
        let record = record?;
        builder.push(record.timestamp, record.key, record.value, &record.headers);
    }
    let mut batch = builder.build_mut();
    if rules.log_append_time {
        set_log_append_time(&mut batch, now);
    }
    if batch.len() > rules.max_message_bytes {
        return Err(Refusal::new(
            ErrorCode::MessageTooLarge,
            format!("recompressed with {}, the batch has {} bytes", target.name(), batch.len()),
        ));
    }
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ProducerId;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn rules() -> Rules {
        Rules {
            max_message_bytes: 1 << 20,
            log_append_time: false,
            timestamp_before_max_ms: u64::MAX,
            timestamp_after_max_ms: 3_600_000,
            compacted: false,
            codec: None,
            version: 13,
        }
    }

    fn batch() -> BatchBuilder {
        BatchBuilder::new().record(NOW.millis(), Some(b"k"), Some(b"v"))
    }

    fn check(bytes: &[u8], rules: &Rules, expect: Result<bool, ErrorCode>) {
        let got = validate(bytes, rules, NOW);
        let got = got.map(|a| matches!(a, Accepted::Rewritten(..))).map_err(|refusal| refusal.code);
        assert_eq!(got, expect);
    }

    #[test]
    fn b24_exactly_one_batch_of_format_2() {
        let one = batch().build();
        check(&one, &rules(), Ok(false));
        check(&[one.clone(), one.clone()].concat(), &rules(), Err(ErrorCode::InvalidRecord));
        check(&[], &rules(), Err(ErrorCode::CorruptMessage));
        let mut old = one.to_vec();
        old[16] = 1;
        check(&old, &rules(), Err(ErrorCode::InvalidRecord));
        let zstd = batch().codec(Codec::Zstd).build();
        check(&zstd, &Rules { version: 6, ..rules() }, Err(ErrorCode::UnsupportedCompressionType));
        check(&zstd, &rules(), Ok(false));
    }

    #[test]
    fn b23_a_flipped_bit_is_refused() {
        let one = batch().build();
        for at in 21..one.len() {
            let mut bad = one.to_vec();
            bad[at] ^= 4;
            check(&bad, &rules(), Err(ErrorCode::CorruptMessage));
        }
    }

    #[test]
    fn b25_counts_control_and_sequences() {
        check(&batch().control().build(), &rules(), Err(ErrorCode::InvalidRecord));
        check(&batch().transactional().build(), &rules(), Err(ErrorCode::InvalidRecord));
        let producer =
            |sequence| batch().producer(ProducerId::new(1), ProducerEpoch::new(0), sequence).build();
        check(&producer(0), &rules(), Ok(false));
        check(&producer(-1), &rules(), Err(ErrorCode::InvalidRecord));
        let mut lying = batch().build_mut();
        lying[57..61].copy_from_slice(&2i32.to_be_bytes());
        crate::record::header::seal(&mut lying);
        check(&lying, &rules(), Err(ErrorCode::InvalidRecord));
    }

    #[test]
    fn b28_too_large() {
        let one = batch().build();
        check(&one, &Rules { max_message_bytes: one.len(), ..rules() }, Ok(false));
        check(&one, &Rules { max_message_bytes: one.len() - 1, ..rules() }, Err(ErrorCode::MessageTooLarge));
    }

    #[test]
    fn b29_a_compacted_topic_names_the_keyless_records() {
        let compacted = Rules { compacted: true, ..rules() };
        for codec in [Codec::None, Codec::Lz4] {
            let mixed = batch().codec(codec).record(NOW.millis(), None, Some(b"x")).build();
            let refusal = validate(&mixed, &compacted, NOW).unwrap_err();
            assert_eq!(
                (refusal.code, refusal.records.len(), refusal.records[0].0),
                (ErrorCode::InvalidRecord, 1, 1)
            );
        }
        check(&batch().build(), &compacted, Ok(false));
    }

    #[test]
    fn b30_timestamps_more_than_an_hour_ahead_are_refused() {
        let at = |ms| BatchBuilder::new().record(ms, None, Some(b"v")).build();
        check(&at(NOW.millis() + 3_600_000), &rules(), Ok(false));
        check(&at(NOW.millis() + 3_600_001), &rules(), Err(ErrorCode::InvalidTimestamp));
        check(&at(5), &Rules { timestamp_before_max_ms: 10, ..rules() }, Err(ErrorCode::InvalidTimestamp));
    }

    #[test]
    fn b31_log_append_time_rewrites_header_and_checksum() {
        let rules = Rules { log_append_time: true, ..rules() };
        let Ok(Accepted::Rewritten(header, bytes)) = validate(&batch().build(), &rules, NOW) else {
            panic!()
        };
        assert!(header.is_log_append_time());
        assert_eq!(header.max_timestamp, NOW.millis());
        BatchView::split(&bytes).unwrap().0.verify_crc().unwrap();
    }

    #[test]
    fn b32_another_codec_recompresses() {
        let rules = Rules { codec: Some((Codec::Zstd, None)), ..rules() };
        let Ok(Accepted::Rewritten(header, bytes)) = validate(&batch().build(), &rules, NOW) else {
            panic!()
        };
        assert_eq!(header.codec(), Ok(Codec::Zstd));
        let (view, _) = BatchView::split(&bytes).unwrap();
        let records = Records::of(&view, 1000).unwrap();
        assert_eq!(records.iter().next().unwrap().unwrap().value, Some(&b"v"[..]));
        check(&batch().codec(Codec::Zstd).build(), &rules, Ok(false));
    }
}
