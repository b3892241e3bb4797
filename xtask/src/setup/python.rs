//! Packages of Python's, each set in a virtual environment of its own below `target/peers`
//!
//! A Python without `ensurepip`, as Debian ships it, is dealt with: by its own pip, by virtualenv, or by installing the
//! package that is missing. It touches no other environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::system::{self, Program};
use super::{Missing, is_stamped};
use crate::cmd::Cmd;
use crate::{say, workspace};

/// Limit of making an environment or installing into it
const INSTALL: Duration = Duration::from_mins(10);

/// The folder of the environment with quarry, below `target/peers`
const QUARRY: &str = "quarry";

/// That of the environment with typos and taplo
const LINTERS: &str = "linters";

/// An environment and what is in it
struct Environment {
    /// The package that it is for
    name: &'static str,
    /// The folder below `target/peers`
    folder: &'static str,
    /// What to install, with hashes
    requirements: PathBuf,
    /// The package that has no wheel and is built here
    built: Option<&'static str>,
    /// Code that runs when everything is there
    probe: &'static str,
    used_by: &'static str,
}

/// The packages of `tests/peers/requirements.txt`
pub(super) fn mcstatus(install: bool) -> Result<bool, Missing> {
    Environment {
        name: "mcstatus",
        folder: "python",
        requirements: workspace::peer_files().join("requirements.txt"),
        built: None,
        probe: "import mcstatus",
        used_by: "the tests against mcstatus",
    }
    .ensure(install)
}

/// The packages of `tests/load/peers/requirements.txt`
pub(super) fn quarry(install: bool) -> Result<bool, Missing> {
    Environment {
        name: "quarry",
        folder: QUARRY,
        requirements: workspace::load_files().join("peers").join("requirements.txt"),
        built: Some("quarry"),
        probe: "import quarry.net.server",
        used_by: "`cargo xtask bench server`",
    }
    .ensure(install)
}

/// The packages of `tests/peers/linters.txt`: what looks at the text of the project
pub(super) fn linters(install: bool) -> Result<bool, Missing> {
    Environment {
        name: "typos and taplo",
        folder: LINTERS,
        requirements: workspace::peer_files().join("linters.txt"),
        built: None,
        probe: "import pathlib, subprocess, sys; folder = pathlib.Path(sys.executable).parent; \
                [subprocess.run([folder / name, '--version'], check=True) for name in ('typos', 'taplo')]",
        used_by: "the check of spelling and of TOML",
    }
    .ensure(install)
}

/// A program among [`linters`]
pub(crate) fn linter(name: &str) -> PathBuf {
    let python = interpreter(&workspace::peers().join(LINTERS));
    python.with_file_name(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// The Python that runs quarry, there once [`quarry`] has seen to it
pub(crate) fn with_quarry() -> PathBuf {
    interpreter(&workspace::peers().join(QUARRY))
}

impl Environment {
    /// The packages, with their hashes checked
    fn ensure(&self, install: bool) -> Result<bool, Missing> {
        let &Self { name, ref requirements, built, probe, used_by, .. } = self;
        let folder = workspace::peers().join(self.folder);
        let wanted = fs::read_to_string(requirements)
            .map_err(|error| Missing::new(requirements.display().to_string(), used_by, error.to_string()))?;
        let stamp = folder.join("installed.txt");
        if is_stamped(&stamp, &wanted) && works(&folder, probe) {
            return Ok(false);
        }
        if !install {
            return Err(Missing::new(name, used_by, "cargo xtask setup"));
        }
        let python = Program {
            names: if cfg!(windows) { &["python", "python3"] } else { &["python3", "python"] },
            used_by,
            debian: &["python3", "python3-venv"],
            homebrew: "python",
            winget: "Python.Python.3.13",
        };
        let (python, _) = python.ensure(install)?;
        make(&python, &folder, used_by)?;
        pip(&interpreter(&folder), &["-m", "pip"])
            .args(["install", "--require-hashes", "--no-deps", "--only-binary", ":all:"])
            .args(built.iter().flat_map(|package| ["--no-binary", package]))
            .args(["--quiet", "-r"])
            .arg(requirements)
            .run()
            .and_then(|()| Cmd::new(interpreter(&folder)).quiet().args(["-c", probe]).capture())
            .map_err(|error| Missing::new(name, used_by, error.to_string()))?;
        fs::write(&stamp, wanted).map_err(|error| Missing::new(name, used_by, error.to_string()))?;
        Ok(true)
    }
}

/// The Python of the environment in `folder`
fn interpreter(folder: &Path) -> PathBuf {
    if cfg!(windows) { folder.join("Scripts").join("python.exe") } else { folder.join("bin").join("python") }
}

/// Whether the environment in `folder` runs `code`
fn works(folder: &Path, code: &str) -> bool {
    Cmd::new(interpreter(folder)).quiet().args(["-c", code]).capture().is_ok()
}

/// Makes an environment in a folder with a Python; whether it came to something
type Way = fn(&Path, &Path) -> bool;

/// Makes an environment with pip in it, in the first way that works here
fn make(python: &Path, folder: &Path, used_by: &str) -> Result<(), Missing> {
    let mut ways: Vec<(&str, Way)> =
        vec![("venv", venv), ("venv with the system's pip", venv_by_system_pip), ("virtualenv", virtualenv)];
    if system::can_apt() {
        ways.push(("venv after apt-get install python3-venv", venv_after_apt));
    }
    for (name, way) in ways {
        if way(python, folder) && works(folder, "import pip") {
            return Ok(());
        }
        say(format_args!("{name} made no environment that works"));
    }
    let how =
        if system::find("apt-get").is_some() { "sudo apt-get install python3-venv" } else { "pip install virtualenv" };
    Err(Missing::new("a Python that makes virtual environments", used_by, how))
}

fn venv(python: &Path, folder: &Path) -> bool {
    pip(python, &["-m", "venv", "--clear"]).arg(folder).capture().is_ok()
}

/// For a Python with pip and no `ensurepip`
fn venv_by_system_pip(python: &Path, folder: &Path) -> bool {
    pip(python, &["-m", "venv", "--clear", "--without-pip"]).arg(folder).capture().is_ok()
        && pip(python, &["-m", "pip", "--python"])
            .arg(interpreter(folder))
            .args(["install", "--quiet", "pip"])
            .capture()
            .is_ok()
}

fn virtualenv(python: &Path, folder: &Path) -> bool {
    pip(python, &["-m", "virtualenv", "--clear", "--quiet"]).arg(folder).capture().is_ok()
        || pip(Path::new("virtualenv"), &["--clear", "--quiet", "--python"]).arg(python).arg(folder).capture().is_ok()
}

fn venv_after_apt(python: &Path, folder: &Path) -> bool {
    system::apt_install(&["python3-venv"]).is_ok() && venv(python, folder)
}

/// A command that asks nothing and does not look for news about itself
fn pip(program: &Path, args: &[&str]) -> Cmd {
    Cmd::new(program).args(args).env("PIP_DISABLE_PIP_VERSION_CHECK", "1").env("PIP_NO_INPUT", "1").deadline(INSTALL)
}
