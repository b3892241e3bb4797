//! Programs that cargo builds: subcommands and what they call
//!
//! Each in the version that is named here, below `target/tools`, so that nobody's own installation is touched or used: two
//! versions of such a tool may say two things. It builds them as their authors locked them.

use std::path::PathBuf;
use std::time::Duration;

use super::Missing;
use crate::cmd::Cmd;
use crate::workspace;

/// Limit of building one
const BUILD: Duration = Duration::from_mins(20);

/// A program that `cargo install` brings
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tool {
    /// Its name among packages and programs
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(super) used_by: &'static str,
}

/// Licences, bans and sources of dependencies
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2", used_by: "the check of dependencies" };
/// Dependencies that nothing uses
pub(crate) const MACHETE: Tool = Tool { name: "cargo-machete", version: "0.9.2", used_by: "the check of dependencies" };
/// Runs proto-core's benchmarks under valgrind; only those built against the library of its own version
pub(crate) const GUNGRAUN: Tool =
    Tool { name: "gungraun-runner", version: "0.20.0", used_by: "`cargo xtask bench cost`" };
/// Lines that tests run
pub(crate) const LLVM_COV: Tool = Tool { name: "cargo-llvm-cov", version: "0.9.1", used_by: "`cargo xtask coverage`" };
/// Builds what libFuzzer runs
pub(crate) const FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2", used_by: "`cargo xtask fuzz`" };
/// Changes to the code that no test notices
pub(crate) const MUTANTS: Tool = Tool { name: "cargo-mutants", version: "27.1.0", used_by: "`cargo xtask mutants`" };

impl Tool {
    /// A command of it
    pub(crate) fn cmd(&self) -> Cmd {
        Cmd::new(self.program())
    }

    /// Makes sure that it is there: `Ok(true)` when it had to be built
    pub(super) fn ensure(&self, install: bool) -> Result<bool, Missing> {
        // The folder says which version is in it, so nothing has to be run to know.
        if self.program().is_file() {
            return Ok(false);
        }
        if !install {
            return Err(Missing::new(self.name, self.used_by, "cargo xtask setup"));
        }
        // Not optimized: these wait for other programs and read small files, and build in a third of the time.
        Cmd::cargo()
            .args(["install", "--locked", "--debug", "--quiet", self.name, "--version"])
            .arg(format!("={}", self.version))
            .arg("--root")
            .arg(self.folder())
            .deadline(BUILD)
            .run()
            .map_err(|error| Missing::new(self.name, self.used_by, error.to_string()))?;
        Ok(true)
    }

    fn folder(&self) -> PathBuf {
        workspace::root().join("target").join("tools").join(format!("{}-{}", self.name, self.version))
    }

    /// Where it is, or will be
    pub(crate) fn program(&self) -> PathBuf {
        self.folder().join("bin").join(self.name).with_extension(std::env::consts::EXE_EXTENSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runner_of_benchmarks_has_the_version_of_its_library() {
        let manifest = workspace::root().join("proto-core").join("bench").join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        assert!(manifest.contains(&format!("gungraun = \"={}\"", GUNGRAUN.version)), "{manifest}");
    }

    #[test]
    fn tool_that_is_not_there_says_how_to_have_it() {
        let tool = Tool { name: "no-such-tool", version: "1.0.0", used_by: "nothing" };
        let line = tool.ensure(false).unwrap_err().to_string();
        assert_eq!(line, "missing no-such-tool, needed by nothing: cargo xtask setup");
    }
}
