//! One batch at a time into partition 0 of `t`, and out of it: each answer is looked at.

use std::io::Write;

use headwater_core::ErrorCode;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::wire::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use headwater_core::wire::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, Records, TopicProduceData,
};

use super::wire::{Socket, decode, request};

/// Sends one batch of 100 kB; none if the connection is gone.
pub fn produce(socket: &mut Socket) -> Option<(ErrorCode, i64)> {
    // What does not compress, should anything try.
    let value: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    let batch = BatchBuilder::new().record(now, None, Some(&value)).build();
    let partition = PartitionProduceData { index: 0, records: Records::Borrowed(&batch) };
    let topic = TopicProduceData { name: "t".into(), partition_data: vec![partition], ..Default::default() };
    let body =
        ProduceRequest { transactional_id: None, acks: -1, timeout_ms: 10_000, topic_data: vec![topic] };
    socket.0.write_all(&request(0, 8, false, &body)).ok()?;
    let reply = socket.receive()?;
    let reply: ProduceResponse<'_> = decode(&reply, 8, false);
    let answer = &reply.responses[0].partition_responses[0];
    Some((ErrorCode::from_code(answer.error_code).unwrap(), answer.base_offset))
}

/// Reads one batch at an offset: its bytes and the high watermark.
pub fn fetch(socket: &mut Socket, offset: i64) -> (usize, i64) {
    let partition = FetchPartition { fetch_offset: offset, partition_max_bytes: 1, ..Default::default() };
    let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
    let body = FetchRequest {
        replica_id: -1,
        max_bytes: 1 << 20,
        session_epoch: -1,
        topics: vec![topic],
        ..Default::default()
    };
    socket.0.write_all(&request(1, 11, false, &body)).unwrap();
    let reply = socket.receive().expect("reads go on");
    let reply: FetchResponse<'_> = decode(&reply, 11, false);
    let answer = &reply.responses[0].partitions[0];
    assert_eq!(answer.error_code, 0);
    (answer.records.len(), answer.high_watermark)
}
