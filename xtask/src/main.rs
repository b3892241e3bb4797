//! Builds, runs, measures and tests the workspace
fn main() {}
