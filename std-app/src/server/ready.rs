//! Which connections are to be looked at
//!
//! One queue for all of them: whatever a connection waits for wakes it by its place, once however often it is woken, and
//! the one task that drives them all is woken when something stands in the queue. It knows places, not who has them: who
//! is woken for what its predecessor waited for looks in vain, and nothing else happens.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// The queue
pub(super) struct Ready {
    queue: Mutex<Queue>,
}

struct Queue {
    places: VecDeque<u32>,
    /// By place: whether it stands in the queue
    queued: Vec<bool>,
    /// The task that empties the queue
    task: Waker,
    /// Whether that task waits for the queue
    waiting: bool,
}

/// What a connection is woken by; 32 bytes
struct Wakeup {
    ready: Arc<Ready>,
    place: u32,
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        self.ready.push(self.place);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.push(self.place);
    }
}

impl Ready {
    pub(super) fn new() -> Arc<Self> {
        let queue = Queue { places: VecDeque::new(), queued: Vec::new(), task: Waker::noop().clone(), waiting: false };
        Arc::new(Self { queue: Mutex::new(queue) })
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What wakes the connection at `place`
    pub(super) fn waker(self: &Arc<Self>, place: u32) -> Waker {
        Arc::new(Wakeup { ready: Arc::clone(self), place }).into()
    }

    /// Puts `place` into the queue unless it stands there already
    fn push(&self, place: u32) {
        let mut guard = self.lock();
        let queue = &mut *guard;
        let index = place as usize;
        if queue.queued.len() <= index {
            queue.queued.resize(index + 1, false);
        }
        if std::mem::replace(&mut queue.queued[index], true) {
            return;
        }
        queue.places.push_back(place);
        if std::mem::take(&mut queue.waiting) {
            queue.task.wake_by_ref();
        }
    }

    /// Fills `batch` with those that have waited longest; where there are none, `cx` is woken when there are
    ///
    /// Each may be woken anew from here on.
    pub(super) fn poll_batch<'b>(&self, cx: &mut Context<'_>, batch: &'b mut [u32]) -> Poll<&'b [u32]> {
        let mut guard = self.lock();
        let queue = &mut *guard;
        if queue.poll_waiting(cx).is_pending() {
            return Poll::Pending;
        }
        let count = queue.places.len().min(batch.len());
        for (to, place) in batch.iter_mut().zip(queue.places.drain(..count)) {
            *to = place;
            queue.queued[place as usize] = false;
        }
        Poll::Ready(&batch[..count])
    }

    /// Whether somebody waits to be looked at; where nobody does, `cx` is woken when somebody does
    pub(super) fn poll_waiting(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.lock().poll_waiting(cx)
    }
}

impl Queue {
    fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.places.is_empty() {
            return Poll::Ready(());
        }
        if !self.task.will_wake(cx.waker()) {
            self.task.clone_from(cx.waker());
        }
        self.waiting = true;
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn everybody_is_looked_at_once_in_the_order_of_waking_and_the_task_is_woken_once() {
        let counter = Arc::new(Counter::default());
        let task = Waker::from(Arc::clone(&counter));
        let mut cx = Context::from_waker(&task);
        let ready = Ready::new();
        let wakers: Vec<Waker> = (0..4).map(|place| ready.waker(place)).collect();
        let mut batch = [0; 2];
        assert!(ready.poll_batch(&mut cx, &mut batch).is_pending());
        for place in [3, 1, 3, 0, 1] {
            wakers[place].wake_by_ref();
        }
        assert_eq!(counter.0.load(Ordering::Relaxed), 1, "one wake for all");
        assert_eq!(ready.poll_batch(&mut cx, &mut batch), Poll::Ready(&[3, 1][..]));
        wakers[3].wake_by_ref();
        assert_eq!(ready.poll_batch(&mut cx, &mut batch), Poll::Ready(&[0, 3][..]), "woken again, so it comes again");
        assert_eq!(counter.0.load(Ordering::Relaxed), 1, "nobody waited");
        assert!(ready.poll_batch(&mut cx, &mut batch).is_pending());
        ready.waker(2).wake();
        assert_eq!(counter.0.load(Ordering::Relaxed), 2);
        assert_eq!(ready.poll_batch(&mut cx, &mut batch), Poll::Ready(&[2][..]));
    }
}
