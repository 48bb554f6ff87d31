//! Behaviours that a client can see, by their numbers, against a real server over a real socket.

mod admin;
mod client;
mod connection;
mod consumer_groups;
mod fetch;
mod groups;
mod http;
mod list_offsets;
mod metadata;
mod produce;
mod quotas;
mod share_groups;
mod streams_groups;
mod telemetry;
mod transactions;
