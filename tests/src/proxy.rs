//! A slow network: passes bytes on in small pieces, late, or not before it is let
//!
//! It changes nothing of what it passes on. How much it passes on is bounded, so that no test runs away.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// Most that is passed on in one direction of a connection
const MOST_BYTES: usize = 16 << 20;

/// How a proxy passes bytes on
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// Largest piece
    pub piece: usize,
    /// Time that each piece takes
    pub delay: Duration,
}

impl Network {
    /// In whole and at once
    pub const PERFECT: Self = Self { piece: 65_536, delay: Duration::ZERO };
    /// Byte by byte
    pub const SINGLE_BYTES: Self = Self { piece: 1, delay: Duration::ZERO };
}

/// Stands between clients and a server
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    gate: Arc<Gate>,
    over: Arc<AtomicBool>,
}

/// Holds back what the server sends
#[derive(Debug, Default)]
struct Gate {
    shut: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        let shut = self.shut.lock().expect("no panic while it is held");
        let _open = self.opened.wait_while(shut, |shut| *shut).expect("no panic while it is held");
    }

    fn set(&self, shut: bool) {
        *self.shut.lock().expect("no panic while it is held") = shut;
        self.opened.notify_all();
    }
}

impl Proxy {
    /// Passes on to `server` what comes to a free port of the loopback
    #[must_use]
    pub fn start(server: SocketAddr, network: Network) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("the address of a listener");
        let gate = Arc::new(Gate::default());
        let over = Arc::new(AtomicBool::new(false));
        let (ends, open) = (Arc::clone(&over), Arc::clone(&gate));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if ends.load(Ordering::Acquire) {
                    break;
                }
                let Ok(server) = TcpStream::connect(server) else { continue };
                let (from_client, from_server) = (copies(&client), copies(&server));
                thread::spawn(move || pass_on(from_client, server, network, None));
                let gate = Arc::clone(&open);
                thread::spawn(move || pass_on(from_server, client, network, Some(&gate)));
            }
        });
        Self { address, gate, over }
    }

    /// Where it listens
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Holds back what servers send from now on, until [`Proxy::release`]
    pub fn hold(&self) {
        self.gate.set(true);
    }

    /// Lets through what servers sent and send
    pub fn release(&self) {
        self.gate.set(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        self.gate.set(false);
        // Wakes the thread, which sees that it is over.
        let _woken = TcpStream::connect(self.address);
    }
}

fn copies(stream: &TcpStream) -> TcpStream {
    stream.set_nodelay(true).expect("TCP_NODELAY");
    stream.try_clone().expect("a second handle of a socket")
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, network: Network, gate: Option<&Gate>) {
    let mut buffer = vec![0; network.piece];
    let mut left = MOST_BYTES;
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        left = left.saturating_sub(count);
        if let Some(gate) = gate {
            gate.pass();
        }
        // The network's own time, not a wait for anything.
        thread::sleep(network.delay);
        if left == 0 || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // The end is passed on like everything else.
    let _gone = to.shutdown(Shutdown::Write);
    if left == 0 {
        let _gone = from.shutdown(Shutdown::Both);
    }
}
