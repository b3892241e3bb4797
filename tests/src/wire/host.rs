//! The host on a wire: one connection at a time, and the servers for addresses and names
//!
//! smoltcp keeps the connection and answers who has an address; what the tests want to be wrong is done around it.

use std::collections::VecDeque;
use std::fmt;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Instant;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::time::Instant as Moment;
use smoltcp::wire::{EthernetAddress, IpCidr};

use super::dhcp::Dhcp;
use super::dns::Question;
use super::seen::{self, HOST_MAC, Seen, Segment};
use super::{Deaf, HOST, NAME_SERVER, PORT};

/// Room for what a test sends in either direction
const BUFFER: usize = 256 * 1_024;

/// All that the host knows and does
pub(super) struct Host {
    /// To the emulator
    stream: Option<TcpStream>,
    started: Instant,
    interface: Interface,
    sockets: SocketSet<'static>,
    queues: Queues,
    connection: Option<SocketHandle>,
    /// Bytes to send, and how many of them in a segment
    unsent: VecDeque<u8>,
    segment: usize,
    finishing: bool,
    /// What the device has sent on the connection
    pub(super) heard: Vec<u8>,
    pub(super) dhcp: Dhcp,
    pub(super) deaf: Deaf,
    pub(super) questions: VecDeque<Question>,
    pub(super) seen: Vec<Seen>,
    pub(super) sent: Vec<usize>,
    pub(super) faults: Vec<String>,
    device: EthernetAddress,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.connection.map(|handle| self.sockets.get::<tcp::Socket<'_>>(handle).state());
        let heard = crate::peer::hex(&self.heard);
        let last = self.seen.len().saturating_sub(8);
        write!(f, "the connection is {state:?}, heard {heard}, the device's last frames {:#?}", &self.seen[last..])
    }
}

impl Host {
    pub(super) fn new() -> Self {
        let mut queues = Queues::default();
        let mut interface = Interface::new(Config::new(HOST_MAC.into()), &mut queues, Moment::ZERO);
        interface.update_ip_addrs(|addresses| {
            for address in [HOST, NAME_SERVER] {
                addresses.push(IpCidr::new(address.into(), 24)).expect("there is room for two");
            }
        });
        Self {
            stream: None,
            started: Instant::now(),
            interface,
            sockets: SocketSet::new(Vec::new()),
            queues,
            connection: None,
            unsent: VecDeque::new(),
            segment: usize::MAX,
            finishing: false,
            heard: Vec::new(),
            dhcp: Dhcp::default(),
            deaf: Deaf::ToNothing,
            questions: VecDeque::new(),
            seen: Vec::new(),
            sent: Vec::new(),
            faults: Vec::new(),
            device: EthernetAddress::BROADCAST,
        }
    }

    /// The emulator is there
    pub(super) fn connect(&mut self, stream: TcpStream) {
        self.stream = Some(stream);
    }

    /// Where the device is
    pub(super) const fn device_mac(&self) -> EthernetAddress {
        self.device
    }

    /// A frame of the device
    pub(super) fn handle(&mut self, frame: &[u8]) {
        let seen = match seen::judge(frame) {
            Ok((from, seen)) => {
                self.device = from;
                seen
            }
            Err(fault) => return self.faults.push(fault),
        };
        let deaf = match seen {
            Seen::Arp { .. } => matches!(self.deaf, Deaf::ToArp | Deaf::ToEverything),
            Seen::Tcp(_) => matches!(self.deaf, Deaf::ToTcp | Deaf::ToEverything),
            _ => self.deaf == Deaf::ToEverything,
        };
        if !deaf {
            match &seen {
                Seen::Dhcp(message) => {
                    if let Some(answer) = self.dhcp.answer(message) {
                        self.put(&answer);
                    }
                }
                Seen::Dns(question) => self.questions.push_back(question.clone()),
                _ => self.queues.received.push_back(frame.to_vec()),
            }
        }
        self.seen.push(seen);
        // Frame by frame, so that each gets the answer that it would have got alone.
        self.step();
    }

