//! A device without hardware, a wire, and a server on the other end, in virtual time

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::rc::Rc;

use embedded_app::app::{App, Memory, Turn};
use embedded_app::board::{Board, Serial};
use embedded_app::display::{HEIGHT, Key, Panel, ROW};
use proto_core::telemetry::{Decoder, Event, Report};
use proto_core::{Instant, Machine as _, Server, Timeouts, server};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::time::Instant as Moment;
use smoltcp::wire::{EthernetAddress, IpCidr};

use super::lease::{self, Dhcp};

/// Microseconds that a frame is on its way, to begin with
const LATENCY: u64 = 250;
/// The peer's
const MAC: EthernetAddress = EthernetAddress([2, 0, 0, 0, 0, 2]);

type Frames = Rc<RefCell<VecDeque<(u64, Vec<u8>)>>>;
type Clock = Rc<Cell<u64>>;

/// One end of the wire
pub(crate) struct End {
    incoming: Frames,
    outgoing: Frames,
    clock: Clock,
    latency: Rc<Cell<u64>>,
    unplugged: Rc<Cell<bool>>,
}

pub(crate) struct Taken(Vec<u8>);

pub(crate) struct Room<'a>(Option<&'a Frames>, u64);

impl RxToken for Taken {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(&self.0)
    }
}

impl TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut frame = vec![0; length];
        let result = fill(&mut frame);
        if let Some(wire) = self.0 {
            wire.borrow_mut().push_back((self.1, frame));
        }
        result
    }
}

impl End {
    fn room(&self) -> Room<'_> {
        Room((!self.unplugged.get()).then_some(&self.outgoing), self.clock.get() + self.latency.get())
    }

    fn is_ready(&self) -> bool {
        self.incoming.borrow().front().is_some_and(|(at, _)| *at <= self.clock.get())
    }

    fn next(&self) -> Option<u64> {
        self.incoming.borrow().front().map(|(at, _)| *at)
    }
}

impl Device for End {
    type RxToken<'a> = Taken;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, _: Moment) -> Option<(Taken, Room<'_>)> {
        if !self.is_ready() {
            return None;
        }
        let (_, frame) = self.incoming.borrow_mut().pop_front()?;
        Some((Taken(frame), self.room()))
    }

    fn transmit(&mut self, _: Moment) -> Option<Room<'_>> {
        Some(self.room())
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1_514;
        capabilities
    }
}

/// A line whose other end keeps everything
#[derive(Default)]
pub(crate) struct Line {
    typed: VecDeque<u8>,
    shown: Vec<u8>,
}

impl Serial for Line {
    fn read(&mut self) -> Option<u8> {
        self.typed.pop_front()
    }

    fn write(&mut self, byte: u8) -> bool {
        self.shown.push(byte);
        true
    }
}

/// The board
pub(crate) struct Fake {
    end: End,
    clock: Clock,
    console: Line,
    telemetry: Line,
    pub(crate) panel: Shot,
    pub(crate) keys: VecDeque<Key>,
    /// What becomes of the cable next
    pub(crate) cable: Option<bool>,
    /// Whether the lamp is lit
    pub(crate) lamp: bool,
    entropy: u64,
}

/// A panel that keeps what it shows
pub(crate) struct Shot(pub(crate) Vec<u8>);

impl Panel for Shot {
    fn show(&mut self, first: usize, pixels: &[u8]) {
        self.0[first * ROW..][..pixels.len()].copy_from_slice(pixels);
    }
}

impl Board for Fake {
    type Network = End;
    type Serial = Line;
    type Panel = Shot;

    const NAME: &'static str = "fake";

    fn now(&self) -> Instant {
        Instant::from_micros(self.clock.get())
    }

    fn wait(&mut self, _: Instant) {}

    fn network(&mut self) -> &mut End {
        &mut self.end
    }

    fn mac_address(&self) -> [u8; 6] {
        [2, 0, 0, 0, 0, 1]
    }

    fn console(&mut self) -> &mut Line {
        &mut self.console
    }

    fn telemetry(&mut self) -> &mut Line {
        &mut self.telemetry
    }

