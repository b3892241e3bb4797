//! The one task that serves all connections
//!
//! Polls those that have been woken, in the order in which they were, and waits for the earliest of all deadlines with the
//! only timer that there is. What a connection does with its turn is its own.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use proto_core::Instant;
use tokio::task::yield_now;
use tokio::time::Sleep;

use super::Shared;
use super::connection::Scratch;

/// Connections that have their turn before the sockets are looked at again, and commands and new clients come in
pub(super) const BATCH: usize = 64;

/// Serves the connections for ever
///
/// Counts its own turns: to be run as [`tokio::task::unconstrained`].
pub(super) struct Drive {
    shared: Arc<Shared>,
    scratch: Box<Scratch>,
    timer: Pin<Box<Sleep>>,
    /// When the timer rings
    armed: Option<Instant>,
}

impl Drive {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let timer = Box::pin(tokio::time::sleep_until(shared.clock.at(Instant::ZERO)));
        Self { shared, scratch: Box::new(Scratch::new()), timer, armed: None }
    }
}

impl Future for Drive {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { shared, scratch, timer, armed } = &mut *self;
        let rings = armed.is_some() && timer.as_mut().poll(cx).is_ready();
        let mut batch = [0; BATCH];
        if rings {
            *armed = None;
            shared.registry.lock().ring(shared.clock.now());
        }
        let polled = shared.registry.ready.poll_batch(cx, &mut batch);
        if polled.is_pending() && !rings {
            return Poll::Pending;
        }
        let mut clients = shared.registry.lock();
        if let Poll::Ready(places) = polled {
            scratch.begin(shared.clock.now());
            clients.serve(places, shared, scratch);
            if shared.registry.ready.poll_waiting(cx).is_ready() {
                // Wakes this task behind a look at the sockets; a wake at once would come dozens of times before one.
                let _woken = pin!(yield_now()).poll(cx);
            }
        }
        // A timer that is set for an earlier time rings in vain and is set anew then.
        if let Some(next) = clients.next_deadline()
            && armed.is_none_or(|armed| next < armed)
        {
            timer.as_mut().reset(shared.clock.at(next));
            *armed = Some(next);
            if timer.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }
}
