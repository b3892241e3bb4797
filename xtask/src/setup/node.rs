//! minecraft-protocol, below `target/peers/node`
//!
//! Exactly the versions of the lock file, without running any of their install scripts. Nothing is written beside the
//! package files, which are copied first.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::system::Program;
use super::{Missing, is_stamped};
use crate::cmd::Cmd;
use crate::workspace;

const USED_BY: &str = "the tests against minecraft-protocol";

/// Limit of installing: some hundred megabytes, most of them tables that the package carries
const INSTALL: Duration = Duration::from_mins(15);

/// The packages of `package-lock.json`
pub(super) fn minecraft_protocol(install: bool) -> Result<bool, Missing> {
    let folder = workspace::peers().join("node");
    let files = workspace::peer_files();
    let trouble = |error: String| Missing::new("minecraft-protocol", USED_BY, error);
    let wanted = fs::read_to_string(files.join("package-lock.json"))
        .map_err(|error| trouble(format!("tests/peers/package-lock.json: {error}")))?;
    let stamp = folder.join("installed.json");
    let node = Program {
        names: &["node"],
        used_by: USED_BY,
        debian: &["nodejs"],
        homebrew: "node",
        winget: "OpenJS.NodeJS.LTS",
    };
    let npm = Program { names: &["npm"], debian: &["npm"], ..node };
    let (_, installed) = node.ensure(install)?;
    if is_stamped(&stamp, &wanted) && folder.join("node_modules").join("minecraft-protocol").is_dir() {
        return Ok(installed);
    }
    if !install {
        return Err(trouble("cargo xtask setup".to_owned()));
    }
    let (npm, _) = npm.ensure(install)?;
    copy(&files, &folder).map_err(|error| trouble(error.to_string()))?;
    Cmd::new(npm)
        .args(["ci", "--ignore-scripts", "--omit=dev", "--omit=optional", "--no-audit", "--no-fund"])
        .args(["--loglevel=error"])
        .dir(&folder)
        .deadline(INSTALL)
        .run()
        .map_err(|error| trouble(error.to_string()))?;
    fs::write(&stamp, wanted).map_err(|error| trouble(error.to_string()))?;
    Ok(true)
}

fn copy(files: &Path, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(files.join(name), folder.join(name))?;
    }
    Ok(())
}
