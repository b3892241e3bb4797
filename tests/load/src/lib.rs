//! What the load generator and the servers that are compared have in common
//!
//! Just enough of the protocol to ask and to be sure of the answer. It shares no code with the product on purpose: what
//! is measured must not be what measures.

pub mod document;
pub mod serving;
pub mod wire;
