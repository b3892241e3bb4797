//! One connection and the exchange that it is in
//!
//! It knows what to send and what has to come back, byte for byte; when to begin and what comes after is not its
//! business.

use std::io::{self, Read as _, Write as _};
use std::time::Instant;

use mio::net::TcpStream;
use slp_load::document::Document;
use slp_load::wire;

/// An exchange
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// Handshake and Request, Response, Ping, Pong
    Session,
    /// Handshake and Request, Response
    Status,
    /// Handshake and Ping, Pong
    Ping,
}

/// What is waited for
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Response,
    Pong,
    Nothing,
}

/// A connection
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    /// When the exchange began
    pub(crate) begun: Instant,
    script: Script,
    step: Step,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
    payload: [u8; 8],
}

/// What all connections share
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) document: Document,
    pub(crate) handshake: Vec<u8>,
    pub(crate) handshake_and_request: Vec<u8>,
    /// Number of the next Ping; its payload is made of it
    pub(crate) pings: u64,
    pub(crate) buffer: Box<[u8; 16_384]>,
}

impl Shared {
    pub(crate) fn new(document: Document, port: u16) -> Self {
        Self {
            document,
            handshake: wire::handshake(port),
            handshake_and_request: wire::handshake_and_request(port),
            pings: 0,
            buffer: Box::new([0; 16_384]),
        }
    }
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, begun: Instant) -> Self {
        Self {
            stream,
            begun,
            script: Script::Status,
            step: Step::Nothing,
            outgoing: Vec::new(),
            incoming: Vec::new(),
            payload: [0; 8],
        }
    }

    /// Begins an exchange
    ///
    /// # Errors
    /// The connection broke.
    pub(crate) fn begin(&mut self, script: Script, shared: &mut Shared) -> io::Result<()> {
        self.script = script;
        if script == Script::Ping {
            self.outgoing.extend(&shared.handshake);
            self.ping(shared);
        } else {
            self.outgoing.extend(&shared.handshake_and_request);
            self.step = Step::Response;
        }
        self.send()
    }

    fn ping(&mut self, shared: &mut Shared) {
        shared.pings += 1;
        // All eight bytes differ from one to the next.
        self.payload = shared.pings.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
        self.outgoing.extend(wire::ping(self.payload));
        self.step = Step::Pong;
    }

    /// Whether something is left to send
    pub(crate) fn is_sending(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether no answer is waited for
    pub(crate) fn is_done(&self) -> bool {
        self.step == Step::Nothing
    }

    fn send(&mut self) -> io::Result<()> {
        while !self.outgoing.is_empty() {
            match self.stream.write(&self.outgoing) {
                Ok(count) => drop(self.outgoing.drain(..count)),
                // On the way to being connected it is one of these two.
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Goes on as far as it can; whether the exchange is complete
    ///
    /// # Errors
    /// What is wrong with the connection or the answer.
    pub(crate) fn advance(&mut self, shared: &mut Shared) -> Result<bool, String> {
        self.send().map_err(|error| error.to_string())?;
        while self.step != Step::Nothing {
            match self.stream.read(&mut shared.buffer[..]) {
                Ok(0) => return Err(format!("the server closed; {} was to come", self.awaited())),
                Ok(count) => self.incoming.extend(&shared.buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) => {
                    return Ok(false);
                }
                Err(error) => return Err(error.to_string()),
            }
            self.receive(shared)?;
        }
        Ok(true)
    }

    fn awaited(&self) -> &'static str {
        match self.step {
            Step::Response => "the Response",
            Step::Pong => "the Pong",
            Step::Nothing => "nothing",
        }
    }

    /// Checks the answer if it is complete, and does what comes next
    fn receive(&mut self, shared: &mut Shared) -> Result<(), String> {
        let found = wire::frame(&self.incoming).map_err(|_| format!("{} is no frame", self.awaited()))?;
        let Some(frame) = found else { return Ok(()) };
        if frame.len < self.incoming.len() {
            return Err(format!("{} bytes behind {}", self.incoming.len() - frame.len, self.awaited()));
        }
        let good = match self.step {
            Step::Response => frame.id == wire::STATUS && shared.document.is_in(frame.body),
            Step::Pong => frame.id == wire::PING && frame.body == self.payload,
            Step::Nothing => false,
        };
        if !good {
            return Err(format!("{} is not what was asked for: {}", self.awaited(), excerpt(frame.body)));
        }
        self.incoming.clear();
        match (self.script, self.step) {
            (Script::Session, Step::Response) => {
                self.ping(shared);
                self.send().map_err(|error| error.to_string())?;
            }
            _ => self.step = Step::Nothing,
        }
        Ok(())
    }

    /// Whether the other side has closed, or said something that nobody asked for
    pub(crate) fn is_lost(&mut self) -> bool {
        !matches!(self.stream.read(&mut [0; 16]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned()
}
