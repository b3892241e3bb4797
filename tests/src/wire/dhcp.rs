//! Who gives out addresses

use std::net::Ipv4Addr;

use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr, EthernetAddress};

use super::seen::datagram;
use super::{DEVICE, HOST, NAME_SERVER};

/// How addresses are given out
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dhcp {
    /// Not at all
    Silent,
    /// 10.0.2.15 for so many seconds
    Lease {
        /// How long the address may be used
        seconds: u32,
        /// Whether the name server is told
        name_server: bool,
    },
    /// An address is offered; who wants it is told that it may not have it
    Nak,
    /// What is offered nobody can use: no mask, or an address that is nobody's
    Useless,
}

impl Default for Dhcp {
    fn default() -> Self {
        Self::Lease { seconds: 3_600, name_server: true }
    }
}

/// What the device wants
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether it takes what was offered, or wants to keep what it has
    pub requests: bool,
    /// The address that it has already
    pub has: Option<Ipv4Addr>,
    transaction: u32,
    client: EthernetAddress,
}

impl Message {
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        let packet = DhcpPacket::new_checked(payload).ok()?;
        let repr = DhcpRepr::parse(&packet).ok()?;
        let requests = match repr.message_type {
            DhcpMessageType::Discover => false,
            DhcpMessageType::Request => true,
            _ => return None,
        };
        Some(Self {
            requests,
            has: (!repr.client_ip.is_unspecified()).then_some(repr.client_ip),
            transaction: repr.transaction_id,
            client: repr.client_hardware_address,
        })
    }
}

impl Dhcp {
    /// The frame that answers `message`, if there is an answer
    pub(super) fn answer(self, message: &Message) -> Option<Vec<u8>> {
        let kind = match (self, message.requests) {
            (Self::Silent, _) => return None,
            (_, false) => DhcpMessageType::Offer,
            (Self::Nak, true) => DhcpMessageType::Nak,
            (_, true) => DhcpMessageType::Ack,
        };
        let useful = self != Self::Useless;
        let mut repr = DhcpRepr {
            message_type: kind,
            transaction_id: message.transaction,
            secs: 0,
            client_hardware_address: message.client,
            client_ip: Ipv4Addr::UNSPECIFIED,
            your_ip: if kind == DhcpMessageType::Nak { Ipv4Addr::UNSPECIFIED } else { DEVICE },
            server_ip: HOST,
            router: Some(HOST),
            subnet_mask: useful.then_some(Ipv4Addr::new(255, 255, 255, 0)),
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            broadcast: false,
            requested_ip: None,
            client_identifier: None,
            server_identifier: Some(HOST),
            parameter_request_list: None,
            dns_servers: None,
            max_size: None,
            lease_duration: None,
            renew_duration: None,
            rebind_duration: None,
            additional_options: &[],
        };
        if let Self::Lease { seconds, name_server } = self {
            repr.lease_duration = Some(seconds);
            if name_server {
                repr.dns_servers.get_or_insert_default().push(NAME_SERVER).expect("there is room for three");
            }
        }
        let mut payload = vec![0; repr.buffer_len()];
        repr.emit(&mut DhcpPacket::new_unchecked(&mut payload[..])).expect("there is room for it");
        Some(datagram(message.client, (HOST, 67), (DEVICE, 68), &payload))
    }
}
