// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AddPartitionsToTxnRequest`: request of API 24, versions 0-5, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnRequest<'a> {
    /// array of AddPartitionsToTxnTransaction, versions 4+.
    pub transactions: Vec<AddPartitionsToTxnTransaction<'a>>,
    /// string (transactionalId), versions 0-3.
    pub v3_and_below_transactional_id: Str<'a>,
    /// int64 (producerId), versions 0-3.
    pub v3_and_below_producer_id: i64,
    /// int16, versions 0-3.
    pub v3_and_below_producer_epoch: i16,
    /// array of AddPartitionsToTxnTopic, versions 0-3.
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        if v >= 4 { x.transactions = r.array(flex, 14, |r| AddPartitionsToTxnTransaction::decode(r, v))?; }
        if v <= 3 { x.v3_and_below_transactional_id = r.string(flex)?; }
        if v <= 3 { x.v3_and_below_producer_id = r.i64()?; }
        if v <= 3 { x.v3_and_below_producer_epoch = r.i16()?; }
        if v <= 3 { x.v3_and_below_topics = r.array(flex, 3, |r| AddPartitionsToTxnTopic::decode(r, v))?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AddPartitionsToTxnRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        if v >= 4 { w.array(flex, &self.transactions, |w, x| x.encode(w, v)); }
        if v <= 3 { w.string(flex, &self.v3_and_below_transactional_id); }
        if v <= 3 { w.i64(self.v3_and_below_producer_id); }
        if v <= 3 { w.i16(self.v3_and_below_producer_epoch); }
        if v <= 3 { w.array(flex, &self.v3_and_below_topics, |w, x| x.encode(w, v)); }
        w.no_tags(flex);
    }
}

/// Part of `AddPartitionsToTxnRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTransaction<'a> {
    /// string (transactionalId).
    pub transactional_id: Str<'a>,
    /// int64 (producerId).
    pub producer_id: i64,
    /// int16.
    pub producer_epoch: i16,
    /// bool, default false.
    pub verify_only: bool,
    /// array of AddPartitionsToTxnTopic.
    pub topics: Vec<AddPartitionsToTxnTopic<'a>>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnTransaction<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.transactional_id = r.string(flex)?;
        x.producer_id = r.i64()?;
        x.producer_epoch = r.i16()?;
        x.verify_only = r.bool()?;
        x.topics = r.array(flex, 3, |r| AddPartitionsToTxnTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AddPartitionsToTxnTransaction<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.transactional_id);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.bool(self.verify_only);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AddPartitionsToTxnRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 3;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AddPartitionsToTxnTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for AddPartitionsToTxnRequest<'_> {
    const KEY: i16 = 24;
    const NAME: &'static str = "AddPartitionsToTxnRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 3;
}

impl Request for AddPartitionsToTxnRequest<'_> {
    type Response<'r> = super::AddPartitionsToTxnResponse<'r>;
}
