//! Step `nopanic`: proto-core links without anything that panics, and the probe would notice if it did
//!
//! For the device as the device has it, for this host with the paths that hosts have.
//!
//! What is in the program, and what is not, is the probe's matter: `proto-core/no-panic`.

use crate::setup::rust::THUMB;
use crate::size::probe;
use crate::test::Context;

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
        match probe(target).args(["--features", "seeded-panic"]).capture() {
            Ok(_) => context.fail("nopanic", format_args!("a panic seeded for {target} was not noticed")),
            Err(error) if error.to_string().contains(CANNOT_LINK) => context.report.pass(1),
            Err(error) => context.fail("nopanic", error),
        }
    }
}
