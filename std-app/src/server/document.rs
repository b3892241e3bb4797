//! What the server answers, encoded once and shared by all connections
//!
//! Each client that comes or goes changes the number of clients, and with it the document. That number is then put into
//! the frame that there is, digit by digit: encoding all of it anew would cost more than the rest of a short connection.
//! It never changes a frame that a connection still holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proto_core::legacy::{self, LegacyStatus};
use proto_core::status::{EncodeError, MAX_FRAME_BYTES, Sample, StatusDocument, encode_disconnect};
use proto_core::wire::cursor::Cursor;
use proto_core::wire::varint;

use crate::config;

/// An encoded packet, as connections share it
pub(super) type Answer = Arc<[u8]>;

/// The answers, and the numbers in them
pub(super) struct Documents {
    config: config::Server,
    disconnect: Answer,
    response: Mutex<Response>,
}

struct Response {
    online: u32,
    frame: Option<Frame>,
    /// Room to encode in, kept from one time to the next
    scratch: Vec<u8>,
}

/// The frame of a Response
struct Frame {
    bytes: Answer,
    /// The length of the document in it
    document: usize,
    /// The number of clients in it
    online: u32,
    /// Where the digits of that number stand, from the first one on, as often as it occurs
    digits: Vec<usize>,
}

impl Frame {
    /// Encodes the document for as many clients as `online`
    fn new(config: &config::Server, online: u32, scratch: &mut [u8]) -> Self {
        let length = online.checked_ilog10().unwrap_or_default();
        let ones = (0..length).fold(1, |ones, _| ones * 10 + 1);
        // Where two documents with other digits everywhere differ, there they stand.
        let mut with = |online| -> Answer {
            // With as many clients as may be it fits, `Documents::new` saw to that; with fewer it is no longer.
            let length = encode(config, online, scratch).unwrap_or_default();
            scratch.get(..length).unwrap_or_default().into()
        };
        let (bytes, other) = (with(ones), with(ones * 2));
        let digits = (0..).zip(bytes.iter().zip(other.iter())).filter(|(_, (one, two))| one != two);
        let digits = digits.map(|(at, _)| at).collect();
        let mut frame = Self { document: document_len(&bytes), bytes, online: ones, digits };
        frame.set_online(online);
        frame
    }

    /// Whether the frame for as many clients as `online` has the same length
    const fn fits(&self, online: u32) -> bool {
        matches!((self.online.checked_ilog10(), online.checked_ilog10()), (Some(one), Some(other)) if one == other)
            || (self.online < 10 && online < 10)
    }

