// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ShareGroupDescribeResponse`: response of API 77, versions 1, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupDescribeResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of DescribedGroup.
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> Decode<'a> for ShareGroupDescribeResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.groups = r.array(flex, 20, |r| DescribedGroup::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareGroupDescribeResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.groups, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareGroupDescribeResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// string (groupId).
    pub group_id: Str<'a>,
    /// string.
    pub group_state: Str<'a>,
    /// int32.
    pub group_epoch: i32,
    /// int32.
    pub assignment_epoch: i32,
    /// string.
    pub assignor_name: Str<'a>,
    /// array of Member.
    pub members: Vec<Member<'a>>,
    /// int32, default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            error_message: Default::default(),
            group_id: Default::default(),
            group_state: Default::default(),
            group_epoch: Default::default(),
            assignment_epoch: Default::default(),
            assignor_name: Default::default(),
            members: Default::default(),
            authorized_operations: -2147483648,
        }
    }
}

impl<'a> Decode<'a> for DescribedGroup<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.group_id = r.string(flex)?;
        x.group_state = r.string(flex)?;
        x.group_epoch = r.i32()?;
        x.assignment_epoch = r.i32()?;
        x.assignor_name = r.string(flex)?;
        x.members = r.array(flex, 12, |r| Member::decode(r, v))?;
        x.authorized_operations = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribedGroup<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.string(flex, &self.group_id);
        w.string(flex, &self.group_state);
        w.i32(self.group_epoch);
        w.i32(self.assignment_epoch);
        w.string(flex, &self.assignor_name);
        w.array(flex, &self.members, |w, x| x.encode(w, v));
        w.i32(self.authorized_operations);
        w.no_tags(flex);
    }
}

/// Part of `ShareGroupDescribeResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member<'a> {
    /// string.
    pub member_id: Str<'a>,
    /// string, nullable.
    pub rack_id: Option<Str<'a>>,
    /// int32.
    pub member_epoch: i32,
    /// string.
    pub client_id: Str<'a>,
    /// string.
    pub client_host: Str<'a>,
    /// array of string (topicName).
    pub subscribed_topic_names: Vec<Str<'a>>,
    /// Assignment.
    pub assignment: Assignment<'a>,
}

impl<'a> Decode<'a> for Member<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.member_id = r.string(flex)?;
        x.rack_id = r.opt_string(flex, true)?;
        x.member_epoch = r.i32()?;
        x.client_id = r.string(flex)?;
        x.client_host = r.string(flex)?;
        x.subscribed_topic_names = r.array(flex, 1, |r| r.string(flex))?;
        x.assignment = Assignment::decode(r, v)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Member<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.member_id);
        w.opt_string(flex, true, self.rack_id.as_deref());
        w.i32(self.member_epoch);
        w.string(flex, &self.client_id);
        w.string(flex, &self.client_host);
        w.array(flex, &self.subscribed_topic_names, |w, x| w.string(flex, x));
        self.assignment.encode(w, v);
        w.no_tags(flex);
    }
}

/// Part of `ShareGroupDescribeResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions<'a> {
    /// uuid.
    pub topic_id: TopicId,
    /// string (topicName).
    pub topic_name: Str<'a>,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartitions<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.topic_name = r.string(flex)?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicPartitions<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.string(flex, &self.topic_name);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

/// Part of `ShareGroupDescribeResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment<'a> {
    /// array of TopicPartitions.
    pub topic_partitions: Vec<TopicPartitions<'a>>,
}

impl<'a> Decode<'a> for Assignment<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_partitions = r.array(flex, 19, |r| TopicPartitions::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Assignment<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.topic_partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

impl Message for ShareGroupDescribeResponse<'_> {
    const KEY: i16 = 77;
    const NAME: &'static str = "ShareGroupDescribeResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;
}
