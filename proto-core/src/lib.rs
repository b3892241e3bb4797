//! Server List Ping as two state machines
#![no_std]

pub mod json;
pub mod status;
pub mod text;
pub mod command;
pub mod legacy;
pub mod telemetry;
