//! Writing on a thread of its own
//!
//! A pipe whose reader does not read can only be waited for; so a thread waits, and the loop that gives it the text
//! goes on to hear signals. What may wait is bounded: who gives text waits for room.

use std::io::{self, Write};
use std::thread;

use tokio::sync::{mpsc, oneshot};

/// Texts that may wait to be written
const WAITING: usize = 4;

/// The end of a stream that is written on a thread of its own
#[derive(Debug)]
pub struct Sink {
    pub(super) texts: Texts,
    /// Comes when all is written and flushed, or when writing has failed
    pub(super) ended: oneshot::Receiver<io::Result<()>>,
}

/// The way of the text to the thread
#[derive(Debug)]
pub(super) struct Texts(Option<mpsc::Sender<Vec<u8>>>);

/// Writes to `stream` on a thread called `name`
///
/// # Errors
/// The system has no thread to spare.
pub fn sink(name: &str, mut stream: impl Write + Send + 'static) -> io::Result<Sink> {
    let (texts, mut receiver) = mpsc::channel(WAITING);
    let (told, ended) = oneshot::channel();
    let write = move || {
        // Told before the receiver goes: who finds nobody there any more finds the reason.
        let _nobody_waits = told.send(write_all(&mut receiver, &mut stream));
    };
    thread::Builder::new().name(name.to_owned()).spawn(write)?;
    Ok(Sink { texts: Texts(Some(texts)), ended })
}

fn write_all(texts: &mut mpsc::Receiver<Vec<u8>>, stream: &mut impl Write) -> io::Result<()> {
    while let Some(text) = texts.blocking_recv() {
        stream.write_all(&text)?;
        if texts.is_empty() {
            stream.flush()?;
        }
    }
    stream.flush()
}

impl Texts {
    /// Waits for room; for none any longer where writing has failed, and for ever where this is closed
    pub(super) async fn room(&self) -> Option<mpsc::Permit<'_, Vec<u8>>> {
        match &self.0 {
            Some(texts) => texts.reserve().await.ok(),
            None => std::future::pending().await,
        }
    }

    /// Gives a text where there is room; whether there was
    pub(super) fn try_give(&self, text: Vec<u8>) -> bool {
        self.0.as_ref().is_some_and(|texts| texts.try_send(text).is_ok())
    }

    /// Says that no more text is to come
    pub(super) fn close(&mut self) {
        self.0 = None;
    }
}
