//! What a handler knows of its request, and the two ways out: a reply, or an end of the connection.

use std::rc::Rc;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use headwater_core::wire::api::ApiKey;
use headwater_core::wire::header::RequestHeader;
use headwater_core::wire::{Decode, DecodeError, Encode, Reader, frame};
use headwater_replication::metadata::Image;

use crate::conn::connection::Connection;
use crate::conn::replies::Reply;
use crate::rt::Permit;
use crate::shard::Shard;

/// A request that can't be answered in its own words, so the connection ends (behaviour 3).
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The body is not what its version says.
    #[error("body does not decode: {0}")]
    Malformed(#[from] DecodeError),
    /// The client takes no replies any more.
    #[error("the client is gone")]
    Gone,
}

/// A request's circumstances.
#[derive(Clone)]
pub struct Context {
    /// The connection it came on.
    pub connection: Rc<Connection>,
    /// Which API.
    pub key: ApiKey,
    /// Its version, in the range that the table allows (but for ApiVersions).
    pub version: i16,
    correlation_id: i32,
    /// The client's name for itself.
    pub client_id: Option<Arc<str>>,
    /// What a large body has of the memory for requests, until it is let go with it.
    memory: Option<Rc<Permit>>,
}

impl Context {
    /// The circumstances of the request with this header.
    pub fn new(connection: Rc<Connection>, key: ApiKey, header: &RequestHeader<'_>) -> Self {
        let client_id = header.client_id.map(|id| connection.client_id(id));
        Self {
            connection,
            key,
            version: header.api_version,
            correlation_id: header.correlation_id,
            client_id,
            memory: None,
        }
    }

    /// The same, with the memory that the body takes.
    pub fn with_memory(self, permit: Option<Permit>) -> Self {
        Self { memory: permit.map(Rc::new), ..self }
    }

    /// Lets go of a body that is not needed any more: a request may wait for long, and others need the memory.
    pub fn let_go(&mut self, body: BytesMut) {
        drop(body);
        self.memory = None;
    }

    /// Waits for the memory of a reply with records.
    pub async fn reply_memory(&self, bytes: usize) -> Result<Permit, Refused> {
        self.connection.reply_memory(bytes).await.ok_or(Refused::Gone)
    }

    /// The shard that the connection is on.
    pub fn shard(&self) -> &Rc<Shard> {
        &self.connection.shard
    }

    /// Where the client connects from, as Kafka shows it: `/192.0.2.1`.
    pub fn client_host(&self) -> Arc<str> {
        Arc::from(format!("/{}", self.connection.peer.ip()))
    }

    /// The metadata as this shard sees it now.
    pub fn image(&self) -> Arc<Image> {
        self.connection.shard.image()
    }

    /// Decodes a body in the request's version.
    pub fn decode<'a, T: Decode<'a>>(&self, body: &'a [u8]) -> Result<T, Refused> {
        Ok(T::decode(&mut Reader::new(body), self.version)?)
    }

    /// A reply in the request's version.
    pub fn reply(&self, body: &impl Encode) -> Result<Reply, Refused> {
        Ok(Reply::whole(self.frame(body)))
    }

    /// A whole response frame in the request's version.
    pub fn frame(&self, body: &impl Encode) -> Bytes {
        frame::response(self.key, self.version, self.correlation_id, body)
    }

    /// The number by which the client knows the request.
    pub fn correlation_id(&self) -> i32 {
        self.correlation_id
    }
}
