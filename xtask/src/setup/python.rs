//! Programs from Python's package index, each group in a virtual environment of its own below `target/peers`
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

/// A virtual environment and what is in it
struct Environment {
    /// What people call what is in it
    name: &'static str,
    used_by: &'static str,
    /// Its folder below `target/peers`
    folder: &'static str,
    /// Its list of packages with their hashes, below `tests/peers`
    requirements: &'static str,
    /// What Python runs to know that it is there
    probe: &'static str,
}

/// The list of packages that the tests read the server with
const MCSTATUS: Environment = Environment {
    name: "mcstatus",
    used_by: "the tests against mcstatus",
    folder: "python",
    requirements: "requirements.txt",
    probe: "import mcstatus",
};

/// What looks at the text of the project
const LINTERS: Environment = Environment {
    name: "typos and taplo",
    used_by: "the check of spelling and of TOML",
    folder: "linters",
    requirements: "linters.txt",
    probe: "import subprocess, sys, pathlib; bin = pathlib.Path(sys.executable).parent; \
            [subprocess.run([bin / name, '--version'], check=True) for name in ('typos', 'taplo')]",
};

/// The packages of `requirements.txt`, with their hashes checked
pub(super) fn mcstatus(install: bool) -> Result<bool, Missing> {
    MCSTATUS.ensure(install)
}

/// typos and taplo
pub(super) fn linters(install: bool) -> Result<bool, Missing> {
    LINTERS.ensure(install)
}

/// A program among [`linters`]
pub(crate) fn linter(name: &str) -> PathBuf {
    let python = interpreter(&workspace::peers().join(LINTERS.folder));
    python.with_file_name(name).with_extension(std::env::consts::EXE_EXTENSION)
}

impl Environment {
    /// Makes sure that it is there: `Ok(true)` when it had to be made
    fn ensure(&self, install: bool) -> Result<bool, Missing> {
        let trouble = |how: String| Missing::new(self.name, self.used_by, how);
        let folder = workspace::peers().join(self.folder);
        let file = workspace::peer_files().join(self.requirements);
        let wanted =
            fs::read_to_string(&file).map_err(|error| trouble(format!("cannot read {}: {error}", file.display())))?;
        let stamp = folder.join("installed.txt");
        if is_stamped(&stamp, &wanted) && works(&folder, self.probe) {
            return Ok(false);
        }
        if !install {
            return Err(trouble("cargo xtask setup".to_owned()));
        }
        let python = Program {
            names: if cfg!(windows) { &["python", "python3"] } else { &["python3", "python"] },
            used_by: self.used_by,
            debian: &["python3", "python3-venv"],
            homebrew: "python",
            winget: "Python.Python.3.13",
        };
        let (python, _) = python.ensure(install)?;
        make(&python, &folder, self.used_by)?;
        pip(&interpreter(&folder), &["-m", "pip"])
            .args(["install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--quiet", "-r"])
            .arg(&file)
            .run()
            .and_then(|()| Cmd::new(interpreter(&folder)).quiet().args(["-c", self.probe]).capture())
            .map_err(|error| trouble(error.to_string()))?;
        fs::write(&stamp, wanted).map_err(|error| trouble(error.to_string()))?;
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
