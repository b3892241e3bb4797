#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(test)]
extern crate std;

pub mod app;
pub mod board;
pub mod console;
pub mod display;
#[cfg(target_os = "none")]
mod drivers;
pub mod net;
pub mod settings;
pub mod telemetry;
