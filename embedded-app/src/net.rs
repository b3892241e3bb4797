//! smoltcp with one connection: an address, a name server, a stream
//!
//! Moves frames between the device and the sockets and says what became of the address, a name and the stream. It knows
//! nothing of the protocol in the stream, decides nothing and never waits. The sizes here are all that a peer can fill.

#[cfg(feature = "dns")]
mod names;
#[cfg(not(feature = "dns"))]
#[path = "net/no_names.rs"]
mod names;

use core::net::{Ipv4Addr, SocketAddrV4};

use heapless::Vec;
use proto_core::Instant;
use smoltcp::iface::{
    Config, Interface, PollIngressSingleResult, PollResult, Route, SocketHandle, SocketSet, SocketStorage,
};
use smoltcp::phy::Device;
use smoltcp::socket::{dhcpv4, tcp};
use smoltcp::time::{Duration as Span, Instant as Moment};
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr, Ipv4Cidr};

use crate::settings::Addressing;
use names::{Names, Question};

/// The receive window: a Response of 98 301 bytes comes through it
pub const RECEIVE: usize = 1_024;
/// What may wait to be sent or acknowledged: a Handshake with the longest host, and some Pongs
pub const TRANSMIT: usize = 384;
/// Sockets: TCP, DHCP, and what names take
const SOCKETS: usize = 2 + names::SOCKETS;
/// Frames taken in one turn, so that a flood does not keep the console waiting
const FRAMES: usize = 8;
/// A peer that is silent is asked whether it still is there
const KEEP_ALIVE: Span = Span::from_secs(10);
/// And when it does not say, the connection is lost
const DEAD: Span = Span::from_secs(30);
/// First of the ports that connections come from, and how many there are (RFC 6335)
const PORTS: u16 = 49_152;

/// The memory of a [`Net`]
pub struct Storage<'a> {
    /// Empty ones are not zeros: so that they are not stored in flash they are made when they are needed
    sockets: Vec<SocketStorage<'a>, SOCKETS>,
    question: Question,
    receive: [u8; RECEIVE],
    transmit: [u8; TRANSMIT],
}

impl Storage<'_> {
    /// Unused memory
    #[must_use]
    pub const fn new() -> Self {
        Self { sockets: Vec::new(), question: Question::NONE, receive: [0; RECEIVE], transmit: [0; TRANSMIT] }
    }
}

impl Default for Storage<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// The address of the device
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// With its network
    pub cidr: Ipv4Cidr,
    /// The router
    pub gateway: Option<Ipv4Addr>,
    /// Who is asked for names
    pub name_server: Option<Ipv4Addr>,
    /// Whether DHCP gave it
    pub by_dhcp: bool,
}

/// What became of the address
///
/// Before another one there is none: whatever stood on the one before ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There is one, or the same as before with another router, network or name server
    Up(Address),
    /// There is none any more
    Down,
}

/// Where the stream stands
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Not asked for, refused, or over
    Closed,
    /// The peer has not answered yet
    Opening,
    /// Bytes can be sent
    Open,
    /// Our direction is closed and what is left is on its way
    Closing,
}

/// What [`Net::receive`] found
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Bytes, of which so many were taken
    Taken(usize),
    /// Nothing yet
    Nothing,
    /// The peer closed its direction, and all of it has been taken
    Finished,
    /// The connection was reset or timed out
    Broken,
}

/// Random numbers good for ports and pauses, not for secrets (`SplitMix64`)
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Random {
    /// Begins at `seed`
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Lets something that is hard to foresee in
    pub fn mix(&mut self, value: u64) {
        self.0 = self.next() ^ value;
    }

    /// The next number
    // Four multiplications of 64 bits: once in the program is enough.
    #[inline(never)]
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// The network with its one stream
pub struct Net<'a> {
    interface: Interface,
    sockets: SocketSet<'a>,
    tcp: SocketHandle,
    names: Names,
    dhcp: Option<SocketHandle>,
    /// An address that is known, and not in use yet
    configured: Option<Address>,
    random: Random,
}

