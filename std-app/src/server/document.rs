//! What the server answers, encoded once per change and shared by all connections

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proto_core::legacy::{self, LegacyStatus};
use proto_core::status::{EncodeError, MAX_FRAME_BYTES, Sample, StatusDocument, encode_disconnect};
use proto_core::wire::cursor::Cursor;
use proto_core::wire::varint;

use crate::config;

/// The answers, and the numbers in them
pub(super) struct Documents {
    config: config::Server,
    disconnect: Arc<[u8]>,
    response: Mutex<Response>,
}

struct Response {
    online: u32,
    /// The frame, unless something has changed since it was encoded
    encoded: Option<(Arc<[u8]>, usize)>,
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
            response: Mutex::new(Response { online: 0, encoded: None, scratch }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Response> {
        self.response.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of clients changed, and the document with it
    pub(super) fn set_online(&self, clients: usize) {
        let online = u32::try_from(clients).unwrap_or(u32::MAX);
        let mut response = self.lock();
        if response.online != online {
            response.online = online;
            response.encoded = None;
        }
    }

    /// The frame of the Response as things stand, and the length of the document in it
    pub(super) fn response(&self) -> (Arc<[u8]>, usize) {
        let mut guard = self.lock();
        let response = &mut *guard;
        if let Some(encoded) = &response.encoded {
            return encoded.clone();
        }
        // With as many clients as may be it fits, `new` saw to that; with fewer it is no longer.
        let length = encode(&self.config, response.online, &mut response.scratch).unwrap_or_default();
        let frame: Arc<[u8]> = response.scratch.get(..length).unwrap_or_default().into();
        let document = document_len(&frame);
        let encoded = (frame, document);
        response.encoded = Some(encoded.clone());
        encoded
    }

    /// The frame of the Disconnect that a login gets
    pub(super) fn disconnect(&self) -> Arc<[u8]> {
        Arc::clone(&self.disconnect)
    }

    /// The answer to a ping from before 1.7 (PROTOCOL.md §7)
    pub(super) fn legacy(&self, kind: legacy::Kind) -> Arc<[u8]> {
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
