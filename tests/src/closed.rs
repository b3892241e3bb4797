//! A port that refuses connections for as long as a test needs it to

use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// A port of the loopback that nothing listens on, and that the system gives to nobody else
///
/// It is bound and does not listen. A server that allows its address to be reused, as ours does on Unix, may still listen
/// there: the port is its own from the first attempt of a client to the last.
#[derive(Debug)]
pub struct ClosedPort {
    address: SocketAddr,
    _bound: Socket,
}

impl ClosedPort {
    /// Takes a free one
    #[must_use]
    pub fn take() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        #[cfg(unix)]
        socket.set_reuse_address(true).expect("an option of every socket");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
        let address = socket.local_addr().ok().and_then(|address| address.as_socket()).expect("the address just bound");
        Self { address, _bound: socket }
    }

    /// Where nothing listens
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}
