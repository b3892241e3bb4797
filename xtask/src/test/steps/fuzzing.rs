//! Step `fuzz`: the corpus, then a short search from it
//!
//! What a target asserts is told in `proto-core/fuzz`.

use std::time::Duration;

use crate::cmd::Cmd;
use crate::setup::{Need, tool};
use crate::test::Context;
use crate::{fuzz, setup};

/// How long each target searches
const SMOKE: Duration = Duration::from_secs(20);

/// Replays the corpus, with whatever toolchain there is, and searches where there is what that needs
pub(super) fn run(context: &mut Context) {
    let manifest = fuzz::folder().join("Cargo.toml");
    let cargo = |subcommand: &[&str]| {
        let (first, more) = subcommand.split_first().unwrap_or((&"help", &[]));
        let cmd = context.cargo(first).arg("--manifest-path").arg(&manifest).args(more);
        cmd.env("CARGO_TARGET_DIR", fuzz::output())
    };
    let fmt = Cmd::cargo().args(["fmt", "--check", "--manifest-path"]).arg(&manifest);
    let clippy = cargo(&["clippy", "--all-targets", "--", "--deny", "warnings"]);
    let replay = cargo(&["test", "--no-fail-fast"]);
    context.check("fuzz", &fmt);
    context.check("fuzz", &clippy);
    if context.tests("fuzz", &replay) == 0 {
        context.fail("fuzz", format_args!("`{replay}` ran no test"));
    }
    // What is missing has been told; the corpus needs none of it.
    let tools = setup::ensure(&[Need::Nightly, Need::Tool(&tool::FUZZ)], false);
    if tools.is_ok_and(|tools| tools.iter().all(|(_, result)| result.is_ok()))
        && let Err(error) = fuzz::search(&fuzz::TARGETS, SMOKE, fuzz::Sanitizer::None, &mut context.report)
    {
        context.fail("fuzz", format_args!("{error:#}"));
    }
}
