//! Step `policy`: what the project takes in, and how its texts are written
//!
//! Licences, bans and sources of all dependencies (`deny.toml`), dependencies that nothing uses, spelling (`typos.toml`)
//! and the form of TOML (`taplo.toml`). Advisories are no part of it: their database has to be fetched, which makes a
//! result of today differ from yesterday's; `cargo deny check advisories` asks for them.
//!
//! Building cargo-deny takes minutes, and what it finds depends on two files alone. So what it has approved is noted in
//! `deny.checked`, and it is built and asked only when one of the two has changed since.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cmd::Cmd;
use crate::setup::Need;
use crate::setup::python::linter;
use crate::setup::tool::{DENY, MACHETE};
use crate::test::{Context, Mode};
use crate::{build_firmware, fingerprint, say, workspace};

/// What cargo-deny's answer depends on
const INPUTS: [&str; 2] = ["Cargo.lock", "deny.toml"];

/// Asks each tool
pub(super) fn run(context: &mut Context) {
    let typos = Cmd::new(linter("typos")).args(["--config", "typos.toml", "--color", "never"]);
    let taplo =
        Cmd::new(linter("taplo")).args(["fmt", "--check", "--diff", "--colors", "never"]).env("RUST_LOG", "error");
    context.check("policy", &typos);
    context.check("policy", &taplo);
    context.check("policy", &MACHETE.cmd());
    let outcome = dependencies(context.mode);
    context.report.check("policy", outcome.map_err(|error| format!("{error:#}")), "cargo xtask test policy");
}

/// Licences, bans and sources, where they may have changed
fn dependencies(mode: Mode) -> anyhow::Result<()> {
    let texts = INPUTS.map(|name| fs::read_to_string(workspace::root().join(name)));
    let mut inputs = String::new();
    for (name, text) in INPUTS.into_iter().zip(texts) {
        inputs.push_str(&text.with_context(|| format!("cannot read {name}"))?);
    }
    let noted = note(&inputs);
    if fs::read_to_string(checked()).is_ok_and(|found| found == noted) {
        say("cargo-deny has approved these dependencies before");
        return Ok(());
    }
    build_firmware::ensure(&[Need::Tool(&DENY)])?;
    DENY.cmd().args(["--locked", "--log-level", "error", "check", "licenses", "bans", "sources"]).run()?;
    if mode == Mode::Lenient {
        fs::write(checked(), noted).with_context(|| format!("cannot write {}", checked().display()))?;
    }
    Ok(())
}

fn checked() -> PathBuf {
    workspace::root().join("deny.checked")
}

/// What is noted of inputs that were approved
fn note(inputs: &str) -> String {
    let fingerprint = fingerprint::of(inputs.as_bytes());
    format!("{} as approved by {} {}: {fingerprint}\n", INPUTS.join(" and "), DENY.name, DENY.version)
}