impl<'a> Net<'a> {
    /// Starts it; the address comes from the settings, or is asked for
    #[must_use]
    #[inline(never)]
    pub fn new(
        storage: &'a mut Storage<'a>,
        device: &mut impl Device,
        mac: [u8; 6],
        addressing: Addressing,
        mut random: Random,
        now: Instant,
    ) -> Self {
        let mut config = Config::new(HardwareAddress::Ethernet(EthernetAddress(mac)));
        config.random_seed = random.next();
        let interface = Interface::new(config, device, moment(now));
        while storage.sockets.push(SocketStorage::EMPTY).is_ok() {}
        let mut sockets = SocketSet::new(&mut storage.sockets[..]);
        let mut stream = tcp::Socket::new(
            tcp::SocketBuffer::new(&mut storage.receive[..]),
            tcp::SocketBuffer::new(&mut storage.transmit[..]),
        );
        // A ping is small and must leave at once; with so small a window every byte read is room to be told.
        stream.set_nagle_enabled(false);
        stream.set_ack_delay(None);
        stream.set_keep_alive(Some(KEEP_ALIVE));
        stream.set_timeout(Some(DEAD));
        let tcp = sockets.add(stream);
        let names = Names::new(&mut sockets, &mut storage.question);
        let mut configured = None;
        let dhcp = match addressing {
            Addressing::Dhcp => Some(sockets.add(dhcpv4::Socket::new())),
            Addressing::Static { address, gateway, dns: name_server } => {
                configured = Some(Address { cidr: address, gateway, name_server, by_dhcp: false });
                None
            }
        };
        Self { interface, sockets, tcp, names, dhcp, configured, random }
    }

    /// Moves frames both ways; what became of the address, if anything did
    #[inline(never)]
    pub fn poll(&mut self, now: Instant, device: &mut impl Device) -> Option<Change> {
        let at = moment(now);
        self.interface.poll_maintenance(at);
        for _ in 0..FRAMES {
            let taken = self.interface.poll_ingress_single(at, device, &mut self.sockets);
            if taken == PollIngressSingleResult::None {
                break;
            }
            // When a frame comes is the device's share of what nobody foresees.
            self.random.mix(now.as_micros());
        }
        self.transmit(now, device);
        self.poll_address()
    }

    /// Sends what is to be sent
    pub fn transmit(&mut self, now: Instant, device: &mut impl Device) {
        for _ in 0..FRAMES {
            if self.interface.poll_egress(moment(now), device, &mut self.sockets) == PollResult::None {
                break;
            }
        }
    }

