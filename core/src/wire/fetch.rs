//! Fetch: what carries records out. The types are generated; this is where their names are looked for.
//!
//! ```text
//! response  throttle_time_ms i32 | error_code i16, session_id i32 (7+) | responses[] | tags: 0 node_endpoints (16+)
//! topic     topic (4–12) or topic_id (13+) | partitions[]
//! partition index i32 | error_code i16 | high_watermark i64 | last_stable_offset i64 | log_start_offset i64 (5+)
//!           | aborted_transactions[] | preferred_read_replica i32 (11+) | records: length, bytes
//!           | tags (12+): 0 diverging_epoch, 1 current_leader, 2 snapshot_id
//! ```
//!
//! Flexible from 12. A broker fills `records` with [`Records::Shared`]: [`frame::response_chunks`] then gives the
//! frame as a list of slices, the caller's among them, for one vectored write; its length is known before the first
//! byte is sent. A client decodes the same type and gets [`Records::Borrowed`].
//!
//! A null `records` is for Kafka's own use; Java clients want empty ones where there is nothing: answer
//! `Records::Shared(vec![])`.
//!
//! [`frame::response_chunks`]: super::frame::response_chunks

pub use super::Records;
pub use super::messages::fetch_request::{
    FetchPartition, FetchRequest, FetchTopic, ForgottenTopic, ReplicaState,
};
pub use super::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData, SnapshotId,
};

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::ids::TopicId;
    use crate::wire::{ApiKey, Part, frame};

    fn response(version: i16, records: Records<'_>) -> FetchResponse<'_> {
        let tagged = version >= 12;
        FetchResponse {
            throttle_time_ms: 3,
            error_code: if version >= 7 { 71 } else { 0 },
            session_id: if version >= 7 { 9 } else { 0 },
            responses: vec![FetchableTopicResponse {
                topic: if version <= 12 { "t".into() } else { "".into() },
                topic_id: if version <= 12 { TopicId::ZERO } else { TopicId::new([5; 16]) },
                partitions: vec![
                    PartitionData {
                        partition_index: 1,
                        high_watermark: 77,
                        log_start_offset: if version >= 5 { 12 } else { -1 },
                        aborted_transactions: Some(vec![AbortedTransaction {
                            producer_id: 4,
                            first_offset: 40,
                        }]),
                        current_leader: if tagged {
                            LeaderIdAndEpoch { leader_id: 2, leader_epoch: 6 }
                        } else {
                            LeaderIdAndEpoch::default()
                        },
                        records: records.clone(),
                        ..Default::default()
                    },
                    PartitionData { records, diverging_epoch: Default::default(), ..Default::default() },
                ],
            }],
            node_endpoints: if version >= 16 {
                vec![NodeEndpoint { node_id: 2, host: "h".into(), port: 9092, rack: None }]
            } else {
                vec![]
            },
        }
    }

    #[test]
    fn records_reach_the_socket_uncopied_and_the_client_borrowed() {
        let slices = [Bytes::from(vec![1; 1000]), Bytes::from(vec![2; 500])];
        let whole = slices.concat();
        for version in 4..=18 {
            let sent = response(version, Records::Shared(slices.to_vec()));
            let chunks = frame::response_chunks(ApiKey::Fetch, version, 8, &sent);
            let pointers: Vec<_> = chunks.iter().map(|chunk| chunk.as_ptr()).collect();
            assert!(
                slices.iter().all(|slice| pointers.iter().filter(|p| **p == slice.as_ptr()).count() == 2)
            );

            let bytes = chunks.concat();
            assert_eq!(bytes, frame::response(ApiKey::Fetch, version, 8, &sent));
            assert_eq!(i32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize, bytes.len() - 4);
            let read = frame::read_response(&bytes[4..], version).unwrap();
            assert_eq!(read, (8, response(version, Records::Borrowed(&whole))), "version {version}");

            // The same bytes around the places of records that lie elsewhere.
            let sent = response(version, Records::Apart(whole.len()));
            let parts =
                frame::response_parts(ApiKey::Fetch, version, 8, &sent).into_iter().map(|part| match part {
                    Part::Bytes(bytes) => bytes,
                    Part::Apart(len) => {
                        assert_eq!(len, whole.len());
                        Bytes::copy_from_slice(&whole)
                    }
                });
            assert_eq!(parts.collect::<Vec<_>>().concat(), bytes, "version {version}");
        }
    }
}
