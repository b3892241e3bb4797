//! A process and all its children, to be killed together
//!
//! On Unix each process that is started leads a group of its own, and what it starts inherits the group. On Windows the
//! system's `taskkill` walks the tree. It does not wait for anything.

use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Processes to kill when xtask is interrupted
static WATCHED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn watched() -> MutexGuard<'static, Vec<u32>> {
    // A list of numbers is as good after a panic as before.
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a tree of its own, which ends when xtask is interrupted
///
/// Nothing is started between an interrupt and xtask's end: the list is held over both.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    platform::prepare(command);
    platform::on_interrupt();
    let mut watched = watched();
    let child = command.spawn()?;
    watched.push(child.id());
    Ok(child)
}

/// Forgets `process`, which has ended
pub(super) fn unwatch(process: u32) {
    watched().retain(|known| *known != process);
}

/// Kills the tree of a process when xtask ends in a way that it cannot notice; dropping it calls that off
///
/// Elsewhere than on Unix it does nothing.
#[derive(Debug)]
pub(super) struct Guard(#[cfg(unix)] Option<Child>);

impl Guard {
    /// Watches over `process`
    pub(super) fn new(process: u32) -> Self {
        platform::guard(process)
    }
}

/// Kills the tree of `process`, which must not have been waited for longer than a moment ago
pub(super) fn kill(process: u32) {
    platform::kill(process);
}

#[cfg(unix)]
mod platform {
    use std::io::Write as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};
    use std::sync::Once;
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// How long those that were asked to end may take
    const GRACE: Duration = Duration::from_secs(2);
    /// How often they are looked at
    const POLL: Duration = Duration::from_millis(10);

    pub(super) fn prepare(command: &mut Command) {
        command.process_group(0);
    }

    pub(super) fn kill(process: u32) {
        if let Some(group) = group(process) {
            // The only error left is that nobody is in the group any more.
            kill_process_group(group, Signal::KILL).ok();
        }
    }

    fn group(process: u32) -> Option<Pid> {
        i32::try_from(process).ok().and_then(Pid::from_raw)
    }

    /// Asks each tree to end, and kills what has not after a moment
    pub(super) fn end(processes: &[u32]) {
        let groups = || processes.iter().filter_map(|process| group(*process));
        for group in groups() {
            kill_process_group(group, Signal::TERM).ok();
        }
        let until = Instant::now() + GRACE;
        while groups().any(|group| test_kill_process_group(group).is_ok()) && Instant::now() < until {
            thread::sleep(POLL);
        }
        for process in processes {
            kill(*process);
        }
    }

    /// A shell that waits for a line, or for the end of whoever would write it
    pub(super) fn guard(process: u32) -> super::Guard {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' HUP INT QUIT TERM; read -r _ || kill -s KILL -- \"-$0\""]).arg(process.to_string());
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Without one, whoever kills xtask so that it cannot notice has to kill what it left too.
        super::Guard(shell.spawn().ok())
    }

    impl Drop for super::Guard {
        fn drop(&mut self) {
            if let Some(mut shell) = self.0.take() {
                if let Some(mut line) = shell.stdin.take() {
                    line.write_all(b"\n").ok();
                }
                shell.wait().ok();
            }
        }
    }

    /// A group of its own does not see the terminal's Ctrl-C, so it is passed on
    pub(super) fn on_interrupt() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]) else {
                return;
            };
            thread::spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    let watched = super::watched();
                    end(&watched);
                    // Where keys were handed on unprocessed; else it does nothing.
                    crossterm::terminal::disable_raw_mode().ok();
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

    pub(super) fn guard(_: u32) -> super::Guard {
        super::Guard()
    }

    /// The console passes Ctrl-C to every process by itself
    pub(super) fn on_interrupt() {}
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};

    use super::*;

    /// A process that ends when its standard input does, in a group of its own
    fn waiting() -> Child {
        let mut cat = Command::new("cat");
        cat.process_group(0).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
        cat.spawn().unwrap()
    }

    #[test]
    fn tree_is_asked_to_end_and_killed_where_it_does_not() {
        let shell = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]).process_group(0);
            shell.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
            let mut child = shell.spawn().unwrap();
            // Its trap is set when it says so.
            io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0; 3]).unwrap();
            child
        };
        let mut polite = shell("trap 'exit 7' TERM; echo up; read -r _");
        let mut deaf = shell("trap '' TERM; echo up; read -r _");
        let ids = [polite.id(), deaf.id()];
        // Waiting would close them, and end the shells.
        let _open = [polite.stdin.take(), deaf.stdin.take()];
        // Waited for at once, as what runs them does: till then they are there.
        let waiting = std::thread::spawn(move || (polite.wait().unwrap().code(), deaf.wait().unwrap().signal()));
        platform::end(&ids);
        assert_eq!(waiting.join().unwrap(), (Some(7), Some(9)));
    }

    #[test]
    fn guard_kills_when_nobody_is_left_to_call_it_off() {
        let mut child = waiting();
        // Waiting would close it.
        let _open = child.stdin.take();
        let mut guard = Guard::new(child.id());
        // As the system does when xtask is killed.
        drop(guard.0.as_mut().unwrap().stdin.take());
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }

    #[test]
    fn guard_that_is_called_off_kills_nobody() {
        let mut child = waiting();
        drop(Guard::new(child.id()));
        drop(child.stdin.take());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}
