//! What the system sends a program that is to end
//!
//! Interrupt, terminate, hang-up and quit on Unix; Ctrl-C, Ctrl-Break, closing the window, logging off and shutting down on
//! Windows. What is done then is the front end's.

use std::io;

#[cfg(unix)]
mod imp {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    #[derive(Debug)]
    pub(super) struct Sources {
        interrupt: Signal,
        terminate: Signal,
        hangup: Signal,
        quit: Signal,
    }

    impl Sources {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: signal(SignalKind::hangup())?,
                quit: signal(SignalKind::quit())?,
            })
        }

        pub(super) async fn recv(&mut self) {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
                _ = self.hangup.recv() => {}
                _ = self.quit.recv() => {}
            }
        }
    }
}

#[cfg(windows)]
mod imp {
    use std::io;

    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff,
        ctrl_shutdown,
    };

    #[derive(Debug)]
    pub(super) struct Sources {
        c: CtrlC,
        r#break: CtrlBreak,
        close: CtrlClose,
        logoff: CtrlLogoff,
        shutdown: CtrlShutdown,
    }

    impl Sources {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self {
                c: ctrl_c()?,
                r#break: ctrl_break()?,
                close: ctrl_close()?,
                logoff: ctrl_logoff()?,
                shutdown: ctrl_shutdown()?,
            })
        }

        pub(super) async fn recv(&mut self) {
            tokio::select! {
                _ = self.c.recv() => {}
                _ = self.r#break.recv() => {}
                _ = self.close.recv() => {}
                _ = self.logoff.recv() => {}
                _ = self.shutdown.recv() => {}
            }
        }
    }
}

/// The signals that ask a program to end
#[derive(Debug)]
pub struct Signals(Source);

#[derive(Debug)]
enum Source {
    System(imp::Sources),
    None,
    #[cfg(test)]
    Test(tokio::sync::mpsc::Receiver<()>),
}

impl Signals {
    /// Takes over the signals' handling; needs a tokio runtime
    ///
    /// From here on none of them ends the program by itself. Ctrl-C on a terminal in raw mode is a key and does not
    /// come this way.
    ///
    /// # Errors
    /// What the system says.
    pub fn new() -> io::Result<Self> {
        imp::Sources::new().map(|sources| Self(Source::System(sources)))
    }

    /// None that ever come, for tests
    #[must_use]
    pub const fn none() -> Self {
        Self(Source::None)
    }

    /// One for each message of the sender's
    #[cfg(test)]
    pub(crate) fn by_hand() -> (tokio::sync::mpsc::Sender<()>, Self) {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        (sender, Self(Source::Test(receiver)))
    }

    /// Waits for the next signal
    pub async fn recv(&mut self) {
        match &mut self.0 {
            Source::System(sources) => sources.recv().await,
            Source::None => std::future::pending().await,
            #[cfg(test)]
            Source::Test(receiver) => match receiver.recv().await {
                Some(()) => {}
                None => std::future::pending().await,
            },
        }
    }
}
