//! What a broker checks of one partition's records in a produce request, before anything is appended.
//!
//! | checked | of | when |
//! |---|---|---|
//! | one whole batch of format 2, its size, checksum, counts, attributes, offset 0, codec, greatest timestamp | header | always |
//! | every record: shape, offset delta, key, timestamp | records, decompressed | the topic is compacted, wants another codec or limits old timestamps; or a timestamp is already known to be at fault, so that the answer can name its records |
//!
//! So an ordinary batch costs one pass of the checksum and no decompression, unlike in Kafka, which walks every record.
//! What that gives up: the header's greatest timestamp is believed. A producer that lies about it misleads lookups by
//! time, and retention, of the topic that it may write to anyway. A malformed record, likewise, is found by who reads
//! it.
//!
//! Deliberately not here: idempotence (`producer`, which needs the partition's state), the transaction's state, and
//! whether the client may write there.

use bytes::BytesMut;

use crate::ErrorCode;
use crate::ids::ProducerEpoch;
use crate::limits::{DECOMPRESSED_BATCH_BYTES_MAX, RECORD_ERRORS_MAX};
use crate::time::Timestamp;

use super::RecordError;
use super::compress::Codec;
use super::header::{BatchHeader, BatchView, HEADER_BYTES, replace_payload, set_log_append_time};
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
            RecordError::Codec(_) => ErrorCode::UnsupportedCompressionType,
            RecordError::TooLarge(_) => ErrorCode::MessageTooLarge,
            // As Kafka: a records field that ends before its batch does holds no batch. What does not decompress although
            // its checksum is right was made so: CORRUPT_MESSAGE would have the client send it again, for ever.
            RecordError::Magic(_)
            | RecordError::Short { .. }
            | RecordError::Offsets { .. }
            | RecordError::Compression { .. }
            | RecordError::Record { .. } => ErrorCode::InvalidRecord,
            RecordError::Length(_) | RecordError::Checksum { .. } => ErrorCode::CorruptMessage,
        };
        Refusal::new(code, error.to_string())
    }
}

/// Checks `records`; behaviours 23–25 and 28–33.
pub fn validate(records: &[u8], rules: &Rules, now: Timestamp) -> Result<Accepted, Refusal> {
    let (view, rest) = BatchView::split(records)?;
    if !rest.is_empty() {
        return Err(invalid("a produce request carries exactly one batch a partition"));
    }
    check_size(view.bytes.len(), rules)?;
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
    let window = Window::of(rules, now);
    let in_time = window.has(header.max_timestamp);
    let target = rules.codec.filter(|(target, _)| *target != codec);
    let mut rewritten = None;
    if rules.compacted || target.is_some() || !in_time || window.limits_the_past() {
        let inner = Records::of(&view, DECOMPRESSED_BATCH_BYTES_MAX)?;
        check_records(&header, &inner, rules, &window)?;
        if let Some((target, level)) = target {
            rewritten = Some(replace_payload(view.bytes, target, &target.compress(inner.bytes(), level)));
        }
    }
    if !in_time {
        return Err(Refusal::new(ErrorCode::InvalidTimestamp, window.complaint(header.max_timestamp)));
    }
    if rules.log_append_time {
        let batch = rewritten.get_or_insert_with(|| BytesMut::from(view.bytes));
        set_log_append_time(batch, now);
    }
    let Some(batch) = rewritten else { return Ok(Accepted::AsIs(header)) };
    check_size(batch.len(), rules)?;
    Ok(Accepted::Rewritten(BatchHeader::parse(&batch)?, batch))
}

fn check_size(size: usize, rules: &Rules) -> Result<(), Refusal> {
    if size <= rules.max_message_bytes {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::MessageTooLarge,
        format!("the batch has {size} bytes, max.message.bytes is {}", rules.max_message_bytes),
    ))
}

/// Bytes of the smallest record: length, attributes, timestamp, offset, no key, no value, no headers.
const RECORD_BYTES_MIN: usize = 7;

