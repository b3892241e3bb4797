//! Step `policy`: what the project takes in, and how its texts are written
//!
//! Licences, bans and sources of all dependencies (`deny.toml`), dependencies that nothing uses, spelling (`typos.toml`)
//! and the form of TOML (`taplo.toml`). Advisories are no part of it: their database has to be fetched, which makes a
//! result of today differ from yesterday's; `cargo deny check advisories` asks for them.
//!
//! Building cargo-deny takes minutes, and what it finds depends on the lock files and `deny.toml` alone. So what it has
//! approved is noted in `deny.checked`, and it is built and asked only when one of them has changed since.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cmd::Cmd;
use crate::setup::Need;
use crate::setup::python::linter;
use crate::setup::tool::{DENY, MACHETE};
use crate::test::{Context, Mode};
use crate::{build_firmware, fingerprint, say, workspace};

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
    let root = workspace::root();
    let beside = workspace::nested()?;
    let locks = beside.iter().map(|folder| folder.join("Cargo.lock"));
    let mut inputs = String::new();
    for file in [root.join("deny.toml"), root.join("Cargo.lock")].into_iter().chain(locks) {
        let text = fs::read_to_string(&file);
        inputs.push_str(&text.with_context(|| format!("cannot read {}", file.display()))?);
    }
    let noted = note(&inputs);
    if fs::read_to_string(checked()).is_ok_and(|found| found == noted) {
        say("cargo-deny has approved these dependencies before");
        return Ok(());
    }
    build_firmware::ensure(&[Need::Tool(&DENY)])?;
    let check = || DENY.cmd().args(["--locked", "--log-level", "error", "--config", "deny.toml"]);
    check().args(["check", "licenses", "bans", "sources"]).run()?;
    // In no product: licences and sources count there, not how many versions of a crate.
    for folder in beside {
        let manifest = folder.join("Cargo.toml");
        check().arg("--manifest-path").arg(manifest).args(["check", "licenses", "sources"]).run()?;
    }
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
    format!("deny.toml and the lock files as approved by {} {}: {fingerprint}\n", DENY.name, DENY.version)
}
