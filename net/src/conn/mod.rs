//! Connections: sockets in, framed requests to the API table, replies out in order.

pub mod census;
pub mod client_memory;
pub mod connection;
pub mod inbox;
pub mod listener;
pub mod quiet;
pub mod replies;
mod sending;
mod watch;
