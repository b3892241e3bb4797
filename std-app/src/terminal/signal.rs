//! Waiting for the request to end that the system sends
//!
//! Only waits; leaving the screen and ending is the program's. Ctrl-C on a terminal in raw mode is
//! a key and does not come this way.

use std::io;

/// Waits until the system asks the program to end
///
/// On Unix SIGINT, SIGTERM, SIGHUP or SIGQUIT, on Windows any of the console's events. From the
/// first call on these no longer end the program by themselves. Needs a tokio runtime.
///
/// # Errors
///
/// The system does not let the program listen.
pub async fn terminated() -> io::Result<()> {
    system::terminated().await
}

#[cfg(unix)]
mod system {
    use std::io;

    use tokio::signal::unix::{SignalKind, signal};

    pub(super) async fn terminated() -> io::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut quit = signal(SignalKind::quit())?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = quit.recv() => {}
        }
        Ok(())
    }
}

#[cfg(windows)]
mod system {
    use std::io;

    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

    pub(super) async fn terminated() -> io::Result<()> {
        let mut interrupt = ctrl_c()?;
        let mut interrupted = ctrl_break()?;
        let mut close = ctrl_close()?;
        let mut logoff = ctrl_logoff()?;
        let mut shutdown = ctrl_shutdown()?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = interrupted.recv() => {}
            _ = close.recv() => {}
            _ = logoff.recv() => {}
            _ = shutdown.recv() => {}
        }
        Ok(())
    }
}
