//! The emulator's command line
//!
//! The same for a person, a script and the measurements. It starts nothing.

use std::path::Path;

use crate::build_firmware::Emulated;
use crate::cmd::Cmd;

/// Whether the emulator shows a screen that the firmware draws on
pub(crate) fn has_screen(board: &Emulated) -> bool {
    board.name == "lm3s6965evb"
}

/// What shows a window. Without being told QEMU would show none, and say so nowhere, where its part for windows is missing.
const WINDOW: &str = if cfg!(target_os = "macos") { "cocoa" } else { "gtk" };

/// An emulator to be started
pub(crate) struct Qemu {
    cmd: Cmd,
    semihosting: String,
    telemetry: String,
}

impl Qemu {
    /// The firmware on a board, its console on standard input and output
    pub(crate) fn new(board: &Emulated, firmware: &Path, window: bool) -> Self {
        let network = format!("user,model={}", board.network);
        let cmd = Cmd::new("qemu-system-arm")
            .args(["-machine", board.machine, "-monitor", "none"])
            .args(["-display", if window { WINDOW } else { "none" }])
            .args(["-nic", &network, "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"])
            .arg("-kernel")
            .arg(firmware);
        Self { cmd, semihosting: "enable=on,target=native,arg=slp-device".to_owned(), telemetry: "null".to_owned() }
    }

    /// A word for the device
    pub(crate) fn setting(&mut self, word: &str) {
        self.semihosting.push_str(",arg=");
        self.semihosting.push_str(&escaped(word));
    }

    /// Where the second serial line goes
    pub(crate) fn telemetry(&mut self, file: &Path) {
        self.telemetry = format!("file:{}", file.display());
    }

    /// The control line
    pub(crate) fn control(&mut self, option: &str) {
        self.cmd = self.cmd.clone().args(["-qmp", option]);
    }

    /// One instruction is one nanosecond, whatever the host does meanwhile
    pub(crate) fn count_instructions(&mut self) {
        self.cmd = self.cmd.clone().args(["-icount", "shift=0"]);
    }

    /// The command line
    pub(crate) fn cmd(self) -> Cmd {
        self.cmd.args(["-serial", &self.telemetry, "-semihosting-config", &self.semihosting])
    }
}

/// A value of an option: commas doubled
fn escaped(word: &str) -> String {
    word.replace(',', ",,")
}
