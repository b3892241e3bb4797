//! A bare socket: sends any bytes in any pieces, and knows what must come back

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::DEADLINE;

/// Bytes at each end of a stream that are sent one by one; what is between goes in pieces of [`PIECE`]
const SINGLY: usize = 600;

/// A length that divides nothing
const PIECE: usize = 1_021;

/// The other end of a connection
#[derive(Debug)]
pub struct Peer {
    stream: TcpStream,
}

impl Peer {
    /// Connects to `address`
    #[must_use]
    pub fn connect(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect_timeout(&address, DEADLINE).expect("a connection to the loopback"))
    }

    /// Takes a connection that stands
    #[must_use]
    pub fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("TCP_NODELAY");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time-out");
        stream.set_write_timeout(Some(DEADLINE)).expect("a time-out");
        Self { stream }
    }

    /// Its own address: how a server knows it
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.stream.local_addr().expect("the address of a socket")
    }

    /// The socket
    #[must_use]
    pub const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends in one piece
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the other side takes what is sent");
    }

    /// Sends in one piece what the other side may answer by closing
    pub fn send_hopefully(&mut self, bytes: &[u8]) {
        let _closed = self.stream.write_all(bytes);
    }

    /// Sends byte by byte what the other side may answer by closing
    ///
    /// The middle of a long stream goes in pieces of many bytes.
    pub fn send_singly(&mut self, bytes: &[u8]) {
        let middle = bytes.len().saturating_sub(2 * SINGLY);
        let (start, rest) = bytes.split_at(bytes.len().min(SINGLY));
        let (middle, end) = rest.split_at(middle.min(rest.len()));
        for piece in start.chunks(1).chain(middle.chunks(PIECE)).chain(end.chunks(1)) {
            if self.stream.write_all(piece).is_err() {
                return;
            }
        }
    }

    /// Sends for as long as the other side takes it within `patience`, at most `times` times; how many bytes it took
    pub fn send_while_taken(&mut self, bytes: &[u8], times: usize, patience: Duration) -> (usize, bool) {
        self.stream.set_write_timeout(Some(patience)).expect("a time-out");
        let mut sent = 0;
        for _ in 0..times {
            match self.stream.write(bytes) {
                Ok(count) => sent += count,
                Err(error) if is_timeout(error.kind()) => return (sent, false),
                Err(error) => panic!("the other side ended the connection: {error}"),
            }
        }
        (sent, true)
    }

    /// Ends its own direction
    pub fn finish_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("the connection is open");
    }

    /// Closes with a reset: what is on its way is lost
    pub fn reset(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("SO_LINGER");
    }

    /// Takes exactly as many bytes as `expected` has, which they must be
    #[track_caller]
    pub fn expect(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let mut got = vec![0; expected.len()];
        let mut count = 0;
        while count < expected.len() {
            match self.stream.read(&mut got[count..]) {
                Ok(0) => break,
                Ok(read) => count += read,
                Err(error) => panic!("expected {}, got {} and then {error}", hex(expected), hex(&got[..count])),
            }
        }
        assert!(got[..count] == *expected, "expected {}, got {}", hex(expected), hex(&got[..count]));
    }

    /// Takes a frame: its id and its body
    #[track_caller]
    pub fn frame(&mut self) -> (i32, Vec<u8>) {
        let length = usize::try_from(self.varint()).expect("a frame has a length");
        let mut content = vec![0; length];
        self.stream.read_exact(&mut content).expect("a whole frame");
        let mut rest = &content[..];
        let id = decode_varint(|| {
            let (first, others) = rest.split_first().expect("a frame has an id");
            rest = others;
            *first
        });
        (id, rest.to_vec())
    }

    /// Takes a frame that must have `id`
    #[track_caller]
    pub fn frame_of(&mut self, id: i32) -> Vec<u8> {
        let (got, body) = self.frame();
        assert_eq!(got, id, "a frame of another id: {}", hex(&body));
        body
    }

    /// Takes a Response and returns its document
    #[track_caller]
    pub fn response(&mut self) -> serde_json::Value {
        let body = self.frame_of(0);
        let mut rest = &body[..];
        let length = decode_varint(|| {
            let (first, others) = rest.split_first().expect("a String has a length");
            rest = others;
            *first
        });
        assert_eq!(usize::try_from(length), Ok(rest.len()), "the String fills its frame");
        serde_json::from_slice(rest).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(rest)))
    }

    #[track_caller]
    fn varint(&mut self) -> i32 {
        decode_varint(|| {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).expect("a frame");
            byte[0]
        })
    }

    /// Waits until the other side closes, and takes nothing before that
    #[track_caller]
    pub fn expect_close(&mut self) {
        let mut got = [0; 64];
        match self.stream.read(&mut got) {
            Ok(0) => {}
            Ok(count) => panic!("expected the end of the connection, got {}", hex(&got[..count])),
            // Closing with input left over resets.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted) => {}
            Err(error) => panic!("expected the end of the connection, got {error}"),
        }
    }

    /// Takes what comes until the other side closes
    #[track_caller]
    pub fn read_to_close(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut buffer = [0; 4_096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return all,
                Ok(count) => all.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return all,
                Err(error) => panic!("expected the end of the connection, got {} and then {error}", hex(&all)),
            }
        }
    }

    /// Waits until the other side sends or closes, at most for `patience`, and takes nothing
    pub fn wait_for_anything(&mut self, patience: Duration) {
        self.stream.set_read_timeout(Some(patience)).expect("a time-out");
        let _either_way = self.stream.peek(&mut [0]);
        self.stream.set_read_timeout(Some(DEADLINE)).expect("a time-out");
    }

    /// Waits for `patience` whether the other side closes
    pub fn closes_within(&mut self, patience: Duration) -> bool {
        self.stream.set_read_timeout(Some(patience)).expect("a time-out");
        let until = Instant::now() + patience;
        let closed = loop {
            match self.stream.read(&mut [0; 64]) {
                Ok(0) => break true,
                Ok(_) if Instant::now() < until => {}
                Ok(_) => break false,
                Err(error) => break !is_timeout(error.kind()),
            }
        };
        self.stream.set_read_timeout(Some(DEADLINE)).expect("a time-out");
        closed
    }
}

fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[track_caller]
fn decode_varint(mut next: impl FnMut() -> u8) -> i32 {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let byte = next();
        value |= u32::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return value.cast_signed();
        }
    }
    panic!("a VarInt of more than five bytes");
}

/// Bytes for a message, cut where they are many
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut shown = String::from("[");
    for byte in bytes.iter().take(64) {
        let _never_fails = write!(shown, "{byte:02x}");
    }
    if bytes.len() > 64 {
        let _never_fails = write!(shown, "… {} bytes", bytes.len());
    }
    shown + "]"
}
