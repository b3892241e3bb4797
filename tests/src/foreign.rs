//! Tools that others wrote, as `cargo xtask setup` installs them
//!
//! Where one is missing the test fails and says which, and what installs it.

use std::env;
use std::path::{Path, PathBuf};

use crate::Slp;

/// The interpreter of the virtual environment that holds mcstatus
#[must_use]
pub fn python() -> PathBuf {
    let folder = folder("SLP_PEERS_PYTHON", "python");
    present("mcstatus (PyPI)", in_environment(&folder, "python"))
}

/// The command of mcstatus
#[must_use]
pub fn mcstatus() -> PathBuf {
    let folder = folder("SLP_PEERS_PYTHON", "python");
    present("mcstatus (PyPI)", in_environment(&folder, "mcstatus"))
}

/// One of the scripts in `tests/peers`, to be run with Python
#[must_use]
pub fn python_script(name: &str) -> Slp {
    Slp::of(python(), [script(name)])
}

/// One of the scripts in `tests/peers`, to be run with Node
#[must_use]
pub fn node_script(name: &str) -> Slp {
    let folder = folder("SLP_PEERS_NODE", "node");
    present("minecraft-protocol (npm)", folder.join("node_modules").join("minecraft-protocol"));
    Slp::of("node", [script(name)]).env("SLP_PEERS_NODE", folder)
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers").join(name)
}

fn folder(variable: &str, name: &str) -> PathBuf {
    env::var_os(variable).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("peers").join(name),
        PathBuf::from,
    )
}

fn in_environment(folder: &Path, command: &str) -> PathBuf {
    if cfg!(windows) {
        folder.join("Scripts").join(command).with_extension("exe")
    } else {
        folder.join("bin").join(command)
    }
}

fn present(tool: &str, path: PathBuf) -> PathBuf {
    assert!(path.exists(), "{tool} is missing: there is no {}; install it with `cargo xtask setup`", path.display());
    path
}
