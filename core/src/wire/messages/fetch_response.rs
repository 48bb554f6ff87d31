// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `FetchResponse`: response of API 1, versions 4-18, flexible from 12.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16, versions 7+.
    pub error_code: i16,
    /// int32, versions 7+, default 0.
    pub session_id: i32,
    /// array of FetchableTopicResponse.
    pub responses: Vec<FetchableTopicResponse<'a>>,
    /// array of NodeEndpoint, versions 16+, tag 0.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Decode<'a> for FetchResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 12;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        if v >= 7 { x.error_code = r.i16()?; }
        if v >= 7 { x.session_id = r.i32()?; }
        x.responses = r.array(flex, 3, |r| FetchableTopicResponse::decode(r, v))?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 if v >= 16 => x.node_endpoints = r.array(flex, 11, |r| NodeEndpoint::decode(r, v))?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for FetchResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 12;
        w.i32(self.throttle_time_ms);
        if v >= 7 { w.i16(self.error_code); }
        if v >= 7 { w.i32(self.session_id); }
        w.array(flex, &self.responses, |w, x| x.encode(w, v));
        if flex {
            let has_node_endpoints = v >= 16 && !self.node_endpoints.is_empty();
            w.uvarint(u32::from(has_node_endpoints));
            if has_node_endpoints { w.tag(0, &mut |w| w.array(flex, &self.node_endpoints, |w, x| x.encode(w, v))); }
        }
    }
}

/// Part of `FetchResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchableTopicResponse<'a> {
    /// string (topicName), versions 4-12.
    pub topic: Str<'a>,
    /// uuid, versions 13+.
    pub topic_id: TopicId,
    /// array of PartitionData.
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> Decode<'a> for FetchableTopicResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 12;
        let mut x = Self::default();
        if v <= 12 { x.topic = r.string(flex)?; }
        if v >= 13 { x.topic_id = r.uuid()?; }
        x.partitions = r.array(flex, 30, |r| PartitionData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for FetchableTopicResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 12;
        if v <= 12 { w.string(flex, &self.topic); }
        if v >= 13 { w.uuid(self.topic_id); }
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `FetchResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData<'a> {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub error_code: i16,
    /// int64.
    pub high_watermark: i64,
    /// int64, default -1.
    pub last_stable_offset: i64,
    /// int64, versions 5+, default -1.
    pub log_start_offset: i64,
    /// EpochEndOffset, versions 12+, tag 0.
    pub diverging_epoch: EpochEndOffset,
    /// LeaderIdAndEpoch, versions 12+, tag 1.
    pub current_leader: LeaderIdAndEpoch,
    /// SnapshotId, versions 12+, tag 2.
    pub snapshot_id: SnapshotId,
    /// array of AbortedTransaction, nullable.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// int32 (brokerId), versions 11+, default -1.
    pub preferred_read_replica: i32,
    /// records, nullable.
    pub records: Records<'a>,
}

impl Default for PartitionData<'_> {
    fn default() -> Self {
        Self {
            partition_index: Default::default(),
            error_code: Default::default(),
            high_watermark: Default::default(),
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: Default::default(),
            current_leader: Default::default(),
            snapshot_id: Default::default(),
            aborted_transactions: Some(Default::default()),
            preferred_read_replica: -1,
            records: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for PartitionData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 12;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.error_code = r.i16()?;
        x.high_watermark = r.i64()?;
        x.last_stable_offset = r.i64()?;
        if v >= 5 { x.log_start_offset = r.i64()?; }
        x.aborted_transactions = r.opt_array(flex, true, 16, |r| AbortedTransaction::decode(r, v))?;
        if v >= 11 { x.preferred_read_replica = r.i32()?; }
        x.records = r.records(flex, true)?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 if v >= 12 => x.diverging_epoch = EpochEndOffset::decode(r, v)?,
                    1 if v >= 12 => x.current_leader = LeaderIdAndEpoch::decode(r, v)?,
                    2 if v >= 12 => x.snapshot_id = SnapshotId::decode(r, v)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for PartitionData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 12;
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.i64(self.high_watermark);
        w.i64(self.last_stable_offset);
        if v >= 5 { w.i64(self.log_start_offset); }
        w.opt_array(flex, true, self.aborted_transactions.as_deref(), |w, x| x.encode(w, v));
        if v >= 11 { w.i32(self.preferred_read_replica); }
        w.records(flex, true, &self.records);
        if flex {
            let has_diverging_epoch = v >= 12 && self.diverging_epoch != EpochEndOffset::default();
            let has_current_leader = v >= 12 && self.current_leader != LeaderIdAndEpoch::default();
            let has_snapshot_id = v >= 12 && self.snapshot_id != SnapshotId::default();
            w.uvarint(u32::from(has_diverging_epoch) + u32::from(has_current_leader) + u32::from(has_snapshot_id));
            if has_diverging_epoch { w.tag(0, &mut |w| self.diverging_epoch.encode(w, v)); }
            if has_current_leader { w.tag(1, &mut |w| self.current_leader.encode(w, v)); }
            if has_snapshot_id { w.tag(2, &mut |w| self.snapshot_id.encode(w, v)); }
        }
    }
}

/// Part of `FetchResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    /// int32, default -1.
    pub epoch: i32,
    /// int64, default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self {
            epoch: -1,
            end_offset: -1,
        }
    }
}

