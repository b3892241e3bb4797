//! A server made for a test: it listens, and the test itself plays what it does

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use crate::{DEADLINE, Peer};

/// A listener whose connections are taken one by one
#[derive(Debug)]
pub struct FakeServer {
    address: SocketAddr,
    accepted: Receiver<TcpStream>,
    over: Arc<AtomicBool>,
}

impl FakeServer {
    /// Listens on a free port of the loopback
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("the address of a listener");
        let (sender, accepted) = channel();
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::Acquire) {
                    break;
                }
                if let Ok(stream) = stream
                    && sender.send(stream).is_err()
                {
                    break;
                }
            }
        });
        Self { address, accepted, over }
    }

    /// Where it listens
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes the next connection
    #[must_use]
    #[track_caller]
    pub fn accept(&self) -> Peer {
        match self.accepted.recv_timeout(DEADLINE) {
            Ok(stream) => Peer::of(stream),
            Err(error) => panic!("waited {DEADLINE:?} for a connection to {}: {error}", self.address),
        }
    }

    /// The bytes of Handshake and Request that a client sends here
    #[must_use]
    pub fn hello(&self) -> Vec<u8> {
        crate::packets::hello(&self.address.ip().to_string(), self.address.port())
    }

    /// The bytes of the Handshake by which a client stops
    #[must_use]
    pub fn goodbye(&self) -> Vec<u8> {
        crate::packets::handshake_of(-1, self.address.ip().to_string(), self.address.port(), 0)
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        // Wakes the thread, which sees that it is over.
        let _woken = TcpStream::connect(self.address);
    }
}