    fn panel(&mut self) -> Option<&mut Shot> {
        Some(&mut self.panel)
    }

    fn key(&mut self) -> Option<Key> {
        self.keys.pop_front()
    }

    fn cable(&mut self) -> Option<bool> {
        self.cable.take()
    }

    fn lamp(&mut self, connected: bool) {
        self.lamp = connected;
    }

    fn entropy(&mut self) -> u64 {
        self.entropy
    }
}

/// What the other end of the wire does
pub(crate) enum Peer {
    /// Nothing listens
    Closed,
    /// A server by the book, with this frame for a Response
    Server(Vec<u8>),
    /// Says what it is told to and keeps what it hears
    Raw,
}

pub(crate) struct World {
    pub(crate) board: Fake,
    app: App<'static>,
    clock: Clock,
    /// Microseconds that a frame is on its way
    pub(crate) latency: Rc<Cell<u64>>,
    /// Whether frames are lost
    pub(crate) unplugged: Rc<Cell<bool>>,
    wake: u64,
    pub(crate) exited: bool,
    peer_end: End,
    interface: Interface,
    sockets: SocketSet<'static>,
    tcp: SocketHandle,
    pub(crate) peer: Peer,
    machine: Option<Server<Vec<u8>>>,
    /// What a raw peer has heard
    pub(crate) heard: Vec<u8>,
    to_send: VecDeque<u8>,
    closing: bool,
    /// Bytes in one segment of the peer's
    pub(crate) segment: usize,
    /// Largest number of bytes of the peer's that were on their way at once
    pub(crate) in_flight: usize,
    /// Who gives the device an address
    pub(crate) dhcp: Dhcp,
    /// The frames that the device has sent
    pub(crate) sent: Vec<Vec<u8>>,
}

impl World {
    /// A device that was told `settings` besides its address, and a peer at 10.0.2.2:25565
    pub(crate) fn new(peer: Peer, settings: &str) -> Self {
        Self::with_settings(peer, &format!("ip=10.0.2.15/24 {settings}"))
    }

    /// A device that was told nothing but `settings`, and a peer at 10.0.2.2:25565
    pub(crate) fn with_settings(peer: Peer, settings: &str) -> Self {
        Self::with_entropy(peer, settings, 7)
    }

