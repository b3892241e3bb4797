//! Step `slow`: the slow checks of the core, where what they depend on has changed since they passed
//!
//! Those of minutes are run. Miri and the mutants take an hour each: that they are due is told at the
//! end of all steps, and fails nothing.

use crate::slow::{EXHAUSTIVE, MIRI, MODEL, MUTANTS, Slow};
use crate::test::{Context, Mode};
use crate::{exhaustive, model};

/// Compares, and runs what can be run here
pub(super) fn run(context: &mut Context) {
    where_due(context, EXHAUSTIVE, exhaustive::all);
    where_due(context, MODEL, model::large);
    for slow in [MIRI, MUTANTS] {
        match slow.is_current() {
            Ok(true) => context.report.pass(1),
            Ok(false) => context.report.due(format!("cargo xtask {}", slow.command)),
            Err(error) => context.fail("slow", format_args!("{error:#}")),
        }
    }
}

fn where_due(context: &mut Context, slow: Slow, way: fn() -> anyhow::Result<()>) {
    let outcome = slow.is_current().and_then(|is_current| match is_current {
        true => Ok(()),
        false if context.mode == Mode::Strict => way(),
        false => slow.begin().and_then(|running| way().and_then(|()| running.passed())),
    });
    let outcome = outcome.map_err(|error| format!("{error:#}"));
    context.report.check("slow", outcome, format!("cargo xtask {}", slow.command));
}
