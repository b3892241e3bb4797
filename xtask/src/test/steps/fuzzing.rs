//! Step `fuzz`: the corpus, each mistake that it has to notice, then a short search from it
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
    let clippy_broken = cargo(&["clippy", "--all-targets", "--features", "broken", "--", "--deny", "warnings"]);
    // The core as the desktop has it, and as a device has; the third is the negative control: the checks with a mistake in
    // what they check.
    let replays = [
        cargo(&["test", "--no-fail-fast"]),
        cargo(&["test", "--no-fail-fast", "--no-default-features"]),
        cargo(&["test", "--no-fail-fast", "--features", "broken", "--test", "broken"]),
    ];
    context.check("fuzz", &fmt);
    context.check("fuzz", &clippy);
    context.check("fuzz", &clippy_broken);
    for replay in &replays {
        if context.tests("fuzz", replay) == 0 {
            context.fail("fuzz", format_args!("`{replay}` ran no test"));
        }
    }
    // What is missing has been told; the corpus needs none of it.
    let tools = setup::ensure(&[Need::Nightly, Need::Tool(&tool::FUZZ)], false);
    if tools.is_ok_and(|tools| tools.iter().all(|(_, result)| result.is_ok()))
        && let Err(error) = fuzz::search(&fuzz::TARGETS, SMOKE, fuzz::Sanitizer::None, &mut context.report)
    {
        context.fail("fuzz", format_args!("{error:#}"));
    }
}
