//! The wire's types: one decoder for each, resumable at any byte
//!
//! What is here turns bytes into values and back. It knows no packet, no state and no rule beyond PROTOCOL.md §1.
//! A decoder keeps what it has read of a half-read value (a few bytes), so each byte offered can be consumed and
//! nobody has to offer a byte twice.

pub mod cursor;
pub mod frame;
pub mod string;
pub mod varint;