fn check_shape(header: &BatchHeader) -> Result<(), Refusal> {
    if header.base_offset.get() != 0 {
        return Err(invalid(format!("the base offset is {}, only brokers may set it", header.base_offset)));
    }
    if header.record_count <= 0 {
        return Err(invalid(format!("the batch says it has {} records", header.record_count)));
    }
    if header.last_offset_delta != header.record_count - 1 {
        return Err(invalid(format!(
            "the batch has {} records, and {} as the last offset delta",
            header.record_count, header.last_offset_delta
        )));
    }
    // A false count would take offsets that no record has, and a segment for each few of such batches.
    let payload = match header.codec() {
        Ok(Codec::None) => header.encoded_len.saturating_sub(HEADER_BYTES),
        _ => DECOMPRESSED_BATCH_BYTES_MAX,
    };
    if header.record_count as usize > payload / RECORD_BYTES_MIN {
        return Err(invalid(format!("{} records are not in {payload} bytes", header.record_count)));
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
    if header.is_log_append_time() {
        return Err(Refusal::new(
            ErrorCode::InvalidTimestamp,
            "only brokers may set the timestamp type LogAppendTime",
        ));
    }
    Ok(())
}

/// The timestamps that a topic takes (behaviour 30), both ends inclusive. Wide, because the limits may be 2^63 - 1.
struct Window {
    earliest: Option<i128>,
    latest: i128,
}

impl Window {
    fn of(rules: &Rules, now: Timestamp) -> Window {
        let now = i128::from(now.millis());
        if rules.log_append_time {
            return Window { earliest: None, latest: i128::MAX };
        }
        // The default is 2^63 - 1: no limit.
        let limited = rules.timestamp_before_max_ms < i64::MAX as u64;
        Window {
            earliest: limited.then(|| now - i128::from(rules.timestamp_before_max_ms)),
            latest: now + i128::from(rules.timestamp_after_max_ms),
        }
    }

    fn limits_the_past(&self) -> bool {
        self.earliest.is_some()
    }

    fn has(&self, timestamp: i64) -> bool {
        // -1 is a record without timestamp.
        let at = i128::from(timestamp);
        timestamp == -1 || (self.earliest.is_none_or(|earliest| earliest <= at) && at <= self.latest)
    }

    fn complaint(&self, timestamp: i64) -> String {
        match self.earliest {
            None => format!("timestamp {timestamp} is after {}", self.latest),
            Some(earliest) => format!("timestamp {timestamp} is not from {earliest} to {}", self.latest),
        }
    }
}

fn check_records(
    header: &BatchHeader,
    inner: &Records<'_>,
    rules: &Rules,
    window: &Window,
) -> Result<(), Refusal> {
    let mut named = Vec::new();
    let mut refused = 0;
    let mut out_of_time = false;
    for (index, record) in (0..).zip(inner.iter()) {
        let record = record?;
        if record.offset.get() - header.base_offset.get() != i64::from(index) {
            return Err(invalid("the records' offset deltas are not 0, 1, 2, …"));
        }
        let keyless = rules.compacted && record.key.is_none();
        if !keyless && window.has(record.timestamp) {
            continue;
        }
        refused += 1;
        out_of_time |= !keyless;
        if named.len() < RECORD_ERRORS_MAX {
            let complaint = if keyless {
                "a record of a compacted topic needs a key".to_string()
            } else {
                window.complaint(record.timestamp)
            };
            named.push((index, complaint));
        }
    }
    if refused == 0 {
        return Ok(());
    }
    // Behaviour 29: the whole batch is refused, and says which records were at fault.
    let code = if out_of_time { ErrorCode::InvalidTimestamp } else { ErrorCode::InvalidRecord };
    let message = format!(
        "the batch is refused because of {refused} of its records, first {}: {}",
        named[0].0, named[0].1
    );
    Err(Refusal { code, message, records: named })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ProducerId;
    use crate::record::builder::BatchBuilder;

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

    /// A batch with some header bytes changed and its checksum made right again.
    fn patched(mut batch: BytesMut, at: usize, bytes: &[u8]) -> BytesMut {
        batch[at..at + bytes.len()].copy_from_slice(bytes);
        crate::record::header::seal(&mut batch);
        batch
    }

    #[test]
    fn b24_exactly_one_batch_of_format_2() {
        let one = batch().build();
        check(&one, &rules(), Ok(false));
        check(&[one.clone(), one.clone()].concat(), &rules(), Err(ErrorCode::InvalidRecord));
        check(&[], &rules(), Err(ErrorCode::InvalidRecord));
        for cut in 1..one.len() {
            check(&one[..cut], &rules(), Err(ErrorCode::InvalidRecord));
            check(&[&one[..], &one[..cut]].concat(), &rules(), Err(ErrorCode::InvalidRecord));
        }
        for (length, code) in [(-1i32, ErrorCode::CorruptMessage), (48, ErrorCode::CorruptMessage)] {
            check(&patched(batch().build_mut(), 8, &length.to_be_bytes()), &rules(), Err(code));
        }
        for codec in [5u8, 6, 7] {
            let unknown = patched(batch().build_mut(), 22, &[codec]);
            check(&unknown, &rules(), Err(ErrorCode::UnsupportedCompressionType));
        }
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
        // Byte of the header, what is written there.
        let one = 1i32.to_be_bytes();
        let lies: [(usize, &[u8]); 8] = [
            (57, &2i32.to_be_bytes()),
            (57, &0i32.to_be_bytes()),
            (57, &(-1i32).to_be_bytes()),
            (57, &i32::MIN.to_be_bytes()),
            (23, &one),
            (23, &(-1i32).to_be_bytes()),
            (23, &i32::MAX.to_be_bytes()),
            (0, &[0, 0, 0, 0, 0, 0, 0, 1]),
        ];
        for (at, bytes) in lies {
            check(&patched(batch().build_mut(), at, bytes), &rules(), Err(ErrorCode::InvalidRecord));
        }
        // A producer id, but no epoch.
        let epochless = patched(
            batch().producer(ProducerId::new(1), ProducerEpoch::new(0), 0).build_mut(),
            51,
            &[0xff; 2],
        );
        check(&epochless, &rules(), Err(ErrorCode::InvalidRecord));
    }

    #[test]
    fn b25_records_are_walked_where_the_topic_demands_it() {
        let two = || batch().record(NOW.millis(), Some(b"k"), Some(b"v")).build_mut();
        let compacted = Rules { compacted: true, ..rules() };
        check(&two(), &compacted, Ok(false));
        // The second record's offset delta, its length, and a third record that is not there.
        let size = (two().len() - 61) / 2;
        for (at, byte) in [(61 + size + 3, 0), (61 + size + 3, 4), (61 + size, 2), (61 + size, 0xff), (61, 0)]
        {
            let broken = patched(two(), at, &[byte]);
            check(&broken, &compacted, Err(ErrorCode::InvalidRecord));
            check(&broken, &rules(), Ok(false));
        }
        let three = patched(patched(two(), 57, &3i32.to_be_bytes()), 23, &2i32.to_be_bytes());
        check(&three, &compacted, Err(ErrorCode::InvalidRecord));
        // Says gzip, is not.
        check(&patched(two(), 22, &[1]), &compacted, Err(ErrorCode::InvalidRecord));
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
    fn b29_what_is_named_is_bounded() {
        let mut keyless = BatchBuilder::new().codec(Codec::Zstd);
        for _ in 0..5 * RECORD_ERRORS_MAX {
            keyless.push(NOW.millis(), None, None, &[]);
        }
        let refusal = validate(&keyless.build(), &Rules { compacted: true, ..rules() }, NOW).unwrap_err();
        assert_eq!((refusal.code, refusal.records.len()), (ErrorCode::InvalidRecord, RECORD_ERRORS_MAX));
        assert!(refusal.message.contains("5000"), "{}", refusal.message);
    }

    #[test]
    fn b28_a_bomb_is_refused_before_it_fills_memory() {
        // 192 MiB of zeros in some kilobytes.
        let bomb = {
            let mut packed = Vec::new();
            let mut encoder = zstd::stream::write::Encoder::new(&mut packed, 1).unwrap();
            for _ in 0..192 {
                std::io::Write::write_all(&mut encoder, &vec![0; 1 << 20]).unwrap();
            }
            encoder.finish().unwrap();
            replace_payload(&batch().build(), Codec::Zstd, &packed)
        };
        assert!(bomb.len() < 1 << 16);
        check(&bomb, &Rules { compacted: true, ..rules() }, Err(ErrorCode::MessageTooLarge));
        check(&bomb, &rules(), Ok(false));
    }

    #[test]
    fn b30_timestamps_more_than_an_hour_ahead_are_refused() {
        let at = |ms| BatchBuilder::new().record(ms, None, Some(b"v")).build();
        check(&at(NOW.millis() + 3_600_000), &rules(), Ok(false));
        check(&at(NOW.millis() + 3_600_001), &rules(), Err(ErrorCode::InvalidTimestamp));
        check(&at(5), &Rules { timestamp_before_max_ms: 10, ..rules() }, Err(ErrorCode::InvalidTimestamp));
        check(&at(-1), &Rules { timestamp_before_max_ms: 10, ..rules() }, Ok(false));
        check(&at(i64::MAX), &Rules { timestamp_after_max_ms: i64::MAX as u64, ..rules() }, Ok(false));
        check(&at(i64::MIN), &rules(), Ok(false));
        // The default of the limit on the past: none.
        check(&at(i64::MIN), &Rules { timestamp_before_max_ms: i64::MAX as u64, ..rules() }, Ok(false));
        check(&at(i64::MAX), &Rules { log_append_time: true, ..rules() }, Ok(true));
    }

    #[test]
    fn b30_the_records_out_of_time_are_named() {
        let strict = Rules { timestamp_before_max_ms: 10, ..rules() };
        for codec in [Codec::None, Codec::Gzip] {
            let at = |ms: [i64; 3]| {
                let batch = BatchBuilder::new().codec(codec);
                ms.iter().fold(batch, |batch, ms| batch.record(*ms, Some(b"k"), Some(b"v"))).build_mut()
            };
            let now = NOW.millis();
            check(&at([now, now - 10, now + 3_600_000]), &strict, Ok(false));
            for (batch, rules, named) in [
                (at([now, now - 11, now]), &strict, vec![1]),
                (at([now + 3_600_001, now, i64::MAX]), &rules(), vec![0, 2]),
                // The header alone is at fault.
                (patched(at([now; 3]), 35, &i64::MAX.to_be_bytes()), &rules(), vec![]),
            ] {
                let refusal = validate(&batch, rules, NOW).unwrap_err();
                assert_eq!(refusal.code, ErrorCode::InvalidTimestamp);
                assert_eq!(refusal.records.iter().map(|(index, _)| *index).collect::<Vec<_>>(), named);
            }
        }
    }

    #[test]
    fn b31_clients_may_not_say_log_append_time() {
        let mut said = batch().build_mut();
        set_log_append_time(&mut said, NOW);
        for log_append_time in [false, true] {
            check(&said, &Rules { log_append_time, ..rules() }, Err(ErrorCode::InvalidTimestamp));
        }
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
        const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
        for (from, to) in ALL.iter().flat_map(|from| ALL.map(|to| (*from, to))) {
            let rules = Rules { codec: Some((to, None)), ..rules() };
            let batch = batch()
                .codec(from)
                .producer(ProducerId::new(5), ProducerEpoch::new(6), 7)
                .transactional()
                .record(NOW.millis() - 9, None, None)
                .build();
            let before = BatchHeader::parse(&batch).unwrap();
            match validate(&batch, &rules, NOW).unwrap() {
                Accepted::AsIs(header) => assert_eq!((from, header), (to, before)),
                Accepted::Rewritten(header, bytes) => {
                    assert_ne!(from, to);
                    assert_eq!(header.codec(), Ok(to));
                    let (view, rest) = BatchView::split(&bytes).unwrap();
                    assert!(rest.is_empty());
                    view.verify_crc().unwrap();
                    // Nothing else has changed.
                    let (crc, attributes, encoded_len) = (before.crc, before.attributes, before.encoded_len);
                    assert_eq!(BatchHeader { crc, attributes, encoded_len, ..header }, before);
                    let (was, _) = BatchView::split(&batch).unwrap();
                    assert_eq!(
                        Records::of(&view, 999).unwrap().bytes(),
                        Records::of(&was, 999).unwrap().bytes()
                    );
                }
            }
        }
    }

    #[test]
    fn b28_a_batch_that_grows_too_large_when_recompressed() {
        let zeros =
            BatchBuilder::new().codec(Codec::Lz4).record(NOW.millis(), None, Some(&[0; 5000])).build();
        let rules =
            |max_message_bytes| Rules { codec: Some((Codec::None, None)), max_message_bytes, ..rules() };
        check(&zeros, &rules(6000), Ok(true));
        check(&zeros, &rules(4000), Err(ErrorCode::MessageTooLarge));
        check(&zeros, &rules(60), Err(ErrorCode::MessageTooLarge));
    }
}
