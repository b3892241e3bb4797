//! The way from a server or client to its front end
//!
//! A bounded channel: a front end that does not keep up slows its peers down, nothing is lost and nothing piles up. A
//! quiet front end takes only part of the events; the others are then not even made.

use tokio::sync::mpsc;

/// Events that may wait for the front end
const CAPACITY: usize = 1_024;

/// The sending end
#[derive(Debug)]
pub struct Events<E> {
    sender: mpsc::Sender<E>,
    wanted: Option<fn(&E) -> bool>,
}

impl<E> Clone for Events<E> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), wanted: self.wanted }
    }
}

/// A channel for events; for a quiet front end, `wanted` tells which ones it takes
#[must_use]
pub fn channel<E>(wanted: Option<fn(&E) -> bool>) -> (Events<E>, mpsc::Receiver<E>) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    (Events { sender, wanted }, receiver)
}

impl<E> Events<E> {
    /// Whether only some events are wanted, so that others need not be made
    #[must_use]
    pub const fn is_quiet(&self) -> bool {
        self.wanted.is_some()
    }

    /// Sends `event`, waiting while the front end is behind; dropped where the front end is gone
    pub async fn send(&self, event: E) {
        if let Err(event) = self.try_send(event) {
            // Boxed, so that the task of a connection stays small while this does not happen.
            let _front_end_gone = Box::pin(self.sender.send(event)).await;
        }
    }

    /// Sends `event` where there is room, or drops it where it is not wanted
    ///
    /// # Errors
    /// The event, where the front end is behind.
    pub fn try_send(&self, event: E) -> Result<(), E> {
        if self.wanted.is_some_and(|wanted| !wanted(&event)) {
            return Ok(());
        }
        match self.sender.try_send(event) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Full(event)) => Err(event),
        }
    }
}
