//! Step `nopanic`: proto-core links without anything that panics, and the probe would notice if it did
//!
//! For the device as the device has it, for this host with the paths that hosts have.
//!
//! What is in the program, and what is not, is the probe's matter: `proto-core/no-panic`. That it has every public function,
//! but for those listed there, is checked here.

use crate::setup::rust::THUMB;
use crate::size::{probe, probe_of, program};
use crate::test::Context;

mod reached;

/// The name that the probe's panic handler calls and nobody defines
const CANNOT_LINK: &str = "proto_core_can_panic";

/// Links the probe for the device and for this host, then with a panic in it
pub(super) fn run(context: &mut Context) {
    let mut targets = vec![THUMB];
    // Elsewhere a program cannot be linked without the start-up of its system.
    if cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        targets.push("x86_64-unknown-linux-gnu");
    }
    for target in targets {
        context.check("nopanic", &probe(target));
        if target == THUMB {
            left_out(context);
        }
        let lints = probe_of("clippy", target).args(["--", "--deny", "warnings"]);
        context.check("nopanic", &lints);
        match probe(target).args(["--features", "seeded-panic"]).capture() {
            Ok(_) => context.fail("nopanic", format_args!("a panic seeded for {target} was not noticed")),
            Err(error) if error.to_string().contains(CANNOT_LINK) => context.report.pass(1),
            Err(error) => context.fail("nopanic", error),
        }
    }
}

/// Whether the program just linked has all that it should have
fn left_out(context: &mut Context) {
    match reached::findings(&program(THUMB)) {
        Ok(findings) if findings.is_empty() => context.report.pass(1),
        Ok(findings) => findings.iter().for_each(|finding| context.fail("nopanic", finding)),
        Err(error) => context.fail("nopanic", format_args!("{error:#}")),
    }
}
