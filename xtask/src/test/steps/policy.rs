//! Step `policy`: what the project takes in, and how its texts are written
//!
//! Licences, bans and sources of all dependencies (`deny.toml`), dependencies that nothing uses, spelling (`typos.toml`)
//! and the form of TOML (`taplo.toml`). Advisories are no part of it: their database has to be fetched, which makes a
//! result of today differ from yesterday's; `cargo deny check advisories` asks for them.

use crate::cmd::Cmd;
use crate::setup::python::linter;
use crate::setup::tool::{DENY, MACHETE};
use crate::test::Context;

/// Asks each tool
pub(super) fn run(context: &mut Context) {
    let typos = Cmd::new(linter("typos")).args(["--config", "typos.toml", "--color", "never"]);
    let taplo =
        Cmd::new(linter("taplo")).args(["fmt", "--check", "--diff", "--colors", "never"]).env("RUST_LOG", "error");
    context.check("policy", &typos);
    context.check("policy", &taplo);
    context.check("policy", &MACHETE.cmd());
    let deny = DENY.cmd().args(["--locked", "--log-level", "error", "check", "licenses", "bans", "sources"]);
    context.check("policy", &deny);
}
