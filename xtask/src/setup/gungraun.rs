//! gungraun-runner, below `target/peers/gungraun`
//!
//! It runs the benchmarks of proto-core's cost, and only those that were built against the library of its own version.
//! So it is installed in that version, beside whatever another project has installed.

use std::path::PathBuf;
use std::time::Duration;

use super::Missing;
use crate::cmd::Cmd;
use crate::workspace;

/// The library's version in `proto-core/bench/Cargo.toml`
const VERSION: &str = "0.20.0";

/// Limit of building it
const INSTALL: Duration = Duration::from_mins(15);

/// Where it is, or will be
pub(crate) fn path() -> PathBuf {
    folder().join("bin").join("gungraun-runner").with_extension(std::env::consts::EXE_EXTENSION)
}

fn folder() -> PathBuf {
    workspace::peers().join("gungraun")
}

pub(super) fn runner(install: bool) -> Result<bool, Missing> {
    let there = || {
        let version = Cmd::new(path()).quiet().arg("--version").capture();
        version.is_ok_and(|version| version.split_whitespace().last() == Some(VERSION))
    };
    if there() {
        return Ok(false);
    }
    let missing = |how: String| Missing::new("gungraun-runner", "`cargo xtask bench cost`", how);
    if !install {
        return Err(missing("cargo xtask setup".to_owned()));
    }
    // Not optimized: it starts valgrind and reads its files, and builds in a third of the time.
    Cmd::cargo()
        .args(["install", "gungraun-runner", "--locked", "--debug", "--quiet", "--force"])
        .args(["--version", &format!("={VERSION}")])
        .arg("--root")
        .arg(folder())
        .deadline(INSTALL)
        .run()
        .map_err(|error| missing(error.to_string()))?;
    if there() { Ok(true) } else { Err(missing(format!("cargo installed it, and it is not {VERSION}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_the_library_s() {
        let manifest = workspace::root().join("proto-core").join("bench").join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        assert!(manifest.contains(&format!("gungraun = \"={VERSION}\"")), "{manifest}");
    }
}
