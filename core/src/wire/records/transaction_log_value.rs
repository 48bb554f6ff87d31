// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `TransactionLogValue`: coordinator-value 0 of __transaction_state, versions 0-1, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionLogValue<'a> {
    /// int64.
    pub producer_id: i64,
    /// int64, versions 1+, tag 0, default -1.
    pub previous_producer_id: i64,
    /// int64, versions 1+, tag 1, default -1.
    pub next_producer_id: i64,
    /// int16.
    pub producer_epoch: i16,
    /// int16, versions 1+, tag 3, default -1.
    pub next_producer_epoch: i16,
    /// int32.
    pub transaction_timeout_ms: i32,
    /// int8.
    pub transaction_status: i8,
    /// array of PartitionsSchema, nullable.
    pub transaction_partitions: Option<Vec<PartitionsSchema<'a>>>,
    /// int64.
    pub transaction_last_update_timestamp_ms: i64,
    /// int64.
    pub transaction_start_timestamp_ms: i64,
    /// int16, versions 1+, tag 2, default 0.
    pub client_transaction_version: i16,
}

impl Default for TransactionLogValue<'_> {
    fn default() -> Self {
        Self {
            producer_id: Default::default(),
            previous_producer_id: -1,
            next_producer_id: -1,
            producer_epoch: Default::default(),
            next_producer_epoch: -1,
            transaction_timeout_ms: Default::default(),
            transaction_status: Default::default(),
            transaction_partitions: Some(Default::default()),
            transaction_last_update_timestamp_ms: Default::default(),
            transaction_start_timestamp_ms: Default::default(),
            client_transaction_version: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for TransactionLogValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 1;
        let mut x = Self::default();
        x.producer_id = r.i64()?;
        x.producer_epoch = r.i16()?;
        x.transaction_timeout_ms = r.i32()?;
        x.transaction_status = r.i8()?;
        x.transaction_partitions = r.opt_array(flex, true, 3, |r| PartitionsSchema::decode(r, v))?;
        x.transaction_last_update_timestamp_ms = r.i64()?;
        x.transaction_start_timestamp_ms = r.i64()?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 if v >= 1 => x.previous_producer_id = r.i64()?,
                    1 if v >= 1 => x.next_producer_id = r.i64()?,
                    2 if v >= 1 => x.client_transaction_version = r.i16()?,
                    3 if v >= 1 => x.next_producer_epoch = r.i16()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for TransactionLogValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.i32(self.transaction_timeout_ms);
        w.i8(self.transaction_status);
        w.opt_array(flex, true, self.transaction_partitions.as_deref(), |w, x| x.encode(w, v));
        w.i64(self.transaction_last_update_timestamp_ms);
        w.i64(self.transaction_start_timestamp_ms);
        if flex {
            let has_previous_producer_id = v >= 1 && self.previous_producer_id != -1;
            let has_next_producer_id = v >= 1 && self.next_producer_id != -1;
            let has_client_transaction_version = v >= 1 && self.client_transaction_version != 0;
            let has_next_producer_epoch = v >= 1 && self.next_producer_epoch != -1;
            w.uvarint(u32::from(has_previous_producer_id) + u32::from(has_next_producer_id) + u32::from(has_client_transaction_version) + u32::from(has_next_producer_epoch));
            if has_previous_producer_id { w.tag(0, &mut |w| w.i64(self.previous_producer_id)); }
            if has_next_producer_id { w.tag(1, &mut |w| w.i64(self.next_producer_id)); }
            if has_client_transaction_version { w.tag(2, &mut |w| w.i16(self.client_transaction_version)); }
            if has_next_producer_epoch { w.tag(3, &mut |w| w.i16(self.next_producer_epoch)); }
        }
    }
}

/// Part of `TransactionLogValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionsSchema<'a> {
    /// string.
    pub topic: Str<'a>,
    /// array of int32.
    pub partition_ids: Vec<i32>,
}

impl<'a> Decode<'a> for PartitionsSchema<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 1;
        let mut x = Self::default();
        x.topic = r.string(flex)?;
        x.partition_ids = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionsSchema<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.string(flex, &self.topic);
        w.array(flex, &self.partition_ids, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for TransactionLogValue<'_> {
    const KEY: i16 = 0;
    const NAME: &'static str = "TransactionLogValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;
}
