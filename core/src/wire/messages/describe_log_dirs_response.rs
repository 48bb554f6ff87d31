// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeLogDirsResponse`: response of API 35, versions 1-5, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16, versions 3+.
    pub error_code: i16,
    /// array of DescribeLogDirsResult.
    pub results: Vec<DescribeLogDirsResult<'a>>,
}

impl<'a> Decode<'a> for DescribeLogDirsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        if v >= 3 { x.error_code = r.i16()?; }
        x.results = r.array(flex, 5, |r| DescribeLogDirsResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeLogDirsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.throttle_time_ms);
        if v >= 3 { w.i16(self.error_code); }
        w.array(flex, &self.results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeLogDirsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsResult<'a> {
    /// int16.
    pub error_code: i16,
    /// string.
    pub log_dir: Str<'a>,
    /// array of DescribeLogDirsTopic.
    pub topics: Vec<DescribeLogDirsTopic<'a>>,
    /// int64, versions 4+, default -1.
    pub total_bytes: i64,
    /// int64, versions 4+, default -1.
    pub usable_bytes: i64,
    /// bool, versions 5+, default false.
    pub is_cordoned: bool,
}

impl Default for DescribeLogDirsResult<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            log_dir: Default::default(),
            topics: Default::default(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DescribeLogDirsResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.log_dir = r.string(flex)?;
        x.topics = r.array(flex, 3, |r| DescribeLogDirsTopic::decode(r, v))?;
        if v >= 4 { x.total_bytes = r.i64()?; }
        if v >= 4 { x.usable_bytes = r.i64()?; }
        if v >= 5 { x.is_cordoned = r.bool()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeLogDirsResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i16(self.error_code);
        w.string(flex, &self.log_dir);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        if v >= 4 { w.i64(self.total_bytes); }
        if v >= 4 { w.i64(self.usable_bytes); }
        if v >= 5 { w.bool(self.is_cordoned); }
        w.no_tags(flex);
    }
}

/// Part of `DescribeLogDirsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of DescribeLogDirsPartition.
    pub partitions: Vec<DescribeLogDirsPartition>,
}

impl<'a> Decode<'a> for DescribeLogDirsTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 21, |r| DescribeLogDirsPartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeLogDirsTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeLogDirsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeLogDirsPartition {
    /// int32.
    pub partition_index: i32,
    /// int64.
    pub partition_size: i64,
    /// int64.
    pub offset_lag: i64,
    /// bool.
    pub is_future_key: bool,
}

impl<'a> Decode<'a> for DescribeLogDirsPartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.partition_size = r.i64()?;
        x.offset_lag = r.i64()?;
        x.is_future_key = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeLogDirsPartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.partition_index);
        w.i64(self.partition_size);
        w.i64(self.offset_lag);
        w.bool(self.is_future_key);
        w.no_tags(flex);
    }
}

impl Message for DescribeLogDirsResponse<'_> {
    const KEY: i16 = 35;
    const NAME: &'static str = "DescribeLogDirsResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 2;
}
