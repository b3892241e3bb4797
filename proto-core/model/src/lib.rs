//! Explores everything that a network and two people can do to the machines of proto-core (PROTOCOL.md §3)
//!
//! What is explored is the machines themselves, not a description of them: a state of a model holds a `Client` and a
//! `Server`, and a step calls them as a driver would.
//!
//! It measures nothing, opens no socket, and says nothing of payloads, documents and counts beyond its
//! [bounds](bounds).

pub mod bounds;
mod channel;
pub mod cycles;
mod drive;
pub mod explore;
pub mod findings;
pub mod foreign;
mod ledger;
mod packets;
pub mod pair;
pub mod properties;
pub mod seen;

pub use pair::Pair;