impl<'a> Decode<'a> for EpochEndOffset {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.epoch = r.i32()?;
        x.end_offset = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for EpochEndOffset {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.epoch);
        w.i64(self.end_offset);
        w.no_tags(flex);
    }
}

/// Part of `FetchResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// int32 (brokerId), default -1.
    pub leader_id: i32,
    /// int32, default -1.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self {
            leader_id: -1,
            leader_epoch: -1,
        }
    }
}

impl<'a> Decode<'a> for LeaderIdAndEpoch {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.leader_id = r.i32()?;
        x.leader_epoch = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for LeaderIdAndEpoch {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.no_tags(flex);
    }
}

/// Part of `FetchResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotId {
    /// int64, default -1.
    pub end_offset: i64,
    /// int32, default -1.
    pub epoch: i32,
}

impl Default for SnapshotId {
    fn default() -> Self {
        Self {
            end_offset: -1,
            epoch: -1,
        }
    }
}

impl<'a> Decode<'a> for SnapshotId {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.end_offset = r.i64()?;
        x.epoch = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for SnapshotId {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i64(self.end_offset);
        w.i32(self.epoch);
        w.no_tags(flex);
    }
}

/// Part of `FetchResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AbortedTransaction {
    /// int64 (producerId).
    pub producer_id: i64,
    /// int64.
    pub first_offset: i64,
}

impl<'a> Decode<'a> for AbortedTransaction {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 12;
        let mut x = Self::default();
        x.producer_id = r.i64()?;
        x.first_offset = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AbortedTransaction {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 12;
        w.i64(self.producer_id);
        w.i64(self.first_offset);
        w.no_tags(flex);
    }
}

/// Part of `FetchResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// int32 (brokerId).
    pub node_id: i32,
    /// string.
    pub host: Str<'a>,
    /// int32.
    pub port: i32,
    /// string, nullable.
    pub rack: Option<Str<'a>>,
}

impl<'a> Decode<'a> for NodeEndpoint<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.node_id = r.i32()?;
        x.host = r.string(flex)?;
        x.port = r.i32()?;
        x.rack = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for NodeEndpoint<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.node_id);
        w.string(flex, &self.host);
        w.i32(self.port);
        w.opt_string(flex, true, self.rack.as_deref());
        w.no_tags(flex);
    }
}

impl Message for FetchResponse<'_> {
    const KEY: i16 = 1;
    const NAME: &'static str = "FetchResponse";
    const MIN_VERSION: i16 = 4;
    const MAX_VERSION: i16 = 18;
    const FLEXIBLE_FROM: i16 = 12;
}
