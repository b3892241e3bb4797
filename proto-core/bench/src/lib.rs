//! What the benchmarks of proto-core's cost work on: the same values and documents for every contender
//!
//! Everything is made from fixed seeds, so that two runs count the same. Nothing is measured here.

pub mod document;
pub mod numbers;
pub mod peer;
