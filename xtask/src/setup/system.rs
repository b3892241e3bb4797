//! Programs of the system
//!
//! Only Debian's package manager is run, and only as root; elsewhere the command to type is told.

use std::env;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use super::Missing;
use crate::cmd::{Cmd, CmdError};
use crate::say;

/// Limit of an installation by the system's package manager
const INSTALL: Duration = Duration::from_mins(15);

/// A program and what each package manager calls it
pub(super) struct Program {
    /// Names to try, the usual one first
    pub(super) names: &'static [&'static str],
    pub(super) used_by: &'static str,
    pub(super) debian: &'static [&'static str],
    pub(super) homebrew: &'static str,
    pub(super) winget: &'static str,
}

/// The emulator of Arm boards
pub(super) fn qemu(install: bool) -> Result<bool, Missing> {
    let qemu = Program {
        names: &["qemu-system-arm"],
        used_by: "the emulated device",
        debian: &["qemu-system-arm"],
        homebrew: "qemu",
        winget: "SoftwareFreedomConservancy.QEMU",
    };
    qemu.ensure(install).map(|(_, installed)| installed)
}

/// What puts firmware on real boards; it is told how to install it and not done, for it needs the system's USB libraries
pub(super) fn probe_rs() -> Result<PathBuf, Missing> {
    let how = "cargo install probe-rs-tools --locked (see https://probe.rs/docs/getting-started/installation)";
    find("probe-rs").ok_or_else(|| Missing::new("probe-rs", "`cargo xtask flash`", how))
}

/// The counter of instructions
pub(super) fn valgrind(install: bool) -> Result<bool, Missing> {
    let valgrind = Program {
        names: &["valgrind"],
        used_by: "`cargo xtask bench cost`",
        debian: &["valgrind", "libc6-dbg"],
        homebrew: "valgrind",
        winget: "valgrind",
    };
    if cfg!(windows) {
        // There is none to install.
        return Err(Missing::new("valgrind", valgrind.used_by, "it runs on Linux; take that or a virtual machine"));
    }
    valgrind.ensure(install).map(|(_, installed)| installed)
}

impl Program {
    /// Where it is on `PATH`, and whether it had to be installed
    pub(super) fn ensure(&self, install: bool) -> Result<(PathBuf, bool), Missing> {
        if let Some(path) = self.names.iter().find_map(|name| find(name)) {
            return Ok((path, false));
        }
        let how = if install && can_apt() {
            match apt_install(self.debian) {
                Ok(()) => match self.names.iter().find_map(|name| find(name)) {
                    Some(path) => return Ok((path, true)),
                    None => format!("apt-get install {} did not bring it", self.debian.join(" ")),
                },
                Err(error) => error.to_string(),
            }
        } else {
            self.by_hand()
        };
        Err(Missing::new(self.names[0], self.used_by, how))
    }

    /// The command to type on this system
    pub(super) fn by_hand(&self) -> String {
        if cfg!(windows) {
            format!("winget install {}", self.winget)
        } else if cfg!(target_os = "macos") {
            format!("brew install {}", self.homebrew)
        } else if find("apt-get").is_some() {
            format!("sudo apt-get install {}", self.debian.join(" "))
        } else {
            format!("install {} with your package manager", self.names[0])
        }
    }
}

/// Where a program is on `PATH`
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &["exe", "cmd", "bat"] } else { &[env::consts::EXE_EXTENSION] };
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .flat_map(|folder| endings.iter().map(move |ending| folder.join(name).with_extension(ending)))
        .find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &std::path::Path) -> bool {
    file.is_file()
}

/// Whether packages of Debian can be installed from here without asking anybody
pub(super) fn can_apt() -> bool {
    is_root() && find("apt-get").is_some()
}

/// Installs packages of Debian, the lists renewed first, once
pub(super) fn apt_install(packages: &[&str]) -> Result<(), CmdError> {
    static UPDATED: OnceLock<()> = OnceLock::new();
    say(format_args!("installing {} with apt-get", packages.join(" ")));
    let apt = || Cmd::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").deadline(INSTALL);
    if UPDATED.get().is_none() {
        apt().args(["update", "-q"]).run()?;
        UPDATED.get_or_init(|| ());
    }
    apt().args(["install", "-y", "-q", "--no-install-recommends"]).args(packages).run()
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absent() -> Program {
        Program {
            names: &["no-such-program-anywhere"],
            used_by: "nothing",
            debian: &["no-such-package"],
            homebrew: "no-such-formula",
            winget: "No.Such.Id",
        }
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(find("cargo").is_some_and(|path| path.is_file()));
        assert_eq!(find("no-such-program-anywhere"), None);
    }

    #[test]
    fn absent_program_says_how_to_install_it() {
        let line = absent().ensure(false).unwrap_err().to_string();
        assert!(line.starts_with("missing no-such-program-anywhere, needed by nothing: "), "{line}");
        assert!(line.contains("install no-such") || line.contains("install No.Such"), "{line}");
    }
}
