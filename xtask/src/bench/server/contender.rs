//! The servers that are compared: what they are, how they are built and started
//!
//! What they are asked and how they fare is not known here.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::bench::load_workspace;
use crate::cmd::Cmd;
use crate::setup::{Need, python};
use crate::workspace;

/// Settings of `slp server`: a connection that is measured must outlive its silence
pub(super) const CONFIG: &str = "[server]
listen = \"127.0.0.1:0\"
max_clients = 100000
backlog = 4096
ping_after = 3600
status_timeout = 3600
";

/// A server
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Contender {
    /// `slp server`, as a pipe gets it, quiet
    Slp,
    /// The least that a program on tokio can do
    Minimal,
    /// A program with the crate `rust_mc_proto`
    #[value(name = "rust_mc_proto")]
    RustMcProto,
    /// A script with minecraft-protocol (npm)
    MinecraftProtocol,
    /// A script with quarry (`PyPI`)
    Quarry,
}

impl Contender {
    /// All of them, in the order of the tables
    pub(super) const ALL: [Self; 5] =
        [Self::Slp, Self::Minimal, Self::RustMcProto, Self::MinecraftProtocol, Self::Quarry];

    /// As `--only` takes it
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Slp => "slp",
            Self::Minimal => "minimal",
            Self::RustMcProto => "rust_mc_proto",
            Self::MinecraftProtocol => "minecraft-protocol",
            Self::Quarry => "quarry",
        }
    }

    /// What has to be installed for it
    pub(super) fn need(self) -> Option<Need> {
        match self {
            Self::Slp | Self::Minimal | Self::RustMcProto => None,
            Self::MinecraftProtocol => Some(Need::MinecraftProtocol),
            Self::Quarry => Some(Need::Quarry),
        }
    }

    /// Whether a connection outlives its Pong and takes another handshake
    pub(super) fn keeps_connections(self) -> bool {
        matches!(self, Self::Slp | Self::Minimal | Self::RustMcProto)
    }

    /// Idle connections that are asked of it at most, and why no more
    pub(super) fn most_idle(self) -> Option<(usize, &'static str)> {
        match self {
            Self::Slp | Self::Minimal | Self::MinecraftProtocol => None,
            Self::RustMcProto => Some((5_000, "a thread a connection, and a system has room for so many threads only")),
            Self::Quarry => Some((2_000, "each connection has a clock that ticks 20 times a second, busy or not")),
        }
    }

    /// Whether there is nothing to compare without it
    pub(super) fn is_essential(self) -> bool {
        matches!(self, Self::Slp | Self::Minimal)
    }

    /// The process to start; it announces its port on standard output
    pub(super) fn command(self, programs: &Programs, config: &Path, document: &Path) -> Cmd {
        let scripts = workspace::load_files().join("peers");
        match self {
            Self::Slp => Cmd::new(&programs.slp).args(["server", "--quiet", "--json", "--config"]).arg(config),
            Self::Minimal => Cmd::new(&programs.minimal).arg(document),
            Self::RustMcProto => Cmd::new(&programs.rust_mc_proto).arg(document),
            Self::MinecraftProtocol => Cmd::new("node")
                .arg(scripts.join("server.mjs"))
                .arg(document)
                .env("SLP_PEERS_NODE", workspace::peers().join("node")),
            Self::Quarry => Cmd::new(python::with_quarry()).arg(scripts.join("server.py")).arg(document),
        }
        .quiet()
    }

    /// What exactly was compared
    pub(super) fn version(self, programs: &Programs) -> anyhow::Result<String> {
        let lock = || fs::read_to_string(workspace::load_files().join("Cargo.lock")).context("tests/load/Cargo.lock");
        Ok(match self {
            Self::Slp => Cmd::new(&programs.slp).quiet().arg("--version").capture()?,
            Self::Minimal => format!("minimal, tokio {}", locked(&lock()?, "tokio")?),
            Self::RustMcProto => format!("rust_mc_proto {}", locked(&lock()?, "rust_mc_proto")?),
            Self::MinecraftProtocol => {
                let file = workspace::peers().join("node").join("node_modules").join("minecraft-protocol");
                let text =
                    fs::read_to_string(file.join("package.json")).context("the package of minecraft-protocol")?;
                let package: Value = serde_json::from_str(&text)?;
                let node = Cmd::new("node").quiet().arg("--version").capture()?;
                format!("minecraft-protocol {}, Node {}", package["version"].as_str().unwrap_or("?"), &node[1..])
            }
            Self::Quarry => {
                const ASK: &str = "import importlib.metadata as m, platform as p; \
                                   print(f\"quarry {m.version('quarry')}, Python {p.python_version()}\")";
                Cmd::new(python::with_quarry()).quiet().args(["-c", ASK]).capture()?
            }
        })
    }
}

/// The version of a package in a lock file
fn locked(lock: &str, package: &str) -> anyhow::Result<String> {
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("\nname = \"{package}\"\n")));
    let version = entry.and_then(|entry| entry.lines().find_map(|line| line.strip_prefix("version = \"")));
    Ok(version.with_context(|| format!("no {package} in the lock file"))?.trim_end_matches('"').to_owned())
}

/// What was built
#[derive(Debug)]
pub(super) struct Programs {
    slp: PathBuf,
    minimal: PathBuf,
    rust_mc_proto: PathBuf,
    pub(super) load: PathBuf,
}

impl Programs {
    /// Builds the product and the workspace of the load generator
    ///
    /// # Errors
    /// What cargo says.
    pub(super) fn build(debug: bool) -> anyhow::Result<Self> {
        let profile = if debug { "dev" } else { "release" };
        let build = || Cmd::cargo().args(["build", "--profile", profile, "--locked"]);
        let slp = executables(&build().args(["--package", "std-app", "--bin", "slp"]))?;
        let load = executables(&load_workspace(build()).arg("--bins"))?;
        let take = |from: &HashMap<String, PathBuf>, name: &str| {
            from.get(name).cloned().with_context(|| format!("cargo built no {name}"))
        };
        Ok(Self {
            slp: take(&slp, "slp")?,
            minimal: take(&load, "minimal")?,
            rust_mc_proto: take(&load, "rust-mc-proto-server")?,
            load: take(&load, "load")?,
        })
    }
}

/// Runs a `cargo build` and returns the programs it made
fn executables(build: &Cmd) -> anyhow::Result<HashMap<String, PathBuf>> {
    // Cargo alone knows where its target folder is. Its messages are not shown, only what rustc has to say.
    let messages = build.clone().args(["--quiet", "--message-format", "json-render-diagnostics"]).capture()?;
    let mut found = HashMap::new();
    for message in messages.lines() {
        let message: Value = serde_json::from_str(message).context("cargo wrote no JSON")?;
        if let (Some(name), Some(path)) = (message["target"]["name"].as_str(), message["executable"].as_str()) {
            found.insert(name.to_owned(), path.into());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for one in Contender::ALL {
            assert_eq!(Contender::from_str(one.name(), false), Ok(one));
        }
    }

    #[test]
    fn both_workspaces_have_the_same_tokio() {
        let read = |folder: PathBuf| fs::read_to_string(folder.join("Cargo.lock")).unwrap();
        let (product, load) = (read(workspace::root()), read(workspace::load_files()));
        for package in ["tokio", "mio"] {
            assert_eq!(locked(&load, package).unwrap(), locked(&product, package).unwrap(), "{package}");
        }
    }

    #[test]
    fn lock_file_without_the_package_is_told() {
        assert_eq!(locked("", "tokio").unwrap_err().to_string(), "no tokio in the lock file");
    }
}
