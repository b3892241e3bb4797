//! Server List Ping for the terminal: server, client, their two front ends, and a monitor for devices

pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod events;
pub mod monitor;
pub mod program;
pub mod report;
pub mod resolve;
pub mod server;
pub mod side;
pub mod signals;
pub mod terminal;
mod tui;
