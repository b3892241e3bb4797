//! Names: one question at a time to one name server
//!
//! It keeps no answers.

use core::net::Ipv4Addr;

use heapless::Vec;
use smoltcp::iface::{Interface, SocketHandle, SocketSet};
use smoltcp::socket::dns::{DnsQuery, GetQueryResultError, QueryHandle, Socket};
use smoltcp::wire::{DnsQueryType, IpAddress};

/// Sockets that it needs
pub(super) const SOCKETS: usize = 1;

/// The memory of a question
pub(super) struct Question(Vec<Option<DnsQuery>, 1>);

impl Question {
    pub(super) const NONE: Self = Self(Vec::new());
}

/// Who asks
pub(super) struct Names {
    socket: SocketHandle,
    query: Option<QueryHandle>,
    has_server: bool,
}

impl Names {
    pub(super) fn new<'a>(sockets: &mut SocketSet<'a>, question: &'a mut Question) -> Self {
        // There is room for the one, or it is there already.
        let _always_there = question.0.push(None);
        Self { socket: sockets.add(Socket::new(&[], &mut question.0[..])), query: None, has_server: false }
    }

    /// Whom to ask from now on
    pub(super) fn set_server(&mut self, sockets: &mut SocketSet<'_>, server: Option<Ipv4Addr>) {
        self.has_server = server.is_some();
        sockets.get_mut::<Socket<'_>>(self.socket).update_servers(server.map(IpAddress::Ipv4).as_slice());
    }

    /// Whether there is somebody to ask
    pub(super) const fn has_server(&self) -> bool {
        self.has_server
    }

    /// Asks for a host; `false` where the name is none
    pub(super) fn ask(&mut self, interface: &mut Interface, sockets: &mut SocketSet<'_>, host: &str) -> bool {
        let socket = sockets.get_mut::<Socket<'_>>(self.socket);
        self.query = socket.start_query(interface.context(), host, DnsQueryType::A).ok();
        self.query.is_some()
    }

    /// What became of the question: `None` while there is no answer, `Some(None)` where there is no such host
    #[expect(clippy::option_option, reason = "no answer yet, no such host, and an address")]
    pub(super) fn poll(&mut self, sockets: &mut SocketSet<'_>) -> Option<Option<Ipv4Addr>> {
        let query = self.query?;
        let answer = match sockets.get_mut::<Socket<'_>>(self.socket).get_query_result(query) {
            Err(GetQueryResultError::Pending) => return None,
            Err(GetQueryResultError::Failed) => None,
            Ok(addresses) => addresses.first().map(|IpAddress::Ipv4(address)| *address),
        };
        self.query = None;
        Some(answer)
    }

    /// Forgets the question
    pub(super) fn cancel(&mut self, sockets: &mut SocketSet<'_>) {
        if let Some(query) = self.query.take() {
            sockets.get_mut::<Socket<'_>>(self.socket).cancel_query(query);
        }
    }
}
