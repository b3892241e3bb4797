//! What the machine says, as the front end is told it

use proto_core::State;
use proto_core::client::{Event as Heard, Missing, ResponseEnd};
use proto_core::packet::MAX_RESPONSE_UNITS;
use proto_core::status::Picker;
use proto_core::wire::string::Chunk;

use super::event::{Event, Status};

/// Room for the fields of a status document; what is longer is cut and flagged
type Fields = Picker<256, 4_096, 4_096>;

/// Takes the fields out of the document as it streams in, and keeps what is to be told
pub(super) struct Translator {
    picker: Box<Fields>,
    /// What was wrong with the document that came last
    document_error: Option<String>,
    /// The state that was told last
    state: State,
    /// Why the last exchange failed, if it did
    failure: Option<String>,
    /// Whether the server has answered anything
    answered: bool,
    queue: Vec<Event>,
}

impl Translator {
    /// `failure` is that of the last exchange on an earlier connection
    pub(super) fn new(failure: Option<String>) -> Self {
        Self {
            picker: Box::new(Fields::new()),
            document_error: None,
            state: State::Default,
            failure,
            answered: false,
            queue: Vec::new(),
        }
    }

    /// Events not told yet
    pub(super) const fn queue(&mut self) -> &mut Vec<Event> {
        &mut self.queue
    }

    /// Why the last exchange failed, if it did
    pub(super) const fn failure(&self) -> Option<&String> {
        self.failure.as_ref()
    }

    /// Whether the server has answered anything on this connection
    pub(super) const fn has_answer(&self) -> bool {
        self.answered
    }

    pub(super) fn error(&mut self, message: impl Into<String>) {
        self.queue.push(Event::Error { message: message.into() });
    }

    /// Tells a change of state; to be called behind whatever may have made one
    pub(super) fn state(&mut self, to: State) {
        let from = std::mem::replace(&mut self.state, to);
        if from != to {
            self.queue.push(Event::State { from, to });
        }
    }

    pub(super) fn handle(&mut self, heard: Heard<'_>) {
        match heard {
            Heard::ResponseBegin { .. } => {
                self.picker.reset();
                self.document_error = None;
            }
            Heard::ResponseChunk(chunk) => self.chunk(chunk),
            Heard::ResponseEnd(end) => self.document(end),
            Heard::Pong { payload, rtt } => {
                self.failure = self.document_error.take();
                self.queue.push(Event::Pong { payload, rtt });
            }
            Heard::PongMismatch { sent, got } => {
                self.lost(format!("the server answered ping {sent} with {got}"));
            }
            Heard::TimedOut { missing: Missing::Response, limit } => {
                self.lost(format!("no complete Response within {limit:?}; the request is abandoned"));
            }
            Heard::TimedOut { missing: Missing::Pong, limit } => {
                self.lost(format!("no Pong within {limit:?}; the request is abandoned"));
            }
            Heard::ServerPing { payload } => self.queue.push(Event::ServerPing { payload }),
            Heard::UnknownPacket { id, body } => {
                self.error(format!("the server sent a packet of unknown id {id}, {body} bytes; skipped"));
            }
            Heard::TrailingBytes { id, count } => {
                self.error(format!("the server sent {count} bytes behind the end of packet {id:#04x}; skipped"));
            }
            // What abandoned exchanges still owed, and a Request that asks for nothing, are no news.
            _ => {}
        }
    }

    fn chunk(&mut self, chunk: Chunk<'_>) {
        // An error stays with the picker, which tells it at the end.
        let _told_at_the_end = self.picker.feed(chunk.as_str(&mut [0; 4]));
    }

    /// The document is complete
    fn document(&mut self, end: ResponseEnd) {
        self.answered = true;
        let status = match self.picker.finish() {
            Ok(status) => status,
            Err(error) => {
                let message = error.to_string();
                self.document_error = Some(message.clone());
                self.error(message);
                return;
            }
        };
        let shortened: Vec<_> = status.truncated().iter().map(|field| field.to_string()).collect();
        self.queue.push(Event::Status(Status {
            version_name: status.version_name().map(str::to_owned),
            protocol: status.protocol(),
            online: status.online(),
            max: status.max(),
            description: status.description().map(str::to_owned),
            sample: status.sample().map(str::to_owned).collect(),
            favicon_bytes: status.favicon_bytes(),
            raw_bytes: end.bytes,
            truncated: !shortened.is_empty(),
            oversize: end.oversize,
        }));
        if !shortened.is_empty() {
            self.error(format!("longer than what is kept, and shortened: {}", shortened.join(", ")));
        }
        if end.oversize {
            self.error(format!(
                "the status has {} UTF-16 units, more than the {MAX_RESPONSE_UNITS} allowed",
                end.units
            ));
        }
    }

    fn lost(&mut self, message: String) {
        self.failure = Some(message.clone());
        self.queue.push(Event::Lost { message });
    }
}
