//! Steps `cost` and `bench`: what the core costs, and whether the load generator works
//!
//! How much the server costs is no step: it is asked by `cargo xtask bench server`.

use crate::bench::{self, load_workspace};
use crate::cmd::Cmd;
use crate::test::{Context, Mode};
use crate::workspace;

/// Instructions against the stored counts, and against the crates to beat
pub(super) fn cost(context: &mut Context) {
    let clippy = Cmd::cargo().args(["clippy", "--locked", "--all-targets", "--", "--deny", "warnings"]);
    context.check("cost", &clippy.dir(bench::cost::folder()));
    if let Err(error) = bench::cost::check(&mut context.report, context.mode == Mode::Strict) {
        context.fail("cost", format_args!("{error:#}"));
    }
}

/// The load generator's own workspace
pub(super) fn load(context: &mut Context) {
    let manifest = workspace::load_files().join("Cargo.toml");
    context.check("bench", &Cmd::cargo().args(["fmt", "--check", "--manifest-path"]).arg(manifest));
    // It reads what Linux alone counts.
    if !cfg!(target_os = "linux") {
        return;
    }
    let clippy = load_workspace(Cmd::cargo().args(["clippy", "--locked", "--all-targets"]));
    context.check("bench", &clippy.args(["--", "--deny", "warnings"]));
    let tests = load_workspace(Cmd::cargo().args(["test", "--locked", "--no-fail-fast"]));
    if context.tests("bench", &tests) == 0 {
        context.fail("bench", format_args!("`{tests}` ran no test"));
    }
}
