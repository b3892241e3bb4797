//! mcstatus, in a virtual environment of its own below `target/peers`
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

const USED_BY: &str = "the tests against mcstatus";

/// Limit of making an environment or installing into it
const INSTALL: Duration = Duration::from_mins(10);

/// The packages of `requirements.txt`, with their hashes checked
pub(super) fn mcstatus(install: bool) -> Result<bool, Missing> {
    let folder = workspace::peers().join("python");
    let file = workspace::peer_files().join("requirements.txt");
    let wanted = fs::read_to_string(&file)
        .map_err(|error| Missing::new(file.display().to_string(), USED_BY, error.to_string()))?;
    let stamp = folder.join("installed.txt");
    if is_stamped(&stamp, &wanted) && works(&folder, "import mcstatus") {
        return Ok(false);
    }
    if !install {
        return Err(Missing::new("mcstatus", USED_BY, "cargo xtask setup"));
    }
    let python = Program {
        names: if cfg!(windows) { &["python", "python3"] } else { &["python3", "python"] },
        used_by: USED_BY,
        debian: &["python3", "python3-venv"],
        homebrew: "python",
        winget: "Python.Python.3.13",
    };
    let (python, _) = python.ensure(install)?;
    make(&python, &folder)?;
    pip(&interpreter(&folder), &["-m", "pip"])
        .args(["install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--quiet", "-r"])
        .arg(&file)
        .run()
        .and_then(|()| Cmd::new(interpreter(&folder)).quiet().args(["-c", "import mcstatus"]).capture())
        .map_err(|error| Missing::new("mcstatus", USED_BY, error.to_string()))?;
    fs::write(&stamp, wanted).map_err(|error| Missing::new("mcstatus", USED_BY, error.to_string()))?;
    Ok(true)
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
fn make(python: &Path, folder: &Path) -> Result<(), Missing> {
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
    Err(Missing::new("a Python that makes virtual environments", USED_BY, how))
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
