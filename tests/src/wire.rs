//! An Ethernet segment between an emulated device and a host that a test plays
//!
//! The emulator hands over whole frames, so nothing between the two joins, splits or repairs anything: what
//! a test sends in one segment reaches the device in one segment. The host has the addresses that slirp's has: 10.0.2.2, which
//! also gives out 10.0.2.15, and 10.0.2.3 for the name server. Every frame of the device is kept, and judged by
//! [`seen`]; a test in which one was wrong fails at its end.

pub mod dhcp;
pub mod dns;
mod host;
pub mod seen;

use std::io::{ErrorKind, Read as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::DEADLINE;
use crate::peer::hex;
use dhcp::Dhcp;
use dns::Question;
use host::Host;
use seen::Seen;

/// The host: server, router, and who gives out addresses
pub const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
/// The name server
pub const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 3);
/// The address that the device is given
pub const DEVICE: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
/// Where the server listens
pub const PORT: u16 = 25_565;

/// How often the host looks at its own clock
const TICK: Duration = Duration::from_millis(20);

/// What the host does not hear
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deaf {
    /// Nothing: it hears all
    ToNothing,
    /// Whose an address is
    ToArp,
    /// Segments
    ToTcp,
    /// All of it
    ToEverything,
}

/// The segment
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
    carrier: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    host: Mutex<Host>,
    changed: Condvar,
    over: AtomicBool,
}

impl Shared {
    fn host(&self) -> MutexGuard<'_, Host> {
        self.host.lock().expect("nobody panics with it")
    }
}

impl Default for Wire {
    fn default() -> Self {
        Self::new()
    }
}

impl Wire {
    /// A segment that an emulator can connect to, with a host that gives out an address and refuses connections
    #[must_use]
    pub fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Shared { host: Mutex::new(Host::new()), changed: Condvar::new(), over: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        let carrier = Arc::clone(&shared);
        let carrier = Some(thread::spawn(move || carry(&listener, &carrier)));
        Self { address, shared, carrier }
    }

    /// Where the emulator connects to
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How addresses are given out from now on
    pub fn dhcp(&self, dhcp: Dhcp) {
        self.shared.host().dhcp = dhcp;
    }

    /// What the host does not hear from now on
    pub fn deaf(&self, deaf: Deaf) {
        self.shared.host().deaf = deaf;
    }

    /// Takes the next connection; nothing of the one before is kept
    pub fn listen(&self) {
        self.shared.host().listen();
    }

    /// Listens no more and forgets the connection: what comes for it is answered by a reset
    pub fn refuse(&self) {
        self.shared.host().refuse();
    }

    /// Waits until the device has connected
    #[track_caller]
    pub fn wait_connected(&self) {
        self.wait("a connection", |host| host.is_connected().then_some(()));
    }

