//! A status server written with the crate `rust_mc_proto`
//!
//! As the crate's example does it: a thread a connection, each packet built when it is sent. Beyond that it goes back to
//! waiting for a handshake behind its Pong, so that connections can be kept.

use std::io::{self, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

use anyhow::Context as _;
use rust_mc_proto::prelude::*;
use rust_mc_proto::{MCConnTcp, MinecraftConnection, Packet, ProtocolError};
use slp_load::serving;

fn main() -> anyhow::Result<()> {
    let document: Arc<str> = String::from_utf8(serving::document()?).context("the document is no text")?.into();
    let listener = serving::listen()?;
    for stream in listener.incoming() {
        let (stream, document) = (stream?, Arc::clone(&document));
        let started = thread::Builder::new().spawn(move || serve(stream, &document).ok());
        if let Err(error) = started {
            // The connection is closed with the closure that held it.
            writeln!(io::stderr(), "no thread for a connection: {error}").ok();
        }
    }
    Ok(())
}

fn serve(stream: TcpStream, document: &str) -> Result<(), ProtocolError> {
    let mut connection: MCConnTcp = MinecraftConnection::new(stream);
    let mut shaken = false;
    while let Ok(mut packet) = connection.read_packet() {
        match (packet.id(), shaken) {
            (0, false) => {
                let (_version, _address) = (packet.read_varint()?, packet.read_string()?);
                let (_port, next) = (packet.read_unsigned_short()?, packet.read_varint()?);
                if next != 1 {
                    break;
                }
                shaken = true;
            }
            (0, true) => {
                connection.write_packet(&Packet::build(0, |status| status.write_string(document))?)?;
            }
            (1, true) => {
                let payload = packet.read_long()?;
                connection.write_packet(&Packet::build(1, |pong| pong.write_long(payload))?)?;
                shaken = false;
            }
            _ => break,
        }
    }
    connection.close();
    Ok(())
}
