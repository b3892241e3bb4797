//! The driver over blocking transports
//!
//! It sets no time-outs and spawns nothing; what both drivers share is in the [module above](super).

use embedded_io::{Error as _, ErrorKind, Read, Write};

use super::{Driver, Error, Step};
use crate::machine::Machine;
use crate::time::Instant;

impl<M: Machine, T: Read + Write, C: FnMut() -> Instant> Driver<M, T, C> {
    /// Fires what is due, sends, reads once, hands out what that led to, sends again
    ///
    /// `buffer` is where the read goes; any size but 0 will do. `on_event` gets each event with the machine, to answer it
    /// ([`Server::respond`](crate::Server::respond)) at once or later. After [`Step::Waiting`] the answer has to come
    /// first: until then steps read nothing, and `buffer` must stay as it is.
    ///
    /// # Errors
    /// The peer's or the transport's; then the connection is over.
    pub fn step(
        &mut self,
        buffer: &mut [u8],
        mut on_event: impl FnMut(&mut M, M::Event<'_>),
    ) -> Result<Step, Error<T::Error>> {
        self.fire(&mut on_event)?;
        self.flush()?;
        if !self.is_waiting() {
            if self.ended || self.machine.is_finished() {
                return Ok(self.outcome());
            }
            match self.transport.read(buffer) {
                Ok(count) => self.note_read(count, buffer, &mut on_event)?,
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                    self.fire(&mut on_event)?;
                }
                Err(error) => return Err(Error::Transport(error)),
            }
        }
        // More than once where input waits for an answer that is sent in between.
        while self.feed(buffer, &mut on_event)? {
            self.flush()?;
        }
        self.flush()?;
        Ok(self.outcome())
    }

    /// Sends all that waits to be sent
    ///
    /// # Errors
    /// [`Error::Transport`] and [`Error::WriteZero`].
    pub fn flush(&mut self) -> Result<(), Error<T::Error>> {
        loop {
            let bytes = self.machine.poll_transmit((self.clock)());
            if bytes.is_empty() {
                break;
            }
            match self.transport.write(bytes) {
                Ok(0) => return Err(Error::WriteZero),
                Ok(count) => {
                    self.needs_flush = true;
                    self.machine.handle_transmitted(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::Transport(error)),
            }
        }
        if self.needs_flush {
            self.transport.flush().map_err(Error::Transport)?;
            self.needs_flush = false;
        }
        Ok(())
    }
}
