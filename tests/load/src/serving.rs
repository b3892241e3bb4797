//! How a server of the bench begins and ends
//!
//! It announces its port as a line of JSON and lives as long as its standard input: whoever started it is then gone.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::thread;

use anyhow::Context as _;
use socket2::{Domain, Socket, Type};

/// Connections that may wait to be accepted, the same for every server that can be told
const BACKLOG: i32 = 4_096;

/// The document to answer with: the content of the file that is the only argument
///
/// # Errors
/// There is no such argument, or no such file.
pub fn document() -> anyhow::Result<Vec<u8>> {
    let file = std::env::args_os().nth(1).context("say which file holds the status document")?;
    std::fs::read(&file).with_context(|| format!("cannot read {}", Path::new(&file).display()))
}

/// Listens at an ephemeral port of the loopback and announces it
///
/// # Errors
/// What the system says.
pub fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    let mut out = io::stdout().lock();
    writeln!(out, r#"{{"port":{}}}"#, listener.local_addr()?.port())?;
    out.flush()?;
    thread::spawn(|| {
        let mut input = io::stdin().lock();
        while matches!(input.read(&mut [0; 64]), Ok(1..)) {}
        std::process::exit(0);
    });
    Ok(listener)
}
