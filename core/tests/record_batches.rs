//! Record batches against what is not this crate: bytes of Kafka's Java client, of other LZ4 encoders, hostile bytes, an
//! allocation counter.
//!
//! Each run draws new random batches. A failure prints the seed; to see it again:
//!
//! ```text
//! SEED=<seed> cargo test -p headwater-core --test record_batches
//! ```

use std::hash::{BuildHasher, RandomState};

use headwater_core::ids::{ProducerEpoch, ProducerId};
use headwater_core::record::RecordError;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::compress::Codec;
use headwater_core::record::header::{BatchView, HEADER_BYTES};
use headwater_core::record::records::Records;
use headwater_core::record::validate::{Rules, validate};
use headwater_core::time::Timestamp;

const CODECS: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

/// The batch of [`as_java`], written by kafka-clients 4.3.1 (`MemoryRecordsBuilder`) with each codec at its default level.
const JAVA: [(Codec, &str); 5] = [
    (
        Codec::None,
        "000000000000000000000085ffffffff02397bc31700000000000200000000000003e800000000000003ea0000000000\
         0000090001000000040000000352000000086b6579303061616162626263636364646461616162626263636364646404\
         026802010268010c00020201010044000404086b65793230636363646464616161626262636363646464616161626262\
         00",
    ),
    (
        Codec::Gzip,
        "000000000000000000000078ffffffff02710de6f800010000000200000000000003e800000000000003ea0000000000\
         000009000100000004000000031f8b08000000000000ff0b626060e0c84ead3430484c4c4c4a4a4a4e4e4e49494166b3\
         30653031326530f2303031313232b830b0b080341819602a85b01900454727a154000000",
    ),
    (
        Codec::Snappy,
        "000000000000000000000084ffffffff029fcc511d00020000000200000000000003e800000000000003ea0000000000\
         0000090001000000040000000382534e415050590000000001000000010000003f545452000000086b65793030616161\
         6262626363636464642e0c004804026802010268010c000202010100440004040131043230462b001861616162626200",
    ),
    (
        Codec::Lz4,
        "00000000000000000000007effffffff02e7d13ad400030000000200000000000003e800000000000003ea0000000000\
         0000090001000000040000000304224d186040823e000000f80752000000086b65793030616161626262636363646464\
         0c00f00404026802010268010c0002020101004400040431002e32302b00706161616262620000000000",
    ),
    (
        Codec::Zstd,
        "00000000000000000000007dffffffff02b3badb1800040000000200000000000003e800000000000003ea0000000000\
         0000090001000000040000000328b52ffd0058040200640352000000086b657930306161616262626363636464640402\
         6802010268010c00020201010044000404086b6579323061616162626200020039e50de78a18010000",
    ),
];

/// Three records: a key, a value and a header twice (once null); no key and no value; a key and a value.
fn as_java(codec: Codec) -> BatchBuilder {
    let value = |shift: usize| (0..24).map(|j| b"abcd"[(j / 3 + shift) % 4]).collect::<Vec<u8>>();
    let mut batch = BatchBuilder::new().codec(codec).producer(ProducerId::new(9), ProducerEpoch::new(1), 4);
    batch.push(1000, Some(b"key0"), Some(&value(0)), &[(b"h", Some(b"\x01")), (b"h", None)]);
    batch.push(1001, None, None, &[]);
    batch.push(1002, Some(b"key2"), Some(&value(2)), &[]);
    batch
}

fn from_hex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The batch's records, uncompressed, after the checks that any reader makes.
fn uncompressed(batch: &[u8]) -> Vec<u8> {
    let (view, rest) = BatchView::split(batch).unwrap();
    assert!(rest.is_empty());
    view.verify_crc().unwrap();
    let records = Records::of(&view, 1 << 20).unwrap();
    assert!(records.iter().all(|record| record.is_ok()));
    records.bytes().to_vec()
}

#[test]
fn b33_javas_batches_are_read_in_every_codec() {
    let plain = as_java(Codec::None).build();
    for (codec, hex) in JAVA {
        let java = from_hex(hex);
        assert_eq!(BatchView::split(&java).unwrap().0.header.codec(), Ok(codec));
        assert_eq!(uncompressed(&java), plain[HEADER_BYTES..], "{codec:?}");
    }
}

#[test]
fn ours_are_byte_for_byte_javas_where_no_codec_is_involved() {
    assert_eq!(as_java(Codec::None).build(), from_hex(JAVA[0].1));
}

#[test]
fn b32_snappy_is_framed_as_java_frames_it() {
    let java = from_hex(JAVA[2].1);
    let ours = as_java(Codec::Snappy).build();
    assert_eq!(ours[HEADER_BYTES..][..16], java[HEADER_BYTES..][..16]);
    // Several streams behind each other, as Java's writer makes of flushes.
    let payload = &java[HEADER_BYTES..];
    let once = Codec::Snappy.decompress(payload, 1000).unwrap();
    let twice = Codec::Snappy.decompress(&[payload, payload].concat(), 1000).unwrap();
    assert_eq!(twice, [&once[..], &once[..]].concat());
    assert!(matches!(
        Codec::Snappy.decompress(&[payload, &payload[..9]].concat(), 1000),
        Err(RecordError::Compression { .. })
    ));
}

