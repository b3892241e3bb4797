//! A process and all its children, to be killed together
//!
//! On Unix each process that is started leads a group of its own, and what it starts inherits the group. On Windows the
//! system's `taskkill` walks the tree. It does not wait for anything.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Processes to kill when xtask is interrupted
static WATCHED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn watched() -> MutexGuard<'static, Vec<u32>> {
    // A list of numbers is as good after a panic as before.
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills `process` with its children too when xtask is interrupted
pub(super) fn watch(process: u32) {
    platform::on_interrupt();
    watched().push(process);
}

/// Forgets `process`, which has ended
pub(super) fn unwatch(process: u32) {
    watched().retain(|known| *known != process);
}

/// Makes what `command` starts a tree of its own; to be called before it starts
pub(super) fn prepare(command: &mut Command) {
    platform::prepare(command);
}

/// Kills the tree of `process`, which must not have been waited for longer than a moment ago
pub(super) fn kill(process: u32) {
    platform::kill(process);
}

#[cfg(unix)]
mod platform {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;
    use std::sync::Once;
    use std::thread;

    use rustix::process::{Pid, Signal, kill_process_group};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    pub(super) fn prepare(command: &mut Command) {
        command.process_group(0);
    }

    pub(super) fn kill(process: u32) {
        if let Some(group) = i32::try_from(process).ok().and_then(Pid::from_raw) {
            // The only error left is that nobody is in the group any more.
            kill_process_group(group, Signal::KILL).ok();
        }
    }

    /// A group of its own does not see the terminal's Ctrl-C, so it is passed on
    pub(super) fn on_interrupt() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) else {
                return;
            };
            thread::spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    for process in super::watched().iter() {
                        kill(*process);
                    }
                    std::process::exit(128 + signal);
                }
            });
        });
    }
}

#[cfg(not(unix))]
mod platform {
    use std::process::{Command, Stdio};

    pub(super) fn prepare(_: &mut Command) {}

    pub(super) fn kill(process: u32) {
        let mut taskkill = Command::new("taskkill");
        taskkill.args(["/T", "/F", "/PID"]).arg(process.to_string());
        // It fails when the process has just ended, which is as good.
        taskkill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok();
    }

    /// The console passes Ctrl-C to every process by itself
    pub(super) fn on_interrupt() {}
}