    /// The same, whose random numbers begin elsewhere
    pub(crate) fn with_entropy(peer: Peer, settings: &str, entropy: u64) -> Self {
        let (one, other, clock) = (Frames::default(), Frames::default(), Clock::default());
        let (latency, unplugged) = (Rc::new(Cell::new(LATENCY)), Rc::default());
        let end = |incoming: &Frames, outgoing: &Frames| End {
            incoming: incoming.clone(),
            outgoing: outgoing.clone(),
            clock: clock.clone(),
            latency: Rc::clone(&latency),
            unplugged: Rc::clone(&unplugged),
        };
        let (end, mut peer_end) = (end(&one, &other), end(&other, &one));
        let mut board = Fake {
            end,
            clock: clock.clone(),
            console: Line::default(),
            telemetry: Line::default(),
            panel: Shot(vec![0; ROW * HEIGHT]),
            keys: VecDeque::new(),
            cable: None,
            lamp: false,
            entropy,
        };
        let memory = Memory {
            net: Box::leak(Box::default()),
            console: Box::leak(Box::default()),
            telemetry: Box::leak(Box::default()),
            session: Box::leak(Box::default()),
            screen: Box::leak(Box::default()),
        };
        let app = App::new(&mut board, memory, settings);
        let config = Config::new(MAC.into());
        let mut interface = Interface::new(config, &mut peer_end, Moment::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(Ipv4Addr::new(10, 0, 2, 2).into(), 24)).unwrap();
        });
        let mut sockets = SocketSet::new(Box::leak(Box::new([SocketStorage::default(); 1])).as_mut_slice());
        let buffer = || tcp::SocketBuffer::new(Box::leak(vec![0; 65_536].into_boxed_slice()));
        let mut socket = tcp::Socket::new(buffer(), buffer());
        socket.set_nagle_enabled(false);
        let tcp = sockets.add(socket);
        Self {
            board,
            app,
            clock,
            latency,
            unplugged,
            wake: 0,
            exited: false,
            peer_end,
            interface,
            sockets,
            tcp,
            peer,
            machine: None,
            heard: Vec::new(),
            to_send: VecDeque::new(),
            closing: false,
            segment: usize::MAX,
            in_flight: 0,
            dhcp: Dhcp::Silent,
            sent: Vec::new(),
        }
    }

    /// The cable is put in or pulled out
    pub(crate) fn plug(&mut self, plugged: bool) {
        self.board.cable = Some(plugged);
        self.wake = self.clock.get();
    }

    /// Presses a key of the device
    pub(crate) fn press(&mut self, key: Key) {
        self.board.keys.push_back(key);
        self.wake = self.clock.get();
    }

    /// The screen as text: a character for each pixel, darker to brighter
    pub(crate) fn screen(&self) -> String {
        let shade = |grey: u8| [' ', '-', '+', '#'][usize::from(grey / 4)];
        let row = |row: &[u8]| {
            let pixels: String = row.iter().flat_map(|pair| [shade(pair >> 4), shade(pair & 15)]).collect();
            pixels.trim_end().to_owned() + "\n"
        };
        self.board.panel.0.chunks(ROW).map(row).collect()
    }

    /// Types a line at the device's console
    pub(crate) fn type_line(&mut self, line: &str) {
        self.board.console.typed.extend(line.bytes().chain([b'\r']));
        self.wake = self.clock.get();
    }

    /// Lets the peer send
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.to_send.extend(bytes);
    }

    /// The server pings its client
    pub(crate) fn server_ping(&mut self, payload: i64) {
        self.machine.as_mut().expect("a client is connected").ping(payload).expect("it can be pinged");
    }

    /// The peer closes its direction once all is sent
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    /// The peer forgets its connection, and resets it
    pub(crate) fn reset(&mut self) {
        self.sockets.get_mut::<tcp::Socket<'_>>(self.tcp).abort();
    }

    /// What the console has shown, line by line as a terminal leaves it, prompts taken off
    pub(crate) fn console(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.board.console.shown).replace("\r\x1b[K", "\u{1}");
        text.split("\r\n")
            .map(|line| line.rsplit('\u{1}').next().unwrap().trim_start_matches("> ").to_owned())
            .collect()
    }

    /// Whether the console has shown a line with this in it
    pub(crate) fn has_shown(&self, text: &str) -> bool {
        self.console().iter().any(|line| line.contains(text))
    }

    /// What was reported, without a gap
    pub(crate) fn reports(&self) -> Vec<Report> {
        let (mut decoder, mut input, mut reports) = (Decoder::new(), self.board.telemetry.shown.as_slice(), Vec::new());
        while !input.is_empty() {
            let (consumed, event) = decoder.handle_input(input);
            input = &input[consumed..];
            match event {
                None => {}
                Some(Event::Report(envelope)) => {
                    assert_eq!(envelope.sequence as usize, reports.len());
                    reports.push(envelope.report);
                }
                Some(other) => panic!("{other:?}"),
            }
        }
        reports
    }

    /// Seconds since boot
    pub(crate) fn seconds(&self) -> f64 {
        Instant::from_micros(self.clock.get()).saturating_since(Instant::ZERO).as_secs_f64()
    }

    /// Runs until `reached`, at most two minutes of the device's time
    pub(crate) fn run_until(&mut self, what: &str, reached: impl Fn(&Self) -> bool) {
        let limit = self.clock.get() + 120_000_000;
        while !reached(self) {
            assert!(self.clock.get() < limit, "waited in vain for {what}; the console: {:#?}", self.console());
            self.step();
        }
    }

    /// Runs until the console has shown this
    pub(crate) fn run_until_shown(&mut self, text: &str) {
        self.run_until(text, |world| world.has_shown(text));
    }

    /// Both ends do what there is to do; then time goes on to where there is more
    fn step(&mut self) {
        let now = self.clock.get();
        let known = self.board.end.outgoing.borrow().len();
        if !self.exited && (self.wake <= now || self.board.end.is_ready() || !self.board.console.typed.is_empty()) {
            match self.app.turn(&mut self.board) {
                Turn::Sleep(until) => self.wake = until.as_micros(),
                Turn::Exit => self.exited = true,
            }
            let arrival = now + self.latency.get();
            let flying = self.board.end.outgoing.borrow();
            let new = flying.iter().skip(known).filter(|(at, _)| *at == arrival);
            self.sent.extend(new.map(|(_, frame)| frame.clone()));
        }
        self.give_addresses();
        self.step_peer();
        let wake = if self.exited { u64::MAX } else { self.wake };
        let next = [Some(wake), self.board.end.next(), self.peer_end.next(), Some(now + 50_000)];
        let next = next.into_iter().flatten().min().unwrap();
        // A microsecond at least: a device that never wants to sleep does not stop the clock.
        self.clock.set(next.max(now + 1));
    }

    /// How often the device has asked for an address
    pub(crate) fn asked(&self) -> usize {
        self.sent.iter().filter(|frame| lease::asks(frame)).count()
    }

    /// Answers those who ask for an address
    fn give_addresses(&mut self) {
        let mut incoming = self.peer_end.incoming.borrow_mut();
        while let Some(place) = incoming.iter().position(|(at, frame)| *at <= self.clock.get() && lease::asks(frame)) {
            let (_, question) = incoming.remove(place).unwrap();
            if let Some(answer) = lease::answer(self.dhcp, &question, MAC) {
                let at = self.clock.get() + self.latency.get();
                self.peer_end.outgoing.borrow_mut().push_back((at, answer));
            }
        }
    }

    fn step_peer(&mut self) {
        let moment = Moment::from_micros(i64::try_from(self.clock.get()).unwrap());
        let now = Instant::from_micros(self.clock.get());
        self.interface.poll(moment, &mut self.peer_end, &mut self.sockets);
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(self.tcp);
        if !socket.is_open() && !matches!(self.peer, Peer::Closed) {
            socket.listen(25_565).unwrap();
            self.machine = None;
        }
        if matches!(self.peer, Peer::Server(_)) && self.machine.is_none() && socket.is_active() {
            self.machine = Some(Server::new(now, Timeouts::DEFAULT, true));
        }
        if socket.can_recv() {
            let mut bytes = Vec::new();
            socket.recv(|received| (received.len(), bytes.extend_from_slice(received))).unwrap();
            self.heard.extend_from_slice(&bytes);
            if let (Peer::Server(response), Some(machine)) = (&self.peer, &mut self.machine) {
                let mut rest = bytes.as_slice();
                loop {
                    let progress = machine.handle_input(now, rest).unwrap();
                    rest = &rest[progress.consumed..];
                    match progress.event {
                        None => break,
                        Some(server::Event::Request) => assert!(machine.respond(response.clone())),
                        Some(_) => {}
                    }
                    pass_on(machine, now, &mut self.to_send);
                }
            }
        }
        if let Some(machine) = &mut self.machine {
            pass_on(machine, now, &mut self.to_send);
        }
        if !socket.may_recv() && socket.may_send() {
            // The device has closed its direction.
            socket.close();
        }
        while socket.can_send() && !self.to_send.is_empty() {
            let count = self.segment.min(self.to_send.len());
            let bytes: Vec<u8> = self.to_send.iter().take(count).copied().collect();
            let sent = socket.send_slice(&bytes).unwrap();
            self.to_send.drain(..sent);
            if self.segment < usize::MAX {
                break;
            }
        }
        if self.to_send.is_empty() && std::mem::take(&mut self.closing) {
            socket.close();
        }
        self.interface.poll(moment, &mut self.peer_end, &mut self.sockets);
        let flying = self.board.end.incoming.borrow().iter().map(|(_, frame)| frame.len() - 54.min(frame.len())).sum();
        self.in_flight = self.in_flight.max(flying);
    }
}

fn pass_on(machine: &mut Server<Vec<u8>>, now: Instant, to_send: &mut VecDeque<u8>) {
    loop {
        let bytes = machine.poll_transmit(now);
        let count = bytes.len();
        to_send.extend(bytes);
        if count == 0 {
            return;
        }
        machine.handle_transmitted(count);
    }
}
