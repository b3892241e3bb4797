//! Step `model`: both machines in every order and every segmentation
//!
//! What is checked, and within which bounds, is told in `proto-core/model`.

use crate::cmd::Cmd;
use crate::model;
use crate::test::Context;

/// A workspace of its own, so that no other step sees it
pub(super) fn run(context: &mut Context) {
    let fmt = Cmd::cargo().args(["fmt", "--check", "--manifest-path"]).arg(model::manifest());
    context.check("model", &fmt);
    let clippy = command(context, "clippy").args(["--all-targets", "--", "--deny", "warnings"]);
    context.check("model", &clippy);
    // The machines as the desktop has them, and as a device has.
    for build in [&[][..], &["--no-default-features"]] {
        let test = command(context, "test").arg("--no-fail-fast").args(build);
        if context.tests("model", &test) == 0 {
            context.fail("model", format_args!("`{test}` ran no test"));
        }
    }
}

pub(super) fn command(context: &Context, subcommand: &str) -> Cmd {
    context.cargo(subcommand).arg("--manifest-path").arg(model::manifest())
}
