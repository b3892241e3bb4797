//! Harness of the tests across the crates
