//! What a connection needs of its socket
//!
//! A seam, so that a test sees every read and write. In the program it is TCP and nothing else.

use std::io::{self, Read as _};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A socket that the runtime watches
pub(in crate::server) trait Socket: AsyncRead + AsyncWrite + Unpin {
    /// Reads what the system has, also where the runtime has not heard of it yet; it never waits
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::WouldBlock`] where there is nothing.
    fn read_unheard(&self, buffer: &mut [u8]) -> io::Result<usize>;
}

impl Socket for TcpStream {
    fn read_unheard(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*SockRef::from(self)).read(buffer)
    }
}
