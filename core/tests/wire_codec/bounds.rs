//! Hostile bytes at every decoder: it ends, does not panic, and never allocates more than the budget says.

use headwater_core::wire::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use headwater_core::wire::{
    Decode, Encode, MEMORY_PER_BYTE, MEMORY_SPARE, Reader, RequestHeader, Writer, frame,
};

use crate::codecs::{Codec, all};
use crate::sample::{Layout, Rng, draw, write};
use crate::{messages, rng};

/// Decodes and holds the allocations against the budget.
fn check(codec: &Codec, bytes: &[u8], version: i16) {
    let used = allocation_counter::measure(|| {
        let _ = (codec.decode)(bytes, version);
    });
    let allowed = bytes.len() * MEMORY_PER_BYTE + MEMORY_SPARE;
    assert!(
        used.bytes_total <= allowed as u64,
        "{} {version}: {} bytes allocated for {bytes:?}",
        codec.name,
        used.bytes_total
    );
    assert_eq!(used.bytes_current, 0);
}

/// Changes some bytes; likes values that mean something as a length.
fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>) {
    const LIKED: [u8; 8] = [0, 1, 2, 0x7f, 0x80, 0xff, 0xfe, 0x0f];
    for _ in 0..1 + rng.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.below(bytes.len());
        match rng.below(5) {
            0 => bytes[at] = rng.next() as u8,
            1 => bytes[at] = LIKED[rng.below(LIKED.len())],
            2 => bytes.truncate(at),
            3 => bytes.insert(at, LIKED[rng.below(LIKED.len())]),
            _ => {
                let end = (at + 4).min(bytes.len());
                bytes[at..end].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff][..end - at]);
            }
        }
    }
}

#[test]
fn b67_random_and_mutated_bytes_stay_within_the_budget() {
    let mut rng = rng();
    let messages = messages();
    for codec in all() {
        let message = messages.iter().find(|m| m.name == codec.name).expect("a codec has its schema");
        for version in message.versions.versions() {
            for round in 0..24 {
                let (mut bytes, _) =
                    write(message, version, &draw(&mut rng, message, version), &Layout::default());
                mutate(&mut rng, &mut bytes);
                check(&codec, &bytes, version);
                let length = rng.below(64);
                let mut random = rng.bytes(length);
                if round % 2 == 0 {
                    random.iter_mut().for_each(|b| *b &= 3);
                }
                check(&codec, &random, version);
            }
        }
    }
}

/// What drove `kafka-protocol` into an abort: a few bytes that promise 2^31 elements. And longer floods of one byte,
/// which read as arrays of arrays of empty things.
#[test]
fn b67_promises_and_floods_stay_within_the_budget() {
    let flood = |byte: u8, length: usize| vec![byte; length];
    let mut inputs = vec![
        vec![0x7f, 0xff, 0xff, 0xff],
        vec![0x7f, 0xff, 0xff, 0xff, 0],
        vec![0xff, 0xff, 0xff, 0xff, 0x0f],
        vec![0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1, 1],
    ];
    for byte in [0, 1, 2, 3, 0x7f, 0x80, 0xff] {
        inputs.extend([10, 1000, 70_000].map(|length| flood(byte, length)));
    }
    // A compact length of 49,999 (and as `i32`: 50,000), then empty strings, arrays and structures.
    for filler in [0, 1] {
        inputs.push([vec![0xd0, 0x86, 0x03], flood(filler, 70_000)].concat());
        inputs.push([vec![0, 0, 0xc3, 0x50], flood(filler, 200_000)].concat());
    }
    let messages = messages();
    for codec in all() {
        let message = messages.iter().find(|m| m.name == codec.name).expect("a codec has its schema");
        for version in message.versions.versions() {
            inputs.iter().for_each(|bytes| check(&codec, bytes, version));
        }
    }
}

/// The budget is for floods, not for users with many topics of short names.
#[test]
fn the_costliest_real_messages_are_within_the_budget() {
    let topic = || MetadataRequestTopic { name: Some("t".into()), ..Default::default() };
    let request =
        MetadataRequest { topics: Some((0..20_000).map(|_| topic()).collect()), ..Default::default() };
    let mut w = Writer::new();
    request.encode(&mut w, 9);
    assert!(MetadataRequest::decode(&mut Reader::new(&w.into_vec()), 9).is_ok());
}

#[test]
fn headers_and_frames_survive_random_bytes() {
    let mut rng = rng();
    for _ in 0..20_000 {
        let length = rng.below(40);
        let mut bytes = rng.bytes(length);
        if rng.one_in(2) {
            bytes.iter_mut().for_each(|b| *b &= 3);
        }
        let used = allocation_counter::measure(|| {
            let _ = RequestHeader::read(&mut Reader::new(&bytes));
            let _ = frame::split(&bytes, 1000);
        });
        assert_eq!(used.bytes_total, 0, "{bytes:?}");
    }
}
