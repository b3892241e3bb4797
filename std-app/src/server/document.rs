//! What the server answers, encoded once and shared by all connections
//!
//! Each client that comes or goes changes the number of clients, and with it the document: [`frames`] has what that costs.

mod frames;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proto_core::legacy::{self, LegacyStatus};
use proto_core::status::{EncodeError, MAX_FRAME_BYTES, Sample, StatusDocument, encode_disconnect};

use self::frames::Frames;
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
    frames: Frames,
    /// Room to encode in, kept from one time to the next
    scratch: Vec<u8>,
}

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
            response: Mutex::new(Response { online: 0, frames: Frames::new(), scratch }),
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
        let Response { online, frames, scratch } = &mut *guard;
        let frame = frames.with_online(*online, |online| {
            // With as many clients as may be it fits, `Documents::new` saw to that; with fewer it is no longer.
            let length = encode(&self.config, online, scratch).unwrap_or_default();
            scratch.get(..length).unwrap_or_default().into()
        });
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
    use std::collections::BTreeSet;

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
    fn frames_that_nobody_holds_are_used_again_whatever_the_number_s_length() {
        let documents = Documents::new(&config::Server::default()).expect("it fits");
        let round = || -> Vec<_> {
            let frames = (0..64).map(|step| {
                documents.set_online(if step % 3 == 0 { 900 + step } else { 1_000 + step });
                documents.response().0
            });
            frames.collect()
        };
        let places = |held: &[Answer]| -> BTreeSet<_> { held.iter().map(|frame| frame.as_ptr()).collect() };
        // All are held at once, as those of a batch of clients are until they are answered.
        let (first, second) = (places(&round()), places(&round()));
        assert_eq!(first.len(), 64, "each count is another");
        assert_eq!(first, second);
    }

    #[test]
    fn no_more_memory_is_kept_than_said() {
        let config = config::Server { description: "x".repeat(30_000), ..config::Server::default() };
        let documents = Documents::new(&config).expect("it fits");
        let held: Vec<_> = (0..200).map(|step| (documents.set_online(100 + step), documents.response().0).1).collect();
        let kept: usize = held.iter().filter(|frame| Arc::strong_count(frame) > 1).map(|frame| frame.len()).sum();
        assert!(kept > 30_000 && kept <= frames::MAX_BYTES, "{kept}");
    }
}
