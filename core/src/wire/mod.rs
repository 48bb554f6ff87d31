//! The Kafka wire format: bytes to typed messages and back, for every version of every API a client may use.
//!
//! ```text
//! frame    = length i32 | header | body                        frame
//! header   = api_key i16 | api_version i16 | correlation_id i32 | client_id | tags     header (request)
//!            correlation_id i32 | tags                                                 header (response)
//! body     = the fields of the schema's message, in order, as far as the version has them, then tags
//! tags     = count uvarint | (tag uvarint | size uvarint | bytes)*    only in flexible versions (KIP-482)
//! ```
//!
//! | to find | open |
//! |---|---|
//! | which versions of an API exist, which are flexible | [`api::ApiKey`] |
//! | a message's fields | [`messages`], one generated module per message, named as in the schema |
//! | records of Kafka's internal topics, and the consumer protocol inside JoinGroup | [`records`], generated too |
//! | Produce and Fetch, which carry the data | [`produce`] and [`fetch`]; [`Records`] is how records are never copied |
//! | the runtime under all of them | [`Reader`], [`Writer`] |
//!
//! The schema is `core/schema/*.json`; `core/tests/wire_schema` turns it into `messages/`, `records/` and
//! `api/table.rs`, and fails when they disagree. docs/design/0001-codec.md tells why it is built this way.
//!
//! # Invariants
//!
//! - **Decoding borrows.** Strings and bytes point into the frame; only arrays allocate, within a budget that the
//!   frame's length sets (see [`Reader`]). No input panics. Nothing recurses, so nesting is as deep as the schema.
//! - **Encoding cannot fail** (see [`Writer`]). A field the version lacks is dropped.
//! - `Default` is the schema's default, so `Message { the_field: x, ..Default::default() }` is a valid message.
//! - A tagged field is written only when it differs from its default.
//!
//! # What it does not do
//!
//! It knows no meaning: which versions are advertised (behaviours 1 and 5), what a null or a -1 asks for, and
//! whether a batch is sound, is for the handlers and for `record`. Unknown tagged fields are skipped, not kept.
//! Controller-only APIs have a row in the table but no messages: they are never spoken on a broker's listener.

use std::borrow::Cow;

mod error;
mod reader;
mod records_field;
mod writer;

pub mod api;
pub mod fetch;
pub mod frame;
pub mod header;
#[rustfmt::skip]
pub mod messages;
pub mod produce;
#[rustfmt::skip]
pub mod records;

pub use api::ApiKey;
pub use error::DecodeError;
pub use header::{RequestHeader, ResponseHeader};
pub use reader::{MEMORY_PER_BYTE, MEMORY_SPARE, Reader};
pub use records_field::Records;
pub use writer::{Part, Writer};

/// A string field: borrowed from the frame when decoded, borrowed or owned when encoded.
pub type Str<'a> = Cow<'a, str>;

/// What can be read from the wire.
pub trait Decode<'a>: Sized {
    /// Reads one value as `version` lays it out. Bytes after it stay in `r`; whether they are an error is for the
    /// caller to say.
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError>;
}

/// What can be written to the wire.
pub trait Encode {
    /// Writes the value as `version` lays it out; fields that version lacks are dropped.
    fn encode(&self, w: &mut Writer, version: i16);
}

/// A whole request, response or internal record, and the versions it has.
pub trait Message {
    /// The API key of a request or response; the record type of an internal record; -1 for data that has no key.
    const KEY: i16;
    /// The schema's name, such as `MetadataRequest`.
    const NAME: &'static str;
    /// The first version.
    const MIN_VERSION: i16;
    /// The last version.
    const MAX_VERSION: i16;
    /// The first flexible version (KIP-482); `i16::MAX` if there is none.
    const FLEXIBLE_FROM: i16;
}

/// A request, and the response that answers it in the same version.
pub trait Request: Message + Encode {
    /// The response.
    type Response<'r>: Message + Decode<'r>;
}

/// Refuses versions the message does not have; every generated message starts with it.
fn check_version<M: Message>(version: i16) -> Result<(), DecodeError> {
    if (M::MIN_VERSION..=M::MAX_VERSION).contains(&version) {
        Ok(())
    } else {
        Err(DecodeError::UnknownVersion(version))
    }
}

/// What generated modules use.
mod prelude {
    pub(super) use super::{
        Decode, DecodeError, Encode, Message, Reader, Records, Request, Str, Writer, check_version,
    };
    pub(super) use crate::ids::TopicId;
    pub(super) use std::borrow::Cow;
}
