//! The program `slp`
fn main() {}
