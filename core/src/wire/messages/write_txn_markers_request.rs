// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `WriteTxnMarkersRequest`: request of API 27, versions 1-2, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteTxnMarkersRequest<'a> {
    /// array of WritableTxnMarker.
    pub markers: Vec<WritableTxnMarker<'a>>,
}

impl<'a> Decode<'a> for WriteTxnMarkersRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.markers = r.array(flex, 17, |r| WritableTxnMarker::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for WriteTxnMarkersRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.markers, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `WriteTxnMarkersRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarker<'a> {
    /// int64 (producerId).
    pub producer_id: i64,
    /// int16.
    pub producer_epoch: i16,
    /// bool.
    pub transaction_result: bool,
    /// array of WritableTxnMarkerTopic.
    pub topics: Vec<WritableTxnMarkerTopic<'a>>,
    /// int32.
    pub coordinator_epoch: i32,
    /// int8, versions 2+, default 0.
    pub transaction_version: i8,
}

impl<'a> Decode<'a> for WritableTxnMarker<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.producer_id = r.i64()?;
        x.producer_epoch = r.i16()?;
        x.transaction_result = r.bool()?;
        x.topics = r.array(flex, 3, |r| WritableTxnMarkerTopic::decode(r, v))?;
        x.coordinator_epoch = r.i32()?;
        if v >= 2 { x.transaction_version = r.i8()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for WritableTxnMarker<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.bool(self.transaction_result);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.i32(self.coordinator_epoch);
        if v >= 2 { w.i8(self.transaction_version); }
        w.no_tags(flex);
    }
}

/// Part of `WriteTxnMarkersRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of int32.
    pub partition_indexes: Vec<i32>,
}

impl<'a> Decode<'a> for WritableTxnMarkerTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partition_indexes = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for WritableTxnMarkerTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.array(flex, &self.partition_indexes, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for WriteTxnMarkersRequest<'_> {
    const KEY: i16 = 27;
    const NAME: &'static str = "WriteTxnMarkersRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 1;
}

impl Request for WriteTxnMarkersRequest<'_> {
    type Response<'r> = super::WriteTxnMarkersResponse<'r>;
}
