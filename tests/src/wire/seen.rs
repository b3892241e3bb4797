//! What a frame of the device is, and whether it may be
//!
//! A frame is judged alone: lengths, checksums, addresses, and the window, which may never promise more than the device
//! has room for. Frames for the device are put together here too.

use std::net::Ipv4Addr;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet,
    Ipv4Repr, TcpPacket, UdpPacket, UdpRepr,
};

use super::DEVICE;
use super::dhcp::Message;
use super::dns::Question;

/// The host's own address on the wire
pub(super) const HOST_MAC: EthernetAddress = EthernetAddress([0x52, 0x55, 10, 0, 2, 2]);
/// The most that the device may promise to take
const WINDOW: usize = 2_048;
/// Longest frame
const FRAME: usize = 1_514;
const HEADER: usize = 14;

/// A frame of the device
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A question whose an address is, or the answer to one
    Arp {
        /// Whether it asks
        asks: bool,
        /// For whose address
        target: Ipv4Addr,
    },
    /// It wants an address
    Dhcp(Message),
    /// It wants the address of a name
    Dns(Question),
    /// A segment
    Tcp(Segment),
    /// Anything else on IPv4, by its protocol
    Other(u8),
}

/// A segment's header
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a segment's flags are bits")]
pub struct Segment {
    /// Where it comes from
    pub from: u16,
    /// Where it goes to
    pub to: u16,
    /// It opens
    pub syn: bool,
    /// It ends
    pub fin: bool,
    /// It resets
    pub rst: bool,
    /// It acknowledges
    pub ack: bool,
    /// Bytes that it carries
    pub bytes: usize,
    /// Bytes that its sender has room for
    pub window: usize,
}

/// Says what a frame is and where it comes from
///
/// # Errors
/// What is wrong with it.
pub(super) fn judge(frame: &[u8]) -> Result<(EthernetAddress, Seen), String> {
    let told = |what: &str| format!("{what}: {}", crate::peer::hex(frame));
    if frame.len() > FRAME {
        return Err(told("a frame too long"));
    }
    let ethernet = EthernetFrame::new_checked(frame).map_err(|_| told("no Ethernet"))?;
    let from = ethernet.src_addr();
    if !from.is_unicast() {
        return Err(told("a source that is nobody's"));
    }
    let seen = match ethernet.ethertype() {
        EthernetProtocol::Arp => arp(ethernet.payload()).map_err(|what| told(&what))?,
        EthernetProtocol::Ipv4 => ipv4(ethernet.payload()).map_err(|what| told(&what))?,
        _ => return Err(told("neither ARP nor IPv4")),
    };
    Ok((from, seen))
}

fn arp(payload: &[u8]) -> Result<Seen, String> {
    let packet = ArpPacket::new_checked(payload).map_err(|_| "no ARP")?;
    let ArpRepr::EthernetIpv4 { operation, target_protocol_addr, .. } =
        ArpRepr::parse(&packet).map_err(|_| "ARP for neither Ethernet nor IPv4")?
    else {
        return Err("ARP of another kind".to_owned());
    };
    Ok(Seen::Arp { asks: operation == ArpOperation::Request, target: target_protocol_addr })
}

fn ipv4(payload: &[u8]) -> Result<Seen, String> {
    let packet = Ipv4Packet::new_checked(payload).map_err(|_| "no IPv4")?;
    if !packet.verify_checksum() {
        return Err("a wrong checksum of IPv4".to_owned());
    }
    let (source, target) = (packet.src_addr(), packet.dst_addr());
    if source != DEVICE && !source.is_unspecified() {
        return Err(format!("a packet from {source}"));
    }
    match packet.next_header() {
        IpProtocol::Tcp => {
            let tcp = TcpPacket::new_checked(packet.payload()).map_err(|_| "no TCP")?;
            if !tcp.verify_checksum(&source.into(), &target.into()) {
                return Err("a wrong checksum of TCP".to_owned());
            }
            let segment = header(&tcp);
            if segment.window > WINDOW && !segment.rst {
                return Err(format!("a window of {} bytes", segment.window));
            }
            if tcp.options().windows(3).any(|option| option[0] == 3 && option[1] == 3 && option[2] > 0) {
                return Err("a window scale".to_owned());
            }
            Ok(Seen::Tcp(segment))
        }
        IpProtocol::Udp => {
            let udp = UdpPacket::new_checked(packet.payload()).map_err(|_| "no UDP")?;
            if !udp.verify_checksum(&source.into(), &target.into()) {
                return Err("a wrong checksum of UDP".to_owned());
            }
            match udp.dst_port() {
                67 => Message::parse(udp.payload()).map(Seen::Dhcp).ok_or_else(|| "no DHCP".to_owned()),
                53 => Question::parse(udp.src_port(), udp.payload())
                    .map(Seen::Dns)
                    .ok_or_else(|| "no question for a name".to_owned()),
                port => Err(format!("a datagram to port {port}")),
            }
        }
        other => Ok(Seen::Other(other.into())),
    }
}

fn header(tcp: &TcpPacket<&[u8]>) -> Segment {
    Segment {
        from: tcp.src_port(),
        to: tcp.dst_port(),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        ack: tcp.ack(),
        bytes: tcp.payload().len(),
        window: usize::from(tcp.window_len()),
    }
}

/// The segment in a frame, if it is one
pub(super) fn segment(frame: &[u8]) -> Option<Segment> {
    let ethernet = EthernetFrame::new_checked(frame).ok()?;
    let packet = Ipv4Packet::new_checked(ethernet.payload()).ok()?;
    let tcp = packet.next_header() == IpProtocol::Tcp;
    tcp.then(|| TcpPacket::new_checked(packet.payload()).ok().map(|tcp| header(&tcp))).flatten()
}

/// A frame of the host's
#[must_use]
pub fn ethernet(target: EthernetAddress, kind: EthernetProtocol, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER + payload.len()];
    let mut frame = EthernetFrame::new_unchecked(&mut bytes[..]);
    frame.set_dst_addr(target);
    frame.set_src_addr(HOST_MAC);
    frame.set_ethertype(kind);
    frame.payload_mut().copy_from_slice(payload);
    bytes
}

/// A datagram in a frame
#[must_use]
pub fn datagram(mac: EthernetAddress, from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), payload: &[u8]) -> Vec<u8> {
    let udp = UdpRepr { src_port: from.1, dst_port: to.1 };
    let length = udp.header_len() + payload.len();
    let ip =
        Ipv4Repr { src_addr: from.0, dst_addr: to.0, next_header: IpProtocol::Udp, payload_len: length, hop_limit: 64 };
    let checksums = ChecksumCapabilities::default();
    let mut bytes = vec![0; ip.buffer_len() + length];
    let mut packet = Ipv4Packet::new_unchecked(&mut bytes[..]);
    ip.emit(&mut packet, &checksums);
    let mut inner = UdpPacket::new_unchecked(packet.payload_mut());
    let fill = |room: &mut [u8]| room.copy_from_slice(payload);
    udp.emit(&mut inner, &from.0.into(), &to.0.into(), payload.len(), fill, &checksums);
    ethernet(mac, EthernetProtocol::Ipv4, &bytes)
}
