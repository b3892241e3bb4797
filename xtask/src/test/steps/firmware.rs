//! Step `firmware`: the device's program for every board
//!
//! What runs in the emulator is measured against its budgets; what needs a board is built and weighed.

use crate::build_firmware::{self, REAL, Real};
use crate::say;
use crate::size::{self, Sections};
use crate::test::Context;

/// Lints, builds and weighs each
pub(super) fn run(context: &mut Context) {
    for board in build_firmware::boards() {
        // One with the other is the default.
        for features in ["", "display", "dns", "display,dns"] {
            let clippy = context.cargo("clippy").args(["--package", "embedded-app", "--no-default-features"]);
            let clippy = clippy.args(["--features", board.name, "--features", features]).args([
                "--target",
                board.target,
                "--",
                "--deny",
                "warnings",
            ]);
            context.check("firmware", &clippy);
        }
    }
    let lean = context.cargo("test").args(["--package", "embedded-app", "--lib", "--no-default-features"]);
    context.tests("firmware", &lean);
    if let Err(error) = size::measure(&mut context.report) {
        context.fail("firmware", format_args!("{error:#}"));
    }
    for board in REAL {
        let built = board.build().and_then(|file| build_firmware::measure(&file));
        let sane = built.map_err(|error| format!("{}: {error:#}", board.name)).and_then(|sizes| within(board, sizes));
        context.report.check("firmware", sane, "cargo xtask test firmware");
    }
}

/// Bytes of flash and of memory without the stack that a real board's firmware may take: nothing that it has need of, but
/// more than this is a mistake
const FLASH: u32 = 128 * 1_024;
const RAM: u32 = 32 * 1_024;

fn within(board: &Real, Sections { flash, ram }: Sections) -> Result<(), String> {
    let told = format!("{:<14} {flash:>8} of flash, {ram:>7} of memory without its stack", board.name);
    if flash > FLASH || ram > RAM {
        return Err(format!("{told}; {FLASH} and {RAM} allowed"));
    }
    say(told);
    Ok(())
}
