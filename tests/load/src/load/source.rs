//! Where connections come from: many addresses of the loopback, each port used once
//!
//! One address has too few ports for many sessions a second, since each stays taken for a minute behind its close. Ports
//! are given out in turn rather than searched for, which would take longer the more are taken.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use mio::net::TcpStream;
use socket2::{Domain, Socket, Type};

/// Addresses are 127.0.0.2 and on, which no server of the bench listens at
const ADDRESSES: u8 = 200;
/// First port given out
const FIRST_PORT: u16 = 16_384;
/// Ports that somebody else may have, one after the other
const TRIES: u32 = 100;

/// The next address to connect from
#[derive(Debug)]
pub(crate) struct Source {
    address: u8,
    port: u16,
}

impl Source {
    /// Begins at ports that depend on the process: those of a run just before are still taken
    pub(crate) fn new() -> Self {
        let offset = std::process::id().wrapping_mul(7_919) % u32::from(u16::MAX - FIRST_PORT);
        Self { address: 0, port: FIRST_PORT + u16::try_from(offset).unwrap_or_default() }
    }

    fn next(&mut self) -> SocketAddr {
        let address = Ipv4Addr::new(127, 0, 0, 2 + self.address);
        let port = self.port;
        self.address = (self.address + 1) % ADDRESSES;
        if self.address == 0 {
            self.port = self.port.checked_add(1).unwrap_or(FIRST_PORT);
        }
        SocketAddr::from((address, port))
    }

    /// A connection to `server` that is being made
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn connect(&mut self, server: SocketAddr) -> io::Result<TcpStream> {
        let mut tries = 0;
        loop {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            socket.set_reuse_address(true)?;
            tries += 1;
            let made = socket.bind(&self.next().into()).and_then(|()| socket.connect(&server.into()));
            match made {
                Ok(()) => return Ok(TcpStream::from_std(socket.into())),
                Err(error) if is_under_way(&error) => return Ok(TcpStream::from_std(socket.into())),
                Err(error) if is_taken(&error) && tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(nix::errno::Errno::EINPROGRESS as i32)
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_rotate_and_ports_are_used_once() {
        let mut source = Source { address: 0, port: u16::MAX };
        let first: Vec<_> = (0..=ADDRESSES).map(|_| source.next()).collect();
        assert_eq!(first[0], "127.0.0.2:65535".parse().unwrap());
        assert_eq!(first[199], "127.0.0.201:65535".parse().unwrap());
        assert_eq!(first[200], "127.0.0.2:16384".parse().unwrap());
    }
}
