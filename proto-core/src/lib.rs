#![doc = include_str!("../README.md")]
#![no_std]

pub mod client;
pub mod command;
pub mod error;
#[cfg(feature = "seeded-faults")]
pub mod fault;
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
pub mod io;
pub mod json;
pub mod legacy;
pub mod machine;
pub mod packet;
mod queue;
mod seeded;
pub mod server;
pub mod status;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
pub mod time;
pub mod wire;

pub use client::Client;
pub use error::{Error, Refused};
pub use machine::{Machine, Progress, Timeouts};
pub use packet::State;
pub use server::Server;
pub use time::Instant;