    /// Changes the number of clients, in a copy where somebody still has the bytes
    fn set_online(&mut self, online: u32) {
        let mut number = [0; MAX_DIGITS];
        let mut rest = online;
        let mut first = MAX_DIGITS;
        while first > 0 && (rest > 0 || first == MAX_DIGITS) {
            first -= 1;
            number[first] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        let bytes = Arc::make_mut(&mut self.bytes);
        for (&at, &digit) in self.digits.iter().zip(number[first..].iter().cycle()) {
            bytes[at] = digit;
        }
        self.online = online;
    }
}

/// Digits of the largest number of clients
const MAX_DIGITS: usize = 10;

/// Encodes the Response that `config` asks for into `out`
///
/// # Errors
/// The document is longer than the protocol allows.
pub(crate) fn encode(config: &config::Server, online: u32, out: &mut [u8]) -> Result<usize, EncodeError> {
    let sample: Vec<_> = config.sample.iter().map(|player| Sample { name: &player.name, id: &player.id }).collect();
    StatusDocument {
        version_name: &config.version_name,
        protocol: config.protocol,
        max: config.max_clients,
        online,
        sample: &sample,
        description: &config.description,
        favicon: config.favicon.as_ref().map(config::Favicon::data_uri),
    }
    .encode_response(out)
}

/// Whether the document fits the protocol whatever the number of clients (PROTOCOL.md §4)
///
/// # Errors
/// Its size, and the largest allowed.
pub fn check(config: &config::Server) -> Result<(), EncodeError> {
    encode(config, config.max_clients, &mut vec![0; MAX_FRAME_BYTES]).map(drop)
}

/// The length of the document in a Response's frame: behind the frame's length and the id
fn document_len(frame: &[u8]) -> usize {
    let mut input = Cursor::new(frame);
    let mut number = || varint::Decoder::new().decode(&mut input).ok().flatten();
    let (_length, _id, document) = (number(), number(), number());
    document.and_then(|document| usize::try_from(document).ok()).unwrap_or_default()
}

impl Documents {
    /// Encodes what does not change
    ///
    /// # Errors
    /// The document is longer than the protocol allows.
    pub(super) fn new(config: &config::Server) -> Result<Self, EncodeError> {
        check(config)?;
        let mut scratch = vec![0; MAX_FRAME_BYTES];
        let length = encode_disconnect(&config.disconnect_message, &mut scratch)?;
        Ok(Self {
            config: config.clone(),
            disconnect: scratch.get(..length).unwrap_or_default().into(),
            response: Mutex::new(Response { online: 0, frame: None, scratch }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Response> {
        self.response.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of clients changed, and the document with it
    pub(super) fn set_online(&self, clients: usize) {
        self.lock().online = u32::try_from(clients).unwrap_or(u32::MAX);
    }

    /// The frame of the Response as things stand, and the length of the document in it
    pub(super) fn response(&self) -> (Answer, usize) {
        let mut guard = self.lock();
        let Response { online, frame, scratch } = &mut *guard;
        let frame = match frame {
            Some(frame) if frame.online == *online => frame,
            Some(frame) if frame.fits(*online) => {
                frame.set_online(*online);
                frame
            }
            frame => frame.insert(Frame::new(&self.config, *online, scratch)),
        };
        (Arc::clone(&frame.bytes), frame.document)
    }

    /// The frame of the Disconnect that a login gets
    pub(super) fn disconnect(&self) -> Answer {
        Arc::clone(&self.disconnect)
    }

    /// The answer to a ping from before 1.7 (PROTOCOL.md §7)
    pub(super) fn legacy(&self, kind: legacy::Kind) -> Answer {
        let status = LegacyStatus {
            version: &self.config.version_name,
            description: &self.config.description,
            online: self.lock().online,
            max: self.config.max_clients,
        };
        let mut out = [0; legacy::MAX_ANSWER];
        // `MAX_ANSWER` is always enough.
        let length = legacy::encode_answer(kind, &status, &mut out).unwrap_or_default();
        out.get(..length).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As [`encode`] has it
    fn encoded(config: &config::Server, online: u32) -> Vec<u8> {
        let mut out = vec![0; MAX_FRAME_BYTES];
        let length = encode(config, online, &mut out).expect("it fits");
        out.truncate(length);
        out
    }

    #[test]
    fn the_document_is_the_same_as_encoded_anew_whoever_comes_and_goes() {
        // Numbers and what looks like them, so that a digit out of place would show.
        let config = config::Server {
            max_clients: u32::MAX,
            description: "online\":11 22 111 222 \"online\":0".to_owned(),
            ..config::Server::default()
        };
        let documents = Documents::new(&config).expect("it fits");
        let mut held = Vec::new();
        let counts =
            [0, 1, 2, 9, 10, 11, 10, 9, 0, 99, 22, 100, 15_000, 22_222, 99_999, 4_294_967_295, 1_000_000_000, 3];
        for (step, &online) in counts.iter().enumerate() {
            documents.set_online(usize::try_from(online).expect("64 bits"));
            let (frame, document) = documents.response();
            let expected = encoded(&config, online);
            assert_eq!(*frame, *expected, "{online}");
            let json: serde_json::Value = serde_json::from_slice(&frame[frame.len() - document..]).expect("JSON");
            assert_eq!(json["players"]["online"], online);
            assert_eq!(json["clients"]["online"], online);
            // Every other one is still being sent when the next change comes.
            if step % 2 == 0 {
                held.push((frame, expected));
            }
        }
        for (frame, expected) in held {
            assert_eq!(*frame, *expected, "what somebody holds does not change");
        }
    }

    #[test]
    fn a_frame_that_nobody_holds_is_not_copied() {
        let documents = Documents::new(&config::Server::default()).expect("it fits");
        documents.set_online(4);
        let before = documents.response().0.as_ptr();
        documents.set_online(7);
        assert_eq!(documents.response().0.as_ptr(), before);
    }
}