    /// Does what there is to do
    pub(super) fn step(&mut self) {
        loop {
            let elapsed = i64::try_from(self.started.elapsed().as_micros()).expect("a test is short");
            self.interface.poll(Moment::from_micros(elapsed), &mut self.queues, &mut self.sockets);
            let fed = self.feed();
            while let Some(frame) = self.queues.sent.pop_front() {
                if let Some(Segment { bytes: bytes @ 1.., .. }) = seen::segment(&frame) {
                    self.sent.push(bytes);
                }
                self.put(&frame);
            }
            if !fed && self.queues.received.is_empty() {
                return;
            }
        }
    }

    /// Moves bytes from and to the connection; whether there was something to move
    fn feed(&mut self) -> bool {
        let Some(handle) = self.connection else { return false };
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(handle);
        let heard = &mut self.heard;
        if socket.can_recv() {
            socket.recv(|bytes| (bytes.len(), heard.extend_from_slice(bytes))).expect("it can receive");
            return true;
        }
        let alone = self.segment < usize::MAX;
        if !self.unsent.is_empty() && socket.may_send() && (!alone || socket.send_queue() == 0) {
            let count = self.segment.min(self.unsent.len());
            let bytes: Vec<u8> = self.unsent.iter().take(count).copied().collect();
            let sent = socket.send_slice(&bytes).expect("it can send");
            self.unsent.drain(..sent);
            return sent > 0;
        }
        if self.unsent.is_empty() && std::mem::take(&mut self.finishing) {
            socket.close();
            return true;
        }
        false
    }

    /// Puts a frame on the wire
    pub(super) fn put(&mut self, frame: &[u8]) {
        let Some(stream) = &mut self.stream else { return };
        let length = u32::try_from(frame.len()).expect("a frame is short").to_be_bytes();
        // An emulator that has ended hears nothing any more; the test sees that it has.
        let _gone = stream.write_all(&[&length[..], frame].concat());
    }

    pub(super) fn listen(&mut self) {
        self.refuse();
        let buffer = || tcp::SocketBuffer::new(vec![0; BUFFER]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        socket.listen(PORT).expect("a new socket listens");
        self.connection = Some(self.sockets.add(socket));
    }

    pub(super) fn refuse(&mut self) {
        if let Some(handle) = self.connection.take() {
            self.sockets.remove(handle);
        }
        self.unsent.clear();
        self.heard.clear();
        self.finishing = false;
    }

    pub(super) fn send(&mut self, segment: usize, bytes: &[u8]) {
        self.segment = segment;
        self.unsent.extend(bytes);
    }

    pub(super) const fn finish(&mut self) {
        self.finishing = true;
    }

    pub(super) fn reset(&mut self) {
        if let Some(handle) = self.connection {
            self.sockets.get_mut::<tcp::Socket<'_>>(handle).abort();
        }
    }

    fn connection(&self) -> Option<&tcp::Socket<'static>> {
        self.connection.map(|handle| self.sockets.get(handle))
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connection().is_some_and(tcp::Socket::may_send)
    }

    pub(super) fn is_finished(&self) -> bool {
        self.connection().is_none_or(|socket| !socket.may_recv() && !socket.is_listening())
    }

    pub(super) fn is_acknowledged(&self) -> bool {
        self.unsent.is_empty() && self.connection().is_none_or(|socket| socket.send_queue() == 0)
    }
}

/// Frames between the wire and smoltcp
#[derive(Debug, Default)]
struct Queues {
    received: VecDeque<Vec<u8>>,
    sent: VecDeque<Vec<u8>>,
}

struct Received(Vec<u8>);

struct Sending<'q>(&'q mut VecDeque<Vec<u8>>);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(&self.0)
    }
}

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut frame = vec![0; length];
        let result = fill(&mut frame);
        self.0.push_back(frame);
        result
    }
}

impl Device for Queues {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _: Moment) -> Option<(Received, Sending<'_>)> {
        let frame = self.received.pop_front()?;
        Some((Received(frame), Sending(&mut self.sent)))
    }

    fn transmit(&mut self, _: Moment) -> Option<Sending<'_>> {
        Some(Sending(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1_514;
        capabilities
    }
}
