//! Who gives out addresses at the other end of the wire

use std::net::Ipv4Addr;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    DhcpMessageType, DhcpPacket, DhcpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet,
    Ipv4Repr, UdpPacket, UdpRepr,
};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
/// Ethernet, IP without options, UDP
const HEADERS: usize = 14 + 20 + 8;

/// How addresses are given out
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dhcp {
    /// Not at all
    Silent,
    /// Whoever wants one, or wants to keep the one it has, is told that it may not
    Refuses,
    /// This one, and this is who is asked for names
    Gives { address: Ipv4Addr, seconds: u32, name_server: Option<Ipv4Addr> },
}

/// Whether a frame comes from a DHCP client's port and goes to a DHCP server's
pub(crate) fn asks(frame: &[u8]) -> bool {
    frame.get(34..38) == Some(&[0, 68, 0, 67])
}

/// The frame that answers `frame`, if there is an answer
pub(crate) fn answer(dhcp: Dhcp, frame: &[u8], mac: EthernetAddress) -> Option<Vec<u8>> {
    let asked = DhcpPacket::new_checked(frame.get(HEADERS..)?).ok()?;
    let asked = DhcpRepr::parse(&asked).ok()?;
    let (message_type, address) = match (dhcp, asked.message_type) {
        (Dhcp::Gives { address, .. }, DhcpMessageType::Discover) => (DhcpMessageType::Offer, address),
        (Dhcp::Gives { address, .. }, DhcpMessageType::Request) => (DhcpMessageType::Ack, address),
        (Dhcp::Refuses, DhcpMessageType::Request) => (DhcpMessageType::Nak, Ipv4Addr::UNSPECIFIED),
        _ => return None,
    };
    let mut repr = DhcpRepr {
        message_type,
        your_ip: address,
        client_ip: Ipv4Addr::UNSPECIFIED,
        server_ip: SERVER,
        router: Some(SERVER),
        subnet_mask: Some(Ipv4Addr::new(255, 255, 255, 0)),
        server_identifier: Some(SERVER),
        requested_ip: None,
        client_identifier: None,
        parameter_request_list: None,
        max_size: None,
        ..asked
    };
    if let Dhcp::Gives { seconds, name_server, .. } = dhcp {
        repr.lease_duration = Some(seconds);
        repr.dns_servers = name_server.map(|server| [server].into_iter().collect());
    }
    let mut payload = vec![0; repr.buffer_len()];
    repr.emit(&mut DhcpPacket::new_unchecked(&mut payload[..])).unwrap();
    let udp = UdpRepr { src_port: 67, dst_port: 68 };
    let length = udp.header_len() + payload.len();
    let ip = Ipv4Repr {
        src_addr: SERVER,
        dst_addr: Ipv4Addr::BROADCAST,
        next_header: IpProtocol::Udp,
        payload_len: length,
        hop_limit: 64,
    };
    let (checksums, mut bytes) = (ChecksumCapabilities::default(), vec![0; 14 + ip.buffer_len() + length]);
    let mut frame = EthernetFrame::new_unchecked(&mut bytes[..]);
    frame.set_src_addr(mac);
    frame.set_dst_addr(asked.client_hardware_address);
    frame.set_ethertype(EthernetProtocol::Ipv4);
    let mut packet = Ipv4Packet::new_unchecked(frame.payload_mut());
    ip.emit(&mut packet, &checksums);
    let mut inner = UdpPacket::new_unchecked(packet.payload_mut());
    let fill = |room: &mut [u8]| room.copy_from_slice(&payload);
    udp.emit(&mut inner, &SERVER.into(), &Ipv4Addr::BROADCAST.into(), payload.len(), fill, &checksums);
    Some(bytes)
}
