//! Produce: what carries records in. The types are generated; this is where their names are looked for.
//!
//! ```text
//! request   transactional_id | acks i16 | timeout_ms i32 | topic_data[]
//! topic     name (3–12) or topic_id (13+) | partition_data[]
//! partition index i32 | records: length, bytes
//! ```
//!
//! Flexible from 9. `records` stays where the frame has it ([`Records`]); whether it is one sound batch is for
//! `record` to judge (behaviours 23–25). A client's `Records::Shared` is not copied into its request either.

pub use super::Records;
pub use super::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
pub use super::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, ProduceResponse,
    TopicProduceResponse,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TopicId;
    use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};

    #[test]
    fn records_stay_where_they_are() {
        for version in 3..=13 {
            let records = [7; 300];
            let request = ProduceRequest {
                transactional_id: Some("tx".into()),
                acks: -1,
                timeout_ms: 1500,
                topic_data: vec![TopicProduceData {
                    name: if version <= 12 { "t".into() } else { "".into() },
                    topic_id: if version <= 12 { TopicId::ZERO } else { TopicId::new([5; 16]) },
                    partition_data: vec![
                        PartitionProduceData { index: 3, records: Records::Borrowed(&records) },
                        PartitionProduceData { index: 4, records: Records::Null },
                    ],
                }],
            };
            let mut w = Writer::new();
            request.encode(&mut w, version);
            let bytes = w.into_vec();
            let mut r = Reader::new(&bytes);
            let read = ProduceRequest::decode(&mut r, version).unwrap();
            assert_eq!((&read, r.remaining()), (&request, 0), "version {version}");
            let slice = read.topic_data[0].partition_data[0].records.slice().unwrap();
            assert!(bytes.as_ptr_range().contains(&slice.as_ptr()), "version {version}");
        }
    }

    #[test]
    fn versions_kafka_dropped_are_refused() {
        for version in [-1, 0, 2, 14] {
            let outcome = ProduceRequest::decode(&mut Reader::new(&[0; 64]), version);
            assert_eq!(outcome, Err(DecodeError::UnknownVersion(version)));
        }
    }
}
