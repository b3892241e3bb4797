//! Tracing events as log entries
//!
//! The layer never blocks and never draws: it formats an event and puts it into a bounded channel.
//! Where the channel is full the event is counted instead, and the count comes out of the channel
//! as a warning. Which events it gets is for a filter on the layer to say.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::log::{Entry, Kind, MAX_TEXT_BYTES};

/// The layer for a subscriber; see [`TracingEvents`]
#[derive(Debug, Clone)]
pub struct LogLayer {
    sender: mpsc::Sender<Entry>,
    dropped: Arc<AtomicU64>,
}

/// The end of the channel that the program reads
///
/// Await [`recv`](Self::recv) in the program's loop and push what comes into the log.
#[derive(Debug)]
pub struct TracingEvents {
    receiver: mpsc::Receiver<Entry>,
    dropped: Arc<AtomicU64>,
    /// How many entries to hand out before a count of dropped ones is told even though more wait.
    patience: usize,
    handed: usize,
}

impl LogLayer {
    /// A layer and what reads from it, with room for `capacity` events, at least one
    #[must_use]
    pub fn new(capacity: usize) -> (Self, TracingEvents) {
        let capacity = capacity.max(1);
        let (sender, receiver) = mpsc::channel(capacity);
        let dropped = Arc::new(AtomicU64::new(0));
        let events = TracingEvents { receiver, dropped: Arc::clone(&dropped), patience: capacity, handed: 0 };
        (Self { sender, dropped }, events)
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        // Not worth formatting where there is no room.
        let Ok(permit) = self.sender.try_reserve() else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let level = *event.metadata().level();
        let kind = match level {
            Level::ERROR => Kind::Error,
            Level::WARN => Kind::Warning,
            Level::INFO => Kind::Info,
            _ => Kind::Hint,
        };
        let mut line = Line::default();
        event.record(&mut line);
        let text = format!("{level} {}:{}{}", event.metadata().target(), line.message.text, line.fields.text);
        permit.send(Entry::now(kind, &text));
    }
}

impl TracingEvents {
    /// The next event, or a warning that tells how many were dropped
    ///
    /// `None` once every layer is gone and everything was read. Nothing is lost where this is
    /// dropped before it is ready.
    pub async fn recv(&mut self) -> Option<Entry> {
        if let Some(entry) = self.try_recv() {
            return Some(entry);
        }
        let entry = self.receiver.recv().await;
        self.handed += 1;
        entry.or_else(|| self.take_dropped())
    }

    /// The next event if there is one
    pub fn try_recv(&mut self) -> Option<Entry> {
        if self.handed >= self.patience
            && let Some(entry) = self.take_dropped()
        {
            return Some(entry);
        }
        match self.receiver.try_recv() {
            Ok(entry) => {
                self.handed += 1;
                Some(entry)
            }
            Err(_) => self.take_dropped(),
        }
    }

    fn take_dropped(&mut self) -> Option<Entry> {
        self.handed = 0;
        let text = match self.dropped.swap(0, Ordering::Relaxed) {
            0 => return None,
            1 => "1 log event was dropped: they came too fast".to_owned(),
            dropped => format!("{dropped} log events were dropped: they came too fast"),
        };
        Some(Entry::now(Kind::Warning, &text))
    }
}

/// An event's message and its fields, each to begin with a space
#[derive(Default)]
struct Line {
    message: Bounded,
    fields: Bounded,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a bounded text ends early, which is meant.
        let _ = if field.name() == "message" {
            write!(self.message, " {value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            let _ = write!(self.message, " {value}");
        } else {
            self.record_debug(field, &value);
        }
    }
}

/// Text that takes no more than an entry holds
#[derive(Default)]
struct Bounded {
    text: String,
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // One character more than fits, so that the entry marks what was cut off.
        let room = (MAX_TEXT_BYTES + 4).saturating_sub(self.text.len());
        let taken = super::clean::prefix(text, room);
        self.text.push_str(taken);
        if taken.len() == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::prelude::*;

    use super::*;

    fn texts(events: &mut TracingEvents) -> Vec<(Kind, String)> {
        std::iter::from_fn(|| events.try_recv()).map(|entry| (entry.kind(), entry.text().to_owned())).collect()
    }

    #[test]
    fn an_event_is_one_clean_line() {
        let (layer, mut events) = LogLayer::new(8);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::error!(target: "net", peer = "a\u{1b}[2J", count = 3, "bind {}\nfailed", 1);
            tracing::debug!(target: "net", "quiet");
        });
        assert_eq!(
            texts(&mut events),
            [
                (Kind::Error, "ERROR net: bind 1 failed peer=\"a\\u{1b}[2J\" count=3".to_owned()),
                (Kind::Hint, "DEBUG net: quiet".to_owned()),
            ]
        );
    }

    #[test]
    fn what_does_not_fit_is_counted_and_told() {
        let (layer, mut events) = LogLayer::new(2);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            for number in 0..5 {
                tracing::info!(target: "t", "{number}");
            }
            let warning = (Kind::Warning, "3 log events were dropped: they came too fast".to_owned());
            let expected = [(Kind::Info, "INFO t: 0".to_owned()), (Kind::Info, "INFO t: 1".to_owned()), warning];
            assert_eq!(texts(&mut events), expected);
            tracing::info!(target: "t", "after");
            assert_eq!(texts(&mut events), [(Kind::Info, "INFO t: after".to_owned())]);
        });
    }

    #[test]
    fn an_endless_message_is_cut() {
        let (layer, mut events) = LogLayer::new(2);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!("{}", "x".repeat(1_000_000));
        });
        let entry = events.try_recv().unwrap();
        assert!(entry.text().ends_with("x…") && entry.text().len() < MAX_TEXT_BYTES + 8);
    }

    #[tokio::test]
    async fn the_end_of_the_layer_is_the_end_of_the_events() {
        let (layer, mut events) = LogLayer::new(1);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!("one");
            tracing::info!("two");
        });
        assert!(events.recv().await.unwrap().text().ends_with("one"));
        assert!(events.recv().await.unwrap().text().starts_with("1 log event"));
        assert!(events.recv().await.is_none());
    }
}
