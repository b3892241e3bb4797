//! What the server takes from the allocator: nothing for a request or a ping, and little for a connection
//!
//! Counted on the server's thread alone, by an allocator around the system's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use std_app::clock::Clock;
use std_app::config;
use std_app::events;
use std_app::server::{Command, Event, Server};
use tokio::sync::mpsc;

const DEADLINE: Duration = Duration::from_secs(20);

/// Connections that are kept: with another the number of clients has a digit more
const KEPT: usize = 9;

/// Rounds over them
const ROUNDS: usize = 250;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this thread's allocations count
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

fn count() {
    // A thread that is ending has no such value any more.
    if COUNTED.try_with(Cell::get).unwrap_or(false) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

#[expect(unsafe_code, reason = "an allocator cannot be written without; each call is handed on as it came")]
// SAFETY: everything is the system's allocator's; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A server on a thread of its own, as the program has it
struct Running {
    address: SocketAddr,
    commands: mpsc::Sender<Command>,
    server: JoinHandle<()>,
    front_end: JoinHandle<()>,
}

impl Running {
    fn start(wanted: Option<fn(&Event) -> bool>) -> Self {
        let (commands, command_receiver) = mpsc::channel(4);
        let (events, mut receiver) = events::channel::<Event>(wanted);
        let (told, address) = std::sync::mpsc::channel();
        let server = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listen = "127.0.0.1:0".parse().expect("an address");
                let config = config::Server { listen, max_clients: 100, ..config::Server::default() };
                let server = Server::bind(config).expect("a port");
                told.send(server.address()).expect("it is waited for");
                COUNTED.set(true);
                server.run(Clock::new(), command_receiver, events).await;
                COUNTED.set(false);
            });
        });
        let front_end = thread::spawn(move || while receiver.blocking_recv().is_some() {});
        let address = address.recv_timeout(DEADLINE).expect("waited for the address");
        Self { address, commands, server, front_end }
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time");
        stream.set_nodelay(true).expect("an option");
        Client { stream }
    }

    fn stop(self) {
        self.commands.blocking_send(Command::Stop).expect("the server runs");
        self.server.join().expect("no panic");
        self.front_end.join().expect("no panic");
    }
}

/// A Handshake of protocol −1 to `a`, port 1, that asks for the status; a Request, a Ping
const HANDSHAKE: &[u8] = &[11, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, b'a', 0, 1, 1];
const REQUEST: &[u8] = &[1, 0];
const PING: &[u8] = &[9, 1, 0, 0, 0, 0, 0, 0, 0, 7];

struct Client {
    stream: TcpStream,
}

impl Client {
    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the socket takes it");
    }

    /// Reads a Response
    fn response(&mut self) {
        let mut bytes = [0; 512];
        self.stream.read_exact(&mut bytes[..2]).expect("a Response's head");
        assert!(bytes[0] >= 0x80 && bytes[1] < 0x80, "a length of two bytes");
        let length = usize::from(bytes[0] & 0x7F) + (usize::from(bytes[1]) << 7);
        self.stream.read_exact(&mut bytes[..length]).expect("a Response");
        assert_eq!(bytes[length - 1], b'}');
    }

    fn pong(&mut self) {
        let mut bytes = [0; 10];
        self.stream.read_exact(&mut bytes).expect("a Pong");
        assert_eq!(bytes, PING);
    }

    /// Requests and pings as they come: each in its write, and all in one
    fn round(&mut self) {
        self.send(&[HANDSHAKE, REQUEST].concat());
        self.response();
        self.send(PING);
        self.pong();
        self.send(&[HANDSHAKE, PING].concat());
        self.pong();
        self.send(&[HANDSHAKE, REQUEST, REQUEST, PING, HANDSHAKE, PING].concat());
        self.response();
        self.response();
        self.pong();
        self.pong();
    }
}

/// How many allocations `what` brings about
fn allocations(what: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    what();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// One test, since there is one counter
#[test]
fn no_request_and_no_ping_takes_from_the_allocator() {
    let quiet = Running::start(Some(Event::is_important));
    let mut kept: Vec<Client> = (0..KEPT).map(|_| quiet.connect()).collect();
    kept.iter_mut().for_each(Client::round);
    let of_requests = allocations(|| {
        for _ in 0..ROUNDS {
            kept.iter_mut().for_each(Client::round);
        }
    });
    assert_eq!(of_requests, 0, "for {} requests and {} pings", 3 * ROUNDS * KEPT, 4 * ROUNDS * KEPT);

    // One client more, and one less: another number of digits in the document each time.
    let mut session = || {
        let mut client = quiet.connect();
        client.round();
        client.stream.shutdown(std::net::Shutdown::Write).expect("it is open");
        let _end = client.stream.read(&mut [0]).expect("the end of the stream");
        kept[0].round();
    };
    session();
    let of_sessions = allocations(|| (0..ROUNDS).for_each(|_| session()));
    // The connection; the registration of its socket, and the list in which the runtime takes that back.
    assert!(of_sessions <= 3 * ROUNDS + ROUNDS / 10, "{of_sessions} in {ROUNDS} sessions");
    drop(kept);
    quiet.stop();

    // Where events are told, a Handshake has a text, and the channel takes blocks of many events.
    let told = Running::start(None);
    let mut client = told.connect();
    client.round();
    let of_told = allocations(|| (0..ROUNDS).for_each(|_| client.round()));
    let (handshakes, events) = (4 * ROUNDS, 11 * ROUNDS);
    assert!(of_told >= handshakes, "{of_told}: a text each, so the counter counts");
    assert!(of_told <= handshakes + events / 16, "{of_told} for {handshakes} handshakes");
    drop(client);
    told.stop();
}
