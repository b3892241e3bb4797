//! What goes over the socket when a connection has its turn: one write for each answer, and none while others are read

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use proto_core::packet::encode_ping;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::socket::Socket;
use super::{Connection, Over, Scratch};
use crate::clock::Clock;
use crate::config;
use crate::events;
use crate::server::Shared;
use crate::server::document::Documents;
use crate::server::event::Event;
use crate::server::registry::Registry;

/// A Handshake of protocol −1 to `a`, port 1
const fn handshake(next_state: u8) -> [u8; 12] {
    [11, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, b'a', 0, 1, next_state]
}

const REQUEST: &[u8] = &[1, 0];
const LEGACY: &[u8] = &[0xFE, 0x01, 0xFA];

/// A socket that has been sent pieces, one a read, and keeps every write
struct Recorder {
    pieces: VecDeque<Vec<u8>>,
    writes: Vec<Vec<u8>>,
    /// Bytes that it takes at once
    room: usize,
}

impl AsyncRead for Recorder {
    fn poll_read(mut self: Pin<&mut Self>, _cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.pieces.pop_front() {
            Some(piece) => {
                to.put_slice(&piece);
                Poll::Ready(Ok(()))
            }
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(mut self: Pin<&mut Self>, _cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let taken = bytes.len().min(self.room);
        self.writes.push(bytes[..taken].to_vec());
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Socket for Recorder {
    fn read_unheard(&self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// A server without a listener, with one client
struct Served {
    shared: Shared,
    connection: Connection<Recorder>,
    scratch: Scratch,
}

impl Served {
    fn new(room: usize) -> Self {
        // A document of some ten thousand bytes: also that is one write.
        let config = config::Server { description: "ä".repeat(5_000), ..config::Server::default() };
        let (events, _nobody) = events::channel::<Event>(Some(Event::is_important));
        let shared = Shared {
            registry: Registry::new(),
            documents: Documents::new(&config).expect("it fits"),
            clock: Clock::new(),
            events,
            emptied: Notify::new(),
            farewells: Mutex::default(),
            config,
        };
        let client = SocketAddr::from(([127, 0, 0, 1], 1));
        let socket = Recorder { pieces: VecDeque::new(), writes: Vec::new(), room };
        let connection = Connection::new(socket, client, shared.clock.now(), &shared.config);
        Self { shared, connection, scratch: Scratch::new() }
    }

    /// A turn of the connection, as the registry gives it; returns what was written
    fn turn(&mut self) -> Vec<Vec<u8>> {
        let mut cx = Context::from_waker(Waker::noop());
        self.scratch.begin(self.shared.clock.now());
        let read = self.connection.poll(&mut cx, &self.shared, &mut self.scratch);
        self.scratch.answer();
        if self.connection.resumes() {
            assert!(read.is_pending(), "it has something to send: {read:?}");
            let answered: Poll<Over> = self.connection.poll(&mut cx, &self.shared, &mut self.scratch);
            assert!(answered.is_pending(), "nobody closed: {answered:?}");
        }
        std::mem::take(&mut self.connection.stream.writes)
    }

    /// A turn after `pieces` have come
    fn told(&mut self, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        self.connection.stream.pieces.extend(pieces.iter().map(|piece| piece.to_vec()));
        let writes = self.turn();
        assert!(self.connection.stream.pieces.is_empty(), "all is read in one turn");
        writes
    }
}

/// What `packets` of a client's, answered by `answers`, have the server write, whether they come in one piece or many
#[track_caller]
fn assert_a_write_each(packets: &[&[u8]], answers: &[&[u8]]) {
    let all = packets.concat();
    let bytes: Vec<&[u8]> = all.chunks(1).collect();
    for pieces in [&[all.as_slice()][..], packets] {
        assert_eq!(Served::new(usize::MAX).told(pieces), answers, "in {} pieces", pieces.len());
    }
    // More reads than a turn has: the answers are the same, whenever they come.
    let mut served = Served::new(usize::MAX);
    let writes: Vec<_> = bytes.iter().flat_map(|&byte| served.told(&[byte])).collect();
    assert_eq!(writes, answers, "byte for byte");
    // And a socket without room gets each in several: it is the writes that are counted here.
    let mut narrow = Served::new(7);
    let writes = narrow.told(&[&all]);
    assert_eq!(writes.concat(), answers.concat());
    assert_eq!(writes.len(), answers.iter().map(|answer| answer.len().div_ceil(7)).sum::<usize>());
}

#[test]
fn each_answer_is_one_write() {
    let documents = Served::new(0).shared.documents;
    let (response, _document) = documents.response();
    let (one, two) = (encode_ping(1), encode_ping(-2));
    let status = handshake(1);
    assert_a_write_each(&[&status, REQUEST], &[&response]);
    assert_a_write_each(&[&status, &one], &[&one]);
    assert_a_write_each(&[&status, REQUEST, &one], &[&response, &one]);
    assert_a_write_each(&[&status, REQUEST, REQUEST, &one, &status, &two], &[&response, &response, &one, &two]);
    assert_a_write_each(&[&handshake(2)], &[&documents.disconnect()]);
    assert_a_write_each(&[LEGACY], &[&documents.legacy(proto_core::legacy::Kind::V1_6)]);
}

#[test]
fn each_ping_of_the_servers_is_one_write() {
    let mut served = Served::new(usize::MAX);
    for payload in [1, 2] {
        served.connection.ping(payload).expect("nothing is owed");
    }
    assert_eq!(served.turn(), [encode_ping(1), encode_ping(2)]);
}

#[test]
fn nothing_is_written_while_others_are_read() {
    let mut served = Served::new(usize::MAX);
    served.connection.stream.pieces.push_back([&handshake(1)[..], &encode_ping(1)].concat());
    served.scratch.begin(served.shared.clock.now());
    let mut cx = Context::from_waker(Waker::noop());
    let read = served.connection.poll(&mut cx, &served.shared, &mut served.scratch);
    assert!(read.is_pending() && served.connection.resumes());
    assert!(served.connection.stream.pieces.is_empty(), "it is read");
    assert!(served.connection.stream.writes.is_empty(), "{:02x?}", served.connection.stream.writes);
    assert_eq!(served.turn(), [encode_ping(1)]);
}