    fn poll_address(&mut self) -> Option<Change> {
        let event = self.dhcp.and_then(|dhcp| self.sockets.get_mut::<dhcpv4::Socket<'_>>(dhcp).poll());
        if let Some(event) = event {
            self.configured = match event {
                dhcpv4::Event::Configured(config) => Some(Address {
                    cidr: config.address,
                    gateway: config.router,
                    name_server: config.dns_servers.first().copied(),
                    by_dhcp: true,
                }),
                dhcpv4::Event::Deconfigured => None,
            };
            let had = self.interface.ipv4_addr();
            if had.is_some() && had != self.configured.map(|next| next.cidr.address()) {
                // The next one, if there is one, waits for the next turn.
                self.apply(None);
                return Some(Change::Down);
            }
        }
        let address = self.configured.take()?;
        self.apply(Some(address));
        Some(Change::Up(address))
    }

    #[inline(never)]
    fn apply(&mut self, address: Option<Address>) {
        self.interface.update_ip_addrs(|addresses| {
            addresses.clear();
            if let Some(address) = address {
                // Just cleared: there is room.
                let _added = addresses.push(IpCidr::Ipv4(address.cidr));
            }
        });
        self.interface.routes_mut().update(|routes| {
            routes.clear();
            if let Some(gateway) = address.and_then(|address| address.gateway) {
                // As above.
                let _added = routes.push(Route::new_ipv4_gateway(gateway));
            }
        });
        self.names.set_server(&mut self.sockets, address.and_then(|address| address.name_server));
    }

    /// Asks for an address anew: the cable is in, and may lead to another network than before
    ///
    /// One that was given is lost until the answer. One from the settings stays.
    pub fn restart(&mut self) {
        if let Some(dhcp) = self.dhcp {
            self.sockets.get_mut::<dhcpv4::Socket<'_>>(dhcp).reset();
        }
    }

    /// A random number
    pub const fn random(&mut self) -> u64 {
        self.random.next()
    }

    /// Whether there is somebody to ask for names
    #[must_use]
    pub const fn has_name_server(&self) -> bool {
        self.names.has_server()
    }

    /// Asks the name server for a host; `false` where the name is none
    pub fn resolve(&mut self, host: &str) -> bool {
        self.cancel_resolve();
        self.names.ask(&mut self.interface, &mut self.sockets, host)
    }

    /// What became of the question: `None` while there is no answer, `Some(None)` where there is no such host
    pub fn poll_resolve(&mut self) -> Option<Option<Ipv4Addr>> {
        self.names.poll(&mut self.sockets)
    }

    /// Forgets the question
    pub fn cancel_resolve(&mut self) {
        self.names.cancel(&mut self.sockets);
    }

    /// Begins to connect; `false` where the server can be no server's address
    ///
    /// What was left of another connection is dropped.
    pub fn connect(&mut self, server: SocketAddrV4) -> bool {
        let port = PORTS + u16::try_from(self.random.next() % u64::from(u16::MAX - PORTS)).unwrap_or_default();
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(self.tcp);
        socket.abort();
        socket.connect(self.interface.context(), (*server.ip(), server.port()), port).is_ok()
    }

    /// Where the stream stands
    #[must_use]
    pub fn stream(&self) -> Stream {
        let socket = self.sockets.get::<tcp::Socket<'_>>(self.tcp);
        match socket.state() {
            tcp::State::Closed | tcp::State::TimeWait | tcp::State::Listen => Stream::Closed,
            tcp::State::SynSent | tcp::State::SynReceived => Stream::Opening,
            tcp::State::Established | tcp::State::CloseWait => Stream::Open,
            tcp::State::FinWait1 | tcp::State::FinWait2 | tcp::State::Closing | tcp::State::LastAck => Stream::Closing,
        }
    }

    /// Takes bytes to send, as many as there is room for
    pub fn send(&mut self, bytes: &[u8]) -> usize {
        self.sockets.get_mut::<tcp::Socket<'_>>(self.tcp).send_slice(bytes).unwrap_or_default()
    }

    /// Shows `take` the bytes that have come; it returns how many it took
    pub fn receive(&mut self, take: impl FnOnce(&[u8]) -> usize) -> Received {
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(self.tcp);
        if socket.recv_queue() == 0 && socket.may_recv() {
            return Received::Nothing;
        }
        match socket.recv(|bytes| {
            let taken = take(bytes);
            (taken, taken)
        }) {
            Ok(taken) => Received::Taken(taken),
            Err(tcp::RecvError::Finished) => Received::Finished,
            Err(tcp::RecvError::InvalidState) => Received::Broken,
        }
    }

    /// Closes our direction when all that was sent has left
    pub fn close(&mut self) {
        self.sockets.get_mut::<tcp::Socket<'_>>(self.tcp).close();
    }

    /// Resets the connection
    pub fn abort(&mut self) {
        self.sockets.get_mut::<tcp::Socket<'_>>(self.tcp).abort();
    }
}

fn moment(now: Instant) -> Moment {
    Moment::from_micros(i64::try_from(now.as_micros()).unwrap_or(i64::MAX))
}
