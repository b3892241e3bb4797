//! The server's driver where its front end is behind: nothing that a client is owed is lost

use std::time::Duration;

use std_app::clock::Clock;
use std_app::config;
use std_app::events;
use std_app::server::{Command, Event, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(20);

/// A Handshake of protocol −1 to `a`, port 1
fn handshake(next_state: u8) -> Vec<u8> {
    vec![11, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, b'a', 0, 1, next_state]
}

#[tokio::test]
async fn a_login_gets_its_disconnect_although_the_front_end_was_behind() {
    let server = Server::bind(config::Server {
        listen: "127.0.0.1:0".parse().expect("an address"),
        ..config::Server::default()
    })
    .expect("a port");
    let address = server.address();
    let (commands, command_receiver) = mpsc::channel(4);
    let (events, mut receiver) = events::channel::<Event>(None);
    let running = tokio::spawn(server.run(Clock::new(), command_receiver, events));

    let mut talker = TcpStream::connect(address).await.expect("a connection");
    let mut login = TcpStream::connect(address).await.expect("a connection");
    while !matches!(receiver.recv().await, Some(Event::Connected { client }) if client == login.local_addr().unwrap()) {
    }

    // Each Handshake is an event, and nobody takes one: the channel fills.
    talker.write_all(&handshake(0).repeat(2 * receiver.max_capacity())).await.expect("the socket takes it");
    let full = async {
        while receiver.len() < receiver.max_capacity() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, full).await.expect("waited for the channel to be full");
    login.write_all(&handshake(2)).await.expect("the socket takes it");
    // The server reads it and finds no room for its event.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }

    // The front end comes back.
    let drained = tokio::spawn(async move { while receiver.recv().await.is_some() {} });
    let mut answer = Vec::new();
    timeout(DEADLINE, login.read_to_end(&mut answer)).await.expect("waited for the Disconnect").expect("an end");
    assert!(answer.get(1) == Some(&0) && answer.ends_with(b"}"), "{answer:02x?}");

    commands.send(Command::Stop).await.expect("the server runs");
    timeout(DEADLINE, running).await.expect("waited for the end").expect("no panic");
    drop(talker);
    timeout(DEADLINE, drained).await.expect("waited for the last event").expect("no panic");
}
