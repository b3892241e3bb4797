//! Server List Ping for the terminal: server, client and their two front ends

pub mod cli;
pub mod clock;
pub mod config;
pub mod resolve;
pub mod terminal;