#[test]
fn b32_lz4_frames_of_other_encoders_are_read() {
    // Of the reference library: blocks on their own as librdkafka has them made; and all that a frame can have: linked
    // blocks, checksums of blocks and content, the content's size.
    for frame in [
        "04224d186040820e0000004f6162636404000450646162636400000000",
        "04224d187c402000000000000000190e0000004f61626364040004506461626364327941d2000000003004208f",
    ] {
        let mut frame = from_hex(frame);
        assert_eq!(Codec::Lz4.decompress(&frame, 32).unwrap(), b"abcd".repeat(8));
        assert_eq!(Codec::Lz4.decompress(&frame, 31), Err(RecordError::TooLarge(31)));
        frame.push(0);
        assert!(matches!(Codec::Lz4.decompress(&frame, 32), Err(RecordError::Compression { .. })));
    }
    // Java reads only frames of independent blocks.
    assert_eq!(Codec::Lz4.compress(&[7; 1 << 20], None)[4] & 0x20, 0x20);
}

/// SplitMix64: tiny, and the same everywhere.
struct Rng(u64);

impl Rng {
    /// This run's randomness. Printing the seed is enough: the test harness shows the output of failing tests.
    fn of_this_run() -> Rng {
        let seed = match std::env::var("SEED") {
            Ok(seed) => seed.parse().expect("SEED is a number"),
            Err(_) => RandomState::new().hash_one(0),
        };
        println!("replay with SEED={seed}");
        Rng(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Null, empty, short, or now and then of many blocks; from a small alphabet or a large one.
    fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = match self.below(80) {
            0..8 => return None,
            8..12 => 0,
            12 => self.below(100_000),
            _ => self.below(40),
        };
        let alphabet = 1 + self.below(256);
        Some((0..length).map(|_| self.below(alphabet) as u8).collect())
    }

    fn timestamp(&mut self) -> i64 {
        match self.below(8) {
            0 => i64::MIN,
            1 => i64::MAX,
            2 => -1,
            3 => self.next() as i64,
            _ => 1_700_000_000_000 + self.below(1000) as i64,
        }
    }
}

type Drawn = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

fn draw(rng: &mut Rng) -> Vec<Drawn> {
    let header = |rng: &mut Rng| (rng.bytes().unwrap_or_default(), rng.bytes());
    (0..1 + rng.below(30))
        .map(|_| {
            let headers = (0..rng.below(4)).map(|_| header(rng)).collect();
            (rng.timestamp(), rng.bytes(), rng.bytes(), headers)
        })
        .collect()
}

fn build(records: &[Drawn], codec: Codec) -> Vec<u8> {
    let mut batch = BatchBuilder::new().codec(codec);
    for (timestamp, key, value, headers) in records {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (&name[..], value.as_deref())).collect();
        batch.push(*timestamp, key.as_deref(), value.as_deref(), &headers);
    }
    batch.build().to_vec()
}

#[test]
fn b33_whatever_is_built_is_read_back() {
    let mut rng = Rng::of_this_run();
    for _ in 0..20 {
        let drawn = draw(&mut rng);
        for codec in CODECS {
            let batch = build(&drawn, codec);
            let (view, _) = BatchView::split(&batch).unwrap();
            view.verify_crc().unwrap();
            let records = Records::of(&view, 64 << 20).unwrap();
            let read: Vec<Drawn> = records
                .iter()
                .map(|record| {
                    let record = record.unwrap();
                    let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
                    let headers = record.headers.iter().map(|(name, value)| (name.to_vec(), owned(*value)));
                    (record.timestamp, owned(record.key), owned(record.value), headers.collect())
                })
                .collect();
            assert_eq!(read, drawn, "{codec:?}");
        }
    }
}

#[test]
fn b67_hostile_bytes_end_in_an_error_within_their_bound() {
    const MAX: usize = 1 << 20;
    // What the output may take while it grows, and LZ4's and deflate's windows, which their headers choose.
    const BUDGET: u64 = 3 * MAX as u64 + (24 << 20);
    let rules = Rules {
        max_message_bytes: 1 << 20,
        log_append_time: true,
        timestamp_before_max_ms: u64::MAX,
        timestamp_after_max_ms: u64::MAX,
        compacted: false,
        codec: None,
        version: 13,
    };
    let mut rng = Rng::of_this_run();
    for round in 0..600 {
        let codec = CODECS[round % CODECS.len()];
        let mut batch = build(&draw(&mut rng), codec);
        for _ in 0..1 + rng.below(6) {
            // Mostly where the codec's own header is.
            let within = if rng.below(3) == 0 { batch.len() } else { batch.len().min(HEADER_BYTES + 40) };
            let at = rng.below(within);
            match rng.below(4) {
                0 => batch[at] = rng.next() as u8,
                1 => batch[at] ^= 1 << rng.below(8),
                2 => batch[at] = [0, 0x7f, 0x80, 0xff][rng.below(4)],
                _ => batch.truncate(at.max(HEADER_BYTES + 1)),
            }
        }
        let used = allocation_counter::measure(|| {
            let _ = validate(&batch, &rules, Timestamp::from_millis(0));
            let Ok((view, _)) = BatchView::split(&batch) else { return };
            let Ok(records) = Records::of(&view, MAX) else { return };
            assert!(records.bytes().len() <= MAX.max(batch.len()));
            for record in records.iter().flatten() {
                assert!(record.offset.get() >= 0);
            }
        });
        assert!(used.bytes_max <= BUDGET, "{codec:?} {} bytes for {batch:?}", used.bytes_max);
        assert_eq!(used.bytes_current, 0);
    }
}
