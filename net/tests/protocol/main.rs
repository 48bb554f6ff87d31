//! Behaviours 1 to 47 that a client can see, by their numbers, against a real server over a real socket.

mod admin;
mod client;
mod connection;
mod fetch;
mod list_offsets;
mod metadata;
mod produce;
mod quotas;
