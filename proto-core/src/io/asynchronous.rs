//! The driver over async transports
//!
//! It has no executor and no timer; what both drivers share is in the [module above](super).

use embedded_io_async::{Error as _, ErrorKind, Read, Write};

use super::{Driver, Error, Step};
use crate::machine::Machine;
use crate::time::Instant;

impl<M: Machine, T: Read + Write, C: FnMut() -> Instant> Driver<M, T, C> {
    /// As `step`, over an async transport
    ///
    /// May be dropped while it waits, for a read, a write or a flush; then the next step must be lent the same buffer, untouched (see the
    /// [module](super)).
    ///
    /// # Errors
    /// The peer's or the transport's; then the connection is over.
    pub async fn step_async(
        &mut self,
        buffer: &mut [u8],
        mut on_event: impl FnMut(&mut M, M::Event<'_>),
    ) -> Result<Step, Error<T::Error>> {
        self.fire(&mut on_event)?;
        self.flush_async().await?;
        if !self.is_waiting() {
            if self.ended || self.machine.is_finished() {
                return Ok(self.outcome());
            }
            match self.transport.read(buffer).await {
                Ok(count) => self.note_read(count, buffer, &mut on_event)?,
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                    self.fire(&mut on_event)?;
                }
                Err(error) => return Err(Error::Transport(error)),
            }
        }
        // More than once where input waits for an answer that is sent in between.
        while self.feed(buffer, &mut on_event)? {
            self.flush_async().await?;
        }
        self.flush_async().await?;
        Ok(self.outcome())
    }

    /// Sends all that waits to be sent
    ///
    /// # Errors
    /// [`Error::Transport`] and [`Error::WriteZero`].
    pub async fn flush_async(&mut self) -> Result<(), Error<T::Error>> {
        loop {
            let bytes = self.machine.poll_transmit((self.clock)());
            if bytes.is_empty() {
                break;
            }
            match self.transport.write(bytes).await {
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
            self.transport.flush().await.map_err(Error::Transport)?;
            self.needs_flush = false;
        }
        Ok(())
    }
}