    /// Sends on the connection, as much in a segment as there is room for
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        self.send_in(usize::MAX, bytes);
    }

    /// Sends on the connection in segments of so many bytes, each when the one before has been acknowledged
    pub fn send_in(&self, segment: usize, bytes: impl AsRef<[u8]>) {
        let mut host = self.shared.host();
        host.send(segment, bytes.as_ref());
        host.step();
    }

    /// Ends the host's direction of the connection once all is sent
    pub fn finish(&self) {
        let mut host = self.shared.host();
        host.finish();
        host.step();
    }

    /// Resets the connection
    pub fn reset(&self) {
        let mut host = self.shared.host();
        host.reset();
        host.step();
    }

    /// Waits until the device has sent exactly this on the connection, and forgets it
    #[track_caller]
    pub fn hear(&self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let heard = self.take(expected.len());
        assert!(heard == expected, "expected {}, heard {}", hex(expected), hex(&heard));
    }

    /// Waits until the device has sent so many bytes on the connection, and takes them
    #[track_caller]
    pub fn take(&self, count: usize) -> Vec<u8> {
        self.wait(&format!("{count} bytes"), |host| {
            (host.heard.len() >= count).then(|| host.heard.drain(..count).collect())
        })
    }

    /// Waits until the device has ended its direction of the connection
    #[track_caller]
    pub fn wait_finished(&self) {
        self.wait("the end of the connection", |host| host.is_finished().then_some(()));
    }

    /// Waits until all that was sent on the connection has been acknowledged
    #[track_caller]
    pub fn wait_acknowledged(&self) {
        self.wait("acknowledgement", |host| host.is_acknowledged().then_some(()));
    }

    /// Waits for the next question for a name
    #[track_caller]
    pub fn question(&self) -> Question {
        self.wait("a question for a name", |host| host.questions.pop_front())
    }

    /// Puts a frame on the wire, whatever it is
    pub fn put(&self, frame: &[u8]) {
        self.shared.host().put(frame);
    }

    /// Puts a datagram on the wire
    pub fn put_datagram(&self, from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), payload: &[u8]) {
        let mut host = self.shared.host();
        let frame = seen::datagram(host.device_mac(), from, to, payload);
        host.put(&frame);
    }

    /// Waits until the device has sent something that `wanted` finds, behind the first `past` frames; its number
    #[track_caller]
    pub fn wait_seen(&self, what: &str, past: usize, wanted: impl Fn(&Seen) -> bool) -> usize {
        self.wait(what, |host| {
            let found = host.seen.iter().skip(past).position(&wanted)?;
            Some(past + found)
        })
    }

    /// How many frames the device has sent
    #[must_use]
    pub fn seen_count(&self) -> usize {
        self.shared.host().seen.len()
    }

    /// What the device has sent so far
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.host().seen.clone()
    }

    /// How many bytes the segments have carried that the host has sent on connections, those without any left out
    #[must_use]
    pub fn sent_segments(&self) -> Vec<usize> {
        self.shared.host().sent.clone()
    }

    #[track_caller]
    fn wait<T>(&self, what: &str, mut reached: impl FnMut(&mut Host) -> Option<T>) -> T {
        let until = Instant::now() + DEADLINE;
        let mut host = self.shared.host();
        loop {
            if let Some(value) = reached(&mut host) {
                return value;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let told = format!("waited for {what}; {host:?}");
                drop(host);
                panic!("{told}");
            }
            (host, _) = self.shared.changed.wait_timeout(host, left).expect("nobody panics with it");
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        // Wakes a carrier that waits for an emulator.
        let _woken = TcpStream::connect(self.address);
        let carried = self.carrier.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert!(matches!(carried, Some(Ok(()))), "the carrier panicked");
            let faults = std::mem::take(&mut self.shared.host().faults);
            assert!(faults.is_empty(), "the device has sent what it must not: {faults:#?}");
        }
    }
}

/// Carries the device's frames to the host until the emulator ends, or the wire is dropped
fn carry(listener: &TcpListener, shared: &Shared) {
    let Ok((mut stream, _)) = listener.accept() else { return };
    let other = stream.try_clone().expect("a socket can be cloned");
    stream.set_read_timeout(Some(TICK)).expect("a limit can be set");
    stream.set_write_timeout(Some(DEADLINE)).expect("a limit can be set");
    stream.set_nodelay(true).expect("it can be set");
    shared.host().connect(other);
    let (mut buffer, mut rest) = ([0; 4_096], Vec::new());
    while !shared.over.load(Ordering::Acquire) {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => rest.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        let mut host = shared.host();
        while let Some(frame) = take_frame(&mut rest) {
            host.handle(&frame);
        }
        host.step();
        drop(host);
        shared.changed.notify_all();
    }
}

/// The emulator puts the length in front of each frame, in four bytes
fn take_frame(rest: &mut Vec<u8>) -> Option<Vec<u8>> {
    let (length, _) = rest.split_first_chunk()?;
    let end = 4 + usize::try_from(u32::from_be_bytes(*length)).expect("a frame is short");
    if rest.len() < end {
        return None;
    }
    let frame = rest[4..end].to_vec();
    rest.drain(..end);
    Some(frame)
}
