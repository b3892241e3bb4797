//! Peers that are not ours, against ours: what must hold where the other side does not keep the whole protocol
//!
//! - [`SilentClient`]: a client that sends Handshake, Request and Ping together and never answers a ping of the server's, as
//!   the first implementation of this system does.
//! - [`ClosingServer`]: a server that closes right behind its Pong, as Minecraft does, or whenever it likes.
//!
//! What such a peer sends is well formed; bytes that are not are the fuzzers' affair.

pub mod closing_server;
pub mod silent_client;

pub use closing_server::ClosingServer;
pub use silent_client::SilentClient;
