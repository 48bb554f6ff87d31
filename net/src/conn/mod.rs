//! Connections: sockets in, framed requests to the API table, replies out in order.

pub mod census;
pub mod connection;
pub mod inbox;
pub mod listener;
pub mod quiet;
pub mod replies;
pub mod reply_memory;
mod sending;
mod watch;
